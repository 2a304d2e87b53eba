"""Rules that age say so: at the end of a run, for the tables that it looked into."""

from datetime import date
from typing import Any

import pytest

from pytest_amlpreflight.data import consulted, stale

CONSULTED = "aml_stale_tables"
"""Under what a worker of xdist tells the controller."""


class StaleTables:
    """Collects the tables older than a year from this process and from the workers of xdist."""

    def __init__(self, today: date) -> None:
        self._today = today
        self._of_workers: set[str] = set()

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A worker hands over what it found."""
        if (output := getattr(session.config, "workeroutput", None)) is not None:
            output[CONSULTED] = stale(consulted(), self._today)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """The controller takes it; a worker that died has nothing to say."""
        self._of_workers.update(getattr(node, "workeroutput", {}).get(CONSULTED, ()))

    def pytest_terminal_summary(self, terminalreporter: "pytest.TerminalReporter") -> None:
        """One line, where there is something to say."""
        if names := sorted(self._of_workers.union(stale(consulted(), self._today))):
            terminalreporter.line(
                f"aml-preflight: tables older than a year were used (--aml-tables replaces them): {', '.join(names)}"
            )
