"""The scoring script, judged from its source."""

import re
import sys

from pytest_amlpreflight.checks._packages import add_package
from pytest_amlpreflight.checks._paths import leads_nowhere
from pytest_amlpreflight.checks._script_functions import judge_init, judge_run
from pytest_amlpreflight.checks._script_imports import (
    judge_misplaced_modules,
    judge_relative_imports,
    missing_imports,
)
from pytest_amlpreflight.facts.project.environment import Environment, ModelFolder, minor
from pytest_amlpreflight.facts.project.script import Import, ModelPath, Script, Wait
from pytest_amlpreflight.facts.project.spec import DeploymentSpec
from pytest_amlpreflight.facts.rules.serving_rules import ServingRules
from pytest_amlpreflight.fix import EditLine, shell
from pytest_amlpreflight.verdict import advise, blocked, check, for_each, not_applicable, not_reached

PHASES = ("pre", "audit")
IMAGES_OWN = frozenset({"azureml-inference-server-http", "azureml-contrib-services", "azureml-ai-monitoring"})


@check(
    "code",
    explains=("ResourceNotReady", "ERR_2200", "MissingDriverProgram", "DeploymentCrashLoopBackOff"),
    phases=PHASES,
)
def check_scoring_script_compiles(
    aml_script: Script | None, aml_environment: Environment, aml_deployment_spec: DeploymentSpec
) -> None:
    """The scoring script is inside the code folder, and Python can read it.

    The server imports the script when the container starts. A script that is not there or does not compile takes the
    container down each time, and the deployment ends as not ready.
    """
    script = _script(aml_script)
    problem = script.problem
    declared = minor(aml_environment.python)
    if problem is None:
        _check_language(script, aml_environment, aml_deployment_spec)
        _check_release(script, declared, aml_environment)
        return
    if script.is_absent:
        leads_nowhere("code folder", script.shown, "code_configuration.code", aml_deployment_spec)
    is_in_script = problem.position.path == script.shown
    if declared and declared > sys.version_info[:2] and is_in_script and problem.position.line is not None:
        not_applicable(f"{script.shown} may use what Python {aml_environment.python} knows and this one does not")
    blocked(
        f"{script.name} cannot be run: {problem.sentence}",
        found=str(problem),
        expected="a Python file inside the code folder that compiles",
        fix=(shell("python", "-m", "py_compile", script.shown) if is_in_script else f"correct {problem.position}"),
        where=problem.position,
    )


@check("code", explains=("UserScriptFunctionNotFound", "ResourceNotReady"), phases=PHASES)
def check_script_defines_init_and_run(aml_script: Script | None) -> None:
    """The script defines `init` and `run` as the inference server calls them.

    The server calls `init()` once and `run` for each request, with its input by name. It refuses to start when one is
    missing, when `run` takes no input, or takes it in a way that has no name.
    """
    script = _compiled(aml_script)
    for name in ("init", "run"):
        if not script.may_define(name):
            blocked(
                f"{script.name} does not define {name}()",
                found=f"{script.shown}: {', '.join(sorted(script.functions)) or 'no functions'}",
                expected="init() and run(data), both at the top level of the script",
                fix=f"define {name}({'' if name == 'init' else 'data'}) in {script.shown}",
            )
    if "init" in script.functions:
        judge_init(script, script.functions["init"])
    if "run" in script.functions:
        judge_run(script, script.functions["run"])


@check(
    "code",
    explains=("UserScriptImportError", "ResourceNotReady", "ERR_2200", "DeploymentCrashLoopBackOff", "502"),
    phases=PHASES,
)
def check_imports_are_in_the_environment(
    aml_script: Script | None, aml_environment: Environment, aml_serving_rules: ServingRules
) -> None:
    """Everything the script imports is installed, or stands beside it in the code folder.

    The commonest failure of all: the package is on the author's machine and not in the conda file, or the module
    stands outside the folder that is uploaded. The worker then dies on its first import.
    """
    script = _compiled(aml_script)
    judge_relative_imports(script)
    judge_misplaced_modules(script, aml_environment, aml_serving_rules)
    if not aml_environment.lists_packages:
        not_applicable(aml_environment.unknown_because or "nothing here says what is installed")
    if aml_environment.problems:
        not_reached(f"{aml_environment.shown} is not valid")
    installed, unknown = aml_serving_rules.installed(aml_environment.requirements)
    installed |= IMAGES_OWN if aml_environment.may_have_the_server else frozenset()

    def judge(each: Import) -> None:
        wanted = aml_serving_rules.distributions(each.module)
        why = aml_environment.unknown_because or (f"{', '.join(sorted(unknown))} may bring it" if unknown else None)
        found = f"import {each.module} at {each.position}; not in {aml_environment.shown}"
        expected = f"{' or '.join(wanted[:2])} among its packages"
        fix = add_package(aml_environment, wanted[0])
        if each.is_certain and why is None:
            headline = f"{script.name} imports {each.top}, which the environment lacks"
            blocked(headline, found=found, expected=expected, fix=fix, kind="not installed", where=each.position)
        headline = f"{script.name} imports {each.top}, which {aml_environment.shown} does not list"
        expected = f"{expected} ({why or 'the import may never run'})"
        advise(headline, found=found, expected=expected, fix=fix, kind="not listed", where=each.position)

    for_each(judge, missing_imports(script, installed, unknown, aml_serving_rules))


