"""What the tools will send to Azure to create an endpoint or a deployment, as far as it is known beforehand.

The members are those of the PUT that `az ml` and azure-ai-ml send. Code, a local model and an inline environment are
registered on the way, and their ids are Azure's to give: those fields are pending.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_amlpreflight.facts.project.spec import DeploymentSpec, ProbeSettings, RequestSettings
from pytest_amlpreflight.facts.reference import AssetReference
from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint
from pytest_amlpreflight.readers.resources.deployment_settings import duration

ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
DEPLOYMENTS = f"{ENDPOINTS}/deployments"


@dataclass(frozen=True, slots=True)
class RequestContent:
    """A resource as it will be sent, and the fields of it that are not known yet, by their policy aliases."""

    content: Mapping[str, object]
    pending: tuple[str, ...] = ()


def endpoint_content(endpoint: Endpoint, location: str) -> RequestContent:
    """The endpoint in a workspace of that region."""
    properties = {
        "authMode": endpoint.auth_mode,
        "publicNetworkAccess": _enabled(endpoint.public_network_access),
        "compute": endpoint.compute,
        "traffic": dict(endpoint.traffic),
        "mirrorTraffic": dict(endpoint.mirror_traffic) or None,
        "properties": dict(endpoint.properties),
    }
    return RequestContent(
        {
            "type": ENDPOINTS,
            "name": endpoint.name,
            "location": endpoint.location or location,
            "kind": "Managed" if endpoint.managed else "K8S",
            "tags": dict(endpoint.tags),
            "identity": _identity(endpoint),
            "properties": _known(properties),
        }
    )


def deployment_content(
    deployment: Deployment, spec: DeploymentSpec | None, workspace_id: ResourceId, location: str
) -> RequestContent:
    """The deployment of the spec, or the live one where there is no spec."""
    egress = deployment.egress_public_network_access
    assets = (
        _assets(spec, workspace_id) if spec else {"model": deployment.model, "environmentId": deployment.environment}
    )
    properties = {
        "endpointComputeType": "Managed" if deployment.managed else "Kubernetes",
        "instanceType": deployment.instance_type,
        "egressPublicNetworkAccess": None if egress is None else _enabled(egress),
        "environmentVariables": dict(deployment.environment_variables),
        "requestSettings": _request_settings(deployment.request_settings),
        "livenessProbe": _probe(deployment.liveness_probe),
        "readinessProbe": _probe(deployment.readiness_probe),
        "properties": dict(deployment.properties),
        **(_only_in_a_spec(spec) if spec else {}),
        **assets,
    }
    content = {
        "type": DEPLOYMENTS,
        "name": deployment.name,
        "location": location,
        "kind": "Managed" if deployment.managed else "Kubernetes",
        "tags": dict(deployment.tags),
        "sku": {"name": "Default", "capacity": deployment.instance_count},
        "properties": _known(properties),
    }
    return RequestContent(content, _pending(spec, assets) if spec else ())


def _only_in_a_spec(spec: DeploymentSpec) -> dict[str, object]:
    script = spec.code.scoring_script if spec.code else None
    return {
        "appInsightsEnabled": spec.app_insights_enabled,
        "modelMountPath": spec.model_mount_path,
        "scaleSettings": {"scaleType": spec.scale_settings.type.value.title().replace("_", "")},
        "codeConfiguration": {"scoringScript": script} if script else None,
    }


def _assets(spec: DeploymentSpec, workspace_id: ResourceId) -> dict[str, object]:
    """The ids of registered assets; None for what the deployment registers on the way, or finds by its label."""
    model, environment = spec.model, spec.environment
    return {
        "model": _asset_id(model.asset, "models", workspace_id) if model else None,
        "environmentId": _asset_id(environment.asset, "environments", workspace_id) if environment else None,
    }


def _asset_id(asset: AssetReference | None, kind: str, workspace_id: ResourceId) -> str | None:
    if asset is None or asset.version is None:
        return None
    if asset.registry:
        return f"azureml://registries/{asset.registry}/{kind}/{asset.name}/versions/{asset.version}"
    return asset.arm_id or f"{workspace_id}/{kind}/{asset.name}/versions/{asset.version}"


def _pending(spec: DeploymentSpec, assets: Mapping[str, object]) -> tuple[str, ...]:
    used = {
        "model": spec.model is not None and assets["model"] is None,
        "environmentId": spec.environment is not None and assets["environmentId"] is None,
        "codeConfiguration.codeId": spec.code is not None,
    }
    return tuple(f"{DEPLOYMENTS}/{field}" for field, unknown in used.items() if unknown)


def _request_settings(settings: RequestSettings | None) -> dict[str, object] | None:
    if settings is None:
        return None
    return {
        "requestTimeout": duration(settings.request_timeout_ms),
        "maxConcurrentRequestsPerInstance": settings.max_concurrent_requests_per_instance,
        "maxQueueWait": duration(settings.max_queue_wait_ms),
    }


def _probe(probe: ProbeSettings | None) -> dict[str, object] | None:
    if probe is None:
        return None
    return {
        "initialDelay": duration(probe.initial_delay * 1000),
        "period": duration(probe.period * 1000),
        "timeout": duration(probe.timeout * 1000),
        "successThreshold": probe.success_threshold,
        "failureThreshold": probe.failure_threshold,
    }


def _identity(endpoint: Endpoint) -> dict[str, object]:
    if not endpoint.identity_ids:
        return {"type": "SystemAssigned"}
    return {"type": "UserAssigned", "userAssignedIdentities": {one.text: {} for one in endpoint.identity_ids}}


def _known(properties: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in properties.items() if value is not None}


def _enabled(flag: bool) -> str:
    return "Enabled" if flag else "Disabled"
