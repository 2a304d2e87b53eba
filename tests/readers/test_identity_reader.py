"""User-assigned identities through the real SDK stack."""

from typing import Any

import pytest

from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable
from pytest_amlpreflight.readers.resources.identity import read_identity

IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities/iris-endpoint-identity"


def test_the_principal_is_what_roles_are_assigned_to(world: Any) -> None:
    """Azure stores this id with `resourcegroups` in lower case; it is found by either."""
    identity = read_identity(world.connect().arm, world.id(IDENTITY), named_by="endpoint iris")

    assert identity.name == "iris-endpoint-identity"
    assert identity.principal_id == "b1d4a7e2-2f6a-4b7e-9c55-0d6a6f1d9e33"
    assert identity.client_id == "e93b7d10-5c4e-4f2a-8d61-2a9c0f7b4e58"
    assert not identity.system_assigned


def test_an_identity_that_was_deleted_is_absent(world: Any) -> None:
    """The endpoint goes on naming it."""
    world.sections["resources"].remove(world["userAssignedIdentities/iris-endpoint-identity"])
    azure = world.connect()

    with pytest.raises(FactAbsent, match="identity iris-endpoint-identity does not exist, but endpoint iris names it"):
        read_identity(azure.arm, world.id(IDENTITY), named_by="endpoint iris")


@pytest.mark.parametrize("principal", [None, ""])
def test_an_identity_without_a_principal_is_unreadable(world: Any, principal: str | None) -> None:
    """Roles of nobody would be no roles, and the verdict would name the wrong culprit."""
    world.properties("userAssignedIdentities/iris-endpoint-identity")["principalId"] = principal
    azure = world.connect()

    with pytest.raises(FactUnreadable, match="identity iris-endpoint-identity is unreadable: UnexpectedShape"):
        read_identity(azure.arm, world.id(IDENTITY), named_by="endpoint iris")
