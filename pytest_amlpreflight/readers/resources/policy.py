"""Azure Policy's own forecast for a resource, and its record of what violates it."""

from collections.abc import Mapping

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.resources.policy import PolicyState, PolicyVerdict
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.document import Document
from pytest_amlpreflight.readers.resources.endpoint import API_VERSION as ENDPOINT_API_VERSION

API_VERSION = "2023-03-01"  # the first stable version whose answer tells each policy's effect
STATES_API_VERSION = "2019-10-01"
ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"


def read_endpoint_verdicts(
    arm: Arm, workspace_id: ResourceId, location: str, endpoint: Endpoint
) -> tuple[PolicyVerdict, ...]:
    """What the policies in force say of the endpoint, as it will be sent to Azure."""
    content = {
        "type": ENDPOINTS,
        "name": endpoint.name,
        "location": endpoint.location or location,
        "identity": _identity(endpoint),
        "properties": {
            "authMode": endpoint.auth_mode,
            "publicNetworkAccess": _enabled(endpoint.public_network_access),
            "compute": endpoint.compute,
        },
    }
    return _verdicts(arm, workspace_id, f"endpoint {endpoint.name}", content, workspace_id.text)


def read_deployment_verdicts(
    arm: Arm, workspace_id: ResourceId, location: str, deployment: Deployment
) -> tuple[PolicyVerdict, ...]:
    """What the policies in force say of the deployment, as it will be sent to Azure."""
    egress = deployment.egress_public_network_access
    properties = {
        "endpointComputeType": "Managed" if deployment.managed else "Kubernetes",
        "instanceType": deployment.instance_type,
        "egressPublicNetworkAccess": None if egress is None else _enabled(egress),
    }
    content = {
        "type": f"{ENDPOINTS}/deployments",
        "name": deployment.name,
        "location": location,
        "sku": {"name": "Default", "capacity": deployment.instance_count},
        "properties": {name: value for name, value in properties.items() if value is not None},
    }
    scope = f"{workspace_id}/onlineEndpoints/{deployment.endpoint_name}"
    return _verdicts(arm, workspace_id, f"deployment {deployment.name}", content, scope)


def read_denied_states(arm: Arm, workspace_id: ResourceId) -> tuple[PolicyState, ...]:
    """What stands in the workspace's resource group against a policy that denies: Azure refuses the next change to
    it.
    """
    resource = f"the policy states of resource group {workspace_id.resource_group}"
    answer = arm.post(
        f"{_group(workspace_id)}/providers/Microsoft.PolicyInsights/policyStates/latest/queryResults",
        STATES_API_VERSION,
        resource=resource,
        body={},
        permission="Microsoft.PolicyInsights/policyStates/queryResults/read",
        filter="ComplianceState eq 'NonCompliant' and PolicyDefinitionAction eq 'deny'",
    )
    return tuple(
        PolicyState(
            row.need("resourceId"), row.text("policyAssignmentName") or "", row.text("policyAssignmentId") or ""
        )
        for row in answer.children("value")
    )


def _verdicts(
    arm: Arm, workspace_id: ResourceId, name: str, content: Mapping[str, object], scope: str
) -> tuple[PolicyVerdict, ...]:
    details = {"resourceContent": content, "apiVersion": ENDPOINT_API_VERSION, "scope": scope}
    answer = arm.post(
        f"{_group(workspace_id)}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions",
        API_VERSION,
        resource=f"the policy restrictions of {name}",
        body={"resourceDetails": details},
        permission="Microsoft.PolicyInsights/checkPolicyRestrictions/read",
    )
    rows = answer.child("contentEvaluationResult").children("policyEvaluations")
    return tuple(_verdict(row, name) for row in rows)


def _verdict(row: Document, name: str) -> PolicyVerdict:
    info = row.child("policyInfo")
    assignment_id = info.text("policyAssignmentId") or ""
    return PolicyVerdict(
        assignment=assignment_id.rpartition("/")[2] or "without a name",
        assignment_id=assignment_id,
        definition_id=info.text("policyDefinitionId") or "",
        resource=name,
        result=row.text("evaluationResult") or "Unknown",
        effect=row.child("effectDetails").text("policyEffect"),
        reason=", ".join(map(_compared, row.child("evaluationDetails").children("evaluatedExpressions"))),
    )


def _compared(expression: Document) -> str:
    path, value = expression.text("path") or expression.text("expression") or "", expression.body.get("expressionValue")
    return f"{path} = {value!r} ({expression.text('operator')} {expression.body.get('targetValue')!r})"


def _identity(endpoint: Endpoint) -> dict[str, object]:
    if not endpoint.identity_ids:
        return {"type": "SystemAssigned"}
    return {"type": "UserAssigned", "userAssignedIdentities": {one.text: {} for one in endpoint.identity_ids}}


def _enabled(flag: bool) -> str:
    return "Enabled" if flag else "Disabled"


def _group(workspace_id: ResourceId) -> str:
    return f"/subscriptions/{workspace_id.subscription}/resourceGroups/{workspace_id.resource_group}"
