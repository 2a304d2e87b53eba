"""A fact and its fixture are one function: its arguments name what it needs, its docstring says what it is.

    @pytest.fixture(scope="session")
    @fact(per="aml_workspace.key_vault_id")
    def aml_key_vault(aml_workspace: Workspace, aml_azure: Azure) -> KeyVault:

pytest finds, lists and overrides it like any other fixture; its value comes from the run's engine, which made it as
soon as what it needs was there.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cached_property
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar, get_origin, get_type_hints

import pytest

from pytest_amlpreflight.engine import Need, Reading, Recipe
from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.target import Level, Target
from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable, NotRead
from pytest_amlpreflight.graph.options import RunOptions
from pytest_amlpreflight.readers.connection.azure import Azure

T = TypeVar("T")

INPUTS = ("aml_target", "aml_azure", "aml_run_options")
"""What is there without being read: what is looked at, the connection, what the operator said."""

LEVELS = {level.name.lower(): level for level in Level}
RUN = "run"

FACTS: dict[str, "Fact[Any]"] = {}
"""Every fact by its fixture's name, as the modules of this package define them."""


class GraphError(Exception):
    """A fact is defined in a way that cannot work; one line says which and why."""


class Fact(Generic[T]):
    """The definition of one fact: the function that reads it, what it needs, and what it is about.

    `per` is what one value is read for: `run`, or a level of the target (`workspace`, `endpoint`, `deployment`), or
    what a need is about, as `NEED.ATTRIBUTE`: `aml_workspace.key_vault_id`; or several of these together.
    Without it, one value is read for whatever the deepest of its needs is about.
    """

    def __init__(self, function: Callable[..., T], per: str | tuple[str, ...] | None) -> None:
        self.name, self.function = function.__name__, function
        self.per = (per,) if isinstance(per, str) else per or ()

    @cached_property
    def hints(self) -> dict[str, Any]:
        """The types of the arguments and of the value."""
        return get_type_hints(self.function)

    @cached_property
    def arguments(self) -> tuple[str, ...]:
        """Everything it needs, by name."""
        return tuple(inspect.signature(self.function).parameters)

    @cached_property
    def needs(self) -> tuple[Need, ...]:
        """The facts it needs."""
        return tuple(
            Need(name, asked_for=get_origin(self.hints.get(name)) is Reading)
            for name in self.arguments
            if name not in INPUTS
        )

    @cached_property
    def level(self) -> Level:
        """How far down the target goes that it is about."""
        own = [LEVELS[per] for per in self.per if per in LEVELS]
        return max([*own, *(FACTS[need.name].level for need in self.needs)], default=Level.WORKSPACE)

    @cached_property
    def offline(self) -> bool:
        """Whether it is told without Azure, so that a run over files alone has it too."""
        hard = [FACTS[need.name] for need in self.needs if not need.asked_for]
        return "aml_azure" not in self.arguments and all(fact.offline for fact in hard)

    @property
    def recipe(self) -> Recipe:
        """The same in the engine's words."""
        level, per = self.level, self.per
        return Recipe(
            name=self.name,
            make=self.read,
            needs=self.needs,
            inputs=tuple(name for name in self.arguments if name in INPUTS),
            subject=lambda target: target.at(level),
            about=(lambda given, target: _about(per, given, target)) if set(per) - set(LEVELS) else None,
        )

    def read(self, **given: Any) -> T:
        """The value, from what it needs. A problem is told the name of each fact that it ends."""
        try:
            if not self.offline and (target := given.get("aml_target")):
                _ = target.workspace_id  # raises on a run without a workspace, before any connection is made
            return self.function(**given)
        except NotRead as problem:
            if self.name not in problem.facts:
                problem.facts.append(self.name)
            raise

    @cached_property
    def behind(self) -> frozenset[str]:
        """The names of all the facts that it needs, directly or not."""
        return frozenset(self.arguments).union(*(FACTS[need.name].behind for need in self.needs))


class Readings(Protocol):
    """The run's values, as a fixture asks for them."""

    azure: Azure
    options: RunOptions

    def value(self, fact: Fact[Any], target: Target, request: pytest.FixtureRequest) -> Any:
        """The value of a fact for a target; raises what reading it raised."""


READINGS = pytest.StashKey[Readings]()
"""Where a configured run keeps its readings."""


