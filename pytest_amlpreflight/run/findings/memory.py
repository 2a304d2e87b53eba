"""What is known of a failure beside what was found: who answers for it, and since when it has been there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import pytest

from pytest_amlpreflight.finding import Finding, Outcome
from pytest_amlpreflight.run.findings.history import History, read_history
from pytest_amlpreflight.run.findings.waivers import Waiver, read_waivers, waiver_for
from pytest_amlpreflight.run.settings.given import path_of, value_of

MEMORY = pytest.StashKey["Memory"]()


@dataclass(frozen=True)
class Memory:
    """Of one run; every worker of xdist has the same."""

    waivers: tuple[Waiver, ...] = ()
    history: History | None = None
    new_only: bool = False
    today: date = date.min

    def recall(self, finding: Finding) -> Finding:
        """The finding with what is known of it; anything but a failure as it is."""
        if finding.outcome is not Outcome.FAILED:
            return finding
        waiver = waiver_for(finding, self.waivers)
        since = self.history.since(finding) if self.history else ""
        if waiver is None:
            known = self.new_only and self.history is not None and self.history.knows(finding)
            return replace(finding, since=since, waived="known" if known else "")
        holds = "waived" if waiver.holds(self.today) else ""
        return replace(finding, since=since, waived=holds, waiver=waiver.in_words(self.today))


def excuse(report: pytest.TestReport, findings: Sequence[Finding]) -> None:
    """Let a test whose every failure is waived or known be an expected failure; its findings say what was found."""
    failures = [one for one in findings if one.outcome is Outcome.FAILED]
    if report.failed and report.when == "call" and failures and all(one.waived for one in failures):
        report.outcome = "skipped"
        reasons = dict.fromkeys(one.waiver or f"known {one.since}" for one in failures)
        report.wasxfail = "; ".join(reasons)


def remember(config: pytest.Config, selection: str) -> Memory:
    """What the options name. Raises `pytest.UsageError`."""
    from pytest_amlpreflight.run.suite.documentation import sections

    waivers, folder = path_of(config, "waivers"), path_of(config, "history")
    new_only = value_of(config, "new-only") is not None
    if new_only and folder is None:
        raise pytest.UsageError("--aml-new-only compares with the last run: it needs --aml-history FOLDER")
    return Memory(
        read_waivers(waivers, sections()) if waivers else (),
        read_history(folder, selection) if folder else None,
        new_only,
        datetime.now(UTC).date(),
    )
