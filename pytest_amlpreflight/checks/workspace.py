"""The workspace itself and what it is linked to: nothing can be deployed to one that is not there, or not ready."""

from collections.abc import Callable

from pytest_amlpreflight.checks._linked_resources import (
    blocked_by_absence,
    blocked_if_elsewhere,
    blocked_if_foreign,
)
from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.application_insights import ApplicationInsights
from pytest_amlpreflight.facts.resources.diagnosis import Diagnosis
from pytest_amlpreflight.facts.resources.key_vault import DeletedKeyVault, KeyVault
from pytest_amlpreflight.facts.resources.kubernetes_compute import Compute
from pytest_amlpreflight.facts.resources.network import SERVES_ENDPOINTS_SINCE, predates_endpoints
from pytest_amlpreflight.facts.resources.operation import AT_REST
from pytest_amlpreflight.facts.resources.registry import Registry
from pytest_amlpreflight.facts.resources.storage import StorageAccount
from pytest_amlpreflight.facts.resources.workspace import (
    ManagedNetwork,
    OutboundRule,
    PrivateEndpointConnection,
    Workspace,
)
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.fix import Option, SetProperty, az, named
from pytest_amlpreflight.verdict import advise, blocked, check, for_each, not_applicable, not_reached


@check("workspace", explains=("ResourceNotFound",))
def check_workspace_is_ready(aml_workspace_or_none: Workspace | None, aml_target: Target) -> None:
    """The workspace exists, its last operation succeeded, and its kind can host online endpoints.

    Everything else is read through it; a feature store looks like a workspace to ARM and takes no endpoints.
    """
    workspace = aml_workspace_or_none
    if workspace is None:
        blocked(
            f"workspace {aml_target.workspace_id.name} does not exist",
            found=f"404 from Azure Resource Manager for {aml_target.asked}",
            expected="a workspace of that name in that subscription and resource group",
            fix=az("ml workspace list", subscription=aml_target.workspace_id.subscription, output="table"),
        )
    if not workspace.hosts_endpoints:
        blocked(
            f"workspace {workspace.name} is a feature store and takes no online endpoints",
            found=f"kind = {workspace.kind!r}",
            expected="kind = 'Default', 'Hub' or 'Project'",
            fix=az("ml workspace list", output="table"),
        )
    if not workspace.ready:
        blocked(
            f"workspace {workspace.name} is not ready",
            found=f"provisioningState = {workspace.provisioning_state!r}",
            expected="provisioningState = 'Succeeded'",
            fix=az("ml workspace show", **named(workspace.id), query="provisioning_state")
            if workspace.provisioning_state.lower() not in AT_REST
            else az("ml workspace diagnose", **named(workspace.id)),
        )


@check("workspace", explains=("V1LegacyMode", "BadRequest"), phases=("pre", "audit"))
def check_workspace_allows_v2_apis(aml_workspace: Workspace) -> None:
    """The workspace is not in v1 legacy mode.

    Managed online endpoints exist in the v2 API only. A workspace whose `v1_legacy_mode` is on refuses to create any.
    """
    if not aml_workspace.v1_legacy_mode:
        return
    blocked(
        f"workspace {aml_workspace.name} refuses the v2 API that endpoints need",
        found="v1LegacyMode = True",
        expected="v1LegacyMode = False",
        fix=(
            SetProperty(
                aml_workspace.id.text,
                "properties.v1LegacyMode",
                False,
                az=az(
                    "rest",
                    method="patch",
                    url=f"{aml_workspace.id}?api-version=2025-04-01",
                    body='{"properties": {"v1LegacyMode": false}}',
                ),
            ),
            "(ask your network security team first: the mode may be on for a good reason; "
            "it takes up to an hour to show)",
        ),
    )


