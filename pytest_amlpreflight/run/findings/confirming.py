"""What stands in the way by rows of Resource Graph is said only where the resources themselves say so too."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime

import pytest

from pytest_amlpreflight.run.findings.findings import findings_of, hearing, listening
from pytest_amlpreflight.run.preflight import PREFLIGHT
from pytest_amlpreflight.verdict import NotApplicable


def judged(item: pytest.Function) -> Generator[None, object, Exception | None]:
    """Let pytest call a check, and hear it. Returns what it complains of, of the resources themselves; None where that
    is nothing.
    """
    complaint: Exception | None = None
    try:
        with listening(item):
            yield
    except NotApplicable:
        raise
    except Exception as problem:
        complaint = problem
    return _judged_again(item) if (complaint or hearing(item).advice) and _rests_on_rows(item) else complaint


def _rests_on_rows(item: pytest.Item) -> bool:
    """Whether a test was given facts that may be older than what the resources themselves tell."""
    preflight = item.config.stash.get(PREFLIGHT, None)
    return preflight is not None and preflight.as_of(item) is not None


def _judged_again(item: pytest.Function) -> Exception | None:
    hearing(item).confirmed = True
    item.config.stash[PREFLIGHT].confirm(item)
    try:
        with listening(item):
            item.obj(**{name: item.funcargs[name] for name in item._fixtureinfo.argnames})
    except Exception as complaint:
        return complaint
    return None


class Ages:
    """With `-v`, a test that passed by rows of Resource Graph says how old they are at least."""

    def pytest_report_teststatus(self, report: pytest.TestReport, config: pytest.Config) -> tuple[str, str, str] | None:
        """The word for such a test."""
        if config.get_verbosity() < 1 or not report.passed or report.when != "call":
            return None
        taken = next((one.as_of for one in findings_of(report) if one.as_of), None)
        if taken is None:
            return None
        age = (datetime.now(UTC) - datetime.fromisoformat(taken)).total_seconds()
        return "passed", ".", f"PASSED (Resource Graph, {age:.0f} s ago)"
