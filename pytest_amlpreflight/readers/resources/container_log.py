"""The logs of a deployment's containers."""

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.container_log import Container, ContainerLog
from pytest_amlpreflight.facts.rules.redaction import redact
from pytest_amlpreflight.readers.connection.api_versions import MACHINE_LEARNING
from pytest_amlpreflight.readers.connection.arm import Arm

READ_LOGS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments/getLogs/action"
LINES = 200
"""How many of the last lines are asked for: an exception of the start, with a server's lines after it."""


def read_container_log(
    arm: Arm, workspace_id: ResourceId, endpoint: str, deployment: str, container: Container
) -> ContainerLog:
    """The last lines of one container, secrets hidden before anything else sees them."""
    path = f"{workspace_id}/onlineEndpoints/{endpoint}/deployments/{deployment}/getLogs"
    body = {"tail": LINES, "containerType": container.value}
    resource = f"the {container.value} log of deployment {deployment} of endpoint {endpoint}"
    document = arm.post(path, MACHINE_LEARNING, body, resource, permission=READ_LOGS)
    if "content" not in document.body:  # an empty log has an empty content
        raise document.refusal("it has no content")
    return ContainerLog(container, redact(document.text("content") or ""))
