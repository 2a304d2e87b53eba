"""What is placed at a scope, such as a policy assignment, holds for everything below it."""

from collections.abc import Iterable

from .. import ids
from ..world import Document, World

_MANAGEMENT_GROUP = "/providers/microsoft.management/managementgroups/"


def above(world: World, arm_type: str, scope: str) -> list[Document]:
    """The resources of a type that are placed at a scope or above it: every management group is above all else."""
    placed = world.remembered((arm_type, "by place"), lambda: _by_place(world.of_type(arm_type)))
    return [one for place in ids.scopes(scope) for one in placed.get(place, ())]


def is_of_a_group(place: str) -> bool:
    """Whether this is a management group, or something of one."""
    return ids.key(place).startswith(_MANAGEMENT_GROUP)


def _by_place(documents: Iterable[Document]) -> dict[str, list[Document]]:
    found = dict[str, list[Document]]()
    for one in documents:
        place = one["id"].rpartition("/providers/")[0]
        found.setdefault("/" if is_of_a_group(place) else ids.key(place), []).append(one)
    return found
