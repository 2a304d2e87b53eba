"""How an audit of many workspaces scales: `python tests/benchmarks/fleet.py 10 100 -n 2 --latency 100ms`.

For each size it serves an emulated fleet in a process of its own, runs the audit over it, and prints time, threads,
memory and requests beside what pytest itself needs for as many empty tests.
"""

import argparse
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from pytest_amlpreflight.emulator import Emulator
from pytest_amlpreflight.emulator.__main__ import broken, seconds

WORLD = Path(__file__).parents[2] / "example_project" / "world.yml"
EMPTY = "import pytest\n\n@pytest.mark.parametrize('number', range({count}))\ndef test_nothing(number):\n    pass\n"


@dataclass(frozen=True)
class Measured:
    """One run of pytest: seconds, the most threads of one of its processes, megabytes of all together."""

    seconds: float
    threads: int
    megabytes: float
    said: str

    @property
    def counts(self) -> dict[str, int]:
        """How many tests passed, failed, were skipped or ended in an error."""
        last = self.said.splitlines()[-8:]
        found = (re.findall(r"(\d+) (passed|failed|skipped|errors?)", line) for line in last)
        return {word: int(number) for line in found for number, word in line}


def main() -> None:
    """Measure every size that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=int, nargs="+")
    parser.add_argument("-n", dest="workers", type=int, default=0)
    parser.add_argument("--latency", type=seconds, default=0.0)
    parser.add_argument("--subscriptions", type=int, default=20)
    parser.add_argument("--break", dest="breaks", type=broken, action="append", default=[], metavar="NAME=COUNT")
    options = parser.parse_args()
    print(f"{'size':>6} {'seconds':>8} {'x pytest':>8} {'threads':>7} {'MB':>6} {'MB empty':>8} {'req/ws':>7}  outcome")
    for size in options.sizes:
        show(size, options)


def show(size: int, options: argparse.Namespace) -> None:
    """One line for one size."""
    with tempfile.TemporaryDirectory() as folder:
        with serving(size, options) as (environment, count_requests):
            audit = ["--aml-phase", "audit", "--aml-scope", "tenant"]
            run = measure([*audit, "-n", str(options.workers)], environment, Path(folder))
            requests = count_requests()
        tests = sum(run.counts.values())
        Path(folder, "test_empty.py").write_text(EMPTY.format(count=tests), encoding="utf-8")
        empty = measure(["test_empty.py", "-n", str(options.workers)], dict(os.environ), Path(folder))
    print(
        f"{size:>6} {run.seconds:>8.1f} {run.seconds / empty.seconds:>8.1f} {run.threads:>7} {run.megabytes:>6.0f} "
        f"{empty.megabytes:>8.0f} {requests / size:>7.1f}  {run.counts}",
        flush=True,
    )


@contextmanager
def serving(size: int, options: argparse.Namespace) -> Iterator[tuple[dict[str, str], "CountRequests"]]:
    """The fleet in a process of its own: the environment that leads there, and how to ask for what it answered."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    asked = (size, options.subscriptions, options.latency, options.breaks, there)
    process = multiprocessing.get_context("spawn").Process(target=serve, args=asked)
    process.start()
    try:
        yield {**os.environ, **here.recv()}, CountRequests(here)
    finally:
        here.send(None)
        process.join()


class CountRequests:
    """Asks the emulator's process how many requests it answered."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __call__(self) -> int:
        """The number so far."""
        self._connection.send("count")
        return int(self._connection.recv())


def serve(size: int, subscriptions: int, latency: float, breaks: list[tuple[str, int]], asked: Connection) -> None:
    """The emulator, until it is told to stop."""
    emulator = Emulator(WORLD, latency=latency, fleet=size, subscriptions=min(subscriptions, size), breaks=breaks)
    with emulator:
        servers = {"AML_DNS_SERVER": emulator.dns_server, "AML_AZURE_DNS": emulator.azure_dns}
        asked.send({**emulator.environment, **servers, "AML_CONNECT_TO": emulator.connect_to})
        while asked.recv() is not None:
            asked.send(len(emulator.requests))


def measure(arguments: list[str], environment: dict[str, str], folder: Path) -> Measured:
    """Run pytest and watch it."""
    begun, watched = time.monotonic(), [0, 0.0]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", *arguments]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        over = threading.Event()
        watcher = threading.Thread(target=watch, args=(process.pid, watched, over))
        watcher.start()
        said = process.communicate()[0]
        over.set()
        watcher.join()
    return Measured(time.monotonic() - begun, int(watched[0]), watched[1], said)


def watch(pid: int, most: list[float], over: threading.Event) -> None:
    """Keep the most threads and megabytes that were seen."""
    while not over.wait(0.3):
        states = [state for one in (pid, *children_of(pid)) if (state := state_of(one))]
        most[0] = max([most[0], *(threads for threads, _ in states)])
        most[1] = max(most[1], sum(kilobytes for _, kilobytes in states) / 1024)


def children_of(pid: int) -> list[int]:
    """The workers of a process."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(word) for word in text.split()]


def state_of(pid: int) -> tuple[int, int] | None:
    """The threads and kilobytes of a process; None where it has ended."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return None
    threads, kilobytes = re.search(r"Threads:\s+(\d+)", text), re.search(r"VmRSS:\s+(\d+)", text)
    return (int(threads[1]), int(kilobytes[1])) if threads and kilobytes else None


if __name__ == "__main__":
    main()
