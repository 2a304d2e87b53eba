"""The checks of the key vault, called with values."""

from dataclasses import replace

import pytest
from building import a_workspace

from pytest_amlpreflight.checks.key_vault import (
    check_vault_admits_trusted_services,
    check_vault_keeps_the_workspace_access,
)
from pytest_amlpreflight.facts.resource_id import parse_resource_id
from pytest_amlpreflight.facts.resources.access import Access, PermissionBlock, RoleAssignment, RoleDefinition
from pytest_amlpreflight.facts.resources.key_vault import AccessPolicy, KeyVault
from pytest_amlpreflight.facts.resources.public_access import PublicAccess
from pytest_amlpreflight.verdict import Blocked, NotApplicable, PreflightAdvice

GROUP = "/subscriptions/s/resourceGroups/g/providers"
VAULT_ID = parse_resource_id(f"{GROUP}/Microsoft.KeyVault/vaults/kv")
WORKSPACE_ID = parse_resource_id(f"{GROUP}/Microsoft.MachineLearningServices/workspaces/ml")
assert VAULT_ID
assert WORKSPACE_ID
WITH_ROLES = KeyVault(VAULT_ID, "kv", None, "eastus2", "t", True, PublicAccess.ENABLED, None, None, ())
WITH_POLICIES = replace(WITH_ROLES, rbac_authorization=False)
WORKSPACE = a_workspace(
    WORKSPACE_ID,
    name="ml",
    public_network_access=PublicAccess.ENABLED,
    key_vault_id=VAULT_ID,
    identity_principal_id="p",
)


def granting(*data_actions: str, principal: str = "p") -> Access:
    """Access to the vault through one role with these data actions."""
    role = RoleDefinition("r", "a role", True, (PermissionBlock(data_actions=data_actions),))
    given = RoleAssignment("a", "r", principal, "ServicePrincipal", VAULT_ID.text if VAULT_ID else "")
    return Access(principal, given.scope, ((given, role),) if data_actions else ())


def trusting(*secrets: str, principal: str = "P") -> KeyVault:
    """A vault with one access policy."""
    return replace(WITH_POLICIES, access_policies=(AccessPolicy(principal, secrets),))


@pytest.mark.parametrize("secrets", [("all",), ("get", "list", "set", "delete", "recover")])
def test_policy_that_the_workspace_needs_passes(secrets: tuple[str, ...]) -> None:
    """Principals are compared without case; `all` is every permission."""
    check_vault_keeps_the_workspace_access(WORKSPACE, trusting(*secrets), ())


@pytest.mark.parametrize("vault", [WITH_POLICIES, trusting("get", principal="somebody else")])
def test_vault_without_a_policy_for_the_workspace_is_blocked(vault: KeyVault) -> None:
    """A template that was deployed again wiped it, or left only others'."""
    with pytest.raises(Blocked, match=r"^key vault kv has no access policy for workspace ml") as blocked:
        check_vault_keeps_the_workspace_access(WORKSPACE, vault, ())

    assert blocked.value.culprit.fix.startswith(
        "az keyvault set-policy --name kv --resource-group g --object-id p --secret-permissions get"
    )


def test_policy_that_lets_the_workspace_read_only_is_advice() -> None:
    """What it cannot store fails later, and not every deployment stores anything."""
    with pytest.warns(PreflightAdvice, match=r"does not let workspace ml set or delete secrets"):
        check_vault_keeps_the_workspace_access(WORKSPACE, trusting("get", "list"), ())


def test_policy_without_reading_is_blocked() -> None:
    """A workspace that cannot get its own secrets cannot work."""
    with pytest.raises(Blocked, match=r"does not let workspace ml get"):
        check_vault_keeps_the_workspace_access(WORKSPACE, trusting("list", "set", "delete"), ())


def test_policy_of_a_user_assigned_identity_counts() -> None:
    """A workspace may act as an identity of yours instead of its own."""
    workspace = replace(WORKSPACE, identity_principal_id=None, identity_principals=("p",))

    check_vault_keeps_the_workspace_access(workspace, trusting("all"), ())


def test_a_primary_identity_that_is_gone_is_blocked_whatever_the_others_may_do() -> None:
    """Its id stays behind without a principal, and Azure Machine Learning takes no other."""
    gone = parse_resource_id(f"{GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/gone")
    workspace = replace(WORKSPACE, identity_principals=("p",), primary_identity_id=gone)

    with pytest.raises(Blocked, match=r"^workspace ml acts as an identity that is gone"):
        check_vault_keeps_the_workspace_access(workspace, trusting("all"), ())


def test_policy_of_another_identity_than_the_primary_one_does_not_count() -> None:
    """Azure Machine Learning acts as the primary identity and no other."""
    workspace = replace(WORKSPACE, identity_principal_id=None, identity_principals=("p", "q"), primary_principal_id="q")

    with pytest.raises(Blocked, match=r"(?s)has no access policy for workspace ml.*--object-id q"):
        check_vault_keeps_the_workspace_access(workspace, trusting("all"), ())