@check("code", explains=("UserScriptInitFailed", "ResourceNotReady", "ERR_2200"), phases=PHASES)
def check_model_paths_exist(
    aml_script: Script | None, aml_model_folder: ModelFolder | None, aml_deployment_spec: DeploymentSpec
) -> None:
    """The files that the script opens below AZUREML_MODEL_DIR are in the model.

    A model that is a folder keeps its own name below AZUREML_MODEL_DIR, one that is a file stands there by itself.
    Scripts that were tried with another layout fail in `init`, and only in Azure.
    """
    script = _compiled(aml_script)
    if aml_model_folder is None:
        not_applicable("the model is not on this machine")
    model = aml_model_folder
    if not model.exists:
        leads_nowhere("model", model.shown, "model.path", aml_deployment_spec)
    if not script.model_paths:
        not_applicable(f"{script.name} joins no constant path to AZUREML_MODEL_DIR")
    if not model.is_complete:
        not_applicable(f"{model.shown} holds too many files to be listed")

    def judge(each: ModelPath) -> None:
        if model.holds(each.path):
            return
        near = _nearest(each.path, model)
        verdict = advise if script.searches_files else blocked
        verdict(
            f"{script.name} opens {each.path}, which the model does not have",
            found=f"{each.path} at {each.position}; AZUREML_MODEL_DIR will hold {_some(model)}",
            expected=f"a path in the model{f', such as {near}' if near else ''}",
            fix=f'os.path.join(os.environ["AZUREML_MODEL_DIR"], "{near or sorted(model.files)[0]}")',
            where=each.position,
        )

    for_each(judge, script.model_paths)


@check("code", explains=("UserScriptInitFailed",), phases=PHASES)
def check_opened_paths_are_in_the_container(aml_script: Script | None, aml_model_folder: ModelFolder | None) -> None:
    """The script opens its files by paths that the container has too.

    Where the server is started is nobody's promise, so that relative paths found on the author's machine are not found
    there; paths of that machine are not in the image; and the model's folder changes with its version. Only advice: an
    image of one's own may have them.
    """
    script = _compiled(aml_script)
    for each in script.opened_paths:
        problem = _elsewhere(each.path)
        if problem is None:
            continue
        name = re.split(r"[/\\]", each.path)[-1]
        in_model = aml_model_folder is None or any(file.endswith(name) for file in aml_model_folder.files)
        base = 'os.environ["AZUREML_MODEL_DIR"]' if in_model else "os.path.dirname(__file__)"
        advise(
            f"{script.name} opens {each.path}, {problem}",
            found=f"{each.path} at {each.position}",
            expected="paths below AZUREML_MODEL_DIR, or beside the script",
            fix=f'os.path.join({base}, ..., "{name}")',
            where=each.position,
        )


@check("code", explains=("ResourceNotReady", "ERR_2200"), phases=PHASES)
def check_script_waits_for_nobody(aml_script: Script | None) -> None:
    """The script does not wait for a debugger.

    `debugpy.wait_for_client()` is of great use on one's own machine. In the container nobody ever attaches: the probes
    give up, and the log shows no error.
    """
    script = _compiled(aml_script)

    def judge(each: Wait) -> None:
        verdict = blocked if each.is_certain else advise
        verdict(
            f"{script.name} waits for a debugger",
            found=f"{each.call}() at {each.position}",
            expected="no call that waits for somebody, or one behind a condition that the container does not meet",
            fix=f"take {each.call}() out at {each.position}; --aml-local --aml-local-debug PORT waits from outside",
            where=each.position,
        )

    for_each(judge, script.waits)


