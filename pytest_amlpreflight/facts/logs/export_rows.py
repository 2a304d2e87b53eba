"""A log out of the rows in which a platform exports it."""

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

_MESSAGES = ("message", "message_s", "msg", "logmessage", "logentry", "log", "log_s", "textpayload", "line", "content")
_TIMES = ("timegenerated", "timestamp", "ingestiontime", "time", "datetime", "date", "@timestamp", "timestamp_t")
_SOURCES = ("instanceid", "podname", "pod", "logstream", "logstreamname", "containername", "container")
"""The columns of exports, in lower case without blanks: what was said, when, and by which container."""
_INSIDE = ("records", "value", "tables", "events", "entries", "hits", "rows", "results", "data", "_source")
"""The members of a JSON answer that hold its rows, or tables of them."""
_BESIDE = ("properties", "jsonpayload", "resource", "labels", "_source")
"""The members of a row that hold more of its columns."""
MOST_DEEP = 4
_PLAIN = (str, int, float)
MOST_HEADERS = 20
"""Lines above a table's header, such as a tool's greeting."""
_UNIT = re.compile(r" ?\[[^\]]{1,40}\]$|[ _.-]")

Row = Mapping[str, str]


def unrolled(text: str) -> str:
    """The lines that the rows of an export hold, oldest first and each instance's for itself; any other text as it is.

    Log Analytics, storage accounts and other platforms hand logs out as JSON, CSV or a printed table, a line of the log
    a row, mostly with the newest first.
    """
    if not any(word in text[:4_000].lower() for word in _MESSAGES):
        return text
    for form in _FORMS:
        rows = [row for row in form(text) if _of(row, _MESSAGES) is not None]
        if rows and _of(rows[0], (*_TIMES, *_SOURCES)) is not None:
            return "\n".join(_in_order(rows))
    return text


def _of(row: Row, names: Sequence[str]) -> str | None:
    """The first of these columns that the row has."""
    return next((row[name] for name in names if name in row), None)


def _in_order(rows: list[Row]) -> Iterator[str]:
    if _moment(rows[0]) > _moment(rows[-1]):
        rows = rows[::-1]
    sources: dict[tuple[str | None, ...], list[Row]] = {}
    for row in rows:
        sources.setdefault(tuple(row.get(name) for name in _SOURCES), []).append(row)
    for each in sorted(sources.values(), key=lambda one: _moment(one[-1])):
        yield from ((_of(row, _MESSAGES) or "").rstrip("\r\n") for row in each)


def _moment(row: Row) -> tuple[int, ...]:
    """A time's numbers, which stand in the order of their weight, the hour counted from midnight: enough to tell which
    end of an export is the older one.
    """
    text = (_of(row, _TIMES) or "")[:60]
    half = 12 if text.upper().endswith("PM") else 0
    clock = re.sub(r"\b12(?=:\d\d:)", "0", text) if text.upper().endswith(("AM", "PM")) else text
    hour = re.search(r"\d{1,2}(?=:\d\d:)", clock)
    before, after = (clock[: hour.start()], clock[hour.end() :]) if hour else (clock, "")
    numbers = [[int(one) for one in re.findall(r"\d{1,20}", part)] for part in (before, after)]
    return (*numbers[0], int(hour[0]) + half if hour else 0, *numbers[1])


def _name(column: object) -> str:
    return _UNIT.sub("", _UNIT.sub("", str(column).strip()).lower()) if column != "_source" else "_source"


def _from_json(text: str) -> Iterator[Row]:
    stripped = text.strip()
    if not stripped.startswith(("[", "{")):
        return
    value = _parsed(stripped)
    if value is None:  # a record a line; a logger that writes so has its message beside its level, and is no export
        records = [one for line in stripped.splitlines() if isinstance(one := _parsed(line), dict)]
        value = [one for one in records if any(name.lower() in _BESIDE for name in one)]
    yield from _rows_in(value, 0)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, strict=False) if text.startswith(("[", "{")) else None
    except (ValueError, RecursionError):
        return None


