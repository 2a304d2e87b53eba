"""A run that was asked to look at something and looked at nothing is not green."""

from __future__ import annotations

import pytest

from pytest_amlpreflight.run.asking import Asked

RESOURCE_ID = "aml_resource_id"
"""The property of a test that says what it looks at."""

UNREACHED = "aml_unreached"
"""The property of a test for which nothing was given or found that goes down as far as it looks."""


class EmptyRun:
    """Watches what the tests looked at; stands in the process that reports, where xdist has several.

    Asked on the command line itself, a run has to look at something. Asked by `addopts` alone, it may be narrowed to
    tests of other things, but where it has checks it has to look with one of them.
    """

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._looked = False
        self._without_target = 0
        self._empty = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what the test was about; its properties survive xdist."""
        names = {name for name, _ in report.user_properties}
        self._looked = self._looked or RESOURCE_ID in names
        self._without_target += UNREACHED in names

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Exit as pytest does where nothing was collected, before others look at the exit code."""
        meant_to_look = bool(self._asked.here) or self._without_target > 0
        green = session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        self._empty = green and meant_to_look and not self._looked and not session.config.option.collectonly
        if self._empty:
            session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say so: the numbers alone would pass for a good run."""
        if self._empty:
            terminalreporter.line(f"aml-preflight: {self._reason()}", red=True)

    def _reason(self) -> str:
        looked_at_nothing = f"{' '.join(self._asked.here) or self._asked.by} looked at nothing"
        if self._without_target:
            return f"{looked_at_nothing}: every check on the run was skipped for want of something to look at"
        if self._asked.suite:
            return f"{looked_at_nothing}: no check is among the selected tests"
        return f"{looked_at_nothing}: none of these tests takes an aml_* fixture (--aml adds the built-in checks)"
