"""Whether a name that is unique in its cloud is free: of a vault, a storage account, a container registry."""

from ..answers import Answer
from ..ids import ArmPath
from ..world import World
from . import bodies

_HELD = {
    "microsoft.containerregistry/checknameavailability": ("Microsoft.ContainerRegistry/registries",),
    "microsoft.keyvault/checkmhsmnameavailability": ("Microsoft.KeyVault/managedHSMs",),
    "microsoft.keyvault/checknameavailability": (
        "Microsoft.KeyVault/vaults",
        "Microsoft.KeyVault/locations/deletedVaults",
    ),
    "microsoft.storage/checknameavailability": ("Microsoft.Storage/storageAccounts",),
}
"""What has such a name, by the question in lower case. A deleted vault keeps its own."""

_TAKEN = {
    "microsoft.containerregistry": "The registry {} is already in use.",
    "microsoft.keyvault": "The name '{}' is already in use.",
    "microsoft.storage": "The storage account named {} is already taken.",
}


def availability(world: World, arm: ArmPath, body: bytes) -> Answer:
    """What `checkNameAvailability` answers."""
    name = bodies.need(bodies.content(body), "name", str)
    taken = {one["name"].lower() for kind in _HELD[arm.type.lower()] for one in world.of_type(kind)}
    if name.lower() not in taken:
        return Answer({"nameAvailable": True})
    sentence = _TAKEN[arm.namespace.lower()].format(name)
    return Answer({"nameAvailable": False, "reason": "AlreadyExists", "message": sentence})
