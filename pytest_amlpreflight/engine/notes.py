"""What a recipe leaves word of while it makes a value: where the value came from. Its dependants inherit it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_OPEN: ContextVar[set[Hashable] | None] = ContextVar("notes", default=None)


def note(word: Hashable) -> None:
    """Leave word of the value that is being made; outside the engine nobody listens."""
    notes = _OPEN.get()
    if notes is not None:
        notes.add(word)


def in_recipe() -> bool:
    """Whether this is asked while the engine makes a value."""
    return _OPEN.get() is not None


@contextmanager
def noting(notes: set[Hashable]) -> Iterator[None]:
    """Collect what is noted, on this thread and on those that do part of its work."""
    token = _OPEN.set(notes)
    try:
        yield
    finally:
        _OPEN.reset(token)
