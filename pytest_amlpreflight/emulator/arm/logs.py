"""`getLogs`: the last lines that a deployment's containers printed."""

from .. import ids
from ..answers import Answer, arm_error
from ..world import World
from . import bodies

CONTAINERS = ("InferenceServer", "StorageInitializer")
NOT_UP = "Container logs are not available at this time. Please try again later."
_STEPS = ("SystemSetup", "UserContainerImagePull", "ModelDownload", "UserContainerStart")


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
    head = _of_the_instance(world, deployment_id) if text and container == CONTAINERS[0] else ""
    return Answer({"content": head + "\n".join(lines[-(tail or len(lines)) :]) + "\n"})


def _of_the_instance(world: World, deployment_id: str) -> str:
    """What stands above the server's lines, whatever `tail` says: how far the instance has come, and its events."""
    deployment = world.get(deployment_id) or {}
    up = (deployment.get("properties") or {}).get("provisioningState") == "Succeeded"
    steps = "\n".join(f"{step}: Succeeded" for step in _STEPS[: None if up else -1])
    time = (deployment.get("systemData") or {}).get("lastModifiedAt")
    event = f"Kind: Pod, Name: Created, Type: Normal, Time: {time}, Message: Created container inference-server"
    waiting = "" if up else f"\n{_STEPS[-1]}: InProgress"
    return f"Instance status:\n{steps}{waiting}\n\nContainer events:\n{event}\n\nContainer logs:\n"
