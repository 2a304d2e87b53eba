"""One workspace's tests on one worker of xdist, with `--dist loadgroup`.

pytest-xdist 3.8 writes a test's group into its node id in a way that pytest 9.2 no longer shows to anyone, so there its
groups have no effect. The id says which workspace a test is about; that is enough.
"""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from xdist.scheduler import LoadGroupScheduling

from pytest_amlpreflight.run.rest import workspace_in


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
