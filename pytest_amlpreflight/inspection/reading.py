"""How a fact is read: once, on a thread of its own, after the facts it needs."""

import inspect
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Any, Generic, TypeVar, overload

from pytest_amlpreflight.facts.scoring import SampleRequests
from pytest_amlpreflight.facts.unread import NotRead
from pytest_amlpreflight.readers.azure import Azure
from pytest_amlpreflight.targets import Level, Target

T = TypeVar("T")


class Run:
    """The facts of a whole run: every target's, each read once."""

    def __init__(
        self, azure: Azure, phase: str, samples: SampleRequests | None = None, origin: str | None = None
    ) -> None:
        self.azure, self.phase = azure, phase
        self.samples, self.origin = samples or SampleRequests(), origin
        self._lock = Lock()
        self._readings: dict[tuple[str, Target], Future[Any]] = {}

    def anew(self) -> "Run":
        """The same run with no fact read."""
        return Run(self.azure.anew(), self.phase, self.samples, self.origin)

    def reading(self, name: str, target: Target, read: Callable[[], T]) -> Future[T]:
        """The reading of one fact of one target, started by whoever asks first."""
        with self._lock:
            started = self._readings.get((name, target))
            if started is not None:
                return started
            future = self._readings[name, target] = Future()
        Thread(target=_read, args=(future, read), name=f"{name} of {target}", daemon=True).start()
        return future


class TargetFacts:
    """The facts of one target; subclasses add those of a workspace, an endpoint, a deployment."""

    level: Level

    def __init__(self, run: Run, target: Target) -> None:
        self.run, self.target = run, target

    @property
    def azure(self) -> Azure:
        """The connection that readers are handed."""
        return self.run.azure

    @classmethod
    def find(cls, name: str) -> "fact[Any] | None":
        """The fact of that name, or None."""
        found = inspect.getattr_static(cls, name, None)
        return found if isinstance(found, fact) else None

    def start(self, name: str) -> None:
        """Start reading a fact, and all it needs, without waiting for it."""
        found = self.find(name)
        if found is not None:
            found.start(self)


class fact(Generic[T]):  # noqa: N801  # a decorator, like property
    """A method whose value is read once per target. Its arguments name the facts it needs; those are read first,
    together.

    The fact belongs to the level of the class that defines it: a workspace's key vault is read once, however many
    endpoints the workspace has.
    """

    def __init__(self, method: Callable[..., T]) -> None:
        self.method = method
        self.needs = tuple(inspect.signature(method).parameters)[1:]
        self.__doc__ = method.__doc__

    def __set_name__(self, owner: type[TargetFacts], name: str) -> None:
        self.name, self.level = name, owner.level

    @overload
    def __get__(self, facts: None, owner: type) -> "fact[T]": ...
    @overload
    def __get__(self, facts: TargetFacts, owner: type) -> T: ...
    def __get__(self, facts: TargetFacts | None, owner: type) -> "T | fact[T]":
        return self if facts is None else self.start(facts).result()

    def start(self, facts: TargetFacts) -> Future[T]:
        """Start reading without waiting; the future raises what the reader raised."""
        return facts.run.reading(self.name, facts.target.at(self.level), lambda: self._read(facts))

    def _read(self, facts: TargetFacts) -> T:
        needed = [(name, found.start(facts)) for name in self.needs if (found := facts.find(name))]
        values = {name: reading.result() for name, reading in needed}
        try:
            return self.method(facts, **values)
        except NotRead as problem:
            problem.fact = problem.fact or self.name
            raise


def _read(future: Future[T], read: Callable[[], T]) -> None:
    try:
        future.set_result(read())
    except BaseException as error:  # noqa: BLE001  # handed on, not handled: whoever asks for the fact raises it
        future.set_exception(error)
