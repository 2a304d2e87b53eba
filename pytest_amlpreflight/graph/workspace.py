"""The workspace and what it depends on."""

from collections.abc import Mapping

import pytest

from pytest_amlpreflight.engine import Reading
from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.access import Access
from pytest_amlpreflight.facts.resources.application_insights import ApplicationInsights
from pytest_amlpreflight.facts.resources.diagnosis import Diagnosis
from pytest_amlpreflight.facts.resources.key_vault import DeletedKeyVault, KeyVault
from pytest_amlpreflight.facts.resources.kubernetes_compute import Compute
from pytest_amlpreflight.facts.resources.network import PrivateEndpoint
from pytest_amlpreflight.facts.resources.registry import Registry
from pytest_amlpreflight.facts.resources.storage import StorageAccount
from pytest_amlpreflight.facts.resources.subscription import Subscription
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.facts.unread import FactAbsent, NotRead, raise_first
from pytest_amlpreflight.graph.fact import fact, unless_absent
from pytest_amlpreflight.graph.options import RunOptions
from pytest_amlpreflight.readers.connection.azure import Azure
from pytest_amlpreflight.readers.resources.access import read_access
from pytest_amlpreflight.readers.resources.application_insights import read_application_insights
from pytest_amlpreflight.readers.resources.deleted_key_vault import read_deleted_key_vault
from pytest_amlpreflight.readers.resources.diagnosis import read_diagnosis
from pytest_amlpreflight.readers.resources.endpoint import endpoint_from_spec, read_endpoints
from pytest_amlpreflight.readers.resources.key_vault import read_key_vault
from pytest_amlpreflight.readers.resources.kubernetes_compute import read_compute
from pytest_amlpreflight.readers.resources.private_endpoint import read_private_endpoint
from pytest_amlpreflight.readers.resources.registry import read_registry
from pytest_amlpreflight.readers.resources.storage import read_storage_account
from pytest_amlpreflight.readers.resources.workspace import read_workspace


@pytest.fixture(scope="session")
@fact(per="workspace")
def aml_own_workspace(aml_target: Target, aml_azure: Azure) -> Workspace:
    """The workspace as its own answer describes it; a project without what it inherits from its hub."""
    return read_workspace(aml_azure.arm, aml_target.workspace_id)


@pytest.fixture(scope="session")
@fact(per="aml_own_workspace.hub_id")
def aml_hub(aml_own_workspace: Workspace, aml_azure: Azure) -> Workspace | None:
    """The hub of a project; None for every other workspace. `aml_workspace` has what it inherits already."""
    own = aml_own_workspace
    if own.hub_id is None:
        return None
    return read_workspace(aml_azure.arm, own.hub_id, word="hub", named_by=f"project {own.name}")


@pytest.fixture(scope="session")
@fact()
def aml_hub_or_none(aml_hub: Reading[Workspace | None]) -> Workspace | None:
    """The hub of a project, None also where it does not exist: for a test that answers for its absence."""
    return unless_absent(aml_hub)


@pytest.fixture(scope="session")
@fact()
def aml_workspace(aml_own_workspace: Workspace, aml_hub: Workspace | None) -> Workspace:
    """The workspace: its state, network access, managed network, and the ids of what it depends on."""
    return aml_own_workspace.inheriting(aml_hub) if aml_hub else aml_own_workspace


@pytest.fixture(scope="session")
@fact()
def aml_workspace_or_none(
    aml_own_workspace: Reading[Workspace], aml_subscription: Reading[Subscription]
) -> Workspace | None:
    """The workspace, or None where there is none: for a test that answers for its absence."""
    return unless_absent(aml_own_workspace, within=aml_subscription)


@pytest.fixture(scope="session")
@fact(per="aml_workspace.key_vault_id")
def aml_key_vault(aml_workspace: Workspace, aml_azure: Azure) -> KeyVault:
    """The workspace's key vault: its firewall, permission model and access policies."""
    if aml_workspace.key_vault_id is None:
        raise FactAbsent("the key vault", named_by=f"workspace {aml_workspace.name}")
    return read_key_vault(aml_azure, aml_workspace.key_vault_id, named_by=f"workspace {aml_workspace.name}")


@pytest.fixture(scope="session")
@fact()
def aml_key_vault_or_none(aml_key_vault: Reading[KeyVault]) -> KeyVault | None:
    """The workspace's key vault, or None where there is none: for a test that answers for its absence."""
    return unless_absent(aml_key_vault)


@pytest.fixture(scope="session")
@fact()
def aml_deleted_key_vault(
    aml_key_vault_or_none: KeyVault | None, aml_workspace: Reading[Workspace], aml_azure: Azure
) -> DeletedKeyVault | None:
    """The workspace's vault where it was deleted and can still be recovered, else None. Asked for only where the vault
    itself is not there.
    """
    workspace = None if aml_key_vault_or_none else unless_absent(aml_workspace)
    if workspace is None or workspace.key_vault_id is None:
        return None
    try:
        return read_deleted_key_vault(aml_azure.arm, workspace.key_vault_id, workspace.location)
    except NotRead:  # that the vault is gone is certain; that it can be recovered is more than was asked
        return None


@pytest.fixture(scope="session")
@fact()
def aml_vault_access(aml_workspace: Workspace, aml_azure: Azure) -> tuple[Access, ...]:
    """What each identity of the workspace may do on its key vault by Azure's roles.

    Read beside the vault and not after it: a vault with access policies wastes the answer, every other is a step
    faster.
    """
    arm, vault = aml_azure.arm, aml_workspace.key_vault_id
    if vault is None:
        return ()
    return tuple(arm.together(lambda one: read_access(arm, one, vault.text), aml_workspace.principal_ids))


