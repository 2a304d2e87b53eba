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
        self._together, self._is_whole = Counter[str](), False

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Count what this process spent."""
        own = _own(session.config)
        if own and (output := getattr(session.config, "workeroutput", None)) is not None:
            output[SPENT] = own
        self._together.update(own)
        self._is_whole = True

    def throttled(self, config: pytest.Config) -> int:
        """How often a read was refused for want of budget, in all processes, before the session's end as well."""
        return self._together[THROTTLED] + (0 if self._is_whole else _own(config).get(THROTTLED, 0))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """The controller takes it; a worker that died has nothing to say."""
        self._together.update(getattr(node, "workeroutput", {}).get(SPENT, {}))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
        """One line for a fleet, and wherever Azure throttled."""
        preflight, spent = config.stash.get(PREFLIGHT, None), self._together
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
