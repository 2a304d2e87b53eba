"""Where a setting's value comes from: the strongest source that names it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import pytest

from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.run.settings.config_files import (
    Setting,
    from_azure_cli,
    from_config_json,
    workspace_id,
    workspace_of_file,
)
from pytest_amlpreflight.run.settings.options import DEFAULTS, Option, option_named

WORKSPACE_NAME = r"[A-Za-z0-9][A-Za-z0-9_-]{2,32}"
"""https://learn.microsoft.com/azure/templates/microsoft.machinelearningservices/workspaces"""

OF_THE_COMPUTE = "AZUREML_ARM_"
"""The variables with which a compute of Azure Machine Learning names its own workspace, all parts of it."""

Sources: TypeAlias = Callable[[Option], list[Setting]]
"""What the command line and the ini file say of an option, the strongest first."""


class Lookup:
    """Finds values in the order of precedence and keeps where each came from."""

    def __init__(self, given: Sources, environ: Mapping[str, str], start: Path) -> None:
        self.given, self.environ, self.start = given, environ, start
        self.origins: list[tuple[str, str, str]] = []
        self.places: dict[ResourceId, str] = {}

    def all(self, name: str, workspace: str | None = None) -> list[Setting]:
        """Every value of a setting from its strongest source; for a part of a workspace, that workspace's."""
        option = option_named(name)
        settings = self._strongest(option, workspace)
        self.origins += [(name, setting.value, setting.source) for setting in settings]
        return settings

    def _strongest(self, option: Option, workspace: str | None) -> list[Setting]:
        given = self.given(option)
        if given and given[0].source.startswith("--"):
            return given
        for name in option.environment:
            if (value := self.environ.get(name)) and not self._of_another(name, workspace):
                return [Setting(value, name)]
        return given

    def _of_another(self, variable: str, workspace: str | None) -> bool:
        """Whether a variable speaks of the compute's own workspace, and another is asked for."""
        own = self.environ.get(f"{OF_THE_COMPUTE}WORKSPACE_NAME") if variable.startswith(OF_THE_COMPUTE) else None
        return bool(own and workspace and own.lower() != workspace.lower())

    def maybe(self, name: str) -> Setting | None:
        """A single value, or None."""
        return next(iter(self.all(name)), None)

    def text(self, name: str) -> str | None:
        """A single value without its source, or None."""
        found = self.maybe(name)
        return found.value if found else None

    def one(self, name: str) -> Setting:
        """A single value, its default where nobody gave one."""
        return self.maybe(name) or Setting(DEFAULTS[name], "default")

    def patterns(self) -> list[Setting]:
        """The patterns of workspaces, from where the scope is given or from a stronger source."""
        option = option_named("workspace")
        found = self.given(option)
        on_line = bool(found) and found[0].source.startswith("--")
        scoped_on_line = any(source.startswith("--") for name, _, source in self.origins if name == "scope")
        return self.all("workspace") if on_line else [] if scoped_on_line else found

    def workspaces(self) -> list[Setting]:
        """The workspaces that were named, else the one of `config.json`, else the Azure CLI's default."""
        return self.all("workspace") or self._fallback("workspace", "workspace_name", "workspace")

    def workspace(self, setting: Setting) -> ResourceId:
        """The ARM id behind a name, an id or a file."""
        text = setting.value
        found = parse_resource_id(text) if text.startswith("/") else None
        if found and found.kind.lower() == "microsoft.machinelearningservices/workspaces":
            return self._at(found, f"all from {setting.source}")
        if text.endswith(".json"):
            return self._at(workspace_of_file(self.start / text, setting.source), f"all from {text}")
        if not re.fullmatch(WORKSPACE_NAME, text):
            raise pytest.UsageError(
                f"{setting.source}: {text!r} is no workspace: its name (3 to 33 letters, digits, - and _), its ARM id, "
                "or a path to its config.json"
            )
        subscription = self._part("subscription", "subscription_id", "subscription", text)
        group = self._part("resource-group", "resource_group", "group", text)
        return self._at(
            workspace_id(subscription.value, group.value, text),
            f"subscription from {subscription.source}, resource group from {group.source}",
        )

    def _at(self, workspace: ResourceId, place: str) -> ResourceId:
        self.places[workspace] = place
        return workspace

    def _part(self, name: str, key: str, cli_key: str, workspace: str) -> Setting:
        found = self.all(name, workspace) or self._fallback(name, key, cli_key, workspace)
        if not found:
            option = option_named(name)
            places = " or ".join((option.flag, *option.environment, f"ini {option.ini}", "its config.json"))
            raise pytest.UsageError(f"workspace {workspace!r} needs its {name.replace('-', ' ')}: {places}")
        return found[0]

    def _fallback(self, name: str, key: str, cli_key: str, workspace: str | None = None) -> list[Setting]:
        """What nobody set explicitly, from the files that Azure's own tools keep."""
        setting = from_config_json(self.start, key, workspace) or from_azure_cli(self.environ, cli_key)
        if setting is None:
            return []
        self.origins.append((name, setting.value, setting.source))
        return [setting]
