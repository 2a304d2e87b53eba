"""The identity the endpoint acts with, and what it may do on what the deployment is made of."""

from collections.abc import Sequence
from functools import partial

from pytest_amlpreflight.checks._egress import closed_in, leads_to_its_own_alone
from pytest_amlpreflight.checks._roles import grant
from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.access import Access, Decision
from pytest_amlpreflight.facts.resources.container_image import ContainerImage
from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.resources.identity import Identity
from pytest_amlpreflight.facts.resources.image_origin import ImageHome, ImageOrigin
from pytest_amlpreflight.facts.resources.registry import Registry
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.fix import Command, az, named
from pytest_amlpreflight.verdict import advise, blocked, check, for_each, not_applicable

PULL = "Microsoft.ContainerRegistry/registries/pull/read"
REPOSITORY_READ = (
    "Microsoft.ContainerRegistry/registries/repositories/content/read",
    "Microsoft.ContainerRegistry/registries/repositories/metadata/read",
)


@check(
    "identity",
    explains=("BadArgument", "ERR_1200", "ACRSecretError", "ACRTokenExchangeFailed", "ImagePullLoopBackOff"),
    settles=True,
)
def check_registry_grants_pull_to_endpoint_identity(
    aml_endpoint: Endpoint,
    aml_endpoint_identities: tuple[Identity, ...],
    aml_registry: Registry | None,
    aml_registry_access: tuple[Access, ...],
) -> None:
    """The endpoint's identity may pull images from the workspace's registry.

    Azure pulls the deployment's image as this identity, on a cluster of your own too: the identity of the compute
    serves training alone, and that of the extension only fetches the tokens. Its effective permission counts, whatever
    roles are called: `AcrPull` does nothing on a registry with repository permissions, and a deny assignment or a
    condition can take away what a role gives.
    """
    if aml_registry is None:
        not_applicable("the workspace has no registry before its first image build")
    _skip_before_creation(aml_endpoint, aml_endpoint_identities)
    for_each(partial(_judge_pull, aml_registry), aml_endpoint_identities, aml_registry_access)


@check("identity", explains=("BadArgument", "ERR_1300"), settles=True)
def check_storage_grants_blob_read_to_endpoint_identity(
    aml_endpoint: Endpoint,
    aml_endpoint_identities: tuple[Identity, ...],
    aml_storage_access: tuple[Access, ...],
    aml_workspace: Workspace,
    aml_deployment: Deployment,
) -> None:
    """The endpoint's identity may read blobs of the workspace's storage account; and write them where data is
    collected.

    Azure mounts model and code into the container as this identity. Reading blobs is a data action: Owner and
    Contributor of the account do not have it. A role on the blob containers that they are in is enough; on no container
    alone for code that is yet to be uploaded, for which the tools make one.
    """
    _skip_before_creation(aml_endpoint, aml_endpoint_identities)
    if aml_workspace.storage_account_id is None:
        not_applicable("the workspace names no storage account")
    account = aml_workspace.storage_account_id.name
    role = "Storage Blob Data Contributor" if aml_deployment.data_collector else "Storage Blob Data Reader"

    def judge(identity: Identity, access: Access) -> None:
        lacking = _first_refused([(one, access.allows_data(one)) for one in aml_deployment.blob_actions])
        if lacking:
            verb = lacking[0].rpartition("/")[2]
            _blocked_by(
                f"identity {identity.name} cannot {verb} blobs of storage account {account}",
                access,
                lacking,
                role,
            )

    for_each(judge, aml_endpoint_identities, aml_storage_access)


@check("identity", explains=("BadArgument", "ResourceNotFound"))
def check_endpoint_identity_exists(
    aml_endpoint: Endpoint, aml_endpoint_identities_or_none: tuple[Identity | None, ...]
) -> None:
    """Every user-assigned identity that the endpoint names exists.

    An endpoint keeps the name of an identity that was deleted, and a spec may hold a mistyped one. An identity that was
    created again under its old name is another principal: the roles of the old one are not its own.
    """
    if not aml_endpoint.identity_ids:
        not_applicable("the endpoint's identity is system-assigned: Azure creates it with the endpoint")

    def judge(identity_id: ResourceId, identity: Identity | None) -> None:
        if identity is None:
            blocked(
                f"identity {identity_id.name} does not exist",
                found=f"404 for {identity_id} ({aml_endpoint.where('identity')})",
                expected="a user-assigned identity with that id",
                fix=(
                    az(
                        "identity create",
                        name=identity_id.name,
                        resource_group=identity_id.resource_group,
                        subscription=identity_id.subscription,
                    ),
                    "(then grant it its roles again: they were its predecessor's)",
                ),
                resource=identity_id,
                where=aml_endpoint.position("identity"),
            )

    for_each(judge, aml_endpoint.identity_ids, aml_endpoint_identities_or_none)


