"""`--aml-history FOLDER`: what each run found, a file of JSON lines for each, so that the next one can tell new from
known.

The first line is about the run: schema, version, time, selection, coverage. Every other line is one verdict. When
something was first seen is derived from the files and stored nowhere.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from pytest_amlpreflight.finding import Finding, Outcome

SCHEMA = "urn:pytest-amlpreflight:history:1"
LONGEST_HEAD = 1024**2
MOST_OF_A_NIGHT = 256 * 1024**2
LOOKED_BACK = 100
"""Files of one selection that are read at most: a good quarter of nights."""

Identity = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Night:
    """One run of the past: when, over what, and what it found."""

    time: datetime
    selection: str
    findings: tuple[Finding, ...]

    @property
    def failed(self) -> frozenset[Identity]:
        """What failed, waived or not."""
        return frozenset(one.identity for one in self.findings if one.outcome is Outcome.FAILED)


@dataclass(frozen=True)
class History:
    """The past runs of the same selection, the latest first; `others` counts those of another one."""

    nights: tuple[Night, ...] = ()
    others: int = 0
    _since: dict[Identity, tuple[datetime, int]] = field(default_factory=dict, compare=False)

    @property
    def last(self) -> Night | None:
        """The run before this one."""
        return self.nights[0] if self.nights else None

    def knows(self, finding: Finding) -> bool:
        """Whether the run before this one found the same."""
        return self.last is not None and finding.identity in self.last.failed

    def since(self, finding: Finding) -> str:
        """In words: `new`, or since when it has been there without a break."""
        if self.last is None:
            return ""
        seen = 0
        for night in self.nights:
            if finding.identity not in night.failed:
                break
            seen += 1
        if not seen:
            return "new since the last run"
        return f"since {self.nights[seen - 1].time:%Y-%m-%d}, {seen + 1} runs"

    def mended(self, findings: Sequence[Finding]) -> list[Finding]:
        """What failed last time, was looked at now, and does not fail any more."""
        failing = {one.identity for one in findings if one.outcome is Outcome.FAILED}
        seen = {(one.check, one.target_id.lower()) for one in findings if one.outcome.was_looked_at}
        return [one for one in self._failed_before() if one.identity not in failing and _place(one) in seen]

    def not_looked_at(self, findings: Sequence[Finding]) -> list[Finding]:
        """What failed last time, and nobody knows whether it still does."""
        seen = {(one.check, one.target_id.lower()) for one in findings if one.outcome.was_looked_at}
        return [one for one in self._failed_before() if _place(one) not in seen]

    def _failed_before(self) -> list[Finding]:
        return [one for one in self.last.findings if one.outcome is Outcome.FAILED] if self.last else []


def read_history(folder: Path, selection: str) -> History:
    """The past runs in the folder. Raises `pytest.UsageError` for a file that is none of ours."""
    if not os.path.exists(folder):
        return History()
    heads = [(path, _head(path)) for path in sorted(folder.glob("*.jsonl"), reverse=True)]
    same = [(path, head) for path, head in heads if head["selection"] == selection]
    nights = tuple(_night(path, head) for path, head in same[:LOOKED_BACK])
    return History(nights, len(heads) - len(same))


def write_history(folder: Path, record: Mapping[str, Any], findings: Iterable[Finding]) -> Path:
    """Add this run. The name begins with the time, so that names sort as nights do."""
    folder.mkdir(parents=True, exist_ok=True)
    run = uuid4().hex[:8]
    path = folder / f"{datetime.fromisoformat(record['time']):%Y%m%dT%H%M%S.%fZ}-{run}.jsonl"
    head = {"schema": SCHEMA, "run": run, **record}
    rows = (json.dumps(row, ensure_ascii=False) for row in (head, *(_row(one) for one in findings)))
    partial = path.with_suffix(".partial")
    partial.write_text("\n".join(rows) + "\n", encoding="utf-8")
    partial.rename(path)  # a run that is killed leaves no half night behind
    return path


def coverage(findings: Sequence[Finding]) -> dict[str, int]:
    """How much was asked, and how much of it nobody may or could answer: a trend without it would lie."""
    counts = Counter(one.outcome for one in findings)
    return {
        "asked": len({(one.check, one.target_id) for one in findings}),
        "read": sum(count for outcome, count in counts.items() if outcome.was_looked_at),
        "denied": sum(bool(one.permission) for one in findings),
        "unread": counts[Outcome.ERROR],
        "not_reached": counts[Outcome.NOT_REACHED],
    }


def _row(finding: Finding) -> dict[str, Any]:
    return {name: value for name, value in finding.as_json().items() if name != "fixes"}


def _place(finding: Finding) -> tuple[str, str]:
    return finding.check, finding.target_id.lower()


def _head(path: Path) -> dict[str, Any]:
    foreign = pytest.UsageError(f"--aml-history: {path} is no file of this plugin's history")
    if not os.path.isfile(path) or os.path.getsize(path) > MOST_OF_A_NIGHT:  # opening a pipe would wait for ever
        raise foreign
    try:
        with path.open(encoding="utf-8") as lines:
            head = json.loads(lines.readline(LONGEST_HEAD))
    except (OSError, ValueError, RecursionError) as error:
        raise pytest.UsageError(f"--aml-history: {path} cannot be read: {error}") from None
    if not isinstance(head, dict) or head.get("schema") != SCHEMA or not isinstance(head.get("selection"), str):
        raise foreign
    return head


def _night(path: Path, head: Mapping[str, Any]) -> Night:
    try:
        with path.open(encoding="utf-8") as lines:
            rows = [json.loads(line) for line in list(lines)[1:]]
        return Night(datetime.fromisoformat(head["time"]), head["selection"], tuple(map(Finding.of_json, rows)))
    except (OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError) as error:  # of another shape
        raise pytest.UsageError(f"--aml-history: {path} cannot be read: {error or type(error).__name__}") from None
