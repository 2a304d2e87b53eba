"""What a setting's text means: each reads one value, and raises pytest.UsageError with the setting's own name."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from difflib import get_close_matches
from glob import glob as matching
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_amlpreflight.data import TableError
from pytest_amlpreflight.data import names as table_names
from pytest_amlpreflight.data import read as read_table
from pytest_amlpreflight.facts.fleet import Scope, Shard, parse_scope
from pytest_amlpreflight.run.settings.config_files import Setting

if TYPE_CHECKING:
    from pytest_amlpreflight.facts.resources.scoring import SampleRequests

CONNECT_TO = r"[^:]*:[0-9]*:([0-9.]*|\[[0-9A-Fa-f:]*\]):[0-9]*"


def tag(setting: Setting) -> tuple[str, str]:
    """`KEY=VALUE`, as two."""
    name, separator, value = setting.value.partition("=")
    if not name or not separator:
        raise pytest.UsageError(
            f"{setting.source}: {setting.value!r} is not KEY=VALUE; VALUE may be a pattern such as *"
        )
    return name, value


def scope(setting: Setting) -> Scope:
    """Where workspaces are looked for."""
    found = parse_scope(setting.value)
    if found is None:
        raise pytest.UsageError(
            f"{setting.source}: {setting.value!r} is no scope: `tenant`, a subscription's id or name, or the ARM id of "
            "a subscription, a resource group or a management group"
        )
    return found


def shard(setting: Setting) -> Shard:
    """`2/8`: one part of a fleet."""
    match = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", setting.value)
    number, of = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= of:
        raise pytest.UsageError(f"{setting.source}: {setting.value!r} is no part of a whole such as 2/5")
    return Shard(number, of)


def file(setting: Setting, start: Path) -> Path:
    """A file that is there, looked up where pytest was started."""
    found = start / Path(setting.value).expanduser()
    if not os.path.isfile(found):
        raise pytest.UsageError(f"{setting.source}: there is no file {setting.value}")
    return found


def samples(given: Sequence[Setting], start: Path) -> SampleRequests:
    """`FILE` or `ENDPOINT=FILE`; a file is looked up where pytest was started, then in the project's root."""
    from pytest_amlpreflight.facts.resources.scoring import SampleRequests

    found = list[tuple[str, Path]]()
    for setting in given:
        endpoint, separator, file = setting.value.partition("=")
        endpoint, file = (endpoint, file) if separator else ("", setting.value)
        path = next((folder / file for folder in (Path.cwd(), start) if os.path.isfile(folder / file)), None)
        if path is None:
            raise pytest.UsageError(f"{setting.source}: there is no file {file}")
        found.append((endpoint, path))
    return SampleRequests(tuple(found), start)


def cloud(setting: Setting) -> str:
    """A cloud's name as Azure spells it, or the address of its metadata."""
    names = ("AzureCloud", "AzureUSGovernment", "AzureChinaCloud")
    known = next((name for name in names if name.lower() == setting.value.lower()), None)
    if known is None and not setting.value.startswith("https://"):
        raise pytest.UsageError(
            f"{setting.source}: {setting.value!r} is no cloud: {', '.join(names)} or an https metadata URL"
        )
    return known or setting.value


def server(setting: Setting) -> str:
    """`ADDRESS` or `ADDRESS:PORT` of a DNS server."""
    address, _, port = setting.value.partition(":") if setting.value.count(":") == 1 else (setting.value, "", "")
    if not re.fullmatch(r"[0-9.]{7,15}|[0-9a-fA-F:]+", address) or not (port.isdigit() or not port):
        raise pytest.UsageError(f"{setting.source}: {setting.value!r} is not an IP address with an optional port")
    return setting.value


def connect_to(setting: Setting) -> list[str]:
    """The rules of one setting; a variable of the environment holds several, with spaces between them."""
    rules = setting.value.split()
    for rule in rules:
        if not re.fullmatch(CONNECT_TO, rule):
            raise pytest.UsageError(
                f"{setting.source}: {rule!r} is not HOST:PORT:ADDRESS:PORT, of which each part may be empty"
            )
    return rules


def number(setting: Setting, what: str, least: float = 0.001) -> float:
    """A number no smaller than `least`; `what` is its unit."""
    try:
        number = float(setting.value)
    except ValueError:
        number = -1.0
    if not least <= number < float("inf"):
        raise pytest.UsageError(f"{setting.source}: {setting.value!r} is not a number of {what}")
    return number


def port(setting: Setting) -> int:
    """A TCP port."""
    if not setting.value.isdigit() or not 0 < int(setting.value) < 65536:
        raise pytest.UsageError(f"{setting.source}: {setting.value!r} is not a port")
    return int(setting.value)


def flag(setting: Setting) -> bool:
    """Yes or no, in the words that ini files know."""
    known = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if (value := setting.value.lower()) not in known:
        raise pytest.UsageError(f"{setting.source}: {setting.value!r} is neither true nor false")
    return known[value]


def glob(setting: Setting, start: Path) -> str:
    """A pattern below the folder where pytest was started, which some file meets."""
    pattern = setting.value
    if Path(pattern).is_absolute() or not matching(pattern, root_dir=start, recursive=True):
        raise pytest.UsageError(f"{setting.source}: no file matches {pattern} (a glob from {start})")
    return pattern


def tables(setting: Setting, start: Path) -> Path:
    """A folder of tables; a file whose name is none of a table's would be passed over."""
    path, known = folder(setting, start), table_names()
    unknown = sorted(file.name for file in path.glob("*.y*ml") if file.stem not in known or file.suffix != ".yml")
    if unknown or not any(path.glob("*.yml")):
        near = get_close_matches(Path(unknown[0]).stem, known, n=1) if unknown else []
        what = f"{setting.value}/{unknown[0]} is no table" if unknown else f"{setting.value} has no table"
        hint = f"did you mean {near[0]}.yml?" if near else f"there are {', '.join(known)}, each a .yml"
        raise pytest.UsageError(f"{setting.source}: {what}; {hint}")
    try:
        for file in path.glob("*.yml"):
            read_table(file.stem, file)
    except TableError as error:
        raise pytest.UsageError(f"{setting.source}: {error}") from None
    return path


def folder(setting: Setting, start: Path) -> Path:
    """A folder that is there."""
    path = start / setting.value
    if not os.path.isdir(path):
        raise pytest.UsageError(f"{setting.source}: there is no folder {setting.value}")
    return path
