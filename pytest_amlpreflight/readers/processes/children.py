"""Programs that a run starts: each in a group of its own, and none outlives the run, however that ends."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_amlpreflight.readers.environment import undisturbed

_LOCK = threading.Lock()
_RUNNING = set["subprocess.Popen[Any]"]()
"""Of this process, since that is whose children they are."""


@contextlib.contextmanager
def child(command: Sequence[str], **options: Any) -> Iterator["subprocess.Popen[Any]"]:
    """A program under way, as `subprocess.Popen` starts it. Its group is ended with the block, or with the run."""
    process = subprocess.Popen(command, start_new_session=True, **options)  # noqa: S603 - our callers' fixed commands
    with _LOCK:
        _RUNNING.add(process)
    try:
        yield process
    finally:
        kill_group(process.pid)
        process.wait()
        with _LOCK:
            _RUNNING.discard(process)


def output_of(
    command: Sequence[str],
    *,
    timeout: float,
    env: Mapping[str, str],
    cwd: Path | str | None = None,
    given: str | None = None,
) -> "subprocess.CompletedProcess[str]":
    """What a program prints until it ends; raises `subprocess.TimeoutExpired` and `OSError`."""
    pipes = {"stdin": subprocess.DEVNULL if given is None else subprocess.PIPE}
    pipes |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with child(
        command, cwd=cwd, env=undisturbed(lambda: dict(env)), encoding="utf-8", errors="replace", **pipes
    ) as process:
        printed, errors = process.communicate(given, timeout=timeout)
    return subprocess.CompletedProcess(command, process.returncode, printed, errors)


def end_all() -> None:
    """End whatever is still under way: the run is over, and nobody waits for it."""
    with _LOCK:
        running = list(_RUNNING)
    for process in running:
        kill_group(process.pid)


def kill_group(leader: int, sign: int = getattr(signal, "SIGKILL", signal.SIGTERM)) -> None:
    """Send a signal to a program and to all that it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(leader, sign)
        else:
            os.kill(leader, sign)
