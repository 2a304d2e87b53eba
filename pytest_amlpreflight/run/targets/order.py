"""In which order the workspaces of a fleet are looked at, how many at once, and by which process."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_amlpreflight.facts.target import Target

WINDOW = 24
"""Workspaces whose facts are read and held at once: enough that the pool is never idle, few enough that the memory of a
run does not depend on the size of the fleet.
"""


@dataclass(frozen=True, slots=True)
class Share:
    """What falls to one process of a run with xdist: one of `of` parts, counted from 0.

    A part is a stretch of the order, so that what the workspaces of a subscription share is read by one process.
    """

    number: int = 0
    of: int = 1

    def holds(self, place: int, among: int) -> bool:
        """Whether the workspace at this place falls to it, of so many."""
        return self.holder(place, among) == self.number

    def holder(self, place: int, among: int) -> int:
        """The number of the part that the workspace at this place is in."""
        return place * self.of // among


def share_of(told: Mapping[str, Any]) -> Share:
    """The share of this process, by what xdist's controller told it; everything where there is no controller."""
    of = told.get("workercount", 1)
    return Share(number_of(told.get("workerid", ""), of), of)


def number_of(worker: str, of: int) -> int:
    """A worker's number by xdist's name for it, `gw7`; one that stands in for another that died has a later one."""
    return int(re.sub("[^0-9]", "", worker) or 0) % of


class Order:
    """The workspaces of a run, by what they are called; `places` numbers them in the order of the targets."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self.places = {group: place for place, group in enumerate(dict.fromkeys(one.group for one in targets))}
        subscriptions = {one.group: one.workspace_id.subscription for one in targets if one.workspace}
        before, self._turns = Counter[str](), dict[str, tuple[int, int]]()
        for group, subscription in subscriptions.items():
            self._turns[group] = before[subscription], self.places[group]
            before[subscription] += 1

    def turn_of(self, group: str) -> tuple[int, int]:
        """When a workspace is looked at: in turn over the subscriptions, so that not all draw from one bucket at the
        same time. What is no workspace comes last.
        """
        return self._turns.get(group, (len(self.places), 0))

    def falls_to(self, share: Share, group: str) -> bool:
        """Whether a workspace falls to a process with this share."""
        return share.holds(self.places.get(group, 0), len(self.places))
