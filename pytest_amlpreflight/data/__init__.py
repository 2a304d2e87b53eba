"""Rules that age, kept as dated tables: limits, lists of sizes, versions.

Each table is a YAML file that says as of when it holds (`as_of`), where it comes from (`source`) and its `rows`.
A project replaces a whole table by keeping a file of the same name in a folder of its own.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

MOST_BYTES = 4 * 1024**2
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
    folders = [folder for folder in (overrides, Path(__file__).parent) if folder]
    for folder in folders:
        path = folder / f"{name}.yml"
        if path.is_file():
            table = _CONSULTED[name] = read(name, path)
            return table
    raise LookupError(f"no table {name}: there are {', '.join(names())}")


def names() -> tuple[str, ...]:
    """The names of the tables that come with the plugin."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.yml")))


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
    table, ours = Table(name, as_of, source, tuple(rows), tuple(needs)), Path(__file__).parent / path.name
    if path != ours and ours.is_file():
        _hold_against(read(name, ours), table, path)
    return table


def _hold_against(ours: Table, table: Table, path: Path) -> None:
    """Refuse a row that lacks what the plugin's own table needs of it, or has it in another kind of value."""
    examples = {key: ours.rows[0][key] for key in ours.needs}
    for number, row in enumerate(table.rows, start=1):
        for key, example in examples.items():
            if key not in row:
                raise TableError(path, f"row {number} has no {key}, which each row of the table {ours.name} needs")
            if type(row[key]) is not type(example):
                kind = KINDS.get(type(example), "of another kind")
                raise TableError(path, f"{key} of row {number} is {row[key]!r}, and must be {kind}")


def _parse(path: Path) -> object:
    import yaml  # not at the top: a run without a workspace must not pay for it

    if not os.path.isfile(path):
        raise TableError(path, "is not an ordinary file" if os.path.exists(path) else "does not exist")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise TableError(path, f"is larger than {MOST_BYTES // 1024**2} MiB, which no table is")
        # Both are safe; the one in C is ten times as fast, and ends the process over a file that nests without end.
        loader = getattr(yaml, "CSafeLoader" if path.parent == Path(__file__).parent else "", yaml.SafeLoader)
        return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506  # a safe loader
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError) as error:
        problem = " ".join(str(error).split())
    except RecursionError:
        problem = "it nests too deeply"
    raise TableError(path, f"cannot be read as YAML: {problem}")
