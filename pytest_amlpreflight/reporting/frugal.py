"""What the reporting process of a large run keeps: one report a test, in strings that it shares with its like."""

from __future__ import annotations

import sys
from functools import cache

import pytest

from pytest_amlpreflight.run.findings.findings import ATTRIBUTE


class Frugal:
    """Forgets that a test was set up and torn down well, which nobody asks for but `--durations`; in a worker, whose
    reports the controller has, everything.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._is_worker = hasattr(config, "workerinput")
        wanted = self._is_worker or getattr(config.option, "durations", None) is None
        self._reporter = config.pluginmanager.get_plugin("terminalreporter") if wanted else None

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """After the terminal has counted it."""
        if self._is_worker or (report.passed and report.when != "call"):
            for kept in self._reporter.stats.values() if self._reporter is not None else ():
                if kept and kept[-1] is report:
                    kept.pop()


def share_strings(report: pytest.TestReport) -> None:
    """A report that came from a worker brings its own copy of every name, property and finding."""
    report.nodeid = sys.intern(report.nodeid)
    report.keywords = {sys.intern(name): value for name, value in report.keywords.items()}
    report.user_properties = [
        shared_property(name, value) if type(value) is str else (name, value) for name, value in report.user_properties
    ]
    file, line, domain = report.location
    report.location = sys.intern(file), line, sys.intern(domain)
    if found := getattr(report, ATTRIBUTE, None):
        setattr(report, ATTRIBUTE, [{sys.intern(name): _shared(value) for name, value in one.items()} for one in found])


@cache
def shared_property(name: str, value: str) -> tuple[str, object]:
    """One property for all tests that have it, each of which pytest would keep its own of."""
    return sys.intern(name), sys.intern(value)


def _shared(value: object) -> object:
    return sys.intern(value) if type(value) is str else value