@pytest.fixture(scope="session")
@fact(per="aml_workspace.registry_id")
def aml_registry(aml_workspace: Workspace, aml_azure: Azure) -> Registry | None:
    """The workspace's container registry with its private endpoint connections; None before the first image build."""
    if aml_workspace.registry_id is None:
        return None
    return read_registry(aml_azure, aml_workspace.registry_id, named_by=f"workspace {aml_workspace.name}")


@pytest.fixture(scope="session")
@fact()
def aml_registry_or_none(aml_registry: Reading[Registry | None]) -> Registry | None:
    """The workspace's registry, None also where it does not exist: for a test that answers for its absence."""
    return unless_absent(aml_registry)


@pytest.fixture(scope="session")
@fact(per="aml_workspace.storage_account_id")
def aml_storage_account(aml_workspace: Workspace, aml_azure: Azure) -> StorageAccount:
    """The workspace's storage account: its firewall and whether it takes shared keys."""
    if aml_workspace.storage_account_id is None:
        raise FactAbsent("the storage account", named_by=f"workspace {aml_workspace.name}")
    named_by = f"workspace {aml_workspace.name}"
    return read_storage_account(aml_azure.arm, aml_workspace.storage_account_id, named_by=named_by)


@pytest.fixture(scope="session")
@fact()
def aml_storage_account_or_none(aml_storage_account: Reading[StorageAccount]) -> StorageAccount | None:
    """The workspace's storage account, or None where there is none: for a test that answers for its absence."""
    return unless_absent(aml_storage_account)


@pytest.fixture(scope="session")
@fact(per="aml_workspace.application_insights_id")
def aml_application_insights(aml_workspace: Workspace, aml_azure: Azure) -> ApplicationInsights | None:
    """The workspace's Application Insights; None where it has none."""
    if aml_workspace.application_insights_id is None:
        return None
    named_by = f"workspace {aml_workspace.name}"
    return read_application_insights(aml_azure.arm, aml_workspace.application_insights_id, named_by=named_by)


@pytest.fixture(scope="session")
@fact()
def aml_application_insights_or_none(
    aml_application_insights: Reading[ApplicationInsights | None],
) -> ApplicationInsights | None:
    """The Application Insights, None also where it does not exist: for a test that answers for its absence."""
    return unless_absent(aml_application_insights)


@pytest.fixture(scope="session")
@fact()
def aml_private_endpoint_readings(aml_workspace: Workspace, aml_azure: Azure) -> tuple[PrivateEndpoint | NotRead, ...]:
    """The workspace's approved private endpoints, each as far as it can be read: they may be in networks, and
    subscriptions, of others.
    """
    arm, named_by = aml_azure.arm, f"workspace {aml_workspace.name}"
    ids = [one.private_endpoint_id for one in aml_workspace.private_endpoint_connections if one.approved]

    def read(endpoint_id: ResourceId) -> PrivateEndpoint | NotRead:
        try:
            return read_private_endpoint(arm, endpoint_id, named_by=named_by)
        except NotRead as problem:
            return problem

    return tuple(arm.together(read, [one for one in ids if one]))


@pytest.fixture(scope="session")
@fact()
def aml_private_endpoints(
    aml_private_endpoint_readings: tuple[PrivateEndpoint | NotRead, ...],
) -> tuple[PrivateEndpoint, ...]:
    """The workspace's approved private endpoints and their addresses: those in sight, of which there must be one where
    there are any.
    """
    found = tuple(one for one in aml_private_endpoint_readings if isinstance(one, PrivateEndpoint))
    if not found:
        raise_first(one for one in aml_private_endpoint_readings if isinstance(one, NotRead))
    return found


@pytest.fixture(scope="session")
@fact()
def aml_hidden_private_endpoints(
    aml_private_endpoint_readings: tuple[PrivateEndpoint | NotRead, ...],
) -> tuple[NotRead, ...]:
    """What stands in the way of reading the workspace's other approved private endpoints."""
    return tuple(one for one in aml_private_endpoint_readings if isinstance(one, NotRead))


@pytest.fixture(scope="session")
@fact(per="workspace")
def aml_diagnosis(aml_target: Target, aml_azure: Azure) -> Diagnosis | None:
    """What Azure's own diagnosis of the workspace finds; None for a caller who may not run it. It waits for no other
    fact.
    """
    return read_diagnosis(aml_azure.arm, aml_target.workspace_id)


@pytest.fixture(scope="session")
@fact(per="workspace")
def aml_build_compute(aml_workspace: Workspace, aml_azure: Azure) -> Compute | None:
    """The compute that builds the workspace's images, its own or its hub's; None where it names none, or one that does
    not exist.
    """
    name, named_by = aml_workspace.image_build_compute, f"workspace {aml_workspace.name}"
    for place in filter(None, (aml_workspace.id, aml_workspace.hub_id) if name else ()):
        try:
            return read_compute(aml_azure.arm, place, name or "", named_by=named_by)
        except FactAbsent:
            continue
    return None


@pytest.fixture(scope="session")
@fact(per="workspace")
def aml_endpoint_auth_modes(
    aml_target: Target, aml_key_vault: KeyVault, aml_azure: Azure, aml_run_options: RunOptions
) -> Mapping[str, str]:
    """How callers of each endpoint sign in, by its name: of those that are about to be created, else of those that the
    workspace has. Asked for only where the key vault turns trusted services away.
    """
    if aml_key_vault.admits_trusted_services:
        return {}
    if aml_run_options.creates and aml_run_options.endpoint_specs:
        endpoints = tuple(map(endpoint_from_spec, aml_run_options.endpoint_specs))
    else:
        endpoints = read_endpoints(aml_azure.arm, aml_target.workspace_id)
    return {endpoint.name: endpoint.auth_mode for endpoint in endpoints}
