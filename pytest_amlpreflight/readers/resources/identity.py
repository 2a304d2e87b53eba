"""User-assigned identities."""

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.identity import Identity
from pytest_amlpreflight.readers.connection.api_versions import MANAGED_IDENTITY
from pytest_amlpreflight.readers.connection.arm import Arm


def read_identity(arm: Arm, identity_id: ResourceId, *, named_by: str) -> Identity:
    """The user-assigned identity with that id. An endpoint may name one that was deleted: `FactAbsent`."""
    document = arm.get(
        identity_id.text,
        MANAGED_IDENTITY,
        f"identity {identity_id.name}",
        named_by=named_by,
        permission="Microsoft.ManagedIdentity/userAssignedIdentities/read",
    )
    properties = document.child("properties")
    return Identity(
        name=identity_id.name,
        principal_id=properties.need_guid("principalId"),
        client_id=properties.guid("clientId"),
        id=identity_id,
    )
