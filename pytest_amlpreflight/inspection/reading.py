"""How a fact is read: once, on a thread of its own, after the facts it needs."""

import inspect
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Generic, TypeVar, overload

from pytest_amlpreflight.facts.project.spec import DeploymentSpec, EndpointSpec
from pytest_amlpreflight.facts.resources.scoring import SampleRequests
from pytest_amlpreflight.facts.unread import NotRead
from pytest_amlpreflight.readers.connection.arm import settle
from pytest_amlpreflight.readers.connection.azure import Azure
from pytest_amlpreflight.run.targets import Level, Target

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the operator said that decides what is read, beside the targets.

    `root` is the project's folder; `templates` are patterns of ARM templates in it; `tables` is a folder with dated
    tables of the project's own. `local` allows to start the user's code on this machine, with the interpreter
    `local_python`; `local_debug` is the port on which an editor may attach. `target_rps` is in requests per second.
    """

    phase: str = "pre"
    samples: SampleRequests = field(default_factory=SampleRequests)
    origin: str | None = None
    root: Path = Path()
    templates: tuple[str, ...] = ()
    tables: Path | None = None
    local: bool = False
    local_python: str | None = None
    local_debug: int | None = None
    target_rps: float | None = None
    deployment_specs: tuple[DeploymentSpec, ...] = ()


class Run:
    """The facts of a whole run: every target's, each read once."""

    def __init__(self, azure: Azure, options: RunOptions) -> None:
        self.azure, self.options = azure, options
        self._lock = Lock()
        self._readings: dict[tuple[str, Target], Future[Any]] = {}

    @property
    def phase(self) -> str:
        """`pre`, `post` or `audit`."""
        return self.options.phase

    def anew(self) -> "Run":
        """The same run with no fact read."""
        return Run(self.azure.anew(), self.options)

    def reading(self, name: str, target: Target, read: Callable[[], T]) -> Future[T]:
        """The reading of one fact of one target, started by whoever asks first."""
        with self._lock:
            started = self._readings.get((name, target))
            if started is not None:
                return started
            future = self._readings[name, target] = Future()
        Thread(target=settle, args=(future, read), name=f"{name} of {target}", daemon=True).start()
        return future


class TargetFacts:
    """The facts of one target; subclasses add those of a workspace, an endpoint, a deployment."""

    level: Level
    offline = False
    """Whether these facts are read from the user's files alone, so that a run without a workspace has them too."""

    def __init__(self, run: Run, target: Target) -> None:
        self.run, self.target = run, target

    @property
    def endpoint_to_create(self) -> EndpointSpec | None:
        """The endpoint's YAML where it is what counts: before a deployment. Afterwards the live one does."""
        return self.target.endpoint_spec if self.run.phase == "pre" else None

    @property
    def deployment_to_create(self) -> DeploymentSpec | None:
        """The deployment's YAML where it is what counts: before a deployment. Afterwards the live one does."""
        return self.target.deployment_spec if self.run.phase == "pre" else None

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
        self.name, self.level, self.offline = name, owner.level, owner.offline

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