@check("code", explains=("UserScriptImportError",), phases=PHASES)
def check_script_is_v2(
    aml_script: Script | None, aml_environment: Environment, aml_serving_rules: ServingRules
) -> None:
    """The script does without the retired v1 SDK.

    `azureml.core` and `Model.get_model_path` look for files where v2 deployments have none. The model's folder is in
    AZUREML_MODEL_DIR.
    """
    script = _compiled(aml_script)
    core = next((each for each in script.imports if f"{each.module}.".startswith("azureml.core.")), None)
    position = script.v1_calls[0] if script.v1_calls else core.position if core else None
    if position is None:
        return
    what = "Model.get_model_path" if script.v1_calls else "azureml.core"
    found, expected = f"{what} at {position}", 'os.environ["AZUREML_MODEL_DIR"]'
    fix = f"replace {what} at {position} by paths below {expected}"
    installed, unknown = aml_serving_rules.installed(aml_environment.requirements)
    is_known = aml_environment.lists_packages and not (unknown or aml_environment.unknown_because)
    if core and core.is_certain and is_known and "azureml-core" not in installed:
        blocked(f"{script.name} needs the v1 SDK, which the environment lacks", found=found, expected=expected, fix=fix)
    advise(f"{script.name} uses the retired v1 SDK", found=found, expected=expected, fix=fix)


@check("code", phases=PHASES)
def check_errors_stay_inside(aml_script: Script | None) -> None:
    """Callers are not told what went wrong inside `run`.

    Returned exception text answers 200 to a failed request, so that neither metrics nor probes see it, and shows paths
    and data to whoever calls. Only advice: it works.
    """
    script = _compiled(aml_script)
    for position in script.returned_errors:
        advise(
            f"{script.name} returns exception text to its callers",
            found=f"return of the caught exception at {position}",
            expected="the exception raised again: the server logs it and answers 500",
            fix=f"raise instead of return at {position}, or return AMLResponse with a status of 400 or more",
            where=position,
        )


def _script(script: Script | None) -> Script:
    if script is None:
        not_applicable("the deployment has no scoring script on this machine")
    return script


def _check_language(script: Script, environment: Environment, spec: DeploymentSpec) -> None:
    """The inference server runs Python; a container with routes of its own runs what it likes."""
    if script.is_python:
        return
    routes = spec.environment.inference_config if spec.environment else None
    if routes is not None or not environment.lists_packages:
        not_applicable(f"{script.name} is not Python, and its container runs it")
    where = spec.where("code_configuration.scoring_script")
    blocked(
        f"{script.name} is not Python, and the inference server runs nothing else",
        found=f"scoring_script = {script.name} at {where}",
        expected="a .py file, or a container of its own with an inference_config",
        fix=f"correct the name at {where}",
    )


def _check_release(script: Script, declared: tuple[int, int] | None, environment: Environment) -> None:
    """What this Python reads, that of the environment may be too old for: `match` came with 3.10."""
    if script.python is None or script.too_new is None or declared is None or declared >= script.python:
        return
    needed = ".".join(map(str, script.python))
    blocked(
        f"{script.name} needs Python {needed}, and {environment.shown} has {environment.python}",
        found=str(script.too_new),
        expected=f"Python {needed} or newer, or code that {environment.python} reads",
        fix=EditLine(environment.python_position or environment.position, f"python={needed}"),
        where=script.too_new.position,
    )


def _compiled(script: Script | None) -> Script:
    found = _script(script)
    if not found.is_python:
        not_applicable(f"{found.name} is not Python")
    if found.problem:
        not_reached(f"{found.shown} does not compile")
    return found


def _elsewhere(path: str) -> str | None:
    """Why the container does not have the path; None where it may."""
    if re.match(r"[A-Za-z]:[\\/]|/home/|/Users/|~|\\\\", path):
        return "which is on the author's machine"
    if re.match(r"/var/azureml-app/azureml-models/|(?:\./)?azureml-models/", path):
        return "which changes with the model's version"
    return None if path.startswith("/") else "which counts from wherever the server is started"


def _nearest(path: str, model: ModelFolder) -> str | None:
    """The model's file of the same name, which is most often what was meant."""
    name = path.rpartition("/")[2]
    return next((file for file in sorted(model.files) if file.rpartition("/")[2] == name), None)


def _some(model: ModelFolder) -> str:
    shown = sorted(model.files)[:3]
    return ", ".join(shown) + (f" and {len(model.files) - 3} more" if len(model.files) > 3 else "") or "nothing"
