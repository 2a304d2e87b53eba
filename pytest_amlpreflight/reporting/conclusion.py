"""The end of a run with `--aml-explain`: the likeliest cause first, what was ruled out, what could not be looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_amlpreflight.reporting.explanation import Explanation


_NOT_LOOKED_AT = ("not reached", "no endpoint was given", "no deployment was given")


@dataclass(frozen=True, slots=True)
class Said:
    """What one check said of one target, in the words of its report."""

    check: str
    outcome: str
    text: str

    @property
    def headline(self) -> str:
        """The first line."""
        return self.text.split("\n", 1)[0]


def conclude(terminalreporter: pytest.TerminalReporter, explanation: Explanation) -> None:
    """Print the section."""
    said = [one for outcome in ("failed", "passed", "error", "skipped") for one in _said(terminalreporter, outcome)]
    terminalreporter.section(f"explanation of {explanation.subject}")
    for line in (*explanation.lines(), "", *conclusion(explanation, said)):
        terminalreporter.line(line)


def conclusion(explanation: Explanation, said: Sequence[Said]) -> Iterator[str]:
    """The lines after what is written: causes in the order of likelihood, then names, then reasons."""
    ordered = sorted(said, key=lambda one: explanation.place(one.check))
    causes = [one for one in ordered if one.outcome == "failed"]
    unseen = [one for one in ordered if one.outcome == "error" or _was_not_looked_at(one)]
    aside = [one for one in ordered if one.outcome == "skipped" and one not in unseen]
    yield from _causes(causes, any_seen=any(one.outcome == "passed" for one in ordered))
    yield from _names("ruled out", [one for one in ordered if one.outcome == "passed"])
    yield from _reasons("could not be looked at", unseen)
    yield from _reasons("does not arise here", aside)


def _causes(causes: Sequence[Said], *, any_seen: bool) -> Iterator[str]:
    if not causes:
        yield "no check found a cause" if any_seen else "no check could look for a cause"
        return
    yield "likeliest cause:"
    for number, cause in enumerate(causes, 1):
        first, *rest = cause.text.splitlines()
        yield f"  {number}. {first}  ({cause.check})"
        yield from (f"   {line}" for line in rest)


def _names(title: str, said: Sequence[Said]) -> Iterator[str]:
    if said:
        yield f"{title}: {', '.join(dict.fromkeys(one.check for one in said))}"


def _reasons(title: str, said: Sequence[Said]) -> Iterator[str]:
    if said:
        yield f"{title}:"
        yield from dict.fromkeys(f"  {one.check}: {one.headline}" for one in said)


def _said(terminalreporter: pytest.TerminalReporter, outcome: str) -> Iterator[Said]:
    for report in terminalreporter.stats.get(outcome, []):
        check = dict(getattr(report, "user_properties", ())).get("aml_check")
        if check:
            yield Said(str(check), outcome, _text(report))


def _text(report: pytest.TestReport) -> str:
    """The verdict's own words; of a skip the reason, without pytest's prefix."""
    if report.skipped and isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return report.longreprtext


def _was_not_looked_at(one: Said) -> bool:
    return one.outcome == "skipped" and one.text.startswith(_NOT_LOOKED_AT)
