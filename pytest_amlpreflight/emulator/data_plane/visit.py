"""A request as the services behind the hosts see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..world import World


@dataclass(frozen=True, slots=True)
class Visit:
    """One request to a data-plane host; `holds` is what the world says stands behind it."""

    world: World
    host: str
    holds: Mapping[str, Any]
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    own_url: str
