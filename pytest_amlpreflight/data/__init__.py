"""Rules that age, kept as dated tables: limits, lists of sizes, versions.

Each table is a YAML file that says as of when it holds (`as_of`), where it comes from (`source`) and its `rows`.
A project replaces a whole table by keeping a file of the same name in a folder of its own.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MOST_BYTES = 4 * 1024**2
PATTERNS = ("match", "pattern")
KINDS = {str: "text", int: "a whole number", bool: "true or false", date: "a date", list: "a list", dict: "a mapping"}


class TableError(Exception):
    """A table that cannot be used. `path` is the file; the text starts with it."""

    def __init__(self, path: Path, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(f"{path}: {problem}")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows, the day they were true and the document they were taken from. Show both beside any verdict they decide.

    `needs` are the keys without which a row says nothing.
    """

    name: str
    as_of: date
    source: str
    rows: tuple[Mapping[str, Any], ...]
    needs: tuple[str, ...] = ()

    def column(self, key: str) -> tuple[Any, ...]:
        """The values under `key`, in the order of the rows; rows without it are passed over."""
        return tuple(row[key] for row in self.rows if key in row)

    def pairs(self, key: str, value: str) -> dict[Any, Any]:
        """The table as a dictionary from one column to another."""
        return {row[key]: row[value] for row in self.rows}


_CONSULTED: dict[str, Table] = {}


def load(name: str, overrides: Path | None = None) -> Table:
    """The table `name`: from the folder `overrides` if it has a `<name>.yml`, else the one that comes with the plugin.

    Raises `TableError` for a file that is not a table, and `LookupError` for a name that is nowhere.
    """
    folders = [folder for folder in (overrides, HERE) if folder]
    for folder in folders:
        path = folder / f"{name}.yml"
        if path.is_file():
            table = _CONSULTED[name] = read(name, path)
            return table
    raise LookupError(f"no table {name}: there are {', '.join(names())}")


def names() -> tuple[str, ...]:
    """The names of the tables that come with the plugin."""
    return tuple(sorted(path.stem for path in HERE.glob("*.yml")))


def consulted() -> tuple[Table, ...]:
    """The tables that anybody in this process has looked into."""
    return tuple(_CONSULTED.values())


def stale(tables: Iterable[Table], today: date) -> list[str]:
    """Those of the tables that were made more than a year before `today`, each with its date."""
    return sorted(f"{table.name} ({table.as_of})" for table in tables if (today - table.as_of).days > 365)


def read(name: str, path: Path) -> Table:
    """The table in a file, which nobody consults yet; raises `TableError`."""
    content = _parse(path)
    if not isinstance(content, dict):
        raise TableError(path, "a table is a mapping with as_of, source and rows")
    as_of, source, rows = (content.get(key) for key in ("as_of", "source", "rows"))
    if type(as_of) is not date:
        raise TableError(path, f"as_of must be a date such as 2026-01-27, not {as_of!r}")
    if not (isinstance(source, str) and source.strip()):
        raise TableError(path, "source must name the document the rows were taken from")
    if not (isinstance(rows, list) and all(isinstance(row, dict) for row in rows)):
        raise TableError(path, "rows must be a list of mappings")
    needs = content.get("needs", [])
    if not (isinstance(needs, list) and all(isinstance(key, str) for key in needs)):
        raise TableError(path, "needs must be a list of keys")
    table = Table(name, as_of, source, tuple(rows), tuple(needs))
    if path.parent != HERE and (HERE / path.name).is_file():
        _hold_against(_own(name), table, path)
    return table


@cache
def _own(name: str) -> Table:
    return read(name, HERE / f"{name}.yml")


def _hold_against(ours: Table, table: Table, path: Path) -> None:
    """Refuse a row that lacks what the plugin's own table needs of it, or has a value of another kind than its rows."""
    kinds: dict[str, set[type]] = {}
    for key, value in ((key, value) for row in ours.rows for key, value in row.items()):
        kinds.setdefault(key, set()).add(type(value))
    for number, row in enumerate(table.rows, start=1):
        if missing := [key for key in ours.needs if key not in row]:
            raise TableError(path, f"row {number} has no {missing[0]}, which each row of the table {ours.name} needs")
        for key, value in row.items():
            wanted = kinds.get(key, {type(value)})
            if type(value) not in wanted or not _is_pattern(key, value):
                kind = " or ".join(sorted(KINDS.get(each, "of another kind") for each in wanted))
                kind = "a regular expression" if type(value) in wanted else kind
                raise TableError(path, f"{key} of row {number} is {value!r}, and must be {kind}")


def _is_pattern(key: str, value: object) -> bool:
    """Whether a value that is to be compiled can be."""
    try:
        return key not in PATTERNS or re.compile(str(value)) is not None
    except (re.error, RecursionError, OverflowError):
        return False


def _parse(path: Path) -> object:
    import yaml  # not at the top: a run without a workspace must not pay for it

    if not os.path.isfile(path):
        raise TableError(path, "is not an ordinary file" if os.path.exists(path) else "does not exist")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise TableError(path, f"is larger than {MOST_BYTES // 1024**2} MiB, which no table is")
        # Both are safe; the one in C is ten times as fast, and ends the process over a file that nests without end.
        loader = getattr(yaml, "CSafeLoader" if path.parent == HERE else "", yaml.SafeLoader)
        return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506  # a safe loader
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError) as error:
        problem = " ".join(str(error).split())
    except RecursionError:
        problem = "it nests too deeply"
    raise TableError(path, f"cannot be read as YAML: {problem}")
