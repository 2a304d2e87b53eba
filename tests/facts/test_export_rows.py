"""Logs that platforms hand out as rows."""

import csv
import io
import json
from collections.abc import Callable, Sequence

import pytest

from pytest_amlpreflight.facts.logs.export_rows import unrolled

LOG = [
    "2026-03-04 08:11:06,519 I [71] azmlinfsrv.user_script - Invoking user's init function",
    "Traceback (most recent call last):",
    '  File "/var/azureml-app/src/score.py", line 21, in init',
    '    cask = load("oak", 3) | other',
    "ModuleNotFoundError: No module named 'lightgbm'",
]
ROWS = [(f"2026-03-04T08:11:{second:02}.1Z", "instance-1", line) for second, line in enumerate(LOG)]
NAMES = ("TimeGenerated", "InstanceId", "Message")
RECORDS = [dict(zip(NAMES, row, strict=True)) for row in ROWS]


def as_csv(rows: Sequence[Sequence[str]], header: Sequence[str], separator: str = ",") -> str:
    """A table of values between separators."""
    file = io.StringIO()
    csv.writer(file, delimiter=separator).writerows([header, *rows])
    return file.getvalue()


def as_aligned(rows: Sequence[Sequence[str]]) -> str:
    """A table as `az --output table` prints it."""
    widths = [max(len(row[column]) for row in (NAMES, *rows)) for column in range(3)]
    lines = [NAMES, ["-" * width for width in widths], *rows]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(one, widths, strict=True)) for one in lines)


FORMS: dict[str, Callable[[], str]] = {
    "az monitor log-analytics query": lambda: json.dumps(RECORDS[::-1], indent=2),
    "its REST interface": lambda: json.dumps(
        {"tables": [{"name": "PrimaryResult", "columns": [{"name": name} for name in NAMES], "rows": ROWS[::-1]}]}
    ),
    "az --output table": lambda: as_aligned(ROWS[::-1]),
    "the portal's CSV": lambda: as_csv(ROWS[::-1], ["TimeGenerated [UTC]", "InstanceId", "Message"]),
    "cells copied from a grid": lambda: as_csv(ROWS, NAMES, "\t"),
    "a storage account, a record a line": lambda: "\n".join(
        json.dumps({"time": time, "category": "ConsoleLog", "properties": json.dumps({"Message": line})})
        for time, _, line in ROWS
    ),
    "an event hub": lambda: json.dumps(
        {"records": [{"time": time, "properties": {"Message": line}} for time, _, line in ROWS]}
    ),
    "CloudWatch's table": lambda: "\n".join(
        ["|   timestamp   |  message  |", "|---|---|", *(f"| {time} | {line} |" for time, _, line in ROWS)]
    ),
    "CloudWatch's JSON": lambda: json.dumps(
        {"events": [{"timestamp": 1_772_611_866_000 + at, "message": f"{line}\n"} for at, line in enumerate(LOG)]}
    ),
    "Google's JSON": lambda: json.dumps(
        [{"timestamp": time, "textPayload": line, "resource": {"type": "k8s"}} for time, _, line in ROWS[::-1]]
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_an_export_is_read_as_the_log_that_it_holds(form: str) -> None:
    """Its lines alone, the oldest first, with their blanks."""
    assert unrolled(FORMS[form]()).split("\n") == LOG


def test_instances_are_told_apart() -> None:
    """Their lines come mixed; each one's log is whole, that of the last line last."""
    rows = [("08:01", "a", "a1"), ("08:02", "b", "b1"), ("08:03", "a", "a2")]

    assert unrolled(as_csv(rows, NAMES)).split("\n") == ["b1", "a1", "a2"]


@pytest.mark.parametrize(
    "text",
    [
        '{"error": {"code": "BadRequest", "message": "no"}}',
        '[{"code": "A", "message": "x"}, {"code": "B", "message": "y"}]',
        '{"level": "error", "time": "08:01", "message": "no cask"}\n{"level": "info", "time": "08:02", "message": "x"}',
        "+---+---+\n| Model | Version |\n| wine | 1 |",
        "message, time and tide",
    ],
    ids=["an error", "a list of errors", "a logger that writes JSON", "a server's table", "a sentence"],
)
def test_what_is_no_export_stays_as_it_is(text: str) -> None:
    """An error's code, a logger's level and a server's own table say something that a row's message does not."""
    assert unrolled(text) == text
