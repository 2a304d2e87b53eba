"""A run that ended early says what it did not look at: what is not named is not well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterable

import pytest

from pytest_amlpreflight.run.preflight import PREFLIGHT

SHOWN = 20


class Rest:
    """Stands in the process that reports, where xdist has several."""

    def __init__(self) -> None:
        self._over = set[str]()
        self._left = Counter[str]()

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
        left = (nodeid for nodeid in collected(session) if nodeid not in self._over)
        self._left = Counter(workspace_in(nodeid, workspaces) or "" for nodeid in left)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
        """Name them, those first of which nothing is known."""
        names = sorted(name for name in self._left if name)
        if names and PREFLIGHT in config.stash and config.stash[PREFLIGHT].is_fleet:
            terminalreporter.line(
                f"aml-preflight: not looked at, since the run ended early: {_listed(names)}", red=True
            )


def collected(session: pytest.Session) -> Iterable[str]:
    """The node ids of all tests of the run; with xdist only its scheduler knows them."""
    distributed = session.config.pluginmanager.get_plugin("dsession")
    scheduler = getattr(distributed, "sched", None)
    return [item.nodeid for item in session.items] or getattr(scheduler, "collection", None) or ()


def workspace_in(nodeid: str, workspaces: Container[str]) -> str | None:
    """The workspace that a node id's parameters name: between hyphens, or before a slash and its endpoint."""
    for part in nodeid.partition("[")[2].rpartition("]")[0].split("/"):
        words = part.split("-")
        spans = [(end - at, at) for at in range(len(words)) for end in range(at + 1, len(words) + 1)]
        names = ("-".join(words[at : at + length]) for length, at in sorted(spans, reverse=True))
        if (found := next((name for name in names if name in workspaces), None)) is not None:
            return found
    return None


def _listed(names: Collection[str]) -> str:
    shown = ", ".join(list(names)[:SHOWN])
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN} more workspaces"
