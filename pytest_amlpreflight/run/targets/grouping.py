"""One workspace's tests on one worker of xdist, with `--dist loadgroup`.

pytest-xdist 3.8 writes a test's group into its node id in a way that pytest 9.2 no longer shows to anyone, so there its
groups have no effect. The id says which workspace a test is about; that is enough.
"""

import sys
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import pytest
from xdist.scheduler import LoadGroupScheduling

from pytest_amlpreflight.run.suite.items import workspace_in
from pytest_amlpreflight.run.targets.order import WINDOW, Share, number_of


class ByWorkspace(LoadGroupScheduling):  # type: ignore[misc]  # xdist has no types
    """Keeps tests with the same group together, and those about the same workspace.

    Each worker has the workspaces of its share, in their order, and reads ahead of them. When it is through it takes
    from the end of another's share, but nothing of what that one reads already. xdist looks a test's place up in the
    list of all, and counts all that a worker ever had: here neither takes longer in a large fleet.
    """

    def __init__(self, config: pytest.Config, log: object, workspaces: Sequence[str]) -> None:
        super().__init__(config, log)
        self._places = {name: place for place, name in enumerate(dict.fromkeys(workspaces))}
        self._scopes = dict[str, str]()

    def add_node_collection(self, node: Any, collection: Sequence[str]) -> None:
        """Keep the ids once, which every worker sends and every report names."""
        super().add_node_collection(node, [sys.intern(nodeid) for nodeid in collection])

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:  # noqa: ARG002  # as xdist calls it
        """Forget a workspace with its last test."""
        scope = self._split_scope(self.collection[item_index])
        self.assigned_work[node][scope].pop(self.collection[item_index])
        if not self.assigned_work[node][scope]:
            del self.assigned_work[node][scope]
        self._reschedule(node)

    def _split_scope(self, nodeid: str) -> str:
        if nodeid not in self._scopes:
            scope = super()._split_scope(nodeid)
            about = workspace_in(nodeid, self._places) if scope == nodeid else None
            self._scopes[nodeid] = about or str(scope)
        return self._scopes[nodeid]

    def _reschedule(self, node: Any) -> None:
        if not node.shutting_down and self.workqueue and self._next_for(node) is None:
            node.shutdown()
        else:
            super()._reschedule(node)

    def _assign_work_unit(self, node: Any) -> None:
        scope = self._next_for(node) or next(iter(self.workqueue))
        unit = self.workqueue.pop(scope)
        self.assigned_work.setdefault(node, {})[scope] = unit
        node.send_runtest_some([self._indices[nodeid] for nodeid in unit])

    @cached_property
    def _indices(self) -> dict[str, int]:
        return {nodeid: place for place, nodeid in enumerate(self.collection)}

    def _next_for(self, node: Any) -> str | None:
        """The next of a worker's own workspaces, else what nobody's share is, else the last of another's."""
        process = number_of(node.gateway.id, self.numnodes)
        left = dict[int, list[str]]()
        for scope in self.workqueue:
            owner = self._owner(scope)
            if owner in (process, None):
                return str(scope)
            left.setdefault(owner, []).append(scope)
        longest = max(left.values(), key=len, default=[])
        return longest[-1] if len(longest) > WINDOW else None

    def _owner(self, scope: str) -> int | None:
        place = self._places.get(scope)
        return None if place is None else Share(0, self.numnodes).holder(place, len(self._places))
