"""Resources on their way: what the first reads see instead of them. States advance by reads and never by the clock."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from . import ids
from .ids import ArmPath
from .notation import merge


@dataclass(slots=True)
class Progress:
    """A resource that takes some reads to get where the world has it.

    Each read of it, alone or in a list of its type, takes one of `first`: a JSON merge patch, or None for a resource
    that is not there yet. When they are used up, it is as the world says.
    """

    id: str
    type: str
    first: list[Any]
    read: int = field(default=0, init=False)

    def meets(self, arm: ArmPath) -> bool:
        """Whether a request reads the resource."""
        same_type = arm.type.lower() == self.type.lower()
        return same_type and (arm.name is None or ids.key(arm.path) == ids.key(self.id))


@contextmanager
def as_of_now(
    documents: dict[str, Any], under_way: Iterable[Progress], method: str, arm: ArmPath | None
) -> Iterator[None]:
    """The world's documents as this request finds them; counts the reads. Requests are answered one after the other, so
    nobody else sees it.
    """
    final: dict[str, Any] = {}
    for progress in under_way:
        step = _step(progress, method, arm)
        key = ids.key(progress.id)
        if step < len(progress.first) and key in documents:
            final[key] = documents[key]
            _replace(documents, key, progress.first[step])
    try:
        yield
    finally:
        documents.update(final)


def _step(progress: Progress, method: str, arm: ArmPath | None) -> int:
    """Which of its states is due; other requests see the one that the last read saw, or the first."""
    if method == "GET" and arm is not None and progress.meets(arm):
        progress.read += 1
        return progress.read - 1
    return max(0, progress.read - 1)


def _replace(documents: dict[str, Any], key: str, patch: Any) -> None:
    if patch is None:
        del documents[key]
    else:
        documents[key] = merge(documents[key], patch)