def _rows_in(value: Any, depth: int) -> Iterator[Row]:
    """The rows of a list, an answer or a table whose columns stand apart."""
    if depth > MOST_DEEP:
        return
    if isinstance(value, dict) and isinstance(value.get("columns"), list) and isinstance(value.get("rows"), list):
        names = [_name(one.get("name") if isinstance(one, dict) else one) for one in value["columns"]]
        yield from (dict(zip(names, map(str, row), strict=False)) for row in value["rows"] if isinstance(row, list))
    elif isinstance(value, dict):
        inside = [value[name] for name in _INSIDE if isinstance(value.get(name), (list, dict))]
        for one in inside:
            yield from _rows_in(one, depth + 1)
    elif isinstance(value, list):
        for one in value:
            row = _flat(one) if isinstance(one, dict) else {}
            yield from [row] if _of(row, _MESSAGES) is not None else _rows_in(one, depth + 1)


def _flat(record: Mapping[str, Any]) -> Row:
    """The columns of a record, with those that stand one level deeper."""
    row: dict[str, str] = {}
    for name, value in record.items():
        inner = _parsed(value) if isinstance(value, str) and name.lower() in _BESIDE else value
        if isinstance(inner, dict) and name.lower() in _BESIDE:
            row |= {_name(key): str(one) for key, one in inner.items() if isinstance(one, _PLAIN)}
        elif isinstance(value, _PLAIN):
            row[_name(name)] = str(value)
    return row


def _separated(separator: str) -> Callable[[str], Iterator[Row]]:
    """Rows of values between separators, below their header."""

    def rows(text: str) -> Iterator[Row]:
        lines = text.lstrip("\ufeff").splitlines()
        at = _header(lines, lambda line: next(csv.reader([line], delimiter=separator), []))
        if at is None:
            return
        try:
            names, *values = csv.reader(lines[at:], delimiter=separator)
        except csv.Error:
            return
        names = [_name(one) for one in names]
        yield from (dict(zip(names, row, strict=False)) for row in values if len(row) == len(names))

    return rows


def _header(lines: Sequence[str], cells: Callable[[str], Sequence[str]]) -> int | None:
    """Where the columns' names stand: a time's, or a container's, among them, and the message's."""
    for at, line in enumerate(lines[:MOST_HEADERS]):
        names = {_name(cell) for cell in cells(line[:4_000])}
        if names.intersection(_MESSAGES) and names.intersection((*_TIMES, *_SOURCES)):
            return at
    return None


def _barred(text: str) -> Iterator[Row]:
    """A table drawn with bars; a cell that was broken goes on in the next row, beside empty ones."""
    lines = [line.strip() for line in text.splitlines()]
    at = _header(lines, _cells)
    if at is None:
        return
    names = [_name(cell) for cell in _cells(lines[at])]
    rows: list[dict[str, str]] = []
    for line in lines[at + 1 :]:
        cells = _cells(line, len(names))
        if len(cells) != len(names) or not any(re.search(r"[^\s:+=-]", cell) for cell in cells):
            continue
        row = dict(zip(names, cells, strict=True))
        if rows and not _of(row, (*_TIMES, *_SOURCES)):
            rows[-1] = {name: " ".join(filter(None, (rows[-1][name], row[name].strip()))) for name in names}
        else:
            rows.append(row)
    yield from rows


def _cells(line: str, most: int = 0) -> list[str]:
    """What stands between the bars; the last of the `most` cells may hold some itself."""
    bars = re.split(r"[|│┃]", line.strip("|│┃"), maxsplit=max(most - 1, 0))
    return [bar[1:].rstrip() if bar[:1] == " " else bar.rstrip() for bar in bars] if len(bars) > 1 else []


def _aligned(text: str) -> Iterator[Row]:
    """A table whose columns are aligned above and below a row of dashes, as `az --output table` prints."""
    lines = text.splitlines()
    for at, line in enumerate(lines[1 : MOST_HEADERS + 1]):
        if re.fullmatch(r"-{2,}(?: {1,4}-{2,})+ *", line[:4_000]):
            starts = [match.start() for match in re.finditer(r"-+", line)]
            bounds = [slice(*pair) for pair in zip(starts, [*starts[1:], None], strict=True)]
            names = [_name(lines[at][bound]) for bound in bounds]
            yield from (
                dict(zip(names, [row[bound].rstrip() for bound in bounds], strict=True)) for row in lines[at + 2 :]
            )
            return


_FORMS = (_from_json, _separated(","), _separated("\t"), _separated(";"), _barred, _aligned)
