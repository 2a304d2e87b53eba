"""The identity the endpoint acts with, and what it may do on what the deployment is made of."""

from collections.abc import Sequence

from pytest_amlpreflight.facts.access import Access, Answer, Decision
from pytest_amlpreflight.facts.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.identity import Identity
from pytest_amlpreflight.facts.registry import Registry
from pytest_amlpreflight.facts.workspace import Workspace
from pytest_amlpreflight.verdict import blocked, check, not_applicable

PULL = "Microsoft.ContainerRegistry/registries/pull/read"
REPOSITORY_READ = (
    "Microsoft.ContainerRegistry/registries/repositories/content/read",
    "Microsoft.ContainerRegistry/registries/repositories/metadata/read",
)
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"


@check("identity", explains=("BadArgument", "ERR_1200", "ACRSecretError", "ACRTokenExchangeFailed"))
def check_registry_grants_pull_to_endpoint_identity(
    aml_endpoint: Endpoint,
    aml_endpoint_identities: tuple[Identity, ...],
    aml_registry: Registry | None,
    aml_registry_access: tuple[Access, ...],
) -> None:
    """The endpoint's identity may pull images from the workspace's registry.

    Azure pulls the deployment's image as this identity. Its effective permission counts, whatever roles are called: `AcrPull` does nothing on a
    registry with repository permissions, and a deny assignment or a condition can take away what a role gives.
    """
    if aml_registry is None:
        not_applicable("the workspace has no registry before its first image build")
    _skip_before_creation(aml_endpoint, aml_endpoint_identities)
    for identity, access in zip(aml_endpoint_identities, aml_registry_access, strict=True):
        if aml_registry.repository_permissions:
            lacking = _first_refused([(action, access.allows_data(action)) for action in REPOSITORY_READ])
            role = "Container Registry Repository Reader"
        else:
            lacking = _first_refused([(PULL, access.allows(PULL))])
            role = "AcrPull"
        if lacking:
            headline = f"identity {identity.name} cannot pull from registry {aml_registry.name}"
            _blocked_by(headline, identity, access, lacking, role)


@check("identity", explains=("BadArgument", "ERR_1300"))
def check_storage_grants_blob_read_to_endpoint_identity(
    aml_endpoint: Endpoint,
    aml_endpoint_identities: tuple[Identity, ...],
    aml_storage_access: tuple[Access, ...],
    aml_workspace: Workspace,
    aml_deployment: Deployment,
) -> None:
    """The endpoint's identity may read blobs of the workspace's storage account; and write them where data is collected.

    Azure mounts model and code into the container as this identity. Reading blobs is a data action: Owner and Contributor of the account do not have it.
    """
    _skip_before_creation(aml_endpoint, aml_endpoint_identities)
    if aml_workspace.storage_account_id is None:
        not_applicable("the workspace names no storage account")
    account = aml_workspace.storage_account_id.name
    verbs = ("read", "write") if aml_deployment.data_collector else ("read",)
    role = "Storage Blob Data Contributor" if aml_deployment.data_collector else "Storage Blob Data Reader"
    for identity, access in zip(aml_endpoint_identities, aml_storage_access, strict=True):
        lacking = _first_refused([(f"{BLOBS}/{verb}", access.allows_data(f"{BLOBS}/{verb}")) for verb in verbs])
        if lacking:
            verb = lacking[0].rpartition("/")[2]
            _blocked_by(f"identity {identity.name} cannot {verb} blobs of storage account {account}", identity, access, lacking, role)


def _skip_before_creation(endpoint: Endpoint, identities: Sequence[Identity]) -> None:
    if not endpoint.managed:
        not_applicable("a Kubernetes endpoint pulls and mounts as the cluster's extension, not as the endpoint")
    if not identities:
        not_applicable("a system-assigned identity does not exist yet; Azure grants it its roles when it creates it")


def _first_refused(decisions: Sequence[tuple[str, Decision]]) -> tuple[str, Decision] | None:
    return next(((action, decision) for action, decision in decisions if not decision.granted), None)


def _blocked_by(
    headline: str, identity: Identity, access: Access, lacking: tuple[str, Decision], role: str
) -> None:
    action, decision = lacking
    assign = (
        f"az role assignment create --role '{role}' --assignee-object-id {identity.principal_id} "
        f"--assignee-principal-type ServicePrincipal --scope {access.scope}"
    )
    fixes = {
        Answer.DENIED: f"az rest --method get --url '{access.scope}/providers/Microsoft.Authorization/denyAssignments?api-version=2022-04-01'\n"
        "(a deny assignment wins over every role: have its owner take it back)",
        Answer.CONDITIONAL: f"{assign}\n(this role without a condition; or see that the condition holds for this deployment)",
    }
    blocked(
        headline,
        found=decision.because,
        expected=f"{action} granted",
        fix=fixes.get(decision.answer, assign),
    )
