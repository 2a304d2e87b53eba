"""`getLogs`: the last lines that a deployment's containers printed."""

from .. import ids
from ..answers import Answer, arm_error
from ..world import World
from . import bodies

CONTAINERS = ("InferenceServer", "StorageInitializer")
NOT_UP = "Container logs are not available at this time. Please try again later."


def answer(world: World, deployment_id: str, body: bytes) -> Answer:
    """The last `tail` lines of one container; of one that is not up, a sentence that says so, with 200 as well."""
    asked = bodies.content(body)
    container = asked.get("containerType", CONTAINERS[0])
    tail = bodies.maybe(asked, "tail", int)
    if container not in CONTAINERS:
        return arm_error(
            400, "BadRequest", f"containerType is one of {', '.join(CONTAINERS)}.", unknown="getLogs' body"
        )
    text = (world.logs.get(ids.key(deployment_id)) or {}).get(container)
    lines = (text or NOT_UP).splitlines()
    return Answer({"content": "\n".join(lines[-(tail or len(lines)) :]) + "\n"})
