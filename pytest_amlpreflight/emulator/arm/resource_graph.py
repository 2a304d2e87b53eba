"""Azure Resource Graph: the part of its language that asks for resources by type, name, location and id.

    resources | where COLUMN =~ 'text' and COLUMN in~ ('a', 'b') | project id, type, other = tostring(properties.member)
    | order by id asc

Everything else is refused as Resource Graph refuses what it cannot parse, and shows among what the emulator does not
know.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from .. import ids
from ..answers import Answer
from ..notation import dig
from ..world import Document, World, type_of

Row = dict[str, Any]

_MOST = 1000
_TEXTS = r"'[^']*'|\(\s*'[^']*'(?:\s*,\s*'[^']*')*\s*\)"
_COMPARISON = re.compile(rf"(?P<column>[\w.]+)\s*(?P<operator>=~|in~)\s*(?P<values>{_TEXTS})")
_COLUMN = re.compile(r"(?P<name>\w+)(?:\s*=\s*(?:tostring\()?(?P<source>[\w.]+)\)?)?")
_TABLE = ("id", "name", "location", "kind", "sku", "tags", "identity", "properties")


class _Unparsed(Exception):
    """A part of a query that the emulator does not speak."""


def answer(world: World, body: bytes) -> Answer:
    """A page of the query's answer in `objectArray` form, with `$skipToken` while more is to come and the rows have
    ids.
    """
    asked = json.loads(body or b"{}")
    options = asked.get("options") or {}
    try:
        rows = _rows(world, str(asked.get("query", "")), asked.get("subscriptions"))
    except _Unparsed as part:
        return _invalid(str(part))
    size = min(int(options.get("$top") or 100), world.page_size or _MOST, _MOST)
    start = int(options.get("$skipToken") or 0)
    page, left = rows[start : start + size], len(rows) - start - size
    onward = {"$skipToken": str(start + size)} if left > 0 and all("id" in row for row in page) else {}
    counts = {"totalRecords": len(rows), "count": len(page)}
    truncated = "true" if left > 0 and not onward else "false"
    return Answer({**counts, "data": page, "facets": [], "resultTruncated": truncated, **onward})


def _rows(world: World, query: str, subscriptions: list[str] | None) -> list[Row]:
    table, *steps = [part.strip() for part in query.split("|")]
    if table.lower() != "resources":
        raise _Unparsed(table)
    rows = [_row(one) for one in world.documents.values() if _tabled(one)]
    if subscriptions is not None:
        wanted = {one.lower() for one in subscriptions}
        rows = [row for row in rows if row["subscriptionId"].lower() in wanted]
    for step in steps:
        verb, _, rest = step.partition(" ")
        if verb.lower() not in _STEPS:
            raise _Unparsed(step)
        rows = _STEPS[verb.lower()](rows, rest.strip())
    return rows


def _tabled(document: Document) -> bool:
    """The table holds what lies in resource groups; records and role assignments are in others or in none."""
    arm = ids.parse(document["id"])
    return arm is not None and arm.resource_group is not None and type_of(document).lower() not in _NOT_TABLED


_NOT_TABLED = {"microsoft.resources/subscriptions/resourcegroups", "microsoft.authorization/roleassignments"}


def _row(document: Document) -> Row:
    arm = ids.parse(document["id"])
    _, _, subscription, _, group = ((arm.resource_group or "") if arm else "").split("/")
    places = {"resourceGroup": group.lower(), "subscriptionId": subscription}
    return {name: document.get(name) for name in _TABLE} | {"type": type_of(document).lower()} | places


def _where(rows: list[Row], text: str) -> list[Row]:
    for part in re.split(r"\s+and\s+", text):
        match = _COMPARISON.fullmatch(part.strip())
        if match is None:
            raise _Unparsed(part)
        wanted = {value.lower() for value in re.findall(r"'([^']*)'", match["values"])}
        rows = [row for row in rows if str(dig(row, match["column"]) or "").lower() in wanted]
    return rows


def _project(rows: list[Row], text: str) -> list[Row]:
    columns = [_COLUMN.fullmatch(part.strip()) for part in text.split(",")]
    named = [(column["name"], column["source"] or column["name"]) for column in columns if column]
    if len(named) != len(columns):
        raise _Unparsed(text)
    return [{name: "" if (value := dig(row, source)) is None else value for name, source in named} for row in rows]


def _order(rows: list[Row], text: str) -> list[Row]:
    match = re.fullmatch(r"by (\w+)( asc)?", text)
    if match is None:
        raise _Unparsed(f"order {text}")
    return sorted(rows, key=lambda row: str(row.get(match[1])).lower())


_STEPS: dict[str, Callable[[list[Row], str], list[Row]]] = {"where": _where, "project": _project, "order": _order}


def _invalid(part: str) -> Answer:
    """400 with the reason in `details`, as recorded."""
    invalid = {"code": "InvalidQuery", "message": "Query is invalid."}
    failure = {"code": "ParserFailure", "message": f"ParserFailure near {part!r}"}
    body = {"error": {"code": "BadRequest", "message": "The query failed.", "details": [invalid, failure]}}
    return Answer(body, 400, unknown=f"query part {part!r}")
