"""A query's steps, from the table to the rows of its answer.

TABLE | where … | extend … | project … | project-away … | order by … | limit N | top N by … | count | distinct …
| summarize AGGREGATE by … | join kind=inner|leftouter (QUERY) on COLUMN, $left.A == $right.B
"""

from collections.abc import Callable
from typing import Any

from .expressions import Row, Tokens, Unparsed, Value, expression, path

Tables = Callable[[str], list[Row]]
"""From a table's lower-cased name to its rows. Raises `Unparsed` for a table that there is none of."""

Named = tuple[str, Value]


def run(query: str, tables: Tables) -> list[Row]:
    """The rows that a query asks for. Raises `Unparsed` for what is not spoken here."""
    tokens = Tokens(query)
    rows = _query(tokens, tables)
    if tokens.next:
        raise Unparsed(tokens.next)
    return rows


def _query(tokens: Tokens, tables: Tables) -> list[Row]:
    rows = tables(tokens.word().lower())
    while tokens.skip("|"):
        verb = tokens.word().lower()
        if verb == "join":
            rows = _join(rows, tokens, tables)
        elif verb in _STEPS:
            rows = _STEPS[verb](rows, tokens)
        else:
            raise Unparsed(verb)
    return rows


def _where(rows: list[Row], tokens: Tokens) -> list[Row]:
    holds = expression(tokens)
    return [row for row in rows if holds(row)]


def _named(tokens: Tokens) -> Named:
    """`name = expression`, or an expression that has the name of the path in it."""
    start = tokens.place
    if tokens.kind == "word":
        name = tokens.take()
        if tokens.skip("="):
            return name, expression(tokens)
    tokens.place = start
    name = _own_name(tokens)
    tokens.place = start
    return name, expression(tokens)


def _own_name(tokens: Tokens) -> str:
    name, _ = path(tokens)
    while tokens.skip("("):  # of `tostring(properties.a)` that of what is inside
        name, _ = path(tokens)
    return name


def _extend(rows: list[Row], tokens: Tokens) -> list[Row]:
    columns: list[Named] = tokens.list_of(_named)
    for name, value in columns:
        rows = [{**row, name: value(row)} for row in rows]
    return rows


def _project(rows: list[Row], tokens: Tokens) -> list[Row]:
    columns: list[Named] = tokens.list_of(_named)
    return [{name: value(row) for name, value in columns} for row in rows]


def _away(rows: list[Row], tokens: Tokens) -> list[Row]:
    names: list[str] = tokens.list_of(Tokens.word)
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


def _order(rows: list[Row], tokens: Tokens) -> list[Row]:
    tokens.need("by")
    return _sorted(rows, tokens)


def _sorted(rows: list[Row], tokens: Tokens) -> list[Row]:
    """By each expression in turn, downwards unless `asc` is said, as Kusto does."""
    for value, upwards in reversed(tokens.list_of(_key)):
        rows = sorted(rows, key=lambda row, value=value: _sortable(value(row)), reverse=not upwards)  # type: ignore[misc]  # mypy infers no default
    return rows


def _key(tokens: Tokens) -> tuple[Value, bool]:
    value = expression(tokens)
    upwards = tokens.skip("asc")
    if not upwards:
        tokens.skip("desc")
    return value, upwards


def _sortable(value: Any) -> tuple[bool, float, str]:
    number = float(value) if isinstance(value, int | float) else 0.0
    return isinstance(value, int | float), number, "" if value is None else str(value).lower()


def _limit(rows: list[Row], tokens: Tokens) -> list[Row]:
    return rows[: _number(tokens)]


def _top(rows: list[Row], tokens: Tokens) -> list[Row]:
    most = _number(tokens)
    return _order(rows, tokens)[:most]


def _number(tokens: Tokens) -> int:
    if tokens.kind != "number":
        raise Unparsed(tokens.next)
    return int(tokens.take())


