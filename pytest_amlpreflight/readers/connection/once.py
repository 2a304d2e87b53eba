"""Answers by question: nothing is asked twice, and what nobody asked for in a long time is forgotten."""

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Any, TypeVar

from pytest_amlpreflight.engine import Later
from pytest_amlpreflight.engine.pool import fulfil

KEPT = 1000
"""Answers that are remembered: many times what one workspace's run asks, so that a fleet's does not fill the memory."""

T = TypeVar("T")


class Once:
    """Values by key, each made by whoever asks first while the others wait for it.

    The `kept` that were asked for last are remembered; None: all.
    """

    def __init__(self, kept: int | None = KEPT) -> None:
        self._lock, self._kept = Lock(), kept
        self._values: OrderedDict[str, Future[Any]] = OrderedDict()

    def only(self, *keys: str) -> "Once":
        """The same values of these keys, and none of the others."""
        other = Once(self._kept)
        with self._lock:
            other._values.update({key: self._values[key] for key in keys if key in self._values})
        return other

    def get(self, key: str, make: Callable[[], T]) -> T:
        """The value of `key`; what `make` raises is raised for everyone."""
        with self._lock:
            value: Future[T] | None = self._values.get(key)
            first = value is None
            if value is None:
                value = self._values[key] = Future()
                while self._kept is not None and len(self._values) > self._kept:
                    self._values.popitem(last=False)
            else:
                self._values.move_to_end(key)
        if first:
            fulfil(value, make)
            if isinstance(value.exception(), Later):  # whoever comes again asks again
                self.forget(key)
        return value.result()

    def forget(self, key: str) -> None:
        """Let the value be made again."""
        with self._lock:
            self._values.pop(key, None)
