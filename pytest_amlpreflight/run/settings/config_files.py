"""What Azure's own tools leave lying about: a workspace's `config.json`, and the Azure CLI's defaults."""

import json
import os
from collections.abc import Mapping
from configparser import ConfigParser
from configparser import Error as IniError
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_amlpreflight.facts.resource_id import ResourceId

MOST_OF_A_PROFILE = 8 * 1024**2
"""Bytes of the Azure CLI's list of subscriptions, of which a partner has thousands."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and where it came from."""

    value: str
    source: str


def workspace_id(subscription: str, resource_group: str, name: str) -> ResourceId:
    """The ARM id of a workspace."""
    kind = "Microsoft.MachineLearningServices/workspaces"
    text = f"/subscriptions/{subscription}/resourceGroups/{resource_group}/providers/{kind}/{name}"
    return ResourceId(subscription, resource_group, kind, name, text)


def workspace_of_file(path: Path, source: str) -> ResourceId:
    """The workspace that a `config.json` names; `source` says in an error who named the file."""
    content = _read_config_json(path, source)
    missing = [key for key in ("subscription_id", "resource_group", "workspace_name") if not content.get(key)]
    if missing:
        raise pytest.UsageError(f"{source}: {path} has no {' and no '.join(missing)}")
    return workspace_id(content["subscription_id"], content["resource_group"], content["workspace_name"])


def from_config_json(start: Path, key: str, workspace: str | None = None) -> Setting | None:
    """As `MLClient.from_config` finds it: in the folder, its `.azureml` and `aml_config`, then in each folder above.

    A file of another workspace than the one that is asked for says nothing about that one.
    """
    for folder in (start, *start.parents):
        found = [
            path for name in ("", ".azureml", "aml_config") if os.path.isfile(path := folder / name / "config.json")
        ]
        if len(found) > 1:
            names = " and ".join(str(path.relative_to(folder)) for path in found)
            raise pytest.UsageError(f"{folder} has several: {names}; name one with --aml-workspace FILE")
        if found:
            content = _read_config_json(found[0], str(found[0]))
            if workspace and workspace.lower() != str(content.get("workspace_name", "")).lower():
                return None
            return Setting(str(content[key]), str(found[0])) if content.get(key) else None
    return None


def _read_config_json(path: Path, source: str) -> dict[str, str]:
    from pytest_amlpreflight.readers.project.text_file import SpecError, read_text

    try:
        content = json.loads(read_text(path, str(path)))
    except SpecError as error:
        raise pytest.UsageError(f"{source}: cannot read {error}") from None
    except ValueError as error:
        raise pytest.UsageError(f"{source}: {path} is not JSON: {error}") from None
    except RecursionError:
        raise pytest.UsageError(f"{source}: {path} nests too deeply") from None
    if not isinstance(content, dict):
        raise pytest.UsageError(f"{source}: {path} is not a workspace's config.json")
    return content


def from_azure_cli(environ: Mapping[str, str], key: str) -> Setting | None:
    """`az config set defaults.workspace=...` and `az account set`, read from the files the CLI keeps."""
    from pytest_amlpreflight.readers.project.text_file import SpecError, read_text

    folder = azure_cli_folder(environ, windows=os.name == "nt")
    if folder is None:
        return None
    if key == "subscription":
        return _cli_subscription(folder / "azureProfile.json")
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(read_text(folder / "config", "config"))
        value = parser.get("defaults", key, fallback=None)
    except (IniError, SpecError):  # a broken file of another tool is no reason to stop
        return None
    return Setting(value, f"Azure CLI default ({folder / 'config'})") if value else None


def azure_cli_folder(environ: Mapping[str, str], *, windows: bool) -> Path | None:
    """Where the Azure CLI keeps its files: on Windows in the user's profile, whatever HOME a shell has set there."""
    home = environ.get("USERPROFILE" if windows else "HOME")
    own = environ.get("AZURE_CONFIG_DIR")
    return Path(own) if own else Path(home, ".azure") if home else None


def _cli_subscription(path: Path) -> Setting | None:
    from pytest_amlpreflight.readers.project.text_file import SpecError, read_text

    try:
        accounts = json.loads(read_text(path, str(path), MOST_OF_A_PROFILE)).get("subscriptions", [])
        chosen = next((account["id"] for account in accounts if account.get("isDefault")), None)
    except (SpecError, ValueError, AttributeError, KeyError, TypeError, RecursionError):  # no login, or another's file
        return None
    return Setting(str(chosen), f"Azure CLI ({path})") if chosen else None