def fact(*, per: str | tuple[str, ...] | None = None) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Make a function a fact, and what pytest calls for it: see `Fact` for `per`."""

    def define(function: Callable[..., T]) -> Callable[..., T]:
        definition = FACTS[function.__name__] = Fact(function, per)

        def ask(request: pytest.FixtureRequest, aml_target: Target) -> T:
            value: T = request.config.stash[READINGS].value(definition, aml_target, request)
            return value

        ask.__name__, ask.__doc__, ask.__module__ = function.__name__, function.__doc__, function.__module__
        ask.__signature__ = inspect.signature(ask)  # type: ignore[attr-defined]  # stops where pytest looks for arguments
        ask.__wrapped__ = function  # type: ignore[attr-defined]  # leads `pytest --fixtures` and editors to the function
        return ask

    return define


def unless_absent(reading: Reading[T], *, within: Reading[Any] | None = None) -> T | None:
    """The value, None where Azure said that there is none. Raises every other problem, and the absence of what it would
    be `within`: where that is missing, nothing is said of the value.
    """
    try:
        return reading.get()
    except FactAbsent:
        if within is not None:
            need(within)
        return None


def need(container: Reading[Any]) -> None:
    """Raise where what holds the value is absent itself; a container that cannot be read says nothing."""
    with suppress(FactUnreadable):
        container.get()


def answered_by(fixture_names: Iterable[str]) -> set[str]:
    """The facts for whose absence one of these fixtures answers: `X_or_none` does for `X`, and for what it asks for,
    where no other fact answers for that.
    """
    own = [fact for fact in facts_named(fixture_names) if fact.name.endswith("_or_none")]
    asked_for = {need.name for fact in own for need in fact.needs if need.asked_for}
    others = {name for name in asked_for if f"{name}_or_none" in FACTS}
    return asked_for - others | {fact.name.removesuffix("_or_none") for fact in own}


def facts_named(fixture_names: Iterable[str]) -> list[Fact[Any]]:
    """The facts among these fixtures."""
    return [FACTS[name] for name in fixture_names if name in FACTS]


def level_of(fixture_names: Iterable[str]) -> Level:
    """How far down the target goes that these fixtures are about."""
    return max((fact.level for fact in facts_named(fixture_names)), default=Level.WORKSPACE)


def check_graph(facts: Mapping[str, Fact[Any]] | None = None) -> None:
    """Raise `GraphError` for a need that is no fact, a circle, or a `per` that nothing is."""
    facts = FACTS if facts is None else facts
    for one in facts.values():
        for name in one.arguments:
            if name not in facts and name not in INPUTS:
                raise GraphError(f"{one.name} needs {name}, which is no fact")
        if "aml_target" in one.arguments and not one.per:
            raise GraphError(f"{one.name} looks at aml_target, and does not say what it is read per")
        for per in one.per:
            _check_per(one, per)
    for one in facts.values():
        _check_circle(one, facts, ())


def _check_per(one: Fact[Any], per: str) -> None:
    if per in LEVELS or per == RUN:
        return
    need, _, attribute = per.partition(".")
    if need not in one.arguments:
        raise GraphError(f"{one.name} is read per {per}, and does not need {need}")
    kind = one.hints.get(need)
    first = attribute.partition(".")[0]
    if first and isinstance(kind, type) and not (hasattr(kind, first) or first in getattr(kind, "__annotations__", {})):
        raise GraphError(f"{one.name} is read per {per}, and {kind.__name__} has no {first}")


def _check_circle(one: Fact[Any], facts: Mapping[str, Fact[Any]], behind: tuple[str, ...]) -> None:
    if one.name in behind:
        raise GraphError(" needs ".join([*behind[behind.index(one.name) :], one.name]))
    for name in one.arguments:
        if name in facts:
            _check_circle(facts[name], facts, (*behind, one.name))


def _about(per: tuple[str, ...], given: Mapping[str, Any], target: Target) -> tuple[object, ...] | None:
    """What the needs say a value is about, without regard to case; None where one of them does not say."""
    parts = [_part(one, given, target) for one in per]
    return None if None in parts else tuple(parts)


def _part(per: str, given: Mapping[str, Any], target: Target) -> object:
    if per == RUN:
        return RUN
    if per in LEVELS:
        return target.at(LEVELS[per])
    need, _, attribute = per.partition(".")
    found = given[need]
    if found is not None and attribute:
        found = attrgetter(attribute)(found)
    text = found.text if isinstance(found, ResourceId) else found
    return text.lower() if isinstance(text, str) else text
