"""What a deployment's container has installed, as far as the user's files tell."""

import re
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from pytest_amlpreflight.facts.project.position import Position
from pytest_amlpreflight.facts.project.script import Problem

NOWHERE = Position("the environment")


class EnvironmentSource(StrEnum):
    """Which of the user's artifacts decides what is installed."""

    CONDA = "a conda file"
    MLFLOW = "the model's own environment"
    DOCKERFILE = "a Dockerfile"
    IMAGE = "an image"
    REGISTERED = "a registered environment"
    ABSENT = "nothing"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One required package. `name` is normalised as PyPI does; `specifier` is in pip's notation, also for conda."""

    name: str
    specifier: str
    text: str
    position: Position
    is_conda: bool = False
    extras: frozenset[str] = frozenset()

    @property
    def has_address(self) -> bool:
        """Whether it comes from an address of its own, such as `name @ https://...`, and from no index."""
        return self.specifier.startswith("@")

    @property
    def is_pinned(self) -> bool:
        """Whether the version is fixed, be it to a series: `==1.2.3`, `==1.2.*`, `~=1.2` or an address."""
        return bool(re.search(r"===?|~=|@", self.specifier))

    def admits(self, version: str) -> bool | None:
        """Whether the version would satisfy the requirement; None when the notation cannot be read."""
        try:
            return SpecifierSet(self.specifier).contains(Version(version), prereleases=True)
        except (InvalidSpecifier, InvalidVersion):
            return None

    @property
    def exact(self) -> str | None:
        """The version of a `==` pin without a wildcard."""
        found = re.fullmatch(r"===?\s*([^,*\s]+)", self.specifier)
        return found.group(1) if found else None

    @property
    def series(self) -> str | None:
        """The version of a `==` pin, exact or of a series: conda's `=1.2.2` is `1.2.2`, `==1.2.*` is `1.2`."""
        found = re.fullmatch(r"===?\s*([^,*\s]+?)(?:\.\*)?", self.specifier)
        return found.group(1) if found else None


@dataclass(frozen=True, slots=True)
class BuildFolder:
    """A Docker build context on this machine."""

    path: Path
    shown: str
    exists: bool
    dockerfile_path: str
    has_dockerfile: bool
    files: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Environment:
    """The packages a deployment will have, and what is wrong with the files that say so.

    `unknown_because` says why more may be installed than `requirements` shows; None when the list is all there is.
    `python` is the minor version (`3.11`), None when the files leave it open; `python_release` the whole version where
    they pin it to a patch (`3.11.4`). `pip_position` is the line of a conda file's `pip:`. `is_missing` says that a
    conda file is named that is not there.
    """

    source: EnvironmentSource = EnvironmentSource.ABSENT
    shown: str = "the environment"
    position: Position = NOWHERE
    image: str | None = None
    python: str | None = None
    python_release: str | None = None
    python_position: Position | None = None
    pip_position: Position | None = None
    requirements: tuple[Requirement, ...] = ()
    channels: tuple[str, ...] = ()
    pip_options: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    is_missing: bool = False
    build: BuildFolder | None = None
    unknown_because: str | None = None

    @property
    def lists_packages(self) -> bool:
        """Whether the user's files say what is installed."""
        return self.source in {EnvironmentSource.CONDA, EnvironmentSource.MLFLOW}

    @property
    def may_have_the_server(self) -> bool:
        """Whether the base image may add the inference server by itself: Azure's inference images can be made so."""
        return "inference" in (self.image or "")

    def requirement(self, name: str) -> Requirement | None:
        """The requirement of that name, however it is spelled; pip's wins over conda's, as in the container."""
        wanted = normalised(name)
        found = [each for each in self.requirements if each.name == wanted]
        return next((each for each in found if not each.is_conda), found[0] if found else None)


@dataclass(frozen=True, slots=True)
class MlModel:
    """What an MLflow model's `MLmodel` file says of itself, and the environment it brings."""

    position: Position
    flavors: tuple[str, ...] = ()
    python_version: str | None = None
    mlflow_version: str | None = None
    environment: Environment | None = None


@dataclass(frozen=True, slots=True)
class MadeWith:
    """A package that had a part in making the model, its version, and the file that says so."""

    package: str
    version: str
    position: Position


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model on this machine. `files` are paths as the container has them below AZUREML_MODEL_DIR.

    A folder keeps its own name there (`model/weights.pkl`), a file stands there by itself. `is_complete` is False
    when the tree is too large to be listed whole.
    """

    path: Path
    shown: str
    exists: bool = True
    is_file: bool = False
    files: frozenset[str] = frozenset()
    bytes: int = 0
    is_complete: bool = True
    mlmodel: MlModel | None = None
    problems: tuple[Problem, ...] = ()
    made_with: tuple[MadeWith, ...] = ()

    def holds(self, path: str) -> bool:
        """Whether the container finds a file or folder at the path below AZUREML_MODEL_DIR, or one that a pattern of
        `glob` there matches.
        """
        wanted = "/".join(part for part in path.split("/") if part not in {"", "."})
        if wanted in self.files or any(file.startswith(f"{wanted}/") for file in self.files):
            return True
        pattern = wanted.split("/") if set("*?[") & set(wanted) else []
        return bool(pattern) and any(_fits(file.split("/"), pattern) for file in self.files)


def _fits(parts: list[str], pattern: list[str]) -> bool:
    """Whether a path, or a folder that it is in, matches a pattern, part by part."""
    if not pattern:
        return True
    if pattern[0] == "**":
        if pattern[1:2] == ["**"]:  # the same as one
            return _fits(parts, pattern[1:])
        return any(_fits(parts[at:], pattern[1:]) for at in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


def normalised(name: str) -> str:
    """A distribution's name as PyPI compares it: `Scikit_Learn` is `scikit-learn`."""
    return re.sub(r"[-_.]+", "-", name).lower()


def minor(version: str | None) -> tuple[int, int] | None:
    """`3.11.4` as `(3, 11)`; None for anything else."""
    found = re.match(r"(\d+)\.(\d+)", version or "")
    return (int(found.group(1)), int(found.group(2))) if found else None
