"""From what pytest was given to a run that is ready: settings, specs, targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

from pytest_amlpreflight.run.config_files import Setting
from pytest_amlpreflight.run.options import Option
from pytest_amlpreflight.run.preflight import Preflight
from pytest_amlpreflight.run.settings import Settings, Sources, asked_for, read_settings
from pytest_amlpreflight.run.suite import is_own, own_node_id
from pytest_amlpreflight.run.targets import Target, choose_targets

if TYPE_CHECKING:
    from pytest_amlpreflight.facts.project.spec import DeploymentSpec, EndpointSpec

Spec = TypeVar("Spec", "EndpointSpec", "DeploymentSpec")


def given_by(config: pytest.Config) -> Sources:
    """The command line's values for an option, else the ini file's."""

    def given(option: Option) -> list[Setting]:
        on_line, in_file = getattr(config.option, option.ini, None), config.getini(option.ini)
        values, source = (on_line, option.flag) if on_line else (in_file, f"ini {option.ini}")
        return [Setting(str(value), source) for value in ((values or []) if option.repeatable else [values]) if value]

    return given


def prepare(config: pytest.Config, environ: Mapping[str, str]) -> Preflight | None:
    """The run that was asked for, or None where nobody asked. Raises `pytest.UsageError`."""
    given = given_by(config)
    asked = asked_for(given)
    selected = _take_own_node_ids(config)
    if not asked and selected is None:
        return None
    settings = read_settings(given, environ, config.rootpath)
    targets = _targets(settings, config)
    offline = bool(targets) and all(target.deployment_spec for target in targets) and not asked_for(given, ["phase"])
    if not settings.workspaces and not offline:
        why = f"{asked[0]} needs a workspace" if asked else f"{selected} needs a workspace"
        raise pytest.UsageError(f"{why}: --aml-workspace NAME, aml_workspace in the ini file, or a config.json")
    return Preflight(settings, targets, selected, config.rootpath)


def _take_own_node_ids(config: pytest.Config) -> list[str] | None:
    """Take the suite's node ids out of the arguments, where pytest would look for a file; None if there were none.

    Where only other node ids were given, nobody asked for the suite: an empty list.
    """
    own = [own_node_id(argument) for argument in config.args if is_own(argument)]
    others = [argument for argument in config.args if not is_own(argument)]
    if own:
        config.args[:] = others
        return own
    return [] if others and all("::" in argument for argument in others) else None


def _targets(settings: Settings, config: pytest.Config) -> list[Target]:
    from pytest_amlpreflight.readers.project.spec_file import (
        SpecError,
        looks_like_spec,
        read_deployment_spec,
        read_endpoint_spec,
    )

    def given(texts: Sequence[str], read: Callable[[Path, Path], Spec]) -> list[str | Spec]:
        return [read(*_file(text, config)) if looks_like_spec(text) else text for text in texts]

    try:
        endpoints = given(settings.endpoints, read_endpoint_spec)
        deployments = given(settings.deployments, read_deployment_spec)
    except SpecError as error:
        raise pytest.UsageError(str(error)) from None
    return choose_targets(settings.workspaces or [None], endpoints, deployments)


def _file(text: str, config: pytest.Config) -> tuple[Path, Path]:
    """A file is looked up where pytest was started, then in the rootdir, from where an ini file means it; either way it
    is called by its way from the rootdir.
    """
    here = config.invocation_params.dir / text
    return here if here.exists() else config.rootpath / text, config.rootpath
