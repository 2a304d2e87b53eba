"""The checks of the endpoint's identity, called with values."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from pytest_amlpreflight.checks.identity import (
    check_registry_grants_pull_to_endpoint_identity,
    check_storage_grants_blob_read_to_endpoint_identity,
)
from pytest_amlpreflight.facts.access import EVERYONE, Access, DenyAssignment, PermissionBlock, Principal
from pytest_amlpreflight.facts.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.identity import Identity
from pytest_amlpreflight.facts.registry import Registry
from pytest_amlpreflight.facts.workspace import Workspace
from pytest_amlpreflight.verdict import Blocked

PULL = "Microsoft.ContainerRegistry/registries/pull/read"
CONTENT = "Microsoft.ContainerRegistry/registries/repositories/content/read"
METADATA = "Microsoft.ContainerRegistry/registries/repositories/metadata/read"
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"

Grant = Callable[..., Access]


def denied(access: Access, *actions: str) -> Access:
    """The same access, with a deny assignment for everybody on top."""
    block = PermissionBlock(actions=actions, data_actions=actions)
    denial = DenyAssignment("d", "locked", (block,), access.scope, (Principal(EVERYONE, "SystemDefined"),))
    return replace(access, denials=(denial,))


def test_an_identity_that_may_pull_passes(
    endpoint: Endpoint, identity: Identity, registry: Registry, access: Grant
) -> None:
    """AcrPull is one way to hold the action."""
    held = access(registry.id, "AcrPull", actions=(PULL,))

    check_registry_grants_pull_to_endpoint_identity(endpoint, (identity,), registry, (held,))


def test_a_role_of_any_name_that_holds_the_action_passes(
    endpoint: Endpoint, identity: Identity, registry: Registry, access: Grant
) -> None:
    """The permission counts, not the role's name."""
    held = access(registry.id, "Image reader", actions=("*/read",))

    check_registry_grants_pull_to_endpoint_identity(endpoint, (identity,), registry, (held,))


def test_an_identity_without_a_role_is_blocked_from_pulling(
    endpoint: Endpoint, identity: Identity, registry: Registry, access: Grant
) -> None:
    """The fix assigns the smallest role that will do, to this identity on this registry."""
    held = access(registry.id)

    with pytest.raises(
        Blocked, match="identity iris-endpoint-identity cannot pull from registry contosomlacr"
    ) as caught:
        check_registry_grants_pull_to_endpoint_identity(endpoint, (identity,), registry, (held,))

    assert "no role is assigned to it" in caught.value.found
    assert caught.value.expected == f"{PULL} granted"
    assert caught.value.fix == (
        f"az role assignment create --role 'AcrPull' --assignee-object-id {identity.principal_id} "
        f"--assignee-principal-type ServicePrincipal --scope {registry.id}"
    )


def test_acr_pull_does_nothing_on_a_registry_with_repository_permissions(
    endpoint: Endpoint, identity: Identity, registry: Registry, access: Grant
) -> None:
    """Two data actions count there, and another role gives them."""
    held = access(registry.id, "AcrPull", actions=(PULL,))

    with pytest.raises(Blocked, match="cannot pull from registry") as caught:
        check_registry_grants_pull_to_endpoint_identity(
            endpoint, (identity,), replace(registry, repository_permissions=True), (held,)
        )

    assert caught.value.expected == f"{CONTENT} granted"
    assert "--role 'Container Registry Repository Reader'" in caught.value.fix


@pytest.mark.parametrize(("held", "lacking"), [((CONTENT,), METADATA), ((METADATA,), CONTENT)])
def test_repository_permissions_need_both_data_actions(
    endpoint: Endpoint,
    identity: Identity,
    registry: Registry,
    access: Grant,
    held: tuple[str, ...],
    lacking: str,
) -> None:
    """One without the other pulls nothing, and the one that lacks is named."""
    abac = replace(registry, repository_permissions=True)

    with pytest.raises(Blocked, match="cannot pull from registry") as caught:
        check_registry_grants_pull_to_endpoint_identity(
            endpoint, (identity,), abac, (access(registry.id, "Half", data_actions=held),)
        )

    assert caught.value.expected == f"{lacking} granted"


