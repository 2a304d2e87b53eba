"""Models on this machine: their files as the container will have them, and what an MLflow model says of itself."""

import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from pytest_amlpreflight.facts.project.environment import Environment, EnvironmentSource, MlModel, ModelFolder
from pytest_amlpreflight.facts.project.position import Position
from pytest_amlpreflight.facts.project.script import Problem
from pytest_amlpreflight.readers.project.conda_file import read_conda_file
from pytest_amlpreflight.readers.project.made_with import made_with
from pytest_amlpreflight.readers.project.requirement_lines import pip_lines, pip_requirement
from pytest_amlpreflight.readers.project.text_file import MAX_BYTES, SpecError, read_text, shown_path
from pytest_amlpreflight.readers.project.yaml_file import YamlFile, YamlNode, compose, read_yaml

MAX_FILES = 20_000  # a model version may hold 1 500 files; past this the tree is not worth a run's time
MAX_MLMODEL = 16 * 1024**2  # bytes with the signature, which takes about 65 for each column
SIGNATURE = re.compile(r"^signature:.*\n(?:[ \t].*\n|\n)*", re.MULTILINE)


def read_model_folder(path: Path, root: Path) -> ModelFolder:
    """The model at `path`, a file or a folder; one that is not there says so."""
    shown = shown_path(path, root)
    if os.path.isfile(path):
        made = made_with([path], None, root)
        return ModelFolder(path, shown, True, True, frozenset({path.name}), path.stat().st_size, made_with=made)
    if not os.path.isdir(path):
        return ModelFolder(path, shown, exists=False)
    found = list(islice(walk(path), MAX_FILES))
    top, mlmodel, problems = _mlmodel(path, root)
    return ModelFolder(
        path,
        shown,
        files=frozenset(f"{path.name}/{file.relative_to(path).as_posix()}" for file in found),
        bytes=sum(map(_size, found)),
        is_complete=len(found) < MAX_FILES,
        mlmodel=mlmodel,
        problems=problems,
        made_with=made_with(found, top, root),
    )


def walk(folder: Path) -> Iterator[Path]:
    """The files below the folder, following symbolic links as an upload does, but never in a circle."""
    seen: set[str] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        yield from (Path(place) / name for name in sorted(names))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # a link to nowhere weighs nothing
        return 0


def _mlmodel(folder: Path, root: Path) -> tuple[YamlNode | None, MlModel | None, tuple[Problem, ...]]:
    """The model's own file, what it says, and what is wrong with it."""
    if not os.path.isfile(folder / "MLmodel"):
        return None, None, ()
    try:
        top = _without_signature(folder / "MLmodel", root)
        return top, _read(top, folder, root), ()
    except SpecError as error:
        return None, None, (Problem(error.message, Position(error.path, error.line)),)


def _without_signature(path: Path, root: Path) -> YamlNode:
    """The file but for the table's columns: nothing here asks for them, and a wide table has megabytes of them."""
    file = YamlFile(path, shown_path(path, root))
    text = SIGNATURE.sub(lambda found: "\n" * found.group().count("\n"), read_text(path, file.shown, MAX_MLMODEL))
    if len(text) > MAX_BYTES:
        raise SpecError(
            f"is larger than {MAX_BYTES // 1024} KiB beside its signature, which no such file is", file.shown
        )
    return compose(text, file)


def _read(top: YamlNode, folder: Path, root: Path) -> MlModel:
    flavors = top.get("flavors")
    names = tuple(name for name, _ in flavors.items()) if flavors and flavors.is_mapping else ()
    function = flavors.get("python_function") if flavors and flavors.is_mapping else None
    declared = function.get("python_version") if function and function.is_mapping else None
    mlflow = top.get("mlflow_version")
    return MlModel(
        position=declared.position if declared else top.position,
        flavors=names,
        python_version=declared.text() if declared else None,
        mlflow_version=mlflow.text() if mlflow else None,
        environment=_environment(folder, root, function),
    )


def _environment(folder: Path, root: Path, function: YamlNode | None) -> Environment | None:
    """The environment that the model brings: its conda file, which Azure builds from, else its requirements."""
    named = _conda_name(function)
    conda = folder / (named.text() if named else "conda.yaml")
    if os.path.isfile(conda):
        return read_conda_file(conda, root, EnvironmentSource.MLFLOW)
    requirements = folder / "requirements.txt"
    if os.path.isfile(requirements):
        return _requirements(requirements, _python(folder, root), root)
    if named is None:
        return None
    problem = Problem("MLmodel names it, and the model does not have it", named.position)
    return Environment(EnvironmentSource.MLFLOW, shown_path(conda, root), named.position, problems=(problem,))


def _conda_name(function: YamlNode | None) -> YamlNode | None:
    """The name of the conda file, where the model gives one."""
    env = function.get("env") if function and function.is_mapping else None
    if env is not None and env.is_mapping:
        env = env.get("conda")
    return env if env is not None and env.is_scalar else None


def _requirements(path: Path, python: str | None, root: Path) -> Environment:
    shown = shown_path(path, root)
    try:
        lines = pip_lines(read_text(path, shown))
    except SpecError as error:
        problem = Problem(error.message, Position(error.path, error.line))
        return Environment(EnvironmentSource.MLFLOW, shown, Position(shown), problems=(problem,))
    read = [pip_requirement(text, Position(shown, number)) for number, text in lines if not text.startswith("-")]
    found = tuple(each for each in read if each is not None)
    more = None if len(found) == len(lines) else f"{shown} has lines that name more"
    return Environment(
        EnvironmentSource.MLFLOW, shown, Position(shown), python=python, requirements=found, unknown_because=more
    )


def _python(folder: Path, root: Path) -> str | None:
    """The minor version of `python_env.yaml`."""
    try:
        node = read_yaml(folder / "python_env.yaml", root).get("python")
        found = re.match(r"\d+\.\d+", node.text()) if node else None
    except SpecError:
        return None
    return found.group() if found else None
