"""Resources on their way: what the first reads see instead of them. States advance by reads and never by the clock."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import ids
from .ids import ArmPath
from .notation import merge

if TYPE_CHECKING:
    from .world import World


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
def as_of_now(world: "World", method: str, arm: ArmPath | None) -> Iterator[None]:
    """The world as this request finds it; counts the reads. Requests are answered one after the other, so nobody
    else sees it.
    """
    final: dict[str, Any] = {}
    for progress in world.progress:
        step = _step(progress, method, arm)
        key = ids.key(progress.id)
        if step < len(progress.first) and key in world.documents:
            final[key] = world.documents[key]
            _replace(world, key, progress.first[step])
    try:
        yield
    finally:
        world.documents.update(final)


def _step(progress: Progress, method: str, arm: ArmPath | None) -> int:
    """Which of its states is due; other requests see the one that the last read saw, or the first."""
    if method == "GET" and arm is not None and progress.meets(arm):
        progress.read += 1
        return progress.read - 1
    return max(0, progress.read - 1)


def _replace(world: "World", key: str, patch: Any) -> None:
    if patch is None:
        del world.documents[key]
    else:
        world.documents[key] = merge(world.documents[key], patch)
