"""The storage account through the real SDK stack, in every shape in which Azure sends it."""

from typing import Any

import pytest

from pytest_amlpreflight.facts.resources.storage import StorageAccount
from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable
from pytest_amlpreflight.readers.resources.storage import read_storage_account

ACCOUNT = "microsoft.storage/storageaccounts/contosomlstore"


def read(world: Any) -> StorageAccount:
    """The account of the world as it stands, by an id in lower case as workspaces have it."""
    return read_storage_account(world.connect().arm, world.id(ACCOUNT), named_by="workspace contoso-ml")


def test_a_closed_account_is_read_with_its_bypass(world: Any) -> None:
    """Azure's list is one string with commas."""
    account = read(world)

    assert account.name == "contosomlstore"
    assert account.blob_endpoint == "https://contosomlstore.blob.core.windows.net/"
    assert account.bypass == ("Logging", "Metrics", "AzureServices")
    assert not account.open
    assert account.admits_trusted_services
    assert not account.shared_keys


def test_what_azure_leaves_out_has_its_default(world: Any) -> None:
    """A default account answers without public access, shared keys and network rules: all are on, or open."""
    properties = world.properties("storageAccounts/contosomlstore")
    for key in ("publicNetworkAccess", "allowSharedKeyAccess", "networkAcls"):
        del properties[key]

    account = read(world)

    assert (account.public_network_access, account.default_action) == ("Enabled", "Allow")
    assert account.open
    assert account.shared_keys
    assert account.bypass == ("AzureServices",)


def test_without_public_access_and_rules_trusted_services_get_in(world: Any) -> None:
    """What was never set bypasses them, by the specification's default."""
    properties = world.properties("storageAccounts/contosomlstore")
    properties["publicNetworkAccess"] = "Disabled"
    del properties["networkAcls"]

    account = read(world)

    assert not account.open
    assert account.admits_trusted_services


@pytest.mark.parametrize("bypass", ["None", "Logging, Metrics"])
def test_a_bypass_without_azure_services_admits_none(world: Any, bypass: str) -> None:
    """`None` is Azure's word for nobody."""
    world.properties("storageAccounts/contosomlstore")["networkAcls"]["bypass"] = bypass

    assert not read(world).admits_trusted_services


def test_resource_access_rules_let_single_workspaces_in(world: Any) -> None:
    """Without any bypass."""
    rules = world.properties("storageAccounts/contosomlstore")["networkAcls"]
    rules |= {
        "bypass": "None",
        "resourceAccessRules": [{"tenantId": "t", "resourceId": world.workspace_id.text.upper()}],
    }

    account = read(world)

    assert account.admits_resource(world.workspace_id)
    assert not account.admits_resource(world.id("Microsoft.MachineLearningServices/workspaces/other"))


def test_an_account_that_is_gone_names_who_misses_it(world: Any) -> None:
    """The workspace still does."""
    world.sections["resources"].remove(world["storageAccounts/contosomlstore"])

    with pytest.raises(FactAbsent, match="storage account contosomlstore does not exist, but workspace contoso-ml"):
        read(world)


def test_an_account_that_may_not_be_read_names_the_permission(world: Any) -> None:
    """The least privileged role is made of these."""
    world.fault("deny", "*/storageaccounts/contosomlstore")

    with pytest.raises(FactUnreadable, match="storage account contosomlstore is unreadable: HTTP 403") as caught:
        read(world)

    assert caught.value.permission == "Microsoft.Storage/storageAccounts/read"
