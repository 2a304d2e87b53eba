"""`getLogs`: the last lines that a deployment's containers printed."""

import json
from typing import Any

from .. import ids
from ..answers import Answer, arm_error
from ..world import World

CONTAINERS = ("InferenceServer", "StorageInitializer")
NOT_UP = "Container logs are not available at this time. Please try again later."


def answer(world: World, deployment_id: str, body: bytes) -> Answer:
    """The last `tail` lines of one container; of one that is not up, a sentence that says so, with 200 as well."""
    try:
        asked: Any = json.loads(body or b"{}")
    except ValueError:
        asked = None
    container = asked.get("containerType", CONTAINERS[0]) if isinstance(asked, dict) else None
    if container not in CONTAINERS:
        return arm_error(
            400, "BadRequest", f"containerType is one of {', '.join(CONTAINERS)}.", unknown="getLogs' body"
        )
    text = (world.logs.get(ids.key(deployment_id)) or {}).get(container)
    lines = (text or NOT_UP).splitlines()
    return Answer({"content": "\n".join(lines[-int(asked.get("tail") or len(lines)) :]) + "\n"})
