"""States that advance by reads, and the logs of containers."""

from collections.abc import Callable
from pathlib import Path

import requests

from pytest_amlpreflight.emulator import Emulator

GROUP = "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11/resourceGroups/ml-prod"
DEPLOYMENTS = (
    f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/contoso-ml/onlineEndpoints/iris/deployments"
)
VERSION = "2025-12-01"


def test_a_state_advances_with_every_read(
    serve: Callable[..., Emulator], call: Callable[..., requests.Response], world_path: Path
) -> None:
    """Five reads see it on its way, alone or in a list; the sixth and all later ones see the world's own state."""
    emulator = serve(world_path, failures=["deployment-settles-late"])

    states = [
        call(emulator, f"{DEPLOYMENTS}/blue", VERSION).json()["properties"]["provisioningState"] for _ in range(4)
    ]
    states += [one["properties"]["provisioningState"] for one in call(emulator, DEPLOYMENTS, VERSION).json()["value"]]
    states += [
        call(emulator, f"{DEPLOYMENTS}/blue", VERSION).json()["properties"]["provisioningState"] for _ in range(2)
    ]

    assert states == ["Updating"] * 5 + ["Succeeded"] * 2


def test_what_is_not_there_yet_is_absent(
    serve: Callable[..., Emulator], call: Callable[..., requests.Response], world_path: Path
) -> None:
    """A role assignment that has not spread is in no list; later it is."""
    emulator = serve(world_path, failures=["registry-pull-role-still-spreading"])
    registry = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/contosomlacr"
    roles = f"{registry}/providers/Microsoft.Authorization/roleAssignments"

    counts = [len(call(emulator, roles, "2022-04-01").json()["value"]) for _ in range(9)]

    assert counts[0] == counts[7] == counts[8] - 1