@check("workspace", explains=("ResourceNotFound",), phases=("pre", "audit"))
def check_linked_resources_exist(
    aml_workspace_or_none: Workspace | None,
    aml_hub_or_none: Workspace | None,
    aml_key_vault_or_none: KeyVault | None,
    aml_storage_account_or_none: StorageAccount | None,
    aml_registry_or_none: Registry | None,
    aml_application_insights_or_none: ApplicationInsights | None,
    aml_deleted_key_vault: DeletedKeyVault | None,
) -> None:
    """The hub, key vault, storage account, registry and Application Insights that the workspace names exist, where it
    can use them.

    Somebody who tidies up a resource group sees no link from a vault to a workspace. The workspace keeps its state
    `Succeeded`, and the next deployment fails on a resource that is gone. A registry that was never made is fine:
    the first image build makes it.
    """
    own, hub = aml_workspace_or_none, aml_hub_or_none
    if own is None:
        not_reached("the workspace does not exist")
    if own.hub_id and hub is None:
        blocked_by_absence(own, "hub", own.hub_id)
    workspace = own.inheriting(hub) if hub else own
    linked: tuple[tuple[str, ResourceId | None, object], ...] = (
        ("key vault", workspace.key_vault_id, aml_key_vault_or_none),
        ("storage account", workspace.storage_account_id, aml_storage_account_or_none),
        ("registry", workspace.registry_id, aml_registry_or_none),
        ("Application Insights", workspace.application_insights_id, aml_application_insights_or_none),
    )

    def judge(word: str, resource_id: ResourceId | None, found: object) -> None:
        if resource_id is not None and found is None:
            blocked_by_absence(workspace, word, resource_id, aml_deleted_key_vault if word == "key vault" else None)
        if resource_id is not None and workspace.isolated:
            blocked_if_elsewhere(workspace, word, resource_id)
        blocked_if_foreign(workspace, found)

    for_each(judge, *zip(*linked, strict=True))


@check("workspace", explains=("WorkspaceManagedNetworkNotReady",), phases=("pre", "audit"))
def check_managed_network_is_provisioned(aml_workspace: Workspace, aml_registry: Registry | None) -> None:
    """The workspace's managed network, where it has one, is provisioned with every rule that Azure needs.

    Isolation is a setting; the network itself is made with the first compute, and an online deployment does not
    count as one. Until then a deployment fails with `WorkspaceManagedNetworkNotReady`. That a failed rule of
    category `Required` stops a deployment is inferred from its name and from what these rules lead to: storage,
    vault and workspace. Rules of other categories get advice, and so does a private registry that none of the rules
    leads to: deployments pull their images through one.
    """
    network = aml_workspace.managed_network
    if network is None:
        not_applicable("the workspace has no managed network")
    if not network.active:
        blocked(
            f"workspace {aml_workspace.name} has a managed network that is not provisioned",
            found=f"managedNetwork.status.status = {network.status!r}",
            expected="managedNetwork.status.status = 'Active'",
            fix=az("ml workspace provision-network", **named(aml_workspace.id)),
        )
    for_each(
        lambda rule: _judge_rule(aml_workspace, rule), [rule for rule in network.outbound_rules if not rule.active]
    )
    if aml_registry and aml_registry.private and network.outbound_rules:
        _advise_without_rule(aml_workspace, network, aml_registry)


@check("workspace", explains=("ImageBuildFailure",), phases=("pre", "audit"))
def check_private_registry_has_a_build_compute(
    aml_workspace: Workspace,
    aml_registry: Registry | None,
    aml_image_build: bool | None,
    aml_build_compute: Compute | None,
) -> None:
    """A workspace with a private registry names a compute cluster that builds images, unless the deployment's image is
    prebuilt.

    Without one they are built on serverless compute or by the registry itself, which do not reach a private address.
    Serverless compute that stands in a network, the workspace's managed one or a subnet it names, may reach it: that
    is advice. For a registered environment, and for a live deployment, nobody can tell whether an image is still to be
    built: those get advice too. https://learn.microsoft.com/azure/machine-learning/how-to-secure-workspace-vnet
    """
    if aml_registry is None:
        not_applicable("the workspace has no registry before its first image build")
    if aml_registry.public_network_access.by_perimeter:
        not_applicable("a network security perimeter decides who reaches the registry")
    if not aml_registry.private:
        not_applicable(f"registry {aml_registry.name} is reached over its public address")
    if aml_image_build is False:
        not_applicable("the deployment's image is prebuilt")
    if aml_workspace.image_build_compute:
        _judge_build_compute(aml_workspace, aml_build_compute, blocked if aml_image_build else advise)
        return
    inside = _serverless_network(aml_workspace)
    (blocked if aml_image_build and not inside else advise)(
        f"workspace {aml_workspace.name} has no compute to build images for its private registry",
        found=f"imageBuildCompute is not set; registry {aml_registry.name} is private"
        + (f"; whether serverless compute in {inside} reaches it is not told" if inside else ""),
        expected="imageBuildCompute names a compute cluster in the registry's network",
        fix=_build_with(aml_workspace),
    )


