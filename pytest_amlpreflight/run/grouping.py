"""One workspace's tests on one worker of xdist, with `--dist loadgroup`.

pytest-xdist 3.8 writes a test's group into its node id in a way that pytest 9.2 no longer shows to anyone, so there its
groups have no effect. The id says which workspace a test is about; that is enough.
"""

import re
from collections.abc import Container, Sequence
from typing import Any

import pytest
from xdist.scheduler import LoadGroupScheduling


class ByWorkspace(LoadGroupScheduling):  # type: ignore[misc]  # xdist has no types
    """Keeps tests with the same group together, and those about the same workspace."""

    def __init__(self, config: pytest.Config, log: object, workspaces: Sequence[str]) -> None:
        super().__init__(config, log)
        self._places = {name: place for place, name in enumerate(dict.fromkeys(workspaces))}

    def _split_scope(self, nodeid: str) -> str:
        scope = super()._split_scope(nodeid)
        about = workspace_in(nodeid, self._places) if scope == nodeid else None
        return about or str(scope)

    def _assign_work_unit(self, node: Any) -> None:
        """Each worker first gets the workspaces that it has begun to read, and then what is left of the others'."""
        process = int(re.sub(r"\D", "", node.gateway.id) or 0) % self.numnodes
        own = (scope for scope in self.workqueue if self._places.get(scope, 0) % self.numnodes == process)
        if (first := next(own, None)) is not None:
            self.workqueue.move_to_end(first, last=False)
        super()._assign_work_unit(node)


def workspace_in(nodeid: str, workspaces: Container[str]) -> str | None:
    """The workspace that a node id's parameters name: between hyphens, or before a slash and its endpoint."""
    for part in nodeid.partition("[")[2].rpartition("]")[0].split("/"):
        words = part.split("-")
        spans = [(end - at, at) for at in range(len(words)) for end in range(at + 1, len(words) + 1)]
        names = ("-".join(words[at : at + length]) for length, at in sorted(spans, reverse=True))
        if (found := next((name for name in names if name in workspaces), None)) is not None:
            return found
    return None
