"""The end of a run with `--aml-explain`: the likeliest cause first, what was ruled out, what could not be looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from shutil import get_terminal_size
from typing import TYPE_CHECKING

import pytest

from pytest_amlpreflight.finding import Finding, Outcome
from pytest_amlpreflight.run.findings.findings import findings_in

if TYPE_CHECKING:
    from pytest_amlpreflight.facts.target import Target
    from pytest_amlpreflight.reporting.explanation import Explanation

_CAUSES = (Outcome.FAILED, Outcome.ADVISED)


def conclude(terminalreporter: pytest.TerminalReporter, explanation: Explanation, targets: Sequence[Target]) -> None:
    """Print the section, with the names of what the run looked at."""
    terminalreporter.section(f"explanation of {explanation.subject}")
    known = explanation.lines(get_terminal_size().columns, targets)
    for line in (*known, "", *conclusion(explanation, findings_in(terminalreporter))):
        terminalreporter.line(line)


def conclusion(explanation: Explanation, findings: Sequence[Finding]) -> Iterator[str]:
    """The lines after what is written: causes in the order of likelihood, then names, then reasons. What is merely
    unwise comes after what does not work.
    """
    ordered = sorted(findings, key=lambda one: explanation.place(one.check))
    passed = [one for one in ordered if one.outcome is Outcome.PASSED]
    yield from _causes([one for outcome in _CAUSES for one in ordered if one.outcome is outcome], any_seen=bool(passed))
    yield from _names("ruled out", passed)
    yield from _reasons("could not be looked at", [one for one in ordered if not one.outcome.was_looked_at])
    yield from _reasons("does not arise here", [one for one in ordered if one.outcome is Outcome.NOT_APPLICABLE])


def _causes(causes: Sequence[Finding], *, any_seen: bool) -> Iterator[str]:
    if not causes:
        yield "no check found a cause" if any_seen else "no check could look for a cause"
        return
    yield "likeliest cause:"
    for number, cause in enumerate(causes, 1):
        first, *rest = str(cause).splitlines()
        advice = ", advice" if cause.outcome is Outcome.ADVISED else ""
        yield f"  {number}. {first}  ({cause.check}{advice})"
        yield from (f"   {line}" for line in rest)


def _names(title: str, findings: Sequence[Finding]) -> Iterator[str]:
    if findings:
        yield f"{title}: {', '.join(dict.fromkeys(one.check for one in findings))}"


def _reasons(title: str, findings: Sequence[Finding]) -> Iterator[str]:
    if findings:
        yield f"{title}:"
        yield from dict.fromkeys(f"  {one.check}: {one.headline}" for one in findings)
