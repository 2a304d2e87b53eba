"""The workspace's storage account, where models, code and logs are."""

from pytest_amlpreflight.facts.resources.storage import StorageAccount
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.verdict import blocked, check, not_applicable


@check("storage", explains=("BadArgument", "ERR_1300"), phases=("pre", "audit"))
def check_storage_admits_azure_machine_learning(aml_workspace: Workspace, aml_storage_account: StorageAccount) -> None:
    """The storage account's firewall lets Azure Machine Learning through, as a trusted service or by a rule for this
    workspace.

    Azure reads model and code from this account before the container starts. A firewall that denies by default
    turns Azure Machine Learning away as it would any stranger, whatever roles the identities have.
    """
    if aml_storage_account.in_perimeter:
        not_applicable("a network security perimeter decides who reaches the storage account")
    if aml_storage_account.admits_trusted_services:
        return
    workspaces = filter(None, (aml_workspace.id, aml_workspace.hub_id))
    if any(aml_storage_account.admits_resource(one) for one in workspaces):
        return
    name, group = aml_storage_account.name, aml_storage_account.id.resource_group
    blocked(
        f"storage account {name} turns Azure Machine Learning away",
        found=f"networkAcls.bypass = {', '.join(aml_storage_account.bypass) or 'None'!r}, no rule for the workspace",
        expected="networkAcls.bypass = 'AzureServices', or a resource access rule for the workspace",
        fix=f"az storage account update --name {name} --resource-group {group} --bypass AzureServices\n"
        f"or, for this workspace alone: az storage account network-rule add --account-name {name} "
        f"--resource-group {group} --resource-id {aml_workspace.id} --tenant-id {aml_workspace.tenant_id}",
    )
