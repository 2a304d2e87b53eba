"""The scheduler: a value is made when all it needs is there, once, and let go when nobody needs it any more."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from threading import RLock
from typing import Any

from pytest_amlpreflight.engine.later import Later
from pytest_amlpreflight.engine.notes import noting
from pytest_amlpreflight.engine.pool import Pool
from pytest_amlpreflight.engine.recipe import NotYet, Reading, Recipe

KEPT = 512
"""Shared values that are kept although nobody holds them: the next subject may be about the same thing."""

Inputs = Callable[[Any], Mapping[str, Any]]
"""What is there without being made, by name, for a subject."""


class Cancelled(Exception):
    """The run ended before this value was made."""


class Engine:
    """Values by name and subject. Nobody waits on a thread for another value; `value` waits for whoever calls it."""

    def __init__(self, recipes: Mapping[str, Recipe], pool: Pool, inputs: Inputs) -> None:
        self._recipes, self._pool, self._inputs = recipes, pool, inputs
        self._lock = RLock()
        self._values: dict[tuple[str, Hashable], _Value] = {}
        self._shared: dict[tuple[str, Hashable], _Value] = {}
        self._unheld: OrderedDict[tuple[str, Hashable], None] = OrderedDict()
        self._cancelled = False

    def anew(self) -> Engine:
        """The same recipes on the same pool, with nothing made."""
        return Engine(self._recipes, self._pool, self._inputs)

    def hold(self, names: Iterable[str], subject: Hashable) -> None:
        """Begin to make these values, and keep each until it is released as often as it was held."""
        with self._lock:
            for name in names:
                self._hold(name, subject)

    def release(self, names: Iterable[str], subject: Hashable) -> None:
        """Let go of what was held; what nobody else needs is forgotten."""
        with self._lock:
            for name in names:
                recipe = self._recipes[name]
                value = self._values.get((name, recipe.subject(subject)))
                if value is not None and value.held:
                    self._let_go(value)

    def value(self, name: str, subject: Hashable) -> Any:
        """The value, made now if nobody asked before. Raises what making it raised."""
        with self._lock:
            value = self._hold(name, subject)
        try:
            self._pool.help(value.future.done)
            return value.future.result()
        finally:
            with self._lock:
                self._let_go(value)

    def notes(self, names: Iterable[str], subject: Hashable) -> frozenset[Hashable]:
        """What was noted while these values, which are held, were made, and all behind them."""
        with self._lock:
            keys = [(name, self._recipes[name].subject(subject)) for name in names]
            return frozenset().union(*(self._values[key].notes for key in keys if key in self._values))

    def cancel(self) -> None:
        """Make nothing more; whoever waits gets `Cancelled`."""
        self._cancelled = True
        self._pool.clear()
        with self._lock:
            for value in [*self._values.values(), *self._shared.values()]:
                if not value.future.done():
                    value.future.set_exception(Cancelled(value.recipe.name))

    def __len__(self) -> int:
        """How many values are remembered or on their way."""
        with self._lock:
            return len(self._values) + len(self._shared)

    def _hold(self, name: str, asked: Hashable) -> _Value:
        recipe = self._recipes[name]
        key = (name, recipe.subject(asked))
        value = self._values.get(key)
        if value is not None:
            value.held += 1
            return value
        value = self._values[key] = _Value(recipe, key, recipe.subject(asked), held=1)
        self._await(value, recipe.comes_first)
        return value

    def _await(self, value: _Value, needs: Iterable[str]) -> None:
        """Have these made first; the value itself is made when the last of them is there, or has failed."""
        needed = {name: self._hold(name, value.subject) for name in needs}
        value.needs |= needed
        still_to_come = [one for one in needed.values() if not one.future.done()]
        value.unmet = len(still_to_come)
        for one in still_to_come:
            one.dependants.append(value)
        if self._cancelled:
            self._end(value, None, Cancelled(value.recipe.name))
        elif not value.unmet:
            self._ready(value)

    def _ready(self, value: _Value) -> None:
        """All that the value waited for is there, or failed."""
        problem = next((failed for need in value.hard_needs if (failed := need.future.exception())), None)
        if problem is not None:
            self._end(value, None, problem)
            return
        arguments = self._arguments(value)
        try:
            about = value.recipe.about(arguments, value.subject) if value.recipe.about and not value.shared else None
        except BaseException as error:  # handed on, as if making the value had raised it
            self._end(value, None, error)
            return
        if about is None:
            self._pool.submit(partial(self._make, value, arguments))
        else:
            self._share(value, (value.recipe.name, about))

    def _arguments(self, value: _Value) -> dict[str, Any]:
        recipe, given = value.recipe, self._inputs(value.subject)
        arguments = {name: given[name] for name in recipe.inputs}
        for need in recipe.needs:
            ask = partial(self._ask, value, need.name)
            arguments[need.name] = Reading(ask) if need.asked_for else value.needs[need.name].future.result()
        return arguments

    def _ask(self, value: _Value, need: str) -> Any:
        """The value of a `Reading`, for the recipe that asks for it."""
        needed = value.needs.get(need)
        if needed is None:
            raise NotYet(need)
        return needed.future.result()

    def _share(self, value: _Value, key: tuple[str, Hashable]) -> None:
        """Make the value once for everyone who is about the same thing."""
        shared = self._shared.get(key)
        if shared is None:
            shared = self._shared[key] = _Value(value.recipe, key, value.subject, shared=True)
            self._await(shared, value.recipe.comes_first)
        self._unheld.pop(key, None)
        shared.held += 1
        value.source = shared
        if shared.future.done():
            self._end(value, *_outcome(shared))
        else:
            shared.dependants.append(value)
            value.unmet = 1

    def _make(self, value: _Value, arguments: Mapping[str, Any]) -> None:
        try:
            with noting(value.notes):
                made, problem = value.recipe.make(**arguments), None
        except Later as later:
            self._pool.submit_later(later.seconds, partial(self._make, value, arguments))
            return
        except NotYet as asked:
            with self._lock:
                self._await(value, [asked.need])
            return
        except BaseException as error:  # handed on, not handled: whoever asks for the value raises it
            made, problem = None, error
        with self._lock:
            self._end(value, made, problem)

    def _end(self, value: _Value, made: Any, problem: BaseException | None) -> None:
        if value.future.done():  # cancelled meanwhile
            return
        behind = [*value.needs.values(), *([value.source] if value.source else [])]
        value.notes.update(*(one.notes for one in behind))
        if problem is None:
            value.future.set_result(made)
        else:
            value.future.set_exception(problem)
        dependants, value.dependants = value.dependants, []
        for dependant in dependants:
            dependant.unmet -= 1
            if dependant.source is value:
                self._end(dependant, made, problem)
            elif not dependant.unmet:
                self._ready(dependant)
        needs, value.needs = value.needs, {}
        for needed in needs.values():
            self._let_go(needed)
        if not value.held:
            self._forget(value)

    def _let_go(self, value: _Value) -> None:
        value.held -= 1
        if not value.held and value.future.done():
            self._forget(value)

    def _forget(self, value: _Value) -> None:
        if self._shared.get(value.key) is value:
            self._unheld[value.key] = None
            while len(self._unheld) > KEPT:
                del self._shared[self._unheld.popitem(last=False)[0]]
        elif self._values.get(value.key) is value:
            del self._values[value.key]
            if value.source is not None:
                self._let_go(value.source)


@dataclass(eq=False, slots=True)
class _Value:
    """One value on its way. `held` counts who needs it, `unmet` what it waits for; `source` is the `shared` value that
    it is. `notes` is what was noted while it was made, and all behind it.
    """

    recipe: Recipe
    key: tuple[str, Hashable]
    subject: Hashable
    shared: bool = False
    future: Future[Any] = field(default_factory=Future)
    held: int = 0
    unmet: int = 0
    needs: dict[str, _Value] = field(default_factory=dict)
    dependants: list[_Value] = field(default_factory=list)
    source: _Value | None = None
    notes: set[Hashable] = field(default_factory=set)

    @property
    def hard_needs(self) -> list[_Value]:
        """What was made for it before its recipe was called, in order."""
        return [self.needs[name] for name in self.recipe.comes_first]


def _outcome(value: _Value) -> tuple[Any, BaseException | None]:
    problem = value.future.exception()
    return (None, problem) if problem is not None else (value.future.result(), None)
