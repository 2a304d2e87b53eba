"""The diagnosis of a workspace: an operation that is done after a while, or when it is asked after once more."""

import time
import uuid
from typing import Any

from ..answers import Answer, arm_error
from ..ids import ArmPath, key
from ..world import Document, World

SECONDS_UNTIL_DONE = 1.0
"""Whoever asks after it earlier is told that it is under way, as Azure's always is; and then it is done, so that tests
need not wait.
"""

_WORKSPACES = "Microsoft.MachineLearningServices/workspaces"
_GROUPS = (
    "userDefinedRouteResults",
    "networkSecurityRuleResults",
    "resourceLockResults",
    "dnsResolutionResults",
    "storageAccountResults",
    "keyVaultResults",
    "containerRegistryResults",
    "applicationInsightsResults",
    "otherResults",
)


def start(world: World, workspace: Document, version: str, own_url: str) -> Answer:
    """202 without a body; where to ask is in `Location`, and Azure names no `Retry-After`."""
    operation = _operation_of(workspace)
    world.operations[operation] = time.monotonic() + SECONDS_UNTIL_DONE
    subscription, location = key(workspace["id"]).split("/")[2], workspace.get("location", "")
    status = f"{own_url}/subscriptions/{subscription}/providers/Microsoft.MachineLearningServices/locations/{location}"
    place = f"{status}/workspaceOperationsStatus/{operation}?api-version={version}"
    return Answer(None, 202, {"Location": f"{place}&type=location"})


def status(world: World, arm: ArmPath, kind: str, version: str, own_url: str) -> Answer:
    """What the operation answers to `type=location` (nothing, then the result) or `type=async` (its state)."""
    workspace = _workspaces(world).get(arm.name or "")
    if workspace is None or arm.name not in world.operations:
        return arm_error(404, "NotFound", f"The operation '{arm.name}' does not exist.")
    done = time.monotonic() >= world.operations[arm.name]
    world.operations[arm.name] = 0.0
    if kind == "async":
        return Answer({"id": arm.path, "name": arm.name, "status": "Succeeded" if done else "InProgress"})
    if not done:
        return Answer(None, 202, _where(f"{own_url}{arm.path}?api-version={version}"))
    return Answer({"value": {group: [] for group in _GROUPS} | _results(world, workspace)})


def _results(world: World, workspace: Document) -> dict[str, Any]:
    """What the world says is wrong: a document `<workspace>/diagnose/default` with Azure's own `value`."""
    written = world.get(f"{workspace['id']}/diagnose/default") or {}
    return dict(written.get("value") or {})


def _workspaces(world: World) -> dict[str, Document]:
    """Each workspace by the name of its diagnosis."""
    return world.remembered(
        "workspaces by diagnosis", lambda: {_operation_of(one): one for one in world.of_type(_WORKSPACES)}
    )


def _operation_of(workspace: Document) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{key(workspace['id'])}/diagnose"))


def _where(url: str) -> dict[str, str]:
    return {"Location": f"{url}&type=location", "Azure-AsyncOperation": f"{url}&type=async"}
