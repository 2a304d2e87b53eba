"""Online endpoints and deployments: live ones as ARM sends them, and those of a spec in the same form.

Raw ARM on purpose: azure-ai-ml asks with two api-versions, and one odd resource breaks a whole listing of its entities.
"""

from pytest_amlpreflight.facts.kubernetes.requirements import Requirements
from pytest_amlpreflight.facts.project.spec import AuthMode, ComputeKind, DeploymentSpec, EndpointSpec, NetworkAccess
from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.facts.resources.endpoint import LIVE, Deployment, Endpoint
from pytest_amlpreflight.readers.connection.api_versions import MACHINE_LEARNING
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.document import Document
from pytest_amlpreflight.readers.resources.asset import asset_reference
from pytest_amlpreflight.readers.resources.deployment_settings import (
    probe_settings,
    request_settings,
    requirements,
    scale_settings,
)

READ_ENDPOINT = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/read"
READ_DEPLOYMENT = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments/read"


_AUTH_MODES = {AuthMode.KEY: "Key", AuthMode.AML_TOKEN: "AMLToken", AuthMode.AAD_TOKEN: "AADToken"}
"""ARM's spelling of the schema's words."""


def read_endpoint(arm: Arm, workspace_id: ResourceId, name: str) -> Endpoint:
    """The live endpoint of that name."""
    path = f"{workspace_id}/onlineEndpoints/{name}"
    return live_endpoint(arm.get(path, MACHINE_LEARNING, f"endpoint {name}", permission=READ_ENDPOINT))


def read_endpoints(arm: Arm, workspace_id: ResourceId) -> tuple[Endpoint, ...]:
    """Every live endpoint of the workspace, by name."""
    resource = f"the endpoints of workspace {workspace_id.name}"
    documents = arm.list(f"{workspace_id}/onlineEndpoints", MACHINE_LEARNING, resource, permission=READ_ENDPOINT)
    return tuple(sorted((live_endpoint(document) for document in documents), key=lambda endpoint: endpoint.name))


def read_deployment(arm: Arm, workspace_id: ResourceId, endpoint: str, name: str) -> Deployment:
    """The live deployment of that name."""
    path = f"{workspace_id}/onlineEndpoints/{endpoint}/deployments/{name}"
    return live_deployment(
        arm.get(path, MACHINE_LEARNING, f"deployment {name} of endpoint {endpoint}", permission=READ_DEPLOYMENT),
        endpoint,
    )


def read_deployments(arm: Arm, workspace_id: ResourceId, endpoint: str) -> tuple[Deployment, ...]:
    """Every live deployment of the endpoint, by name."""
    path = f"{workspace_id}/onlineEndpoints/{endpoint}/deployments"
    documents = arm.list(path, MACHINE_LEARNING, f"the deployments of endpoint {endpoint}", permission=READ_DEPLOYMENT)
    return tuple(sorted((live_deployment(document, endpoint) for document in documents), key=lambda found: found.name))


def live_endpoint(document: Document) -> Endpoint:
    """An endpoint as ARM describes it. Managed or not is told by `compute`: `kind` has three spellings."""
    properties, identity = document.need_child("properties"), document.child("identity")
    identities = tuple(filter(None, (parse_resource_id(key) for key, _ in identity.items("userAssignedIdentities"))))
    return Endpoint(
        name=document.need("name"),
        source=LIVE,
        auth_mode=properties.need_word("authMode"),
        compute=properties.text("compute"),
        location=document.region("location"),
        identity_ids=identities,
        # With user-assigned identities ARM shows the all-zero principal, which is nobody.
        principal_id=None if identities else identity.guid("principalId"),
        public_network_access=(properties.word("publicNetworkAccess") or "Enabled").lower() == "enabled",
        provisioning_state=properties.state("provisioningState"),
        scoring_uri=properties.address("scoringUri"),
        traffic=_weights(properties, "traffic"),
        mirror_traffic=_weights(properties, "mirrorTraffic"),
        properties=properties.strings("properties"),
        tags=document.strings("tags"),
    )


def live_deployment(document: Document, endpoint: str) -> Deployment:
    """A deployment as ARM describes it; its instances are the `capacity` of its `sku`."""
    properties = document.child("properties")
    egress = properties.word("egressPublicNetworkAccess")
    collections = properties.child("dataCollector").items("collections")
    return Deployment(
        name=document.need("name"),
        endpoint_name=endpoint,
        source=LIVE,
        instance_type=properties.text("instanceType"),
        instance_count=int(document.child("sku").number("capacity") or 0),
        managed=(properties.word("endpointComputeType") or "Managed").lower() == "managed",
        egress_public_network_access=None if egress is None else egress.lower() == "enabled",
        data_collector=any((made.word("dataCollectionMode") or "").lower() == "enabled" for _, made in collections),
        provisioning_state=properties.state("provisioningState"),
        model=_asset(properties, "model"),
        environment=_asset(properties, "environmentId"),
        code=_asset(properties.child("codeConfiguration"), "codeId"),
        environment_variables=properties.strings("environmentVariables"),
        request_settings=request_settings(properties),
        liveness_probe=probe_settings(properties, "livenessProbe"),
        readiness_probe=probe_settings(properties, "readinessProbe"),
        properties=properties.strings("properties"),
        tags=document.strings("tags"),
        requirements=requirements(properties),
        scale_settings=scale_settings(properties),
    )


def endpoint_from_spec(spec: EndpointSpec) -> Endpoint:
    """The endpoint that a spec describes."""
    identities = tuple(filter(None, (parse_resource_id(text) for text in spec.identity.resource_ids)))
    return Endpoint(
        name=spec.name,
        source=spec.source,
        auth_mode=_AUTH_MODES[spec.auth_mode],
        compute=spec.compute if spec.kind is ComputeKind.KUBERNETES else None,
        location=spec.location,
        identity_ids=identities,
        public_network_access=spec.public_network_access is NetworkAccess.ENABLED,
        traffic=spec.traffic or {},
        mirror_traffic=spec.mirror_traffic or {},
        properties=spec.properties,
        tags=spec.tags,
    )


def deployment_from_spec(spec: DeploymentSpec) -> Deployment:
    """The deployment that a spec describes."""
    egress = spec.egress_public_network_access
    return Deployment(
        name=spec.name,
        endpoint_name=spec.endpoint_name,
        source=spec.source,
        instance_type=spec.instance_type,
        instance_count=spec.instance_count,
        managed=spec.kind is ComputeKind.MANAGED,
        egress_public_network_access=None if egress is None else egress is NetworkAccess.ENABLED,
        data_collector=spec.data_collector.is_enabled,
        environment_variables=spec.environment_variables,
        request_settings=spec.request_settings,
        liveness_probe=spec.liveness_probe,
        readiness_probe=spec.readiness_probe,
        properties=spec.properties,
        tags=spec.tags,
        requirements=spec.resources.amounts if spec.resources else Requirements(),
        scale_settings=spec.scale_settings,
    )


def _weights(properties: Document, key: str) -> dict[str, int]:
    weights = properties.child(key)
    return {name: int(weights.number(name) or 0) for name in weights.body}


def _asset(properties: Document, key: str) -> str | None:
    """The id of what a deployment is made of: in Resource Manager, or in a registry (`azureml://registries/...`)."""
    text = properties.text(key)
    if text is None or (text.startswith("azureml:") and asset_reference(text)):
        return text
    if properties.id(key) is None or asset_reference(text) is None:
        raise properties.refusal(f"{key} is {text[:100]!r}, not the id of an asset")
    return text
