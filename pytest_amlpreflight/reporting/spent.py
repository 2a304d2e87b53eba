"""What a run spent of Azure's budget, in its last lines."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from pytest_amlpreflight.run.preflight import PREFLIGHT

SPENT = "aml_spent"
THROTTLED, WAITED = "throttled", "seconds waited"


class Spent:
    """Stands in every process: workers of xdist hand over what they spent."""

    def __init__(self) -> None:
        self._of_workers = Counter[str]()

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A worker hands over what it spent."""
        if (output := getattr(session.config, "workeroutput", None)) is not None:
            output[SPENT] = _own(session.config)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """The controller takes it; a worker that died has nothing to say."""
        self._of_workers.update(getattr(node, "workeroutput", {}).get(SPENT, {}))

    def throttled(self, config: pytest.Config) -> int:
        """How often a read was refused for want of budget, in all processes until now."""
        return self._together(config)[THROTTLED]

    def _together(self, config: pytest.Config) -> Counter[str]:
        return self._of_workers + Counter(_own(config))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
        """One line for a fleet, and wherever Azure throttled."""
        preflight, spent = config.stash.get(PREFLIGHT, None), self._together(config)
        if preflight is None or not (preflight.is_fleet or spent[THROTTLED]):
            return
        kinds = [f"{count} of {kind}" for kind, count in sorted(spent.items()) if kind not in (THROTTLED, WAITED)]
        if kinds:
            refused = f"throttled {spent[THROTTLED]} times, {spent[WAITED]} seconds waited for it in all reads together"
            terminalreporter.line(f"aml-preflight: requests: {', '.join(kinds)}; {refused}")


def _own(config: pytest.Config) -> dict[str, int]:
    """What this process spent; nothing where it read nothing."""
    preflight = config.stash.get(PREFLIGHT, None)
    if preflight is None or "readings" not in vars(preflight):
        return {}
    spending = preflight.readings.azure.budget.spending
    return {**spending.asked, THROTTLED: spending.throttled, WAITED: round(spending.waited)}
