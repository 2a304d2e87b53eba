"""How a scoring script's imports are judged."""

import sys

from pytest_amlpreflight.facts.project.environment import Environment, normalised
from pytest_amlpreflight.facts.project.script import OWN, Import, Script
from pytest_amlpreflight.facts.rules.serving_rules import ServingRules
from pytest_amlpreflight.verdict import advise, blocked, for_each


def judge_relative_imports(script: Script) -> None:
    """The server loads the script by its file: it has no package to be relative to."""

    def judge(each: Import) -> None:
        blocked(
            f"{script.name} imports relatively, and is no package",
            found=f"from {'.' * each.level}{each.module} import ... at {each.position}",
            expected="absolute imports: the server loads the script by its file",
            fix=f"write `{_absolute(each)}` at {each.position}",
            where=each.position,
        )

    for_each(judge, [each for each in script.imports if each.level and each.is_certain])


def _absolute(each: Import) -> str:
    """The import by the file's own name; `from . import x` imports modules beside the script."""
    return f"from {each.module} import ..." if each.module else "import ..."


def judge_misplaced_modules(script: Script, environment: Environment, rules: ServingRules) -> None:
    """A module that stands near the code folder; an environment that is not known whole may have it installed."""
    installed, unknown = rules.installed(environment.requirements)
    is_known = environment.lists_packages and environment.unknown_because is None

    def judge(each: Import) -> None:
        outside = script.misplaced[each.top]
        verdict = blocked if is_known and each.is_certain else advise
        verdict(
            f"{script.name} imports {each.top}, which stands outside the code folder",
            found=f"import {each.module} at {each.position}; {outside} is not uploaded",
            expected="every local module inside code_configuration.code",
            fix=f"move {outside} into the code folder, or set `code:` to a folder that holds both",
            where=each.position,
        )

    found = {each.top: each for each in reversed(script.imports) if each.top in script.misplaced}
    for_each(
        judge,
        [
            each
            for each in reversed(found.values())
            if each.top not in sys.stdlib_module_names
            and not set(rules.distributions(each.module)) & installed
            and not _is_near(each, unknown)
        ],
    )


def _is_near(wanted: Import, unknown: frozenset[str]) -> bool:
    """Whether a package that is not in the tables has a name that speaks for it."""
    return any(normalised(wanted.top) in name for name in unknown)


def missing_imports(
    script: Script, installed: frozenset[str], unknown: frozenset[str], rules: ServingRules
) -> list[Import]:
    """The first import of each module that nothing installs, certain ones first."""
    found: dict[str, Import] = {}
    for each in sorted(script.imports, key=lambda each: (not each.is_certain, -each.module.count("."))):
        own = each.level or each.top in script.local_modules or each.top in sys.stdlib_module_names
        if own or each.top in {"__future__", "__main__"} or each.top in script.misplaced:
            continue
        wanted = rules.distributions(each.module)
        is_there = set(wanted) & installed or _is_near(each, unknown)
        if not is_there and not any(_brought(one, script, installed, rules) for one in each.instead):
            found.setdefault(wanted[0], each)
    return list(found.values())


def _brought(module: str, script: Script, installed: frozenset[str], rules: ServingRules) -> bool:
    """Whether the container has the module: with Python, beside the script, or by a package."""
    top = module.partition(".")[0]
    own = top == OWN or top in script.local_modules or top in sys.stdlib_module_names
    return own or bool(set(rules.distributions(module)) & installed)
