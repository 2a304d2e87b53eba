"""The workspace, as ARM sends it."""

from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.facts.resources.public_access import PublicAccess
from pytest_amlpreflight.facts.resources.workspace import ManagedNetwork, OutboundRule, Workspace
from pytest_amlpreflight.readers.connection.api_versions import WORKSPACE
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.document import Document
from pytest_amlpreflight.readers.resources.connections import connections

_NOTHING = Document("", {})


def read_workspace(
    arm: Arm, workspace_id: ResourceId, *, word: str = "workspace", named_by: str | None = None
) -> Workspace:
    """The workspace with that id; a 404 is `FactAbsent`, whichever of its two dialects Azure used.

    `word` is what to call it in messages: a hub is a workspace too. Nothing is inherited yet: see
    `Workspace.inheriting`.
    """
    document = arm.get(
        workspace_id.text,
        WORKSPACE,
        f"{word} {workspace_id.name}",
        named_by=named_by,
        permission="Microsoft.MachineLearningServices/workspaces/read",
    )
    properties, identity = document.need_child("properties"), document.child("identity")
    return Workspace(
        id=workspace_id,
        name=document.need("name"),
        guid=properties.guid("workspaceId") or "",
        location=document.need_region("location"),
        kind=document.text("kind") or "Default",
        provisioning_state=properties.need_state("provisioningState"),
        v1_legacy_mode=properties.flag("v1LegacyMode")
        or False,  # older workspaces have no such key: they never were in that mode
        public_network_access=_public(properties),
        key_vault_id=properties.id("keyVault"),
        registry_id=properties.id("containerRegistry"),
        storage_account_id=properties.id("storageAccount"),
        application_insights_id=properties.id("applicationInsights"),
        hub_id=properties.id("hubResourceId"),
        managed_network=_managed_network(properties.maybe("managedNetwork")),
        private_endpoint_connections=connections(properties),
        image_build_compute=properties.text("imageBuildCompute"),
        datastores_auth_mode=properties.word("systemDatastoresAuthMode"),
        identity_principal_id=identity.guid("principalId"),
        identity_ids=tuple(
            filter(None, (parse_resource_id(key) for key, _ in identity.items("userAssignedIdentities")))
        ),
        tenant_id=properties.guid("tenantId") or identity.guid("tenantId"),
        created_at=document.child("systemData").moment("createdAt"),
        identity_principals=_principals(identity),
        primary_identity_id=properties.id("primaryUserAssignedIdentity"),
        primary_principal_id=_primary(identity, properties.text("primaryUserAssignedIdentity")),
        serverless_subnet_id=properties.child("serverlessComputeSettings").id("serverlessComputeCustomSubnet"),
    )


def _public(properties: Document) -> PublicAccess:
    """Without the key the older twin decides, and without both a private endpoint does: the documented default."""
    access = properties.word("publicNetworkAccess")
    if access is not None:
        return PublicAccess.of(access)
    legacy = properties.flag("allowPublicAccessWhenBehindVnet")
    admits = legacy if legacy is not None else not connections(properties)
    return PublicAccess.ENABLED if admits else PublicAccess.DISABLED


def _managed_network(network: Document | None) -> ManagedNetwork | None:
    mode = network.word("isolationMode") if network else None
    if network is None or mode is None or mode.lower() == "disabled":
        return None
    rules = tuple(_outbound_rule(name, rule) for name, rule in network.items("outboundRules"))
    return ManagedNetwork(isolation_mode=mode, status=network.child("status").text("status"), outbound_rules=rules)


def _outbound_rule(name: str, rule: Document) -> OutboundRule:
    # The destination of a rule by FQDN is the name itself, and no object.
    destination = rule.child("destination") if (rule.text("type") or "").lower() == "privateendpoint" else _NOTHING
    return OutboundRule(
        name=name,
        kind=rule.text("type") or "",
        category=rule.text("category") or "",
        status=rule.text("status") or "Unknown",
        error=rule.text("errorInformation"),
        destination_id=destination.id("serviceResourceId"),
        part=destination.text("subresourceTarget"),
    )


def _principals(identity: Document) -> tuple[str, ...]:
    """A user-assigned identity that was deleted stays behind as a key without a principal."""
    return tuple(filter(None, (one.guid("principalId") for _, one in identity.items("userAssignedIdentities"))))


def _primary(identity: Document, primary: str | None) -> str | None:
    """The principal of the user-assigned identity that the workspace acts as, where it names one that is there."""
    members = identity.items("userAssignedIdentities")
    found = (one.guid("principalId") for key, one in members if primary and key.lower() == primary.lower())
    return next(found, None)
