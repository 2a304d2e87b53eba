"""How an audit of many workspaces scales: `python tests/benchmarks/fleet.py 10 100 -n 2 --latency 100ms`.

For each size it serves an emulated fleet in a process of its own, runs the audit over it, and prints time, threads,
memory and requests beside what pytest itself needs for as many empty tests. `--throttled` turns Azure's limits on.
`--broken 5` breaks five workspaces in each of ten ways, and compares what fails with runs over one of each alone.
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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from pytest_amlpreflight.emulator import Emulator
from pytest_amlpreflight.emulator.__main__ import broken, seconds

HERE = Path(__file__).parent
WAYS = (
    "workspace-failed",
    "key-vault-turns-trusted-services-away",
    "endpoint-failed",
    "registry-pull-role-missing",
    "endpoint-identity-deleted",
    "model-absent",
    "connection-absent",
    "dns-zone-not-linked",
    str(HERE / "failures" / "vault-shut-and-without-a-row.yml"),
    str(HERE / "failures" / "endpoint-failed-and-its-row-still-updating.yml"),
)
"""How workspaces are broken: in the last two Resource Graph lags behind."""

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
        last = re.findall(r"^.*\b(?:passed|failed|skipped|errors?)\b.* in [\d.]+s.*$", self.said, re.MULTILINE)
        found = re.findall(r"(\d+) (passed|failed|skipped|errors?)", last[-1]) if last else []
        return {word: int(number) for number, word in found}

    @property
    def failures(self) -> set[tuple[int, str]]:
        """The workspaces, by number, and the checks that failed or could not look there."""
        lines = re.findall(r"^(?:FAILED|ERROR) (\S+)\[contoso-ml(\d+)", self.said, re.MULTILINE)
        return {(int(number), check) for check, number in lines}


def main() -> None:
    """Measure every size that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=int, nargs="+")
    parser.add_argument("-n", dest="workers", type=int, default=0)
    parser.add_argument("--latency", type=seconds, default=0.0)
    parser.add_argument("--subscriptions", type=int, default=20)
    parser.add_argument("--break", dest="breaks", type=broken, action="append", default=[], metavar="NAME=COUNT")
    parser.add_argument("--throttled", action="store_true")
    parser.add_argument("--broken", type=int, default=0, metavar="COUNT")
    parser.add_argument("--without-empty", action="store_true", help="leave pytest's own time out")
    options = parser.parse_args()
    options.breaks += [(way, options.broken) for way in WAYS if options.broken]
    print(f"{'size':>6} {'seconds':>8} {'x pytest':>8} {'threads':>7} {'MB':>6} {'MB empty':>8} {'req/ws':>7}  outcome")
    for size in options.sizes:
        show(size, options)


def show(size: int, options: argparse.Namespace) -> None:
    """One line for one size."""
    with tempfile.TemporaryDirectory() as folder:
        with serving(size, options) as (environment, count_requests):
            audit = ["--aml-phase", "audit", "--aml-scope", "tenant", "-rfE"]
            run = measure([*audit, "-n", str(options.workers)], environment, Path(folder))
            requests = count_requests()
            if not run.counts:
                raise SystemExit(run.said)
            if options.broken:
                compare(run, options, partial(alone, environment, Path(folder), min(options.subscriptions, size)))
        empty = (
            None if options.without_empty else as_many_empty(sum(run.counts.values()), options.workers, Path(folder))
        )
    times, megabytes = (f"{run.seconds / empty.seconds:.1f}", f"{empty.megabytes:.0f}") if empty else ("-", "-")
    print(
        f"{size:>6} {run.seconds:>8.1f} {times:>8} {run.threads:>7} {run.megabytes:>6.0f} {megabytes:>8} "
        f"{requests / size:>7.1f}  {run.counts}",
        flush=True,
    )


def as_many_empty(tests: int, workers: int, folder: Path) -> Measured:
    """What pytest itself needs."""
    Path(folder, "test_empty.py").write_text(EMPTY.format(count=tests), encoding="utf-8")
    return measure(["test_empty.py", "-n", str(workers)], dict(os.environ), folder)


def compare(run: Measured, options: argparse.Namespace, look_at: Callable[[int], set[tuple[int, str]]]) -> None:
    """Say what failed, and where that differs from a run over the workspace alone."""
    found, expected = run.failures, set[tuple[int, str]]()
    for way in range(len(WAYS)):
        checks = {check for _, check in look_at(way * options.broken)}
        print(f"  {Path(WAYS[way]).stem}: {', '.join(sorted(checks))}")
        expected |= {(way * options.broken + one, check) for one in range(options.broken) for check in checks}
    for word, differing in (("missing", expected - found), ("too much", found - expected)):
        print(f"  {word}: {sorted(differing) or 'nothing'}")


def alone(environment: dict[str, str], folder: Path, subscriptions: int, number: int) -> set[tuple[int, str]]:
    """What fails in a run over one workspace, each of whose resources is asked itself."""
    subscription = f"5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6{99999 - number % subscriptions}"
    group = f"/subscriptions/{subscription}/resourceGroups/ml-prod{number:05}"
    workspace = f"{group}/providers/Microsoft.MachineLearningServices/workspaces/contoso-ml{number:05}"
    return measure(["--aml-phase", "audit", f"--aml-workspace={workspace}", "-rfE"], environment, folder).failures


@contextmanager
def serving(size: int, options: argparse.Namespace) -> Iterator[tuple[dict[str, str], "CountRequests"]]:
    """The fleet in a process of its own: the environment that leads there, and how to ask for what it answered."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    asked = (size, options.subscriptions, options.latency, options.breaks, options.throttled, there)
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


def serve(
    size: int,
    subscriptions: int,
    latency: float,
    breaks: list[tuple[str, int]],
    throttled: bool,  # a process takes its arguments by place
    asked: Connection,
) -> None:
    """The emulator, until it is told to stop. Its members are made before, as Azure's are."""
    emulator = Emulator(WORLD, latency=latency, fleet=size, subscriptions=min(subscriptions, size), breaks=breaks)
    emulator.world.throttling = {} if throttled else None
    emulator.warm()
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
