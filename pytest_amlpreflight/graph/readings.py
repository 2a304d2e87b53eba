"""The values of a run: the engine's, and where a project overrides a fixture, what follows from that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import pytest

from pytest_amlpreflight.engine import Engine, Reading
from pytest_amlpreflight.facts.as_of import AsOf
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.facts.unread import NotRead
from pytest_amlpreflight.graph.fact import FACTS, INPUTS, Fact, check_graph, facts_named, level_of
from pytest_amlpreflight.graph.options import RunOptions
from pytest_amlpreflight.readers.connection.azure import Azure
from pytest_amlpreflight.readers.processes.children import end_all


class RunReadings:
    """Every fact of every target, each read once.

    Where `azure` takes some from a snapshot, `direct` reads all from the resources themselves: what stands in the way
    by the former is said only when the latter says so too, and users' own tests get the latter's values.
    """

    def __init__(self, azure: Azure, options: RunOptions, direct: RunReadings | None = None) -> None:
        check_graph()
        self.azure, self.options, self._direct = azure, options, direct
        self._engine = Engine({name: fact.recipe for name, fact in FACTS.items()}, azure.pool, self._inputs)
        self._held: dict[pytest.Item, tuple[str, ...]] = {}
        self._overridden: dict[pytest.Collector | None, frozenset[str]] = {}
        self._of_this_test: frozenset[str] = frozenset()

    def _inputs(self, target: Target) -> Mapping[str, Any]:
        return dict(zip(INPUTS, (target, self.azure, self.options), strict=True))

    def facts_of(self, items: Iterable[pytest.Item]) -> set[str]:
        """The names of all facts that tests need; tests that differ in their target alone are asked once."""
        kinds = {(item.parent, tuple(getattr(item, "fixturenames", ()))): item for item in items}
        return {fact.name for item in kinds.values() for fact in self._own(item)}

    def start(self, item: pytest.Item, target: Target) -> None:
        """Begin to read all that a test needs."""
        names = self.names_of(item)
        if target.level >= level_of(names):
            self._held[item] = names
            self._engine.hold(names, target)

    def hold(self, names: Iterable[str], target: Target) -> None:
        """Begin to read facts by name, for what is no test."""
        self._engine.hold(names, target)

    def begin(self, item: pytest.Item) -> None:
        """A test is about to ask for its facts."""
        self._of_this_test = self._overridden_for(item)

    def release(self, item: pytest.Item, target: Target) -> None:
        """A test is over: what no other test needs is let go."""
        self._engine.release(self._held.pop(item, ()), target)

    def value(self, fact: Fact[Any], target: Target, request: pytest.FixtureRequest) -> Any:
        """The value of a fact for a target; raises what reading it raised."""
        if fact.behind & self._of_this_test:
            return self._from_fixtures(fact, target, request)
        self._engine.hold([fact.name], target)
        try:
            return self._engine.value(fact.name, target)
        except NotRead:
            if self._direct is None or not self._engine.notes([fact.name], target):
                raise
        finally:
            self._engine.release([fact.name], target)
        return self._direct.read(fact.name, target)

    def names_of(self, item: pytest.Item) -> tuple[str, ...]:
        """The facts of a test that are read here: those that nothing in the project overrides."""
        return tuple(fact.name for fact in self._own(item))

    def as_of(self, names: Iterable[str], target: Target) -> AsOf | None:
        """Since when the oldest of the snapshot's rows are known on which held facts rest; None without any."""
        notes = self._engine.notes(names, target)
        return min((one for one in notes if isinstance(one, AsOf)), default=None)

    def directly(self, names: Iterable[str], target: Target) -> Mapping[str, Any]:
        """Facts by name, as the resources themselves tell them; nothing where no snapshot is in between."""
        return self._direct.anew(names, target) if self._direct else {}

    def read(self, name: str, target: Target) -> Any:
        """The value of a fact by name, for what is no fixture."""
        return self._engine.value(name, target)

    def anew(self, names: Iterable[str], target: Target) -> Mapping[str, Any]:
        """Facts as they are now, by name."""
        names = tuple(names)
        self._engine.hold(names, target)
        try:
            return {name: self._engine.value(name, target) for name in names}
        finally:
            self._engine.release(names, target)

    def forget(self) -> None:
        """Let every fact be read again, over the same connection."""
        self.azure, self._direct = (self._direct or self).azure.anew(), None
        self._engine, self._held = self._engine.anew(), {}

    def cancel(self) -> None:
        """Read nothing more, and end what was started to read."""
        self._engine.cancel()
        end_all()
        if self._direct:
            self._direct.cancel()

    def _own(self, item: pytest.Item) -> Iterable[Fact[Any]]:
        """The facts of a test that are read by the engine: those that nothing overrides, directly or behind them."""
        overridden = self._overridden_for(item)
        named = facts_named(getattr(item, "fixturenames", ()))
        return [fact for fact in named if fact.name not in overridden and not fact.behind & overridden]

    def _from_fixtures(self, fact: Fact[Any], target: Target, request: pytest.FixtureRequest) -> Any:
        """The value where the project overrides something behind it: from what pytest says its needs are."""
        given = dict(self._inputs(target.at(fact.level)))
        asked_for = {need.name for need in fact.needs if need.asked_for}
        ask = {name: partial(request.getfixturevalue, name) for name in fact.arguments if name not in INPUTS}
        given |= {name: Reading(get) if name in asked_for else get() for name, get in ask.items()}
        return fact.read(**{name: given[name] for name in fact.arguments})

    def _overridden_for(self, item: pytest.Item) -> frozenset[str]:
        """The facts for which the project has a fixture of its own, as a test's place sees them.

        pytest tells nobody in public which definition a fixture has: the manager that every plugin of fixtures asks.
        """
        if item.parent not in self._overridden:
            manager = item.session._fixturemanager
            found = {name: manager.getfixturedefs(name, item) or () for name in FACTS}
            self._overridden[item.parent] = frozenset(
                name
                for name, definitions in found.items()
                if definitions and getattr(definitions[-1].func, "__wrapped__", None) is not FACTS[name].function
            )
        return self._overridden[item.parent]
