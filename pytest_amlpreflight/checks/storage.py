"""The workspace's storage account, where models, code and logs are."""

from pytest_amlpreflight.facts.resources.storage import StorageAccount
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.fix import SetProperty, az
from pytest_amlpreflight.verdict import blocked, check, not_applicable


@check("storage", explains=("BadArgument", "ERR_1300"), phases=("pre", "audit"))
def check_storage_admits_azure_machine_learning(aml_workspace: Workspace, aml_storage_account: StorageAccount) -> None:
    """The storage account's firewall lets Azure Machine Learning through, as a trusted service or by a rule for this
    workspace.

    Azure reads model and code from this account before the container starts. A firewall that denies by default
    turns Azure Machine Learning away as it would any stranger, whatever roles the identities have. Where the workspace
    has a managed network, deployments run inside it and read through its own private endpoint to the account, which
    passes no firewall; an active rule to the account's blobs is therefore enough. Ground: Azure makes such a rule by
    itself for an account without public access, so that deployments reach it
    (https://learn.microsoft.com/azure/machine-learning/how-to-managed-network#list-of-required-rules), and
    https://learn.microsoft.com/azure/machine-learning/concept-secure-online-endpoint, "secure outbound access".
    """
    if aml_storage_account.public_network_access.by_perimeter:
        not_applicable("a network security perimeter decides who reaches the storage account")
    if aml_storage_account.admits_trusted_services:
        return
    network = aml_workspace.managed_network
    if network and network.active and network.leads_to(aml_storage_account.id, "blob"):
        return
    workspaces = filter(None, (aml_workspace.id, aml_workspace.hub_id))
    if any(aml_storage_account.admits_resource(one) for one in workspaces):
        return
    name, group = aml_storage_account.name, aml_storage_account.id.resource_group
    rule = az(
        "storage account network-rule add",
        account_name=name,
        resource_group=group,
        resource_id=aml_workspace.id,
        tenant_id=aml_workspace.tenant_id,
        subscription=aml_storage_account.id.subscription,
    )
    blocked(
        f"storage account {name} turns Azure Machine Learning away",
        found=f"networkAcls.bypass = {', '.join(aml_storage_account.bypass) or 'None'!r}, no rule for the workspace",
        expected="networkAcls.bypass = 'AzureServices', or a resource access rule for the workspace",
        fix=(
            SetProperty(
                aml_storage_account.id.text,
                "properties.networkAcls.bypass",
                "AzureServices",
                az=az("storage account update", name=name, resource_group=group, bypass="AzureServices"),
            ),
            f"(or, for this workspace alone: {rule})",
        ),
    )
