"""How the two functions of a scoring script are judged: what the inference server calls, and with what."""

from typing import NoReturn

from pytest_amlpreflight.facts.project.script import Function, ParameterKind, Script
from pytest_amlpreflight.fix import EditLine, Fixes
from pytest_amlpreflight.verdict import blocked

SERVERS_OWN_DECORATORS = {"rawhttp", "input_schema", "output_schema"}  # all keep the signature that the server reads
FORBIDDEN = {ParameterKind.POSITIONAL_ONLY, ParameterKind.VAR_POSITIONAL, ParameterKind.VAR_KEYWORD}


def judge_init(script: Script, init: Function) -> None:
    """The server calls init() without arguments."""
    required = [each.name for each in init.parameters if each.is_required]
    if required and not init.decorators:
        blocked(
            f"{script.name} defines init() with arguments",
            found=f"init({', '.join(required)}) at {init.position}",
            expected="init() without arguments: the server passes none",
            fix=EditLine(init.position, "def init():"),
        )


def judge_run(script: Script, run: Function) -> None:
    """The rules and their order are the inference server's own (its user_script.py, 1.5.1)."""
    if set(run.decorators) - SERVERS_OWN_DECORATORS:
        return  # what an unknown decorator makes of the signature cannot be read
    nameless = next((each for each in run.parameters if each.kind in FORBIDDEN), None)
    inputs = [each for each in run.parameters if each.name != "request_headers"]
    if nameless:
        problem = f"takes {nameless.kind}" + (f" {nameless.name!r}" if "*" not in nameless.kind else "")
    elif not inputs:
        problem = "takes no argument for the input data"
    elif {"rawhttp", "input_schema"} <= set(run.decorators):
        _refuse_run(script, run, "has both @rawhttp and @input_schema", "take one of the two decorators away")
    elif run.is_async:
        problem = "is a coroutine, which the server does not await"
    else:
        return
    _refuse_run(script, run, problem, EditLine(run.position, "def run(data):"))


def _refuse_run(script: Script, run: Function, problem: str, fix: Fixes) -> NoReturn:
    blocked(
        f"{script.name} defines run() so that the server refuses it",
        found=f"run() {problem} at {run.position}",
        expected="def run(data): named arguments, one decorator",
        fix=fix,
        where=run.position,
    )