@check("identity", explains=("ResourceNotFound", "BadArgument", "ERR_1200"))
def check_private_image_registry_grants_pull(
    aml_endpoint: Endpoint,
    aml_endpoint_identities: tuple[Identity, ...],
    aml_image_origin: ImageOrigin | None,
    aml_image_registry: Registry | None,
    aml_image_registry_access: tuple[Access, ...],
    aml_container_image: ContainerImage | None,
    aml_image_build: bool | None,
    aml_registry: Registry | None,
    aml_deployment: Deployment,
    aml_workspace: Workspace,
) -> None:
    """An image that Azure does not build is in a registry from which the endpoint's identity may pull.

    Azure Machine Learning takes no credentials for a registry: the endpoint's identity needs the pull role there, which
    Azure grants on the workspace's own registry only. Whether a registry outside Azure is public, or one in a
    subscription that is not shown grants the role, cannot be told from here: advice. So is a private image that Azure
    would build upon: the guide asks to name it as it is, with nothing to be built. So is closed egress outside a
    managed network, which leads to the workspace's own registry and to no other.
    https://learn.microsoft.com/azure/machine-learning/concept-secure-online-endpoint#secure-outbound-access-with-legacy-network-isolation-method
    """
    origin = aml_image_origin
    if origin is None:
        if aml_image_build and _builds_upon_a_private_image(aml_container_image, aml_registry):
            return
        not_applicable("Azure builds the deployment's image, or its environment names none that could be looked up")
    if origin.home in (ImageHome.WORKSPACE, ImageHome.MICROSOFT):
        not_applicable("the image is the workspace's own, or Microsoft's")
    _advise_on_reach(origin, aml_deployment, aml_workspace, aml_registry)
    if origin.home is ImageHome.ELSEWHERE or aml_image_registry is None:
        _advise_on_unseen_registry(origin, aml_registry)
        return
    if aml_image_registry.anonymous_pull:
        return
    if not aml_endpoint_identities:
        _advise_on_later_grant(origin, aml_endpoint)
    for_each(partial(_judge_pull, aml_image_registry), aml_endpoint_identities, aml_image_registry_access)


def _builds_upon_a_private_image(image: ContainerImage | None, registry: Registry | None) -> bool:
    """Whether it does, which is advised against."""
    own = registry.login_server.lower() if registry else None
    if image is None or ".azurecr." not in image.host or image.host == own:
        return False
    advise(
        f"image {image} is private, and Azure would build upon it",
        found=f"an environment with a base image of {image.host}, and packages or a Dockerfile to add",
        expected="an environment that names an image alone, which is pulled as the endpoint's identity",
        fix=(
            *_import(image, registry),
            "(or build the whole image yourself and name it in environment.image, with "
            "an inference_config and no conda_file)",
        ),
    )
    return True


def _advise_on_reach(origin: ImageOrigin, deployment: Deployment, workspace: Workspace, own: Registry | None) -> None:
    if not leads_to_its_own_alone(deployment, workspace):
        return
    advise(
        f"registry {origin.host} is out of reach of deployment {deployment.name}, whose egress is closed",
        found=f"image {origin.image}; {closed_in(deployment)}",
        expected="an image in the workspace's own registry, or a workspace with a managed network",
        fix=(*_import(origin.image, own), "(and use the copy)"),
    )


def _advise_on_unseen_registry(origin: ImageOrigin, own: Registry | None) -> None:
    azure = origin.home is ImageHome.AZURE
    advise(
        f"registry {origin.host} cannot be looked at",
        found=f"image {origin.image} is in {origin.home}" + (", which is not in this subscription" if azure else ""),
        expected="AcrPull there for the endpoint's identity"
        if azure
        else "a public image, or one in an Azure registry",
        fix=(*_import(origin.image, own), "(and use the copy)"),
    )


def _import(image: object, own: Registry | None) -> tuple[Command | str, ...]:
    """What copies an image into the workspace's registry, which the first image build makes where there is none."""
    if own:
        return (az("acr import", **named(own.id), source=str(image)),)
    return az("acr import", name="REGISTRY", source=str(image)), "(REGISTRY is to be the workspace's)"


def _advise_on_later_grant(origin: ImageOrigin, endpoint: Endpoint) -> None:
    advise(
        f"registry {origin.registry_name} does not know the identity of endpoint {endpoint.name} yet",
        found="identity.type = 'system_assigned', whose roles elsewhere than in the workspace nobody assigns",
        expected="AcrPull there, after the endpoint is created and before its deployment is",
        fix=(
            az("role assignment create", role="AcrPull", assignee="PRINCIPAL", scope=origin.registry_id),
            f"(PRINCIPAL is told by az ml online-endpoint show --name {endpoint.name} --query identity.principal_id)",
        ),
    )


def _judge_pull(registry: Registry, identity: Identity, access: Access) -> None:
    lacking, role = _refused_pull(registry, access)
    if lacking:
        _blocked_by(f"identity {identity.name} cannot pull from registry {registry.name}", access, lacking, role)


def _refused_pull(registry: Registry, access: Access) -> tuple[tuple[str, Decision] | None, str]:
    """What of a pull is refused, and the role that would grant it: repository permissions honour data actions only."""
    if registry.repository_permissions:
        decisions = [(action, access.allows_data(action)) for action in REPOSITORY_READ]
        return _first_refused(decisions), "Container Registry Repository Reader"
    return _first_refused([(PULL, access.allows(PULL))]), "AcrPull"


def _skip_before_creation(endpoint: Endpoint, identities: Sequence[Identity]) -> None:
    if not identities and endpoint.live:
        not_applicable("the live endpoint has no identity")
    if not identities:
        not_applicable("a system-assigned identity does not exist yet; Azure grants it its roles when it creates it")


def _first_refused(decisions: Sequence[tuple[str, Decision]]) -> tuple[str, Decision] | None:
    return next(((action, decision) for action, decision in decisions if not decision.granted), None)


def _blocked_by(headline: str, access: Access, lacking: tuple[str, Decision], role: str) -> None:
    action, decision = lacking
    blocked(
        headline,
        found=decision.because,
        expected=f"{action} granted",
        fix=grant(role, access, decision),
        resource=access.scope,
    )
