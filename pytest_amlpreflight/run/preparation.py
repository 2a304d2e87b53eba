"""From what pytest was given to a run that is ready: settings, specs, targets."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

from pytest_amlpreflight.facts.fleet import named_aliases
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.run.asking import Asked
from pytest_amlpreflight.run.preflight import Preflight
from pytest_amlpreflight.run.settings.given import given_by
from pytest_amlpreflight.run.settings.settings import Settings, asked_for, read_settings
from pytest_amlpreflight.run.targets.targets import choose_targets

if TYPE_CHECKING:
    from pytest_amlpreflight.facts.project.spec import DeploymentSpec, EndpointSpec

Spec = TypeVar("Spec", "EndpointSpec", "DeploymentSpec")


def is_configured(config: pytest.Config) -> bool:
    """Whether an option or an ini key says what to look at, so that users' own tests may ask for facts."""
    return bool(asked_for(given_by(config)))


def prepare(config: pytest.Config, environ: Mapping[str, str], asked: Asked) -> Preflight:
    """The run as it was configured. Raises `pytest.UsageError`."""
    given = given_by(config)
    settings = read_settings(given, environ, config.rootpath)
    targets = _targets(settings, config)
    offline = bool(targets) and all(target.deployment_spec for target in targets) and settings.phase == "pre"
    if settings.offline and not offline:
        raise pytest.UsageError("--aml-offline looks at files before a deployment: --aml-deployment FILE")
    if not settings.workspaces and not settings.scopes and not offline:
        who = asked.by or " ".join(asked.node_ids) or asked_for(given)[0]
        places = "--aml-workspace NAME, aml_workspace in the ini file, or a config.json"
        raise pytest.UsageError(f"{who} needs a workspace: {places}")
    return Preflight(settings, targets, asked.selected, config.rootpath)


def _targets(settings: Settings, config: pytest.Config) -> list[Target]:
    from pytest_amlpreflight.readers.project.spec_file import (
        SpecError,
        looks_like_spec,
        read_deployment_spec,
        read_endpoint_spec,
    )

    def given(texts: Sequence[str], read: Callable[[Path, Path, str | None], Spec]) -> list[str | Spec]:
        every = [one for text in texts for one in _every(text, config)]
        files = dict.fromkeys((_file(one, config) if looks_like_spec(one) else one, name) for one, name in every)
        return [read(one, config.rootpath, name) if isinstance(one, Path) else one for one, name in files]  # each once

    try:
        endpoints = given(settings.endpoints, read_endpoint_spec)
        only = endpoints[0] if len(endpoints) == 1 else None
        name = only.name if only is not None and not isinstance(only, str) else only
        deployments = given(settings.deployments, lambda path, root, own: read_deployment_spec(path, root, name, own))
    except SpecError as error:
        raise pytest.UsageError(str(error)) from None
    targets = choose_targets(settings.workspaces or [None], endpoints, deployments)
    aliases = named_aliases(settings.workspaces)
    return [
        replace(one, place=settings.places[one.workspace], alias=aliases[one.workspace]) if one.workspace else one
        for one in targets
    ]


def _every(text: str, config: pytest.Config) -> list[tuple[str, str | None]]:
    """What is given, and in `NAME=FILE` the name that goes before the file's own, as with `az --name`."""
    name, _, file = text.partition("=")
    if not file or re.search(r"[/\\.]", name) or os.path.exists(_file(text, config)):
        return [(one, None) for one in _expanded(text, config)]
    return [(one, name) for one in _expanded(file, config)]


def _expanded(text: str, config: pytest.Config) -> list[str]:
    """The files that a pattern names, for an ini file and for a shell that left it as it was; no name has its
    characters.
    """
    if not re.search(r"[*?[]", text):
        return [text]
    folders = (config.invocation_params.dir, config.rootpath)
    found = next((files for folder in folders if (files := sorted(glob(text, root_dir=folder, recursive=True)))), None)
    if found is None:
        raise pytest.UsageError(f"no file matches {text} in {' or '.join(str(one) for one in dict.fromkeys(folders))}")
    return found


def _file(text: str, config: pytest.Config) -> Path:
    """A file is looked up where pytest was started, then in the rootdir, from where an ini file means it; either way it
    is called by its way from the rootdir.
    """
    here = config.invocation_params.dir / text
    return here if os.path.exists(here) else config.rootpath / text
