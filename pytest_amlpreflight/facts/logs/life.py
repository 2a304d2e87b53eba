"""What a log tells of its server's life: where it started, was ready, served, and ended."""

import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from functools import cache

from pytest_amlpreflight.data import load
from pytest_amlpreflight.facts.logs.lines import Line
from pytest_amlpreflight.facts.logs.tracebacks import chains_of

SERVERS_OWN_USER = "azmlinfsrv.print"
"""The logger through which the inference server passes on what the user's script prints."""


@dataclass(frozen=True, slots=True)
class Life:
    """The numbers of the lines that tell of it, by kind. Of starts only those of the outermost kind there is; `raised`
    are the exceptions.
    """

    start: tuple[int, ...] = ()
    init: tuple[int, ...] = ()
    ready: tuple[int, ...] = ()
    served: tuple[int, ...] = ()
    ended: tuple[int, ...] = ()
    stopped: tuple[int, ...] = ()
    raised: tuple[int, ...] = ()

    @property
    def told(self) -> bool:
        """Whether a server tells of its life at all."""
        return any((self.start, self.init, self.ready, self.served, self.ended, self.stopped))

    def last_start(self, end: int) -> int:
        """Where the last start begins that came to anything: one that has just begun says nothing yet."""
        came_to = (*self.ready, *self.served, *self.ended, *self.init, *self.raised)
        for begin in reversed(self.start):
            if any(begin <= at < end for at in came_to):
                return begin
            end = begin
        return 0

    def since(self, begin: int) -> "Life":
        """What lies behind a line, counted from there."""
        return Life(*(tuple(at - begin for at in places if at >= begin) for places in astuple(self)))

    @property
    def stops_in_init(self) -> bool:
        """Whether the log stops while init() runs: it was invoked, and neither ended nor failed."""
        return bool(self.init) and self.init[-1] > max((*self.ready, *self.served, *self.ended), default=-1)

    def serves_at(self, place: int) -> bool:
        """Whether a worker was ready before a line, and no server gave up since."""
        ready = max((at for at in self.ready if at < place), default=None)
        return ready is not None and not any(at > ready for at in self.ended)

    def makes_up_for(self, place: int, *, request: bool) -> bool:
        """Whether what happened on a line was made up for: for a start by a worker that is ready, for a request by one
        that was served. What is said while a server stops as it was told to needs nothing.
        """
        if any(at < place for at in self.stopped):
            return True
        after = [at for at in (self.served if request else self.served + self.ready) if at > place]
        if not after:
            return False
        return request or not any(at > max(after) for at in self.ended)


def life_of(lines: Sequence[Line]) -> Life:
    """The life of the server whose log it is."""
    found: dict[str, list[int]] = {}
    starts: dict[int, list[int]] = {}
    for at, line in enumerate(lines):
        for rank, (pattern, kind) in enumerate(_rows()):
            if line.origin != SERVERS_OWN_USER and pattern.search(line.text):
                (starts.setdefault(rank, []) if kind == "start" else found.setdefault(kind, [])).append(at)
                break
    return Life(
        start=tuple(starts[min(starts)]) if starts else (),
        raised=tuple(chain.place for chain in chains_of(lines)),
        **{kind: tuple(places) for kind, places in found.items()},
    )


@cache
def _rows() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(row["pattern"]), row["mark"]) for row in load("log-marks").rows)
