"""Conda files, inline or on disk, read into the packages they install and what is wrong with them."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from pytest_amlpreflight.facts.project.environment import Environment, EnvironmentSource, Requirement
from pytest_amlpreflight.facts.project.position import Position
from pytest_amlpreflight.facts.project.script import Problem
from pytest_amlpreflight.readers.project.requirement_lines import conda_requirement, pip_requirement
from pytest_amlpreflight.readers.project.text_file import SpecError, shown_path
from pytest_amlpreflight.readers.project.yaml_file import YamlNode, read_yaml

LOCAL_FILE = re.compile(r"(?:-e\s|--editable[\s=]|\.{0,2}/|file:)|(?!.*://).*\.(?:whl|tar\.gz|zip)$")
EDITABLE = re.compile(r"(?:-e\s+|--editable[\s=]\s*)")
ELSEWHERE = re.compile(r"(?:git|hg|svn|bzr)\+|https?://")


@dataclass(slots=True)
class _Findings:
    """What has been found so far."""

    requirements: list[Requirement] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    pip: Position | None = None

    def wrong(self, node: YamlNode, sentence: str) -> None:
        self.problems.append(Problem(sentence, node.position))


def read_conda_file(path: Path, root: Path, source: EnvironmentSource = EnvironmentSource.CONDA) -> Environment:
    """The environment a conda file describes; whatever is wrong with it is among its problems, never raised."""
    shown = shown_path(path, root)
    try:
        top = read_yaml(path, root)
    except SpecError as error:
        problem = Problem(error.message, Position(error.path, error.line))
        return Environment(source, shown, Position(shown), problems=(problem,), unknown_because="it cannot be read")
    return conda_environment(top, source)


def conda_environment(top: YamlNode, source: EnvironmentSource = EnvironmentSource.CONDA) -> Environment:
    """The environment that a conda file's content describes."""
    found = _Findings()
    for entry in _list(top, "dependencies", found) or []:
        _dependency(entry, found)
    python = next((each for each in found.requirements if each.name == "python" and each.is_conda), None)
    return Environment(
        source=source,
        shown=top.file.shown,
        position=top.position,
        python=_version(python, r"(?:===?|~=)\s*(\d+\.\d+)"),
        python_release=_version(python, r"===?\s*(\d+\.\d+\.\d+)"),
        python_position=python.position if python else None,
        pip_position=found.pip,
        requirements=tuple(each for each in found.requirements if each is not python),
        channels=tuple(_channels(top, found)),
        pip_options=tuple(found.options),
        problems=tuple(found.problems),
        unknown_because=found.unknown[0] if found.unknown else None,
    )


def _list(top: YamlNode, name: str, found: _Findings) -> list[YamlNode] | None:
    node = top.get(name)
    if node is None:
        if name == "dependencies":
            found.wrong(top, "lists no dependencies")
        return None
    if not node.is_list:
        found.wrong(node, f"{name} must be a list")
        return None
    return list(node.elements())


def _channels(top: YamlNode, found: _Findings) -> list[str]:
    names = []
    for node in _list(top, "channels", found) or []:
        if node.is_scalar and not node.is_null:
            names.append(node.text())
        else:
            found.wrong(node, "a channel must be a name or an address")
    return names


def _dependency(node: YamlNode, found: _Findings) -> None:
    if node.is_mapping:
        for name, section in node.items():
            if name == "pip":
                found.pip = node.position
                _pip_section(section, found)
            else:
                found.wrong(section, f"{name} is no package manager of conda; did you mean `{name}=...`?")
    elif not node.is_scalar or node.is_null:
        found.wrong(node, "a dependency must be a package, or `pip:` and a list")
    else:
        requirement = conda_requirement(node.text(), node.position)
        if requirement is None:
            found.wrong(node, f"{node.text()!r} is no conda package")
        else:
            found.requirements.append(requirement)


def _pip_section(section: YamlNode, found: _Findings) -> None:
    if section.is_null:
        return
    if not section.is_list:
        found.wrong(section, "pip must be a list of packages")
        return
    for node in section.elements():
        if not node.is_scalar or node.is_null:
            found.wrong(node, "a pip package must be text, such as `numpy==1.26.4`")
        else:
            _pip_line(node, node.text().strip(), found)


def _pip_line(node: YamlNode, text: str, found: _Findings) -> None:
    """Azure sends the content of the conda file and nothing beside it, so that other files are not there to be read."""
    place = EDITABLE.sub("", text)
    if text.startswith(("-r", "--requirement", "-c", "--constraint")):
        found.wrong(node, f"`{text}` names a file that Azure does not send with the conda file")
    elif ELSEWHERE.match(place):
        found.unknown.append(f"{_without_login(place).split('@')[0]} may bring more")
    elif LOCAL_FILE.match(text):
        found.wrong(node, f"`{text}` is on this machine, and Azure does not send it with the conda file")
    elif text.startswith("-"):
        found.options.append(_without_login(text))
    else:
        requirement = pip_requirement(text, node.position)
        if requirement is None:
            found.wrong(node, f"{text!r} is no pip requirement")
        elif requirement.specifier.startswith("@ file:"):
            found.wrong(node, f"`{text}` is on this machine, and Azure does not send it with the conda file")
        else:
            found.requirements.append(requirement)


def _without_login(text: str) -> str:
    """The text without the password that an address may be named with."""
    return re.sub(r"//[^/@\s]*@", "//", text)


def _version(python: Requirement | None, form: str) -> str | None:
    """As much of the version as `form` takes from the requirement; None where it does not say so much."""
    version = re.match(form, python.specifier) if python else None
    return version.group(1) if version else None
