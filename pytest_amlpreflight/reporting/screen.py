"""A test's findings as pytest shows them: in place of a traceback, and in the sections at the end of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import pytest

from pytest_amlpreflight.finding import Finding, Outcome
from pytest_amlpreflight.run.findings.findings import findings_in, findings_of
from pytest_amlpreflight.verdict import aligned

_COLOURS = {"found": {"red": True}, "expected": {"green": True}, "fix": {"cyan": True}}


class Writer(Protocol):
    """What pytest writes a report with: its `TerminalWriter`, and its `TerminalReporter`."""

    def line(self, line: str, /, *, bold: bool = False, red: bool = False) -> None:
        """Write a line."""

    def write(self, text: str, /, *, red: bool = False, green: bool = False, cyan: bool = False) -> None:
        """Write without ending the line."""


@dataclass(frozen=True, slots=True)
class Crash:
    """Where a failure is, in the form in which pytest and the plugins that annotate files look for it."""

    path: str
    lineno: int
    message: str


class Verdict:
    """What stands on a report in place of a traceback."""

    def __init__(self, findings: Sequence[Finding], place: tuple[str, int]) -> None:
        self.findings = findings
        first, *more = findings
        path, line = (first.where.path, first.where.line or 1) if first.where else place
        self.reprcrash = Crash(path, line, first.headline + (f" (and {len(more)} more)" if more else ""))

    def __str__(self) -> str:
        return "\n".join(map(str, self.findings))

    def toterminal(self, writer: Writer) -> None:
        """Write it, in colours where pytest has them."""
        for finding in self.findings:
            write(writer, finding)


def write(writer: Writer, finding: Finding) -> None:
    """A verdict's lines: the culprit, what was found and expected, and the fix."""
    if finding.outcome is Outcome.ERROR:
        writer.line(str(finding), red=True)
        return
    writer.line(finding.headline, bold=True, red=finding.outcome is Outcome.FAILED)
    for name, text in finding.parts():
        writer.write(f"  {name + ':':<10}")
        writer.write(aligned(text), **_COLOURS.get(name, {}))
        writer.line("")


def show(report: pytest.TestReport) -> None:
    """Let a report speak in the words of its findings: where a check ended it, and where a test was skipped."""
    findings = findings_of(report)
    told = [one for one in findings if one.headline and one.key != "exception"]
    if report.skipped and told and isinstance(report.longrepr, tuple):
        report.longrepr = (report.nodeid.partition("[")[0], None, f"Skipped: {told[0].headline}")  # type: ignore[assignment]  # without a line
    elif told and (report.failed or hasattr(report, "wasxfail")):
        path, line, _ = report.location
        report.longrepr = Verdict(told, (path, (line or 0) + 1))  # type: ignore[assignment]  # any object with toterminal


def show_advice(reporter: pytest.TerminalReporter) -> None:
    """A section of what works and is unwise; pytest's last line counts the checks that said so."""
    advice = [one for one in findings_in(reporter) if one.outcome is Outcome.ADVISED]
    if not advice:
        return
    reports = [one for one in reporter.stats.get("passed", []) if _advises(one)]
    reporter.stats.setdefault("advised", []).extend(reports)
    reporter.section("advice", yellow=True)
    for finding in advice:
        reporter.write_sep("_", f"{finding.check} [{finding.target}]", yellow=True)
        write(reporter, finding)


def _advises(report: object) -> bool:
    return any(one.outcome is Outcome.ADVISED for one in findings_of(report))