def test_repository_reader_passes_on_a_registry_with_repository_permissions(
    endpoint: Endpoint, identity: Identity, registry: Registry, access: Grant
) -> None:
    """Both data actions without a condition: the whole registry."""
    held = access(registry.id, "Container Registry Repository Reader", data_actions=(CONTENT, METADATA))

    check_registry_grants_pull_to_endpoint_identity(
        endpoint, (identity,), replace(registry, repository_permissions=True), (held,)
    )


def test_a_conditional_role_is_no_yes(
    endpoint: Endpoint, identity: Identity, registry: Registry, access: Grant
) -> None:
    """Whether the condition holds for this deployment cannot be told from here: it is shown, with both ways out."""
    held = access(registry.id, "AcrPull", actions=(PULL,), condition="@Resource[name] StringEquals 'x'")

    with pytest.raises(Blocked, match="cannot pull from registry") as caught:
        check_registry_grants_pull_to_endpoint_identity(endpoint, (identity,), registry, (held,))

    assert "on the condition @Resource[name] StringEquals 'x'" in caught.value.found
    assert "without a condition" in caught.value.fix


def test_a_deny_assignment_wins_over_the_role(
    endpoint: Endpoint, identity: Identity, registry: Registry, access: Grant
) -> None:
    """A further role would not help, so none is proposed."""
    held = denied(access(registry.id, "AcrPull", actions=(PULL,)), PULL)

    with pytest.raises(Blocked, match="cannot pull from registry") as caught:
        check_registry_grants_pull_to_endpoint_identity(endpoint, (identity,), registry, (held,))

    assert "deny assignment 'locked'" in caught.value.found
    assert "az role assignment create" not in caught.value.fix


def test_every_identity_of_the_endpoint_must_be_able_to_pull(
    endpoint: Endpoint, identity: Identity, registry: Registry, access: Grant
) -> None:
    """Nobody says which of several identities Azure takes."""
    other = replace(identity, name="second-identity")

    with pytest.raises(Blocked, match="identity second-identity cannot pull"):
        check_registry_grants_pull_to_endpoint_identity(
            endpoint,
            (identity, other),
            registry,
            (access(registry.id, "AcrPull", actions=(PULL,)), access(registry.id)),
        )


def test_a_workspace_without_a_registry_grants_no_pull_yet(endpoint: Endpoint, identity: Identity) -> None:
    """The first image build creates the registry."""
    with pytest.raises(pytest.skip.Exception, match="no registry before its first image build"):
        check_registry_grants_pull_to_endpoint_identity(endpoint, (identity,), None, ())


def test_a_system_assigned_identity_has_no_roles_before_it_exists(endpoint: Endpoint, registry: Registry) -> None:
    """Azure grants them when it creates the identity."""
    with pytest.raises(pytest.skip.Exception, match="a system-assigned identity does not exist yet"):
        check_registry_grants_pull_to_endpoint_identity(endpoint, (), registry, ())


def test_a_kubernetes_endpoint_pulls_as_its_cluster(
    endpoint: Endpoint, identity: Identity, registry: Registry, access: Grant
) -> None:
    """The endpoint's own identity is not asked."""
    attached = replace(endpoint, compute="/computes/cluster")

    with pytest.raises(pytest.skip.Exception, match="a Kubernetes endpoint pulls and mounts as the cluster"):
        check_registry_grants_pull_to_endpoint_identity(attached, (identity,), registry, (access(registry.id),))


def read_blobs(
    endpoint: Endpoint, identities: tuple[Identity, ...], held: Access, workspace: Workspace, deployment: Deployment
) -> None:
    """The storage check for one access per identity."""
    accesses = tuple(held for _ in identities)
    check_storage_grants_blob_read_to_endpoint_identity(endpoint, identities, accesses, workspace, deployment)


def test_an_identity_that_may_read_blobs_passes(
    endpoint: Endpoint, identity: Identity, workspace: Workspace, deployment: Deployment, access: Grant
) -> None:
    """The data action is what mounts code and model."""
    assert workspace.storage_account_id is not None
    held = access(workspace.storage_account_id, "Storage Blob Data Reader", data_actions=(f"{BLOBS}/read",))

    read_blobs(endpoint, (identity,), held, workspace, deployment)


