"""One workspace's tests on one worker of xdist, with `--dist loadgroup`.

pytest-xdist 3.8 writes a test's group into its node id in a way that pytest 9.2 no longer shows to anyone, so there its
groups have no effect. The id says which workspace a test is about; that is enough.
"""

import re
from collections.abc import Sequence

import pytest
from xdist.scheduler import LoadGroupScheduling


class ByWorkspace(LoadGroupScheduling):  # type: ignore[misc]  # xdist has no types
    """Keeps tests with the same group together, and those about the same workspace."""

    def __init__(self, config: pytest.Config, log: object, workspaces: Sequence[str]) -> None:
        super().__init__(config, log)
        names = "|".join(re.escape(name) for name in sorted(workspaces, key=len, reverse=True))
        self._about = re.compile(rf"[\[-]({names})[]/-]")

    def _split_scope(self, nodeid: str) -> str:
        scope = super()._split_scope(nodeid)
        about = self._about.search(nodeid) if scope == nodeid else None
        return about[1] if about else str(scope)
