"""Waiting for somebody else's clock, without keeping a thread for it."""

import time

from pytest_amlpreflight.engine.notes import in_recipe

NAP = 1.0
"""Seconds that a thread may sleep: to leave a recipe and to call it again costs about as much."""


class Later(BaseException):
    """Leaves a recipe that has to wait; the engine calls it again after `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(seconds)


def pause(seconds: float) -> None:
    """Wait so long: asleep, or where that is long, by leaving the recipe. So wait before doing what must not be done
    twice.
    """
    if seconds > NAP and in_recipe():
        raise Later(seconds)
    if seconds > 0:
        time.sleep(seconds)
