"""The workspace's container registry, from which every deployment pulls its image."""

from functools import partial
from typing import NoReturn

from pytest_amlpreflight.facts.resources.container_image import MICROSOFT, ImageInRegistry
from pytest_amlpreflight.facts.resources.endpoint import Deployment
from pytest_amlpreflight.facts.resources.registry import EGRESS_CONNECTION, Registry
from pytest_amlpreflight.facts.resources.workspace import PrivateEndpointConnection, Workspace
from pytest_amlpreflight.fix import Fixes, Option, az, named, shell
from pytest_amlpreflight.verdict import advise, blocked, check, for_each, not_applicable


@check("registry", explains=("BadArgument", "ERR_1200", "ImagePullLoopBackOff"), settles=True)
def check_egress_private_endpoint_is_approved(
    aml_deployment: Deployment,
    aml_live_deployment: Deployment | None,
    aml_workspace: Workspace,
    aml_registry: Registry | None,
) -> None:
    """With egress closed, the deployment's own private endpoint to the registry is approved.

    A deployment with `egress_public_network_access: disabled` pulls its image through a private endpoint connection
    that Azure Machine Learning requests from the registry. While nobody has approved it, the image cannot be
    downloaded. Azure does not tell which connection belongs to which deployment: one that failed is taken for the one
    whose connection waits, and to one that is in the making it is advice. Registries below the Premium tier have no
    private endpoints (https://learn.microsoft.com/azure/container-registry/container-registry-private-link).
    """
    if aml_workspace.managed_network:
        not_applicable("the workspace has a managed network, which has private endpoints of its own")
    if aml_deployment.egress_public_network_access is not False:
        not_applicable("the deployment's egress is open: its image comes over the registry's public address")
    if aml_registry is None:
        not_applicable("the workspace has no registry before its first image build")
    if not aml_registry.takes_private_endpoints:
        _blocked_by_tier(aml_registry, aml_workspace)
    connections, live = aml_registry.egress_connections, aml_live_deployment
    waiting = [connection for connection in connections if not connection.approved]
    if live is not None and live.failed and waiting:
        for_each(lambda connection: _blocked_by(aml_registry, connection), waiting)
    if len(waiting) < len(connections):
        if live is not None and (live.provisioning_state or "").lower() == "creating":
            for_each(lambda connection: _still_waiting(aml_registry, connection, live), waiting)
        return
    if not connections and aml_live_deployment is None:
        not_applicable("the first deployment requests its private endpoint connection itself")
    _blocked_by(aml_registry, connections[0] if connections else None)


@check(
    "registry",
    explains=("BadArgument", "ERR_1200", "ImagePullLoopBackOff", "ACRAuthenticationChallengeFailed"),
    phases=("pre", "audit"),
)
def check_egress_setting_fits_the_registry(
    aml_deployment: Deployment,
    aml_live_deployment: Deployment | None,
    aml_workspace: Workspace,
    aml_registry: Registry | None,
) -> None:
    """The deployment's egress setting lets it reach registry and workspace, and is the one it was created with.

    Without a managed network, open egress (the default) goes to the public addresses of the registry and of the
    workspace, which private ones do not have. Of a live deployment that was provisioned all the same, the workspace is
    advice. Azure refuses an update that changes the setting. Under a managed network it does nothing, and Microsoft
    asks to leave it out.
    https://learn.microsoft.com/azure/machine-learning/concept-secure-online-endpoint#secure-outbound-access-with-legacy-network-isolation-method
    """
    if not aml_deployment.managed:
        not_applicable("a Kubernetes deployment pulls through its cluster's network")
    judge = [partial(_blocked_if_changed, aml_deployment, aml_live_deployment)]
    if aml_workspace.managed_network:
        judge.append(partial(_advise_if_set, aml_deployment, aml_workspace))
    elif aml_deployment.egress_public_network_access is not False:
        judge.append(partial(_judge_open_egress, aml_deployment, aml_workspace, aml_registry))
    for_each(lambda refuse: refuse(), judge)


def _judge_open_egress(deployment: Deployment, workspace: Workspace, registry: Registry | None) -> None:
    closed = [f"registry {registry.name}"] if registry and registry.private else []
    served = deployment.live and not deployment.failed and not closed
    closed += [f"workspace {workspace.name}"] if workspace.private else []
    if closed:
        (advise if served else blocked)(
            f"{' and '.join(closed)} {'is' if len(closed) == 1 else 'are'} private and deployment {deployment.name} "
            "has open egress",
            found=f"{deployment.where('egress_public_network_access')}: "
            f"egress_public_network_access {_spelled(deployment.egress_public_network_access)}",
            expected="egress_public_network_access: disabled, or a workspace with a managed network",
            fix=(
                "egress_public_network_access: disabled  # in a new deployment: an existing one keeps its setting",
                "(an MLflow model without code needs a managed network instead: az ml workspace update "
                "--managed-network allow_internet_outbound)",
            ),
            where=deployment.position("egress_public_network_access"),
        )
    elif registry and registry.public_network_access.by_perimeter:
        not_applicable("a network security perimeter decides who reaches the registry")