def test_an_owner_of_the_account_reads_no_blobs(
    endpoint: Endpoint, identity: Identity, workspace: Workspace, deployment: Deployment, access: Grant
) -> None:
    """Owner and Contributor hold no data actions."""
    assert workspace.storage_account_id is not None
    held = access(workspace.storage_account_id, "Owner", actions=("*",))

    with pytest.raises(
        Blocked,
        match="identity iris-endpoint-identity cannot read blobs of storage account contosomlstore",
    ) as caught:
        read_blobs(endpoint, (identity,), held, workspace, deployment)

    assert caught.value.found == "no role it holds there grants it (Owner)"
    assert caught.value.expected == f"{BLOBS}/read granted"
    assert "--role 'Storage Blob Data Reader'" in caught.value.fix
    assert caught.value.fix.endswith(f"--scope {workspace.storage_account_id}")


def test_a_data_collector_needs_to_write_as_well(
    endpoint: Endpoint, identity: Identity, workspace: Workspace, deployment: Deployment, access: Grant
) -> None:
    """A reader's data is collected nowhere."""
    assert workspace.storage_account_id is not None
    held = access(workspace.storage_account_id, "Storage Blob Data Reader", data_actions=(f"{BLOBS}/read",))

    with pytest.raises(Blocked, match="cannot write blobs of storage account contosomlstore") as caught:
        read_blobs(endpoint, (identity,), held, workspace, replace(deployment, data_collector=True))

    assert "--role 'Storage Blob Data Contributor'" in caught.value.fix


def test_a_data_collector_that_may_write_passes(
    endpoint: Endpoint, identity: Identity, workspace: Workspace, deployment: Deployment, access: Grant
) -> None:
    """Reading and writing both."""
    assert workspace.storage_account_id is not None
    held = access(workspace.storage_account_id, "Storage Blob Data Contributor", data_actions=(f"{BLOBS}/*",))

    read_blobs(endpoint, (identity,), held, workspace, replace(deployment, data_collector=True))


def test_a_deny_assignment_on_the_account_wins(
    endpoint: Endpoint, identity: Identity, workspace: Workspace, deployment: Deployment, access: Grant
) -> None:
    """Roles do not help against it."""
    assert workspace.storage_account_id is not None
    role = access(workspace.storage_account_id, "Storage Blob Data Reader", data_actions=(f"{BLOBS}/read",))

    with pytest.raises(Blocked, match="cannot read blobs") as caught:
        read_blobs(endpoint, (identity,), denied(role, "*"), workspace, deployment)

    assert "have its owner take it back" in caught.value.fix


def test_a_workspace_that_names_no_storage_account_has_no_blobs(
    endpoint: Endpoint, identity: Identity, workspace: Workspace, deployment: Deployment
) -> None:
    """There is nothing to be granted."""
    without = replace(workspace, storage_account_id=None)

    with pytest.raises(pytest.skip.Exception, match="the workspace names no storage account"):
        check_storage_grants_blob_read_to_endpoint_identity(endpoint, (identity,), (), without, deployment)


def test_a_system_assigned_identity_reads_nothing_before_it_exists(
    endpoint: Endpoint, workspace: Workspace, deployment: Deployment
) -> None:
    """Azure grants the role when it creates the identity."""
    with pytest.raises(pytest.skip.Exception, match="a system-assigned identity does not exist yet"):
        check_storage_grants_blob_read_to_endpoint_identity(endpoint, (), (), workspace, deployment)


def test_a_kubernetes_endpoint_mounts_as_its_cluster(
    endpoint: Endpoint, identity: Identity, workspace: Workspace, deployment: Deployment, access: Grant
) -> None:
    """The endpoint's own identity is not asked."""
    assert workspace.storage_account_id is not None
    attached = replace(endpoint, compute="/computes/cluster")

    with pytest.raises(pytest.skip.Exception, match="a Kubernetes endpoint pulls and mounts as the cluster"):
        read_blobs(attached, (identity,), access(workspace.storage_account_id), workspace, deployment)