@check("workspace", explains=("KeyBasedAuthenticationNotPermitted",), phases=("pre", "audit"))
def check_datastore_authentication_matches_the_storage(
    aml_workspace: Workspace, aml_storage_account: StorageAccount
) -> None:
    """The workspace does not use account keys on a storage account that refuses them.

    Policies turn `allowSharedKeyAccess` off long after a workspace was made. Uploads of code and model then fail,
    and so do image builds. Where Azure does not tell how the workspace signs in, as api-versions before 2025-06-01 do
    not, there is advice.
    """
    mode = aml_workspace.datastores_auth_mode
    if aml_storage_account.shared_keys or (mode or "accesskey").lower() != "accesskey":
        return
    name, uses = aml_storage_account.name, "uses" if mode else "may use"
    (blocked if mode else advise)(
        f"storage account {name} refuses the account keys that workspace {aml_workspace.name} {uses}",
        found=f"allowSharedKeyAccess = False, systemDatastoresAuthMode = {mode!r}"
        if mode
        else "allowSharedKeyAccess = False, and Azure does not tell systemDatastoresAuthMode",
        expected="systemDatastoresAuthMode = 'identity'",
        fix=SetProperty(
            aml_workspace.id.text,
            "properties.systemDatastoresAuthMode",
            "identity",
            az=az("ml workspace update", **named(aml_workspace.id), system_datastores_auth_mode="identity"),
        ),
    )


@check("workspace", explains=("GetAADTokenFailed",), phases=("pre", "audit"), settles=True)
def check_private_endpoints_are_approved_and_recent(aml_workspace: Workspace) -> None:
    """The workspace's private endpoints are approved, and young enough to lead to managed online endpoints.

    Nothing gets through one that waits for approval. One made before 24 May 2022 leads to the workspace and not to
    its endpoints. Azure does not always say when it was made; a workspace made later settles the question, and for
    an older one there is advice. What was disconnected beside an approved one is a leftover, and advice too.
    """
    connections = aml_workspace.private_endpoint_connections
    if not connections:
        not_applicable("the workspace has no private endpoint")
    reached = any(connection.approved for connection in connections)
    closed = [connection for connection in connections if not connection.approved]
    leftovers = [one for one in closed if reached and one.status.lower() == "disconnected"]
    for_each(lambda one: _complain_of_connection(advise if one in leftovers else blocked, aml_workspace, one), closed)
    if predates_endpoints(aml_workspace.created_at) is not False:
        for_each(lambda one: _judge_age(aml_workspace, one), connections)


@check("workspace", explains=("InternalServerError", "ERR_5000"), phases=("pre", "audit"))
def check_diagnosis_is_clean(aml_workspace: Workspace, aml_diagnosis: Diagnosis | None) -> None:
    """Azure's own diagnosis of the workspace finds no errors; its warnings become advice.

    Azure sees from inside what nobody can read from outside: routes, network security groups, how its own network
    resolves names. Its codes are an open set and are repeated word for word.
    """
    if aml_diagnosis is None:
        action = "Microsoft.MachineLearningServices/workspaces/diagnose/action"
        not_applicable(f"it may not be run: the caller lacks {action}, or a lock or a disabled subscription forbids it")
    again = az("ml workspace diagnose", **named(aml_workspace.id))
    errors = aml_diagnosis.of_level("Error")
    if errors:
        blocked(
            f"workspace {aml_workspace.name} is unfit by Azure's own diagnosis: {errors[0].code}",
            found="\n".join(map(str, errors)),
            expected="a diagnosis without errors",
            fix=again,
        )
    for warning in aml_diagnosis.of_level("Warning"):
        advise(
            f"Azure's diagnosis of workspace {aml_workspace.name} warns of {warning.code}",
            found=str(warning),
            expected="no warnings",
            fix=again,
        )


