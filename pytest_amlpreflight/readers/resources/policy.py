"""Azure Policy's own forecast for a resource, and its record of what violates it."""

from pytest_amlpreflight.facts.project.spec import DeploymentSpec
from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.resources.policy import RESTRICTED, PolicyState, PolicyVerdict
from pytest_amlpreflight.readers.connection.api_versions import MACHINE_LEARNING, POLICY_RESTRICTIONS, POLICY_STATES
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.document import Document
from pytest_amlpreflight.readers.resources.request_content import RequestContent, deployment_content, endpoint_content


def read_endpoint_verdicts(
    arm: Arm, workspace_id: ResourceId, location: str, endpoint: Endpoint
) -> tuple[PolicyVerdict, ...]:
    """What the policies in force say of the endpoint, as it will be sent to Azure."""
    content = endpoint_content(endpoint, location)
    return _verdicts(arm, workspace_id, f"endpoint {endpoint.name}", content, workspace_id.text)


def read_deployment_verdicts(
    arm: Arm, workspace_id: ResourceId, location: str, deployment: Deployment, spec: DeploymentSpec | None
) -> tuple[PolicyVerdict, ...]:
    """What the policies in force say of the deployment, as it will be sent to Azure; `spec` is None for a live one."""
    content = deployment_content(deployment, spec, workspace_id, location)
    scope = f"{workspace_id}/onlineEndpoints/{deployment.endpoint_name}"
    return _verdicts(arm, workspace_id, f"deployment {deployment.name}", content, scope)


def read_denied_states(arm: Arm, workspace_id: ResourceId) -> tuple[PolicyState, ...]:
    """What stands in the workspace's resource group against a policy that denies: Azure refuses the next change to
    it.
    """
    resource = f"the policy states of resource group {workspace_id.resource_group}"
    rows = arm.post_list(
        f"{_group(workspace_id)}/providers/Microsoft.PolicyInsights/policyStates/latest/queryResults",
        POLICY_STATES,
        resource,
        permission="Microsoft.PolicyInsights/policyStates/queryResults/read",
        filter="ComplianceState eq 'NonCompliant' and PolicyDefinitionAction eq 'deny'",
    )
    return tuple(
        PolicyState(
            row.need("resourceId"), row.text("policyAssignmentName") or "", row.text("policyAssignmentId") or ""
        )
        for row in rows
    )


def _verdicts(
    arm: Arm, workspace_id: ResourceId, name: str, sent: RequestContent, scope: str
) -> tuple[PolicyVerdict, ...]:
    details = {"resourceContent": sent.content, "apiVersion": MACHINE_LEARNING, "scope": scope}
    answer = arm.post(
        f"{_group(workspace_id)}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions",
        POLICY_RESTRICTIONS,
        resource=f"the policy restrictions of {name}",
        body={"resourceDetails": details, "pendingFields": [{"field": field} for field in sent.pending]},
        permission="Microsoft.PolicyInsights/checkPolicyRestrictions/read",
    )
    rows = answer.need_child("contentEvaluationResult").need_children("policyEvaluations")
    restricted = [(row, one) for row in answer.children("fieldRestrictions") for one in row.children("restrictions")]
    return (
        *(_verdict(row, name) for row in rows),
        *(_restriction(row, one, name) for row, one in restricted),
    )


def _verdict(row: Document, name: str) -> PolicyVerdict:
    return _of_policy(
        row.child("policyInfo"),
        name,
        result=row.word("evaluationResult") or "Unknown",
        effect=row.child("effectDetails").word("policyEffect"),
        reason=", ".join(map(_compared, row.child("evaluationDetails").children("evaluatedExpressions"))),
    )


def _restriction(row: Document, restriction: Document, name: str) -> PolicyVerdict:
    """What a policy says of a field whose value is not known yet."""
    field, values = row.text("field") or "", ", ".join(map(str, restriction.texts("values")))
    return _of_policy(
        restriction.child("policy"),
        name,
        result=RESTRICTED,
        effect=restriction.word("policyEffect"),
        reason=f"{field}: {restriction.text('result') or 'restricted'}" + (f" ({values})" if values else ""),
    )


def _of_policy(info: Document, name: str, *, result: str, effect: str | None, reason: str) -> PolicyVerdict:
    assignment_id = info.text("policyAssignmentId") or ""
    return PolicyVerdict(
        assignment=assignment_id.rpartition("/")[2] or "without a name",
        assignment_id=assignment_id,
        definition_id=info.text("policyDefinitionId") or "",
        resource=name,
        result=result,
        effect=effect,
        reason=reason,
    )


def _compared(expression: Document) -> str:
    path, value = expression.text("path") or expression.text("expression") or "", expression.body.get("expressionValue")
    return f"{path} = {value!r} ({expression.text('operator')} {expression.body.get('targetValue')!r})"


def _group(workspace_id: ResourceId) -> str:
    return f"/subscriptions/{workspace_id.subscription}/resourceGroups/{workspace_id.resource_group}"
