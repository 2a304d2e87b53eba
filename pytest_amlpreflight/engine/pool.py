"""A fixed number of threads. `concurrent.futures` has one too, and waits for its threads when the process ends: a run
that was interrupted would hang until the last answer came.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from heapq import heappop, heappush
from itertools import count
from threading import Condition, Lock, Thread
from typing import Generic, TypeVar

SIZE = 32
"""Threads of a run: enough that a workspace's reads never wait for one another, few enough for a small container."""

LINGER = 1.0
"""Seconds for which a thread without work waits for more; a pool that nobody uses any more leaves no threads behind."""

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")


class Pool:
    """Runs what it is given, first come first served, on at most `size` threads; they start when needed and end
    when they have had nothing to do for `linger` seconds.
    """

    def __init__(self, size: int = SIZE, *, linger: float = LINGER) -> None:
        self.size, self.linger = size, linger
        self._threads = self._idle = 0
        self._work: deque[Callable[[], object]] = deque()
        self._put_off: list[tuple[float, int, Callable[[], object]]] = []
        self._order = count()
        # A lock of C's own: where Ctrl-C comes while Python code takes one, nobody gives it back.
        self._lock = Lock()
        self._changed = Condition(self._lock)

    def submit(self, task: Callable[[], object], *, first: bool = False) -> None:
        """Run `task`, which must not raise, as soon as a thread is free; `first`: before all that waits already."""
        with self._lock:
            (self._work.appendleft if first else self._work.append)(task)
            if self._idle >= len(self._work):
                self._changed.notify()
            elif self._threads < self.size:
                self._start_thread()

    def submit_later(self, seconds: float, task: Callable[[], object]) -> None:
        """Run `task` in so many seconds, or soon after."""
        with self._lock:
            heappush(self._put_off, (time.monotonic() + seconds, next(self._order), task))
            if self._threads == 0:
                self._start_thread()
            self._changed.notify()  # an idle thread waits for it

    def together(self, function: Callable[[A], T], arguments: Sequence[A]) -> list[T]:
        """`[function(a) for a in arguments]`, side by side; the first error, in order, is raised.

        Whoever asks does its share of the work itself, so that this may be called on a thread of the pool and still
        ends when every other thread is busy.
        """
        tasks = [_Task(partial(function, argument)) for argument in arguments]
        for task in tasks[1:]:
            self.submit(task.run, first=True)
        for task in tasks:
            task.run()
        return [task.result() for task in tasks]

    def both(self, one: Callable[[], A], other: Callable[[], B]) -> tuple[A, B]:
        """`(one(), other())`, side by side."""
        second = _Task(other)
        self.submit(second.run, first=True)
        first = one()
        second.run()
        return first, second.result()

    def help(self, until: Callable[[], bool]) -> None:
        """Do the work oneself, where the system gives no thread at all, as long as it is not done."""
        while not until() and self._threads == 0 and (task := self._task()) is not None:
            task()

    def _task(self) -> Callable[[], object] | None:
        """What is next, however long it was put off."""
        with self._lock:
            if self._work or not self._put_off:
                return self._work.popleft() if self._work else None
            at, _, task = heappop(self._put_off)
        time.sleep(max(at - time.monotonic(), 0))
        return task

    def clear(self) -> None:
        """Forget what has not been started."""
        with self._lock:
            self._work.clear()
            self._put_off.clear()

    def _start_thread(self) -> None:
        try:
            Thread(target=self._serve, name=f"pool {self._threads}", daemon=True).start()
        except RuntimeError:  # the system gives no more threads: those that there are do the work, or whoever waits
            self.size = max(self._threads, 1)
        else:
            self._threads += 1

    def _serve(self) -> None:
        while (task := self._next()) is not None:
            task()
            del task  # and what it holds, while this waits for the next

    def _next(self) -> Callable[[], object] | None:
        """What to do next; None when nothing came for a while, and the thread is counted out.

        One stays as long as something is put off.
        """
        with self._lock:
            until = time.monotonic() + self.linger
            while not self._work:
                now = time.monotonic()
                if self._put_off and self._put_off[0][0] <= now:
                    return heappop(self._put_off)[2]
                if now >= until and not (self._put_off and self._idle == 0):
                    self._threads -= 1
                    return None
                self._idle += 1
                self._changed.wait((self._put_off[0][0] if self._put_off else until) - now)
                self._idle -= 1
            return self._work.popleft()


class _Task(Generic[T]):
    """Something to be done once, by whoever comes first, in the name of who wanted it; its result waits."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make, self._claim, self._future = partial(copy_context().run, make), Lock(), Future[T]()

    def run(self) -> None:
        """Do it, unless somebody has begun to."""
        if self._claim.acquire(blocking=False):
            fulfil(self._future, self._make)

    def result(self) -> T:
        """What came of it."""
        return self._future.result()


def fulfil(future: Future[T], make: Callable[[], T]) -> None:
    """Give a future what `make` returns, or what it raises."""
    try:
        future.set_result(make())
    except BaseException as error:  # handed on, not handled: whoever asks for the result raises it
        future.set_exception(error)