def _judge_build_compute(workspace: Workspace, compute: Compute | None, complain: Callable[..., None]) -> None:
    """It must be there and in order; that only a cluster builds is what the documentation says of it."""
    name = workspace.image_build_compute
    subject = f"compute {name}, which builds images for workspace {workspace.name},"
    if compute is not None and not compute.ready:
        (advise if compute.provisioning_state.lower() in ("creating", "updating") else complain)(
            f"{subject} is not ready",
            found=f"provisioningState = {compute.provisioning_state!r}",
            expected="provisioningState = 'Succeeded'",
            fix=az("ml compute show", name=name, query="[provisioning_state, provisioning_errors]"),
        )
    elif compute is None or compute.kind.lower() != "amlcompute":
        (advise if compute else complain)(
            f"{subject} {'is no cluster' if compute else 'does not exist'}",
            found=f"computeType = {compute.kind!r}"
            if compute
            else f"imageBuildCompute = {name!r}, and no such compute",
            expected="imageBuildCompute names a compute cluster in the registry's network",
            fix=_build_with(workspace),
        )


def _serverless_network(workspace: Workspace) -> str | None:
    """The network that serverless compute of the workspace stands in, in words."""
    if workspace.managed_network:
        return "the managed network"
    return f"subnet {workspace.serverless_subnet_id.name}" if workspace.serverless_subnet_id else None


def _build_with(workspace: Workspace) -> tuple[SetProperty, str]:
    command = az("ml workspace update", **named(workspace.id), image_build_compute="CLUSTER")
    return (
        SetProperty(workspace.id.text, "properties.imageBuildCompute", "CLUSTER", az=command),
        "(CLUSTER is a compute cluster of the workspace that stands in the registry's network)",
    )


def _advise_without_rule(workspace: Workspace, network: ManagedNetwork, registry: Registry) -> None:
    """Without any rule Azure tells none at all: those that it needs itself are among them."""
    if any(rule.leads_to(registry.id, "registry") for rule in network.outbound_rules):
        return
    rule: dict[str, Option] = {"service_resource_id": registry.id, "subresource_target": "registry"}
    advise(
        f"the managed network of workspace {workspace.name} has no private endpoint to its registry {registry.name}",
        found=f"outboundRules: {', '.join(one.name for one in network.outbound_rules)}; the registry is private",
        expected="a rule of type private_endpoint to the registry",
        fix=az("ml workspace outbound-rule set", rule="registry", type="private_endpoint", **rule),
    )


def _judge_rule(workspace: Workspace, rule: OutboundRule) -> None:
    (blocked if rule.failed and rule.required else advise)(
        f"outbound rule {rule.name} of workspace {workspace.name} is {rule.status.lower()}",
        found=f"status = {rule.status!r}, category = {rule.category!r}" + (f": {rule.error}" if rule.error else ""),
        expected="status = 'Active'",
        fix=az("ml workspace outbound-rule show", rule=rule.name),
    )


def _complain_of_connection(
    complain: Callable[..., None], workspace: Workspace, connection: PrivateEndpointConnection
) -> None:
    dead = az("network private-endpoint-connection delete", id=connection.id)
    complain(
        f"private endpoint connection {connection.name} of workspace {workspace.name} is {connection.status.lower()}",
        found=f"status = {connection.status!r}",
        expected="status = 'Approved'",
        fix=(
            az("network private-endpoint-connection approve", id=connection.id)
            if connection.status.lower() == "pending"
            else (dead, "(then make the private endpoint anew)" if complain is blocked else "")
        ),
    )


def _judge_age(workspace: Workspace, connection: PrivateEndpointConnection) -> None:
    old, endpoint = predates_endpoints(connection.created_at), connection.private_endpoint_id
    if old is False:
        return
    (blocked if old else advise)(
        f"private endpoint {endpoint.name if endpoint else connection.name} of workspace {workspace.name} "
        + ("is too old for online endpoints" if old else "may be too old for online endpoints"),
        found=f"created {connection.created_at}"
        if old
        else f"no time of creation; the workspace is of {workspace.created_at}",
        expected=f"created {SERVES_ENDPOINTS_SINCE} or later",
        fix=(
            az("network private-endpoint delete", ids=endpoint or connection.id),
            "(then create it again with the same subnet and group amlworkspace)",
        ),
    )
