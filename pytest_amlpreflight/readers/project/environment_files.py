"""The environment of a deployment, from whichever of the user's files decides it."""

import itertools
import os
from dataclasses import replace
from pathlib import Path

import yaml

from pytest_amlpreflight.facts.project.environment import BuildFolder, Environment, EnvironmentSource, ModelFolder
from pytest_amlpreflight.facts.project.position import Position, Source
from pytest_amlpreflight.facts.project.script import Problem
from pytest_amlpreflight.facts.project.spec import DeploymentSpec
from pytest_amlpreflight.facts.reference import BuildContext, EnvironmentReference
from pytest_amlpreflight.readers.project.conda_file import conda_environment, read_conda_file
from pytest_amlpreflight.readers.project.model_folder import walk
from pytest_amlpreflight.readers.project.text_file import SpecError, shown_path
from pytest_amlpreflight.readers.project.yaml_file import YamlFile, YamlNode, compose

MAX_FILES = 1000  # the limit is 100; past this the exact number tells nobody more


def read_environment(spec: DeploymentSpec, root: Path, model: ModelFolder | None) -> Environment:
    """What the deployment's container will have installed, as far as files on this machine tell.

    `model` is the deployment's model when it is on this machine: an MLflow model without an environment in the spec
    brings its own.
    """
    reference = spec.environment
    if reference is None:
        return _of_model(model)
    position = spec.source.position("environment")
    if reference.asset is not None:
        why = f"environment {reference.asset} is registered, and what it holds is not on this machine"
        return Environment(EnvironmentSource.REGISTERED, str(reference.asset), position, unknown_because=why)
    if reference.build is not None:
        return _of_build(reference.build, position, root)
    return _of_conda(reference, spec.source, root)


def _of_model(model: ModelFolder | None) -> Environment:
    mlmodel = model.mlmodel if model else None
    if mlmodel is not None and mlmodel.environment is not None:
        return mlmodel.environment
    return Environment(unknown_because="the deployment names no environment")


def _of_conda(reference: EnvironmentReference, source: Source, root: Path) -> Environment:
    position = source.position("environment")
    if reference.conda_file is not None:
        found = replace(
            read_conda_file(reference.conda_file, root), is_missing=not os.path.exists(reference.conda_file)
        )
    elif reference.conda is not None:
        found = _inline(reference, position)
    else:
        why = f"image {reference.image} holds what is installed"
        image = EnvironmentSource.IMAGE
        return Environment(image, reference.image or "", position, reference.image, unknown_because=why)
    return _with_image(found, reference.image)


def _inline(reference: EnvironmentReference, position: Position) -> Environment:
    """Conda content written into the spec itself; every verdict points at the line where it starts."""
    file = YamlFile(Path(position.path), position.path)
    try:
        top = compose(yaml.safe_dump(dict(reference.conda or {})), file)
    except SpecError as error:
        return Environment(
            EnvironmentSource.CONDA, position.path, position, problems=(Problem(error.message, position),)
        )
    return conda_environment(YamlNode(top.raw, file, fixed_line=position.line))


def _of_build(build: BuildContext, position: Position, root: Path) -> Environment:
    if build.path is None:
        why = f"the build context is at {build.uri}"
        return Environment(EnvironmentSource.DOCKERFILE, str(build.uri), position, unknown_because=why)
    shown = shown_path(build.path, root)
    dockerfile = build.path / build.dockerfile_path
    files = list(itertools.islice(walk(build.path), MAX_FILES))
    folder = BuildFolder(
        path=build.path,
        shown=shown,
        exists=os.path.isdir(build.path),
        dockerfile_path=build.dockerfile_path,
        has_dockerfile=os.path.isfile(dockerfile),
        files=len(files),
        bytes=sum(file.stat().st_size for file in files if os.path.isfile(file)),
    )
    why = f"the Dockerfile of {shown} installs what it likes"
    return Environment(EnvironmentSource.DOCKERFILE, shown, position, build=folder, unknown_because=why)


def _with_image(found: Environment, image: str | None) -> Environment:
    return replace(found, image=image)