def test_compound_policy_does_not_count() -> None:
    """It holds where an application acts for the principal, and none acts for a managed identity."""
    vault = replace(WITH_POLICIES, access_policies=(AccessPolicy("p", ("all",), application_id="app"),))

    with pytest.raises(Blocked, match=r"has no access policy for workspace ml"):
        check_vault_keeps_the_workspace_access(WORKSPACE, vault, ())


def test_role_on_a_vault_with_roles_passes_whatever_its_policies_say() -> None:
    """With Azure roles the access policies are not looked at."""
    access = granting("Microsoft.KeyVault/vaults/*")

    check_vault_keeps_the_workspace_access(WORKSPACE, WITH_ROLES, (access,))


def test_vault_whose_role_is_gone_is_blocked() -> None:
    """No role at all: the reason is the one that the access itself gives."""
    with pytest.raises(Blocked, match=r"(?s)^key vault kv refuses its workspace ml.*no role is assigned"):
        check_vault_keeps_the_workspace_access(WORKSPACE, WITH_ROLES, (granting(),))


def test_role_that_only_reads_is_advice() -> None:
    """Reading is what a deployment needs for certain."""
    access = granting("Microsoft.KeyVault/vaults/secrets/getSecret/action")

    with pytest.warns(PreflightAdvice, match=r"key vault kv refuses its workspace ml"):
        check_vault_keeps_the_workspace_access(WORKSPACE, WITH_ROLES, (access,))


def test_workspace_without_an_identity_has_nothing_to_keep() -> None:
    """The question is about the identity's access."""
    with pytest.raises(NotApplicable, match=r"no identity"):
        check_vault_keeps_the_workspace_access(replace(WORKSPACE, identity_principal_id=None), WITH_ROLES, ())


@pytest.mark.parametrize(
    ("default", "bypass"), [(None, None), ("Allow", None), ("Deny", "AzureServices"), ("deny", "azureservices")]
)
@pytest.mark.parametrize("public", [PublicAccess.ENABLED, PublicAccess.DISABLED])
def test_vault_that_lets_azure_through_passes(default: str | None, bypass: str | None, public: PublicAccess) -> None:
    """Open, or closed with trusted services bypassing, which is what a bypass that is not set means."""
    vault = replace(WITH_ROLES, default_action=default, bypass=bypass, public_network_access=public)

    check_vault_admits_trusted_services(vault, {})


def test_vault_without_public_access_is_closed_whatever_its_default() -> None:
    """Public access that is off overrides the rules: only trusted services could still get in."""
    vault = replace(WITH_ROLES, default_action="Allow", bypass="None", public_network_access=PublicAccess.DISABLED)

    with pytest.raises(Blocked, match=r"(?s)^key vault kv turns trusted.*publicNetworkAccess = 'Disabled'"):
        check_vault_admits_trusted_services(vault, {})


def test_vault_that_bypasses_nobody_is_blocked() -> None:
    """The found line has Azure's own field and value."""
    with pytest.raises(Blocked, match=r"(?s)^key vault kv turns trusted.*networkAcls.bypass = 'None'"):
        check_vault_admits_trusted_services(replace(WITH_ROLES, default_action="Deny", bypass="None"), {})


CLOSED = replace(WITH_ROLES, default_action="Deny", bypass="None")


@pytest.mark.parametrize("modes", [{"a": "AADToken"}, {"a": "AADToken", "b": "AMLToken"}])
def test_closed_vault_is_no_matter_to_endpoints_with_tokens(modes: dict[str, str]) -> None:
    """Only keys are stored in it."""
    with pytest.raises(NotApplicable, match="no keys are stored: a"):
        check_vault_admits_trusted_services(CLOSED, modes)


@pytest.mark.parametrize("modes", [{}, {"a": "Key"}, {"a": "AADToken", "b": "key"}])
def test_closed_vault_is_blocked_where_any_endpoint_has_keys(modes: dict[str, str]) -> None:
    """Keys are the default: a workspace without endpoints would have them."""
    with pytest.raises(Blocked, match="key vault kv turns trusted Azure services away"):
        check_vault_admits_trusted_services(CLOSED, modes)


def test_vault_in_a_perimeter_is_not_judged_by_its_rules() -> None:
    """Who gets in is decided elsewhere."""
    closed = replace(WITH_ROLES, public_network_access=PublicAccess.BY_PERIMETER, bypass="None")

    with pytest.raises(NotApplicable, match=r"a network security perimeter decides"):
        check_vault_admits_trusted_services(closed, {"iris": "Key"})


def test_policy_is_mended_with_what_it_holds_already() -> None:
    """Setting a policy takes the place of the one that is there."""
    with pytest.warns(PreflightAdvice, match=r"--secret-permissions get list set delete backup --key"):
        check_vault_keeps_the_workspace_access(WORKSPACE, trusting("backup", "get"), ())
