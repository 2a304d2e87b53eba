"""The key vault through azure-mgmt-keyvault, in every shape in which Azure sends it."""

from typing import Any

import pytest

from pytest_amlpreflight.facts.resources.key_vault import KeyVault
from pytest_amlpreflight.facts.resources.public_access import PublicAccess
from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable
from pytest_amlpreflight.readers.resources.key_vault import read_key_vault

VAULT = "Microsoft.KeyVault/vaults/contoso-ml-kv"


def read(world: Any) -> KeyVault:
    """The vault of the world as it stands."""
    vault: KeyVault = read_key_vault(world.connect(), world.id(VAULT), named_by="workspace contoso-ml")
    return vault


def test_the_firewall_is_read(world: Any) -> None:
    """A closed vault with a bypass, under Azure roles."""
    vault = read(world)

    assert (vault.name, vault.uri) == ("contoso-ml-kv", "https://contoso-ml-kv.vault.azure.net/")
    assert (vault.default_action, vault.bypass) == ("Deny", "AzureServices")
    assert vault.rbac_authorization
    assert vault.admits_trusted_services


@pytest.mark.parametrize("sent", [{}, {"networkAcls": None}])
def test_a_vault_without_network_rules_is_open(world: Any, sent: dict[str, None]) -> None:
    """Azure does not send the key back for a vault that was created open."""
    properties = world.properties("vaults/contoso-ml-kv")
    del properties["networkAcls"]
    properties.update(sent)

    vault = read(world)

    assert (vault.default_action, vault.bypass) == (None, None)
    assert vault.admits_trusted_services


def test_rules_without_a_default_action_are_open(world: Any) -> None:
    """Azure's default is to allow."""
    world.properties("vaults/contoso-ml-kv")["networkAcls"] = {"bypass": "None"}

    assert read(world).admits_trusted_services


@pytest.mark.parametrize(("bypass", "admits"), [("None", False), ("AzureServices", True), ("", True), (None, True)])
def test_a_bypass_for_nobody_is_a_word_and_one_that_is_not_set_the_documented_default(
    world: Any, bypass: str | None, *, admits: bool
) -> None:
    """Azure's word for nobody is a text like any other; where it says nothing, trusted services pass."""
    world.properties("vaults/contoso-ml-kv")["networkAcls"] = {"bypass": bypass, "defaultAction": "Deny"}

    assert read(world).admits_trusted_services is admits


@pytest.mark.parametrize("sent", [{}, {"enableRbacAuthorization": None}, {"enableRbacAuthorization": False}])
def test_a_vault_that_does_not_say_uses_access_policies(world: Any, sent: dict[str, bool | None]) -> None:
    """Old vaults lack the key."""
    properties = world.properties("vaults/contoso-ml-kv")
    del properties["enableRbacAuthorization"]
    properties.update(sent)
    properties["accessPolicies"] = [
        {
            "tenantId": "22222222-2222-2222-2222-222222222222",
            "objectId": "AAAAAAAA-AAAA-AAAA-AAAA-AAAAAAAAAAAA",
            "permissions": {"keys": [], "secrets": ["Get", "List"]},
        },
        {
            "tenantId": "22222222-2222-2222-2222-222222222222",
            "objectId": "22222222-2222-2222-2222-222222222222",
            "permissions": {"keys": ["all"]},
        },
    ]

    vault = read(world)

    assert not vault.rbac_authorization
    assert vault.secret_permissions("aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa") == {"get", "list"}
    assert vault.secret_permissions("other") == frozenset()


@pytest.mark.parametrize(
    ("word", "public"),
    [
        ("Enabled", "ENABLED"),
        ("enabled", "ENABLED"),
        ("disabled", "DISABLED"),
        (None, "ENABLED"),
        ("New", "BY_PERIMETER"),
    ],
)
def test_public_access_is_a_word_of_any_casing(world: Any, word: str | None, public: str) -> None:
    """Not an enum of Azure's, and often left out."""
    world.properties("vaults/contoso-ml-kv")["publicNetworkAccess"] = word

    assert read(world).public_network_access is PublicAccess[public]


def test_a_vault_that_is_gone_names_who_misses_it(world: Any) -> None:
    """A soft-deleted one answers the same."""
    world.sections["resources"].remove(world["vaults/contoso-ml-kv"])

    with pytest.raises(FactAbsent, match="key vault contoso-ml-kv does not exist, but workspace contoso-ml names it"):
        read(world)


def test_a_vault_that_may_not_be_read_names_the_permission(world: Any) -> None:
    """The least privileged role is made of these."""
    world.fault("deny", "*/vaults/contoso-ml-kv")

    with pytest.raises(FactUnreadable, match="key vault contoso-ml-kv is unreadable: HTTP 403") as caught:
        read(world)

    assert caught.value.permission == "Microsoft.KeyVault/vaults/read"


@pytest.mark.parametrize("properties", [[], "text", 17, {"networkAcls": "text"}, {"networkAcls": {"bypass": 1}}])
def test_a_vault_of_another_shape_is_unreadable(world: Any, properties: object) -> None:
    """Through the SDK's own client as well."""
    world["vaults/contoso-ml-kv"]["properties"] = properties

    with pytest.raises(FactUnreadable, match="key vault contoso-ml-kv is unreadable: UnexpectedShape"):
        read(world)


def test_a_vault_in_a_perimeter_is_not_called_closed_by_its_rules(world: Any) -> None:
    """A third word for public access: the perimeter's rules count, and nobody reads them here."""
    world.properties("vaults/contoso-ml-kv")["publicNetworkAccess"] = "SecuredByPerimeter"

    vault = read(world)

    assert vault.public_network_access.by_perimeter
