"""Conda's and pip's ways of naming a package, read into one."""

import re

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as PipRequirement

from pytest_amlpreflight.facts.project.environment import Requirement, normalised
from pytest_amlpreflight.facts.project.position import Position

LONGEST = 1000  # characters of one requirement
CONDA = re.compile(r"(?:[^\s:]+::)?([A-Za-z0-9_][A-Za-z0-9_.-]*)\s*(?:\[(.*)\])?\s*(.*)")
BRACKETED = re.compile(r"version\s*=\s*['\"]?([^'\"\]]+)")


def conda_requirement(text: str, position: Position) -> Requirement | None:
    """The package of a conda spec such as `conda-forge::numpy=1.26`, `numpy >=1.21,<2`; None when it is none."""
    found = CONDA.fullmatch(text.strip()) if len(text) <= LONGEST else None
    if found is None:
        return None
    name, bracket, rest = found.groups()
    version = BRACKETED.search(bracket or "")
    specifier = _pip_notation(version.group(1) if version else rest)
    return Requirement(normalised(name), specifier, text.strip(), position, is_conda=True)


def pip_requirement(text: str, position: Position) -> Requirement | None:
    """The package of a pip requirement such as `mlflow<3` or `name @ https://...`; None when it is none."""
    if len(text) > LONGEST:
        return None
    try:
        found = PipRequirement(_without_comment(text))
    except (InvalidRequirement, RecursionError):  # markers may be nested without end
        return None
    specifier = f"@ {found.url}" if found.url else str(found.specifier)
    return Requirement(normalised(found.name), specifier, text.strip(), position, extras=frozenset(found.extras))


def pip_lines(text: str) -> list[tuple[int, str]]:
    """The logical lines of a requirements file with their numbers, comments and continuations resolved."""
    found: list[tuple[int, str]] = []
    held, start = "", 0
    for number, line in enumerate(text.split("\n"), start=1):
        start = start if held else number
        held += line.removesuffix("\\")
        if line.endswith("\\"):
            continue
        content = _without_comment(held)
        if content:
            found.append((start, content))
        held = ""
    return found


def _without_comment(text: str) -> str:
    return re.split(r"(?:^|\s)#", text, maxsplit=1)[0].split(" --hash")[0].strip()


def _pip_notation(conda: str) -> str:
    """Conda's version in pip's notation: `=1.26` is `==1.26.*`, `1.26` and `==1.26` are exact."""
    version = conda.strip().split()[0] if conda.strip() else ""
    if conda.strip() and conda.strip()[0] in "<>!~":
        return conda.replace(" ", "")
    bare = version.lstrip("=").split("=")[0]  # what follows a second `=` is conda's build string
    if not bare or bare == "*":
        return ""
    if version.startswith("=") and not version.startswith("==") and not bare.endswith("*"):
        return f"=={bare}.*"
    if bare[0].isdigit():
        return f"=={bare}" if not bare.endswith("*") else f"=={bare.rstrip('*').rstrip('.')}.*"
    return bare if bare[0] in "<>!~" else f"=={bare}"
