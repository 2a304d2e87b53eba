"""SIGTERM ends a run as Ctrl-C does, with what was found until then. A build that is cancelled, or whose time is up,
sends it, and by default Python would be gone at once, with its folders, and the programs that it had started, left
behind.
"""

import signal
import threading
from typing import NoReturn

import pytest

ENDED = 128 + signal.SIGTERM
"""What a shell shows of a program that the signal has ended."""


def end_on_termination(config: pytest.Config) -> None:
    """From now on, until pytest ends; a handler that is there already stays, and so does a thread's lack of one."""
    apart = threading.current_thread() is not threading.main_thread()
    if apart or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return
    signal.signal(signal.SIGTERM, _end)
    config.add_cleanup(_as_before)


def _as_before() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _end(*_: object) -> NoReturn:
    pytest.exit("SIGTERM", returncode=ENDED)
