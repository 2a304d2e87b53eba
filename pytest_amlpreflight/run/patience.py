"""How long a run waits for states that settle: bounded, with growing pauses, over a clock that tests bring along."""

import time
from collections.abc import Callable, Iterator

FIRST_PAUSE, GROWTH, LONGEST_PAUSE = 0.5, 1.6, 15.0
"""Seconds, and the factor from one pause to the next: five minutes take some thirty reads."""


class Patience:
    """How long a run still waits: `seconds` in all, counted from the first time that something had to be waited for."""

    def __init__(
        self,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.seconds, self._clock, self._sleep = seconds, clock, sleep
        self._began: float | None = None

    @property
    def waited(self) -> float:
        """Seconds since the run began to wait."""
        return 0.0 if self._began is None else self._clock() - self._began

    def pauses(self) -> Iterator[float]:
        """Sleep and yield, again and again, until the time is up; each is how long this one has waited so far."""
        began = self._clock()
        self._began = began if self._began is None else self._began
        pause = FIRST_PAUSE
        while (left := self.seconds - self.waited) > 0:
            self._sleep(min(pause, left))
            yield self._clock() - began
            pause = min(pause * GROWTH, LONGEST_PAUSE)
