"""What is wrong with a resource that a workspace names: it is not there, or not where the workspace can use it."""

from typing import NoReturn

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.key_vault import DeletedKeyVault, KeyVault
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.fix import SetProperty, az
from pytest_amlpreflight.verdict import blocked

RESTORED = {"storage account": "(the portal can restore a deleted account, for some days)"}
EXCHANGED = {
    "registry": "(or name another one: az ml workspace update --container-registry ID --update-dependent-resources)",
    "Application Insights": "(or name others: az ml workspace update --application-insights ID "
    "--update-dependent-resources)",
}
"""What a workspace can be given anew: https://learn.microsoft.com/rest/api/azureml/workspaces/update"""


def blocked_by_absence(
    workspace: Workspace, word: str, resource_id: ResourceId, deleted: DeletedKeyVault | None = None
) -> NoReturn:
    """The workspace names a resource that is not there; `deleted` is what is left of it where it can be recovered."""
    if deleted:
        blocked(
            f"key vault {deleted.name} of workspace {workspace.name} was deleted and can be recovered",
            found=f"soft-deleted {deleted.deleted_at}, to be purged {deleted.purged_at}",
            expected="the key vault that the workspace names",
            fix=az("keyvault recover", name=deleted.name, location=deleted.location),
        )
    blocked(
        f"{word} {resource_id.name} of workspace {workspace.name} does not exist",
        found=f"404 for {resource_id}",
        expected=f"the {word} that the workspace names",
        fix=(
            f"make it again by this name in {_place(resource_id, workspace)}"
            + ("" if word in EXCHANGED else ": a workspace keeps the one it was made with"),
            RESTORED.get(word, ""),
            EXCHANGED.get(word, ""),
        ),
    )


def _place(resource_id: ResourceId, workspace: Workspace) -> str:
    group, subscription = resource_id.resource_group, resource_id.subscription
    same = subscription.lower() == workspace.id.subscription.lower()
    return f"resource group {group}" + ("" if same else f" of subscription {subscription}")


def blocked_if_elsewhere(workspace: Workspace, word: str, resource_id: ResourceId) -> None:
    """What a closed network has to reach must be in the workspace's own subscription."""
    if resource_id.subscription.lower() == workspace.id.subscription.lower():
        return
    blocked(
        f"{word} {resource_id.name} is in another subscription than its workspace {workspace.name}",
        found=f"subscription {resource_id.subscription}",
        expected=f"subscription {workspace.id.subscription}: endpoints with network isolation need both in one",
        fix=az(
            "resource move",
            ids=resource_id,
            destination_group=workspace.id.resource_group,
            destination_subscription_id=workspace.id.subscription,
        ),
    )


def blocked_if_foreign(workspace: Workspace, found: object) -> None:
    """Of the linked resources only a vault says which tenant it trusts; it keeps the old one when its subscription is
    moved.
    """
    vault = found if isinstance(found, KeyVault) else None
    tenants = (workspace.tenant_id, vault.tenant_id if vault else None)
    if vault is None or None in tenants or str(tenants[0]).lower() == str(tenants[1]).lower():
        return
    blocked(
        f"key vault {vault.name} trusts another tenant than that of its workspace {workspace.name}",
        found=f"tenantId = {vault.tenant_id!r}",
        expected=f"tenantId = {workspace.tenant_id!r}",
        fix=(
            SetProperty(vault.id.text, "properties.tenantId", str(workspace.tenant_id)),
            "(its access policies and role assignments belong to the old tenant: make them anew)",
        ),
    )
