"""A run that ended early says what it did not look at: what is not named is not well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest

from pytest_amlpreflight.run.preflight import PREFLIGHT
from pytest_amlpreflight.run.suite.items import workspace_in

SHOWN = 20


class CutShort:
    """Stands in the process that reports, where xdist has several."""

    def __init__(self) -> None:
        self._over, self._left = set[str](), set[str]()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note which tests are over."""
        if report.when == "teardown":
            self._over.add(report.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Note which are not, before xdist forgets them."""
        preflight = session.config.stash.get(PREFLIGHT, None)
        if preflight is None or session.config.option.collectonly:
            return
        workspaces = {target.group for target in preflight.targets}
        left = (nodeid for nodeid in _collected(session) if nodeid not in self._over)
        self._left = {name for nodeid in left if (name := workspace_in(nodeid, workspaces))}

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
        """Name them."""
        if self._left and PREFLIGHT in config.stash and config.stash[PREFLIGHT].is_fleet:
            terminalreporter.line(
                f"aml-preflight: not looked at, since the run ended early: {_listed(sorted(self._left))}", red=True
            )


def _collected(session: pytest.Session) -> Iterable[str]:
    """The node ids of all tests of the run; with xdist only its scheduler knows them."""
    distributed = session.config.pluginmanager.get_plugin("dsession")
    scheduler = getattr(distributed, "sched", None)
    return [item.nodeid for item in session.items] or getattr(scheduler, "collection", None) or ()


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:SHOWN])
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN} more workspaces"