def _count(rows: list[Row], _tokens: Tokens) -> list[Row]:
    return [{"Count": len(rows)}]


def _distinct(rows: list[Row], tokens: Tokens) -> list[Row]:
    found = {str(row): row for row in _project(rows, tokens)}
    return list(found.values())


def _summarize(rows: list[Row], tokens: Tokens) -> list[Row]:
    aggregates: list[tuple[str, Callable[[list[Row]], Any]]] = []
    if tokens.next.lower() != "by":
        aggregates = tokens.list_of(_aggregate)
    keys: list[Named] = tokens.list_of(_named) if tokens.skip("by") else []
    groups: dict[str, tuple[Row, list[Row]]] = {} if keys else {"": ({}, rows)}
    for row in rows if keys else []:
        key = {name: value(row) for name, value in keys}
        groups.setdefault(str(key), (key, []))[1].append(row)
    return [{**key, **{name: value(members) for name, value in aggregates}} for key, members in groups.values()]


def _aggregate(tokens: Tokens) -> tuple[str, Callable[[list[Row]], Any]]:
    given = function = tokens.word().lower()
    if tokens.skip("="):
        function = tokens.word().lower()
    else:
        given = ""
    tokens.need("(")
    name, value = ("", None) if tokens.next == ")" else _named(tokens)
    tokens.need(")")
    if function not in _AGGREGATES:
        raise Unparsed(f"{function}()")
    combine = _AGGREGATES[function]
    return given or f"{function}_{name}", lambda rows: combine([value(row) for row in rows] if value else rows)


def _join(rows: list[Row], tokens: Tokens, tables: Tables) -> list[Row]:
    outer = False
    if tokens.skip("kind"):
        tokens.need("=")
        kind = tokens.word().lower()
        if kind not in ("inner", "innerunique", "leftouter"):
            raise Unparsed(f"kind={kind}")
        outer = kind == "leftouter"
    tokens.need("(")
    others = _query(tokens, tables)
    tokens.need(")")
    tokens.need("on")
    keys: list[tuple[Value, Value]] = tokens.list_of(_condition)
    right: dict[tuple[str, ...], list[Row]] = {}
    for row in others:
        right.setdefault(tuple(str(key(row)) for _, key in keys), []).append(row)
    joined = []
    for row in rows:
        matches = right.get(tuple(str(key(row)) for key, _ in keys), [{}] if outer else [])
        joined += [_beside(row, match) for match in matches]
    return joined


def _condition(tokens: Tokens) -> tuple[Value, Value]:
    """`column`, the same on both sides, or `$left.a == $right.b`."""
    if tokens.skip("$left"):
        tokens.need(".")
        _, left = path(tokens)
        tokens.need("==")
        tokens.need("$right")
        tokens.need(".")
        return left, path(tokens)[1]
    _, both = path(tokens)
    return both, both


def _beside(row: Row, match: Row) -> Row:
    """Both rows; a column of the right one that the left one has as well gets a number."""
    return {**row, **{f"{name}1" if name in row else name: value for name, value in match.items()}}


_STEPS: dict[str, Callable[[list[Row], Tokens], list[Row]]] = {
    "where": _where,
    "extend": _extend,
    "project": _project,
    "project-away": _away,
    "order": _order,
    "sort": _order,
    "limit": _limit,
    "take": _limit,
    "top": _top,
    "count": _count,
    "distinct": _distinct,
    "summarize": _summarize,
}

_AGGREGATES: dict[str, Callable[[list[Any]], Any]] = {
    "count": len,
    "countif": lambda values: sum(map(bool, values)),
    "dcount": lambda values: len({str(one) for one in values}),
    "sum": sum,
    "min": lambda values: min(values, default=None),
    "max": lambda values: max(values, default=None),
    "any": lambda values: next(iter(values), None),
    "make_list": list,
    "make_set": lambda values: list(dict.fromkeys(values)),
}
