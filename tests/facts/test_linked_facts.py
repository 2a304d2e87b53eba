"""Workspace, registry, storage account and key vault: what their values answer."""

import pytest

from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.facts.resources.key_vault import AccessPolicy, KeyVault
from pytest_amlpreflight.facts.resources.public_access import PublicAccess
from pytest_amlpreflight.facts.resources.registry import EGRESS_CONNECTION, Registry
from pytest_amlpreflight.facts.resources.storage import StorageAccount
from pytest_amlpreflight.facts.resources.workspace import ManagedNetwork, OutboundRule, PrivateEndpointConnection

GROUP = "/subscriptions/s/resourceGroups/g"


def arm_id(path: str) -> ResourceId:
    """The id of a resource in the group."""
    found = parse_resource_id(f"{GROUP}/providers/{path}")
    assert found is not None
    return found


def vault(default_action: str | None, bypass: str | None, *policies: AccessPolicy) -> KeyVault:
    """A vault with this firewall and these policies."""
    where = arm_id("Microsoft.KeyVault/vaults/kv")
    return KeyVault(where, "kv", None, None, None, False, PublicAccess.ENABLED, default_action, bypass, policies)


def registry(access: str, default_action: str | None, *connections: PrivateEndpointConnection) -> Registry:
    """A registry with this firewall and these connections."""
    where = arm_id("Microsoft.ContainerRegistry/registries/r")
    return Registry(
        where, "r", "r.azurecr.io", "Premium", PublicAccess.of(access), default_action, False, False, connections
    )


def account(
    access: str = "Enabled", default: str = "Deny", bypass: tuple[str, ...] = (), rules: tuple[str, ...] = ()
) -> StorageAccount:
    """A storage account with this firewall."""
    where = arm_id("Microsoft.Storage/storageAccounts/sa")
    return StorageAccount(where, "sa", None, PublicAccess.of(access), default, bypass, rules, True)


@pytest.mark.parametrize(
    ("default_action", "bypass", "admits"),
    [
        (None, None, True),
        ("Allow", None, True),
        ("allow", "None", True),
        ("Deny", "AzureServices", True),
        ("Deny", "azureservices", True),
        ("Deny", "None", False),
        ("Deny", None, True),
        ("deny", "", True),
    ],
)
def test_a_vault_admits_trusted_services_by_default_or_by_bypass(
    default_action: str | None, bypass: str | None, admits: bool
) -> None:
    """No rules at all mean open; a bypass that is not set is the documented default, trusted services."""
    assert vault(default_action, bypass).admits_trusted_services is admits


def test_the_permissions_of_a_principal_add_up_over_its_policies() -> None:
    """Ids have no case, nor have permissions."""
    found = vault(None, None, AccessPolicy("ME", ("Get",)), AccessPolicy("me", ("list",)), AccessPolicy("x", ("all",)))

    assert found.secret_permissions("Me") == {"get", "list"}
    assert found.secret_permissions("nobody") == frozenset()


@pytest.mark.parametrize(
    ("access", "default_action", "private"),
    [
        ("Enabled", None, False),
        ("Enabled", "Allow", False),
        ("Enabled", "deny", True),
        ("Disabled", None, True),
        ("Disabled", "Allow", True),
        ("SecuredByPerimeter", "Deny", False),
    ],
)
def test_a_registry_is_private_by_access_or_by_default(access: str, default_action: str | None, private: bool) -> None:
    """Basic and Standard have no rules and are open; in a perimeter the rules do not count."""
    assert registry(access, default_action).private is private


def test_egress_connections_are_told_by_azures_own_description() -> None:
    """Others belong to other people."""
    own = PrivateEndpointConnection("/c/1", "1", "Pending", EGRESS_CONNECTION, None)
    other = PrivateEndpointConnection("/c/2", "2", "Approved", "for the data team", None)
    silent = PrivateEndpointConnection("/c/3", "3", "Approved", None, None)

    assert registry("Disabled", None, own, other, silent).egress_connections == (own,)


@pytest.mark.parametrize(
    ("status", "approved"), [("Approved", True), ("approved", True), ("Pending", False), ("", False)]
)
def test_only_an_approved_connection_lets_traffic_pass(status: str, approved: bool) -> None:
    """In any casing."""
    assert PrivateEndpointConnection("/c", "c", status, None, None).approved is approved


@pytest.mark.parametrize(
    ("access", "default", "bypass", "admits"),
    [
        ("Enabled", "Allow", (), True),
        ("enabled", "allow", (), True),
        ("Enabled", "Deny", (), False),
        ("Enabled", "Deny", ("Logging", "azureservices"), True),
        ("Disabled", "Allow", (), False),
        ("Disabled", "Allow", ("AzureServices",), True),
        ("Enabled", "Deny", ("None",), False),
    ],
)
def test_an_account_admits_trusted_services_when_open_or_by_bypass(
    access: str, default: str, bypass: tuple[str, ...], admits: bool
) -> None:
    """With public access off, the default of the rules opens nothing."""
    assert account(access, default, bypass).admits_trusted_services is admits


def test_a_perimeter_decides_instead_of_the_rules() -> None:
    """Azure's third word for public access."""
    assert account("SecuredByPerimeter").public_network_access.by_perimeter
    assert not account().public_network_access.by_perimeter


@pytest.mark.parametrize(
    ("rule", "admits"),
    [
        (f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/w", True),
        (f"{GROUP}/PROVIDERS/microsoft.machinelearningservices/WORKSPACES/W", True),
        (f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/*", True),
        ("/subscriptions/s/resourceGroups/*/providers/Microsoft.MachineLearningServices/workspaces/*", True),
        (f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/w2", False),
        (f"{GROUP}/providers/Microsoft.Synapse/workspaces/*", False),
    ],
)
def test_a_resource_access_rule_lets_in_what_it_covers(rule: str, admits: bool) -> None:
    """A single workspace, or all of a group."""
    workspace = arm_id("Microsoft.MachineLearningServices/workspaces/w")

    assert account(rules=(rule,)).admits_resource(workspace) is admits


@pytest.mark.parametrize(("status", "active"), [("Active", True), ("active", True), ("Inactive", False), (None, False)])
def test_a_managed_network_is_active_when_azure_says_so(status: str | None, active: bool) -> None:
    """Without a status nobody provisioned it."""
    assert ManagedNetwork("AllowInternetOutbound", status).active is active


def test_an_outbound_rule_knows_what_it_is() -> None:
    """In any casing."""
    rule = OutboundRule("r", "FQDN", "required", "failed", "no such host")

    assert (rule.required, rule.failed, rule.active) == (True, True, False)


@pytest.mark.parametrize(
    ("word", "is_open"),
    [("Enabled", True), (None, True), ("disabled", False), ("SecuredByPerimeter", False), ("Sometimes", False)],
)
def test_public_access_is_true_where_everybody_may_come(word: str | None, is_open: bool) -> None:
    """A user's `assert not aml_workspace.public_network_access` means what it says."""
    assert bool(PublicAccess.of(word)) is is_open
