"""An authenticated request to ARM, and what answers one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .. import ids
from ..answers import Answer
from ..ids import ArmPath
from ..world import World


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler gets to see."""

    world: World
    method: str
    arm: ArmPath
    query: Mapping[str, str]
    own_url: str
    body: bytes = b""

    @property
    def acted_upon(self) -> ArmPath:
        """The resource on which `POST .../listKeys` acts."""
        return ids.parse(self.arm.parent) or self.arm


Handler = Callable[[Call], Answer]