@check("registry", explains=("BadArgument", "ERR_1200", "ImagePullLoopBackOff"))
def check_image_exists(aml_image_in_registry: ImageInRegistry | None) -> None:
    """The image that the deployment names is in its registry, with that tag or digest.

    Azure pulls it by that name when it creates the deployment, and again for every instance it adds later; where Azure
    builds an image, it starts from it.
    """
    if aml_image_in_registry is None:
        not_applicable("the deployment runs an image that Azure builds, and has built where it is live")
    image, missing = aml_image_in_registry.image, aml_image_in_registry.missing
    if not aml_image_in_registry.asked:
        not_applicable(f"registry {image.host} is neither Azure's nor Microsoft's: it is not asked")
    if missing is None:
        return
    name = image.host.partition(".")[0]
    own = image.host != MICROSOFT
    show = az("acr repository show-tags", name=name, repository=image.repository, orderby="time_desc")
    if missing == "NAME_UNKNOWN":
        show = az("acr repository list", name=name)
    what = "has no repository" if missing == "NAME_UNKNOWN" else "has no image"
    blocked(
        f"registry {name if own else image.host} {what} {image.repository}"
        + ("" if missing == "NAME_UNKNOWN" else f":{image.reference}"),
        found=f"{missing} for {image}",
        expected="an image that the registry has",
        fix=(show if own else shell("curl", f"https://{image.host}/v2/{image.repository}/tags/list")),
    )


def _blocked_if_changed(deployment: Deployment, live: Deployment | None) -> None:
    if live is None or deployment.live or deployment.egress_public_network_access is None:
        return
    before = live.egress_public_network_access is not False
    if before is deployment.egress_public_network_access:
        return
    blocked(
        f"deployment {deployment.name} cannot change its egress setting",
        found=f"{deployment.where('egress_public_network_access')}: "
        f"egress_public_network_access {_spelled(deployment.egress_public_network_access)}",
        expected=f"egress_public_network_access {_spelled(before)}, as it was created",
        fix=(
            "deploy under another name, then move the traffic over and delete the old one:",
            az("ml online-deployment delete", name=deployment.name, endpoint_name=deployment.endpoint_name),
        ),
        where=deployment.position("egress_public_network_access"),
    )


def _advise_if_set(deployment: Deployment, workspace: Workspace) -> None:
    if deployment.live or deployment.egress_public_network_access is None:  # a live one always shows the setting
        return
    advise(
        f"deployment {deployment.name} sets its egress, which the network of workspace {workspace.name} decides",
        found=f"{deployment.where('egress_public_network_access')}: "
        f"egress_public_network_access {_spelled(deployment.egress_public_network_access)}",
        expected="no egress_public_network_access",
        fix="remove the line",
        where=deployment.position("egress_public_network_access"),
    )


def _spelled(access: bool | None) -> str:
    return {None: "is not set", True: "= 'enabled'", False: "= 'disabled'"}[access]


def _still_waiting(registry: Registry, connection: PrivateEndpointConnection, live: Deployment) -> None:
    advise(
        f"registry {registry.name} has not approved a connection, and deployment {live.name} is in the making",
        found=f"{connection.name}: status = {connection.status!r}; {live.name}: {live.provisioning_state!r}",
        expected="status = 'Approved'",
        fix=_approval(registry, connection),
    )


def _approval(registry: Registry, connection: PrivateEndpointConnection) -> Fixes:
    if connection.status.lower() == "pending":
        place: dict[str, Option] = {"registry_name": registry.name, "resource_group": registry.id.resource_group}
        return az("acr private-endpoint-connection approve", **place, name=connection.name)
    return "a rejected connection cannot be approved later: delete the deployment and create it again"


def _blocked_by_tier(registry: Registry, workspace: Workspace) -> NoReturn:
    blocked(
        f"registry {registry.name} is of a tier that has no private endpoints",
        found=f"sku.name = {registry.sku!r}",
        expected="sku.name = 'Premium'" + ("" if workspace.private else ", or a deployment with open egress"),
        fix=az("acr update", **named(registry.id), sku="Premium"),
        resource=registry.id,
    )


def _refusal(connection: PrivateEndpointConnection) -> str:
    return "rejected" if connection.status.lower() == "rejected" else "not approved"


def _blocked_by(registry: Registry, connection: PrivateEndpointConnection | None) -> None:
    described = f"description '{EGRESS_CONNECTION}'"
    if connection is None:
        blocked(
            f"registry {registry.name} has no private endpoint connection for deployments",
            found=f"no connection with {described}",
            expected="one with status = 'Approved'",
            fix="delete the deployment and create it again: its creation requests the connection",
        )
    blocked(
        f"registry {registry.name} has {_refusal(connection)} its private endpoint connection",
        found=f"{connection.name}: status = {connection.status!r}",
        expected="status = 'Approved'",
        fix=_approval(registry, connection),
    )
