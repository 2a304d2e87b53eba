"""A pytest plugin for the benchmark: prints the run's figures from the emulator's own log of requests and the facts'
readings.
"""

import os
import time
from collections.abc import Generator
from typing import Any

import pytest

from pytest_amlpreflight.graph.fact import Fact

OF_PROCESSES = frozenset({"aml_package_resolution", "aml_schema_verdicts"})
"""Facts that wait for a process of their own."""
FACTS: list[tuple[str, tuple[str, ...], float, float]] = []
MOMENTS: dict[str, float] = {}


def pytest_configure() -> None:
    """Note when each fact was read."""
    read = Fact.read

    def timed(self: Fact[Any], **given: Any) -> Any:
        started = time.monotonic()
        try:
            return read(self, **given)
        finally:
            FACTS.append((self.name, tuple(need.name for need in self.needs), started, time.monotonic()))

    Fact.read = timed  # type: ignore[method-assign]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what waits for a process: it would hide the reads."""
    items[:] = [one for one in items if OF_PROCESSES.isdisjoint(getattr(one, "fixturenames", ()))]


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop() -> Generator[None, object, object]:
    """The part of the run that is ours: from the first read to the last verdict."""
    MOMENTS["loop started"] = time.monotonic()
    result = yield
    MOMENTS["loop ended"] = time.monotonic()
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish() -> None:
    """Reads start here."""
    MOMENTS["reads started"] = time.monotonic()


def pytest_terminal_summary(terminalreporter: "pytest.TerminalReporter", config: pytest.Config) -> None:
    """The figures, one a line."""
    wall = MOMENTS["loop ended"] - MOMENTS["reads started"]
    emulation = config.pluginmanager.get_plugin("aml-emulation")
    if emulation is None:
        _write_offline(terminalreporter, wall)
        return
    requests, latency = list(emulation.emulator.requests), emulation.latency
    chain = longest_chain(latency)
    asked = [(request.method, request.host, request.path, str(request.query)) for request in requests]
    twice = sorted(
        {f"{method} {path}" for method, host, path, query in asked if asked.count((method, host, path, query)) > 1}
    )
    hops = sum(count for _, count in chain)
    write = terminalreporter.line
    write(f"wall time of reads and checks      {wall:.2f} s")
    write(
        f"longest chain of dependent reads   {hops * latency:.2f} s: "
        + " > ".join(f"{name} ({count})" for name, count in chain)
    )
    write(f"ratio                              {wall / (hops * latency):.2f}")
    write(f"requests                           {len(requests)}")
    write(f"asked for twice                    {', '.join(twice) or 'nothing'}")
    before = MOMENTS["reads started"] - time.monotonic() + time.time() - float(os.environ["BENCHMARK_STARTED"])
    write(f"from start to the first read       {before:.2f} s, {emulation.started_in:.2f} s of it the emulator's start")


def _write_offline(terminalreporter: "pytest.TerminalReporter", wall: float) -> None:
    checks = [report for report in terminalreporter.getreports("passed") if report.when == "call"]
    terminalreporter.line(f"wall time of reads and checks      {wall * 1000:.0f} ms, {len(checks)} checks")
    for name, _, start, end in sorted(FACTS, key=lambda row: row[2] - row[3])[:5]:
        terminalreporter.line(f"  {name:32} {(end - start) * 1000:.0f} ms")


def longest_chain(latency: float) -> list[tuple[str, int]]:
    """The facts on the longest way from the first answer to the last, each with the answers it waited for itself.

    What a fact waits for itself is its time after the last fact it needs was there; whole answers are counted, so that
    a busy machine's overhead does not lengthen the chain that the wall time is compared with.
    """
    ended = {name: end for name, _, _, end in FACTS}
    ways: dict[str, list[tuple[str, int]]] = {}
    for name, needs, start, end in sorted(FACTS, key=lambda row: row[3]):
        behind = max((ways[need] for need in needs if need in ways), key=_length, default=[])
        since = max([start, *(ended[need] for need in needs if need in ended)])
        ways[name] = [*behind, (name, int((end - since) / latency))]
    return max(ways.values(), key=_length)


def _length(way: list[tuple[str, int]]) -> int:
    return sum(count for _, count in way)
