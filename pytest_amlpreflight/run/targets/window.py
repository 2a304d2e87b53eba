"""Which workspaces are read at once: the first ones, and one more whenever one is done with."""

from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Window(Generic[T]):
    """Begins the groups of a sequence in their order, at most `size` at a time (None: all at once).

    Only the groups that are `mine` are begun ahead; the others, which another process looks at, when they are reached.
    """

    def __init__(
        self,
        members: Iterable[tuple[str, T]],
        begin: Callable[[Sequence[T]], object],
        size: int | None,
        mine: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._begin = begin
        self._groups = dict[str, list[T]]()
        for group, member in members:
            self._groups.setdefault(group, []).append(member)
        self._left = Counter({group: len(held) for group, held in self._groups.items()})
        self._waiting = deque(filter(mine, self._groups))
        for _ in range(len(self._waiting) if size is None else size):
            self._begin_next()

    def reach(self, group: str) -> None:
        """A member of the group is next: it is begun now where it is still waiting."""
        if held := self._groups.pop(group, None):
            self._begin(held)

    def end(self, group: str) -> None:
        """A member of the group is over; with its last one, another group is begun."""
        self._left[group] -= 1
        if not self._left[group]:
            self._begin_next()

    def _begin_next(self) -> None:
        while self._waiting:
            if held := self._groups.pop(self._waiting.popleft(), None):
                self._begin(held)
                return
