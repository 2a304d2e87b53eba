"""The workspace's key vault, as the endpoint's creation will meet it."""

from collections.abc import Mapping, Sequence
from typing import NoReturn

from pytest_amlpreflight.facts.resources.access import Access
from pytest_amlpreflight.facts.resources.key_vault import KeyVault
from pytest_amlpreflight.facts.resources.public_access import PublicAccess
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.fix import GrantRole, SetProperty, az, named
from pytest_amlpreflight.verdict import advise, blocked, check, not_applicable

SECRET_PERMISSIONS = ("get", "list", "set", "delete")
"""What the workspace does with secrets of its own: keys of its storage, of its registry, of its endpoints."""

SECRETS = "Microsoft.KeyVault/vaults/secrets"


@check("key_vault", explains=("BadRequest",), phases=("pre", "audit"))
def check_vault_admits_trusted_services(aml_key_vault: KeyVault, aml_endpoint_auth_modes: Mapping[str, str]) -> None:
    """The vault's firewall lets trusted Azure services through.

    Creating an endpoint with key authentication stores its keys in this vault. A vault that denies by default and
    bypasses nobody turns Azure Machine Learning away as well, and the creation fails far from its cause. One without
    public network access lets trusted services in and nobody else, whatever its default. Endpoints with tokens have no
    keys to store.
    """
    if aml_key_vault.public_network_access.by_perimeter:
        not_applicable("a network security perimeter decides who reaches the key vault")
    if aml_key_vault.admits_trusted_services:
        return
    modes = {mode.lower() for mode in aml_endpoint_auth_modes.values()}
    if modes and "key" not in modes:
        names = ", ".join(sorted(aml_endpoint_auth_modes))
        not_applicable(f"no keys are stored: {names} authenticate{'s' if len(modes) == 1 else ''} with tokens")
    blocked(
        f"key vault {aml_key_vault.name} turns trusted Azure services away",
        found=f"networkAcls.bypass = {aml_key_vault.bypass!r}, {_closed(aml_key_vault)}",
        expected="networkAcls.bypass = 'AzureServices'",
        fix=SetProperty(
            aml_key_vault.id.text,
            "properties.networkAcls.bypass",
            "AzureServices",
            az=az("keyvault update", **named(aml_key_vault.id), bypass="AzureServices"),
        ),
    )


@check("key_vault", explains=("ImageBuildFailure", "InternalServerError", "ERR_5000"), phases=("pre", "audit"))
def check_vault_keeps_the_workspace_access(
    aml_workspace: Workspace, aml_key_vault: KeyVault, aml_vault_access: tuple[Access, ...]
) -> None:
    """The workspace's identity may still read the secrets of its key vault.

    A template that is deployed a second time sets the vault's access policies to what it holds, often to none. The
    workspace then loses its own secrets, and everything from image builds on fails with errors that name no vault. On a
    vault with Azure roles the role counts instead. Microsoft asks for every permission but purge; lacking one of those
    beyond reading is advice.
    """
    if aml_workspace.acts_as_nobody:
        _has_lost_its_identity(aml_workspace)
    if not aml_workspace.principal_ids:
        not_applicable("the workspace has no identity of its own")
    if aml_key_vault.rbac_authorization:
        _judge_roles(aml_workspace, aml_key_vault, aml_vault_access)
    else:
        _judge_policies(aml_workspace, aml_key_vault)


def _has_lost_its_identity(workspace: Workspace) -> NoReturn:
    blocked(
        f"workspace {workspace.name} acts as an identity that is gone",
        found=f"primaryUserAssignedIdentity: {workspace.primary_identity_id}, without a principal",
        expected="an identity that exists, among the workspace's own",
        resource=workspace.id,
        kind="primary identity",
        fix=(
            az("ml workspace update", **named(workspace.id), primary_user_assigned_identity="IDENTITY-ID"),
            "(IDENTITY-ID is the ARM id of one that exists)",
        ),
    )


def _judge_policies(workspace: Workspace, vault: KeyVault) -> None:
    """One of them is enough where the workspace names no primary identity."""
    held = max((vault.secret_permissions(one) for one in workspace.principal_ids), key=len)
    wanted = (*SECRET_PERMISSIONS, *sorted(held.difference(SECRET_PERMISSIONS)))  # what is set takes the place of all
    lacking = [] if "all" in held else [one for one in SECRET_PERMISSIONS if one not in held]
    if not lacking:
        return
    (blocked if "get" in lacking else advise)(
        f"key vault {vault.name} has no access policy for workspace {workspace.name}"
        if not held
        else f"key vault {vault.name} does not let workspace {workspace.name} {' or '.join(lacking)} secrets",
        found=f"accessPolicies: secrets = {sorted(held)}"
        if held
        else _policies_without(vault, workspace.principal_ids),
        expected=f"secrets = {list(SECRET_PERMISSIONS)}",
        resource=vault.id,
        fix=az(
            "keyvault set-policy",
            **named(vault.id),
            object_id=workspace.principal_ids[0],
            secret_permissions=wanted,
            key_permissions="all",
            certificate_permissions="all",
        ),
    )


def _policies_without(vault: KeyVault, principals: Sequence[str]) -> str:
    """What the vault has for the workspace in the place of a policy."""
    known = {one.lower() for one in principals}
    compound = [one for one in vault.access_policies if one.application_id and one.object_id.lower() in known]
    if compound:
        return f"accessPolicies: for its identity only where application {compound[0].application_id} acts for it"
    return "accessPolicies without the workspace's identity"


def _closed(vault: KeyVault) -> str:
    if vault.public_network_access is PublicAccess.DISABLED:
        return "publicNetworkAccess = 'Disabled'"
    return f"defaultAction = {vault.default_action!r}"


def _judge_roles(workspace: Workspace, vault: KeyVault, held: tuple[Access, ...]) -> None:
    for action, complain in ((f"{SECRETS}/getSecret/action", blocked), (f"{SECRETS}/setSecret/action", advise)):
        decisions = [access.allows_data(action) for access in held]
        if any(decision.granted for decision in decisions):
            continue
        complain(
            f"key vault {vault.name} refuses its workspace {workspace.name}",
            found=decisions[0].because,
            expected=f"{action} granted",
            fix=GrantRole("Key Vault Administrator", held[0].principal_id, vault.id.text),
            resource=vault.id,
        )
