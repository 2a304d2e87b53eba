"""The subscription, and whether the deployer is let do what a deployment does: everything Azure refuses before it
looks at an endpoint.
"""

from collections.abc import Iterable, Sequence

from pytest_amlpreflight.checks._roles import grant
from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.access import Access, Answer, Decision
from pytest_amlpreflight.facts.resources.caller import Caller
from pytest_amlpreflight.facts.resources.cluster import AKS
from pytest_amlpreflight.facts.resources.endpoint import Endpoint
from pytest_amlpreflight.facts.resources.policy import PolicyState, PolicyVerdict
from pytest_amlpreflight.facts.resources.subscription import (
    Lock,
    ResourceProviders,
    RoleAssignmentUsage,
    Subscription,
    cluster_providers,
    required_providers,
)
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.facts.scope import covers, describe_scope
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.fix import Command, SetProperty, az
from pytest_amlpreflight.verdict import advise, blocked, check, for_each, not_applicable

ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
ASSIGN_IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
ASSIGN_IDENTITY_IN_ROLES = "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action"
"""How the built-in Managed Identity Operator spells it; Azure takes it for the same action."""
ASSIGN_ROLE = "Microsoft.Authorization/roleAssignments/write"
ROLES_OF_AN_ENDPOINT = 4
"""Pull, blob read, metrics and connection secrets: what Azure assigns to a system-assigned identity.

https://learn.microsoft.com/azure/machine-learning/concept-endpoints-online-auth
"""


@check("subscription", explains=("BadArgument", "ReadOnlyDisabledSubscription", "SubscriptionNotFound"))
def check_subscription_is_enabled(aml_subscription_or_none: Subscription | None, aml_target: Target) -> None:
    """The subscription exists and is enabled.

    Nothing can be created in a disabled one, and an id that Azure does not know is most likely mistyped.
    """
    subscription = aml_subscription_or_none
    if subscription is None:
        blocked(
            f"the subscription of workspace {aml_target.workspace_id.name} does not exist",
            found=f"404 from Azure Resource Manager for {aml_target.asked}",
            expected="the id of a subscription that is active (a typo is the likely cause)",
            fix=az("account list", all=True, output="table"),
        )
    if subscription.enabled:
        return
    found, expected = f"state = {subscription.state!r}", "state = 'Enabled'"
    causes = "an unpaid invoice, a spending limit, an end of contract"
    if subscription.in_grace:
        fix = f"mend what it is warned of: {causes}"
        advise(f"subscription {subscription.name} will soon be disabled", found=found, expected=expected, fix=fix)
        return
    blocked(
        f"subscription {subscription.name} is not enabled",
        found=found,
        expected=expected,
        fix=(
            f"(first mend what disabled it: {causes})",
            az("account subscription enable", subscription_id=subscription.id),
        ),
    )


@check(
    "subscription", explains=("SubscriptionNotRegistered", "MissingSubscriptionRegistration"), phases=("pre", "audit")
)
def check_resource_providers_are_registered(aml_resource_providers: ResourceProviders) -> None:
    """Every resource provider that endpoints lean on is registered in the subscription.

    Azure reports a missing one without its name (`Resource provider [N/A] isn't registered`). One that this cloud does
    not list at all is left to advice: the table of providers was made in the public cloud.
    """
    _judge_providers(required_providers().column("namespace"), aml_resource_providers)


@check(
    "subscription", explains=("SubscriptionNotRegistered", "MissingSubscriptionRegistration"), phases=("pre", "audit")
)
def check_cluster_providers_are_registered(
    aml_cluster_id: ResourceId | None, aml_resource_providers: ResourceProviders
) -> None:
    """Every resource provider that a Kubernetes endpoint leans on beside is registered in the subscription.

    The extension, and clusters of either kind, have providers of their own, which no managed endpoint needs.
    """
    if aml_cluster_id is None:
        not_applicable("the endpoint is managed: no cluster of your own is behind it")
    if aml_cluster_id.subscription.lower() != aml_resource_providers.subscription_id.lower():
        not_applicable("the cluster is in another subscription")
    _judge_providers(cluster_providers(aks=aml_cluster_id.kind.lower() == AKS.lower()), aml_resource_providers)


@check("subscription", explains=("AuthorizationFailed", "LinkedAuthorizationFailed"), phases=("pre",))
def check_deployer_may_deploy(
    aml_caller: Caller,
    aml_endpoint: Endpoint,
    aml_deployer_access: Access,
    aml_deployer_identity_access: tuple[Access, ...],
) -> None:
    """The identity that runs the preflight may create the endpoint and its deployments, and hand the endpoint its
    identity.

    Azure checks each step when it comes to it. Whoever may write endpoints may still not assign an identity to one.
    Where the identity is system-assigned, roles for anything but the workspace's own registry and storage are the
    deployer's to grant: advice, since it depends on the code.
    """
    resources = ("deployments",) if aml_endpoint.live else ("", "deployments")
    actions = ["/".join(filter(None, (ENDPOINTS, part, verb))) for part in resources for verb in ("read", "write")]
    needs = [(aml_deployer_access, actions, "AzureML Data Scientist")]
    needs += [(access, [ASSIGN_IDENTITY], "Managed Identity Operator") for access in aml_deployer_identity_access]
    for_each(lambda access, actions, role: _require(access, actions, aml_caller, role), *zip(*needs, strict=True))
    decision = aml_deployer_access.allows(ASSIGN_ROLE)
    if aml_endpoint.managed and not aml_endpoint.identity_ids and not aml_endpoint.live and not decision.granted:
        advise(
            f"{aml_caller} cannot grant roles to the endpoint's identity",
            found=decision.because,
            expected=f"{ASSIGN_ROLE} granted, where the code reads more than the workspace's own registry and storage",
            fix=grant("Role Based Access Control Administrator", aml_deployer_access, decision, _kind(aml_caller)),
        )


@check("subscription", explains=("ScopeLocked", "OperationCanceled"), phases=("pre", "audit"))
def check_no_lock_stands_in_the_way(aml_workspace: Workspace, aml_locks: tuple[Lock, ...]) -> None:
    """No read-only lock stands on the workspace or above it, nor on what it leans on.

    A read-only lock refuses every change beneath it, and a new endpoint is one. On the storage account or registry it
    refuses the listing of keys and the approval of connections: that a deployment fails by it is inferred, so there it
    is advice.
    """
    read_only = [lock for lock in aml_locks if lock.read_only]

    def judge(lock: Lock) -> None:
        blocked(
            f"lock {lock.name} forbids every change to workspace {aml_workspace.name}",
            found=f"level = 'ReadOnly' at {describe_scope(lock.scope)}" + (f" ({lock.notes})" if lock.notes else ""),
            expected="no ReadOnly lock at the workspace or above it",
            fix=_unlock(lock),
        )

    for_each(judge, [lock for lock in read_only if lock.reaches(aml_workspace.id.text)])
    for resource in _linked(aml_workspace):
        for lock in (lock for lock in read_only if lock.reaches(resource.text)):
            advise(
                f"lock {lock.name} forbids every change to {describe_scope(resource.text)}",
                found=f"level = 'ReadOnly' at {describe_scope(lock.scope)}",
                expected="at most level = 'CanNotDelete' on what the workspace leans on",
                fix=_unlock(lock),
            )


@check("subscription", explains=("RequestDisallowedByPolicy", "BadArgument"), phases=("pre", "audit"))
def check_policy_allows_the_deployment(
    aml_workspace: Workspace,
    aml_policy_verdicts: tuple[PolicyVerdict, ...],
    aml_policy_states: tuple[PolicyState, ...],
    aml_target: Target,
) -> None:
    """No policy in force denies the endpoint or the deployment as they are about to be sent.

    Azure Policy is asked for its own forecast. A policy that it could not evaluate fails deployments with `Invalid
    template function specification`; which of them is not told in advance, so it is advice, and so is what already
    stands against a policy that denies: only its next change is refused. Of the endpoint and the deployment themselves
    the forecast tells what becomes of that change; an audit asks for it where the record names one of them.
    """

    def judge(verdict: PolicyVerdict) -> None:
        blocked(
            f"policy {verdict.assignment} denies {verdict.resource}",
            found=verdict.reason or f"evaluationResult = {verdict.result!r}",
            expected="a resource that complies",
            fix=(
                "change the YAML, or ask the policy's owner for an exemption:",
                az("policy assignment show", name=verdict.assignment, scope=_scope_of(verdict.assignment_id)),
            ),
        )

    for_each(judge, [one for one in aml_policy_verdicts if one.denies])
    for verdict in (one for one in aml_policy_verdicts if one.undecided):
        advise(
            f"policy {verdict.assignment} cannot be evaluated for {verdict.resource}",
            found=f"evaluationResult = {verdict.result!r}",
            expected="a definition whose template functions are right",
            fix=(
                az("rest", url=f"{verdict.definition_id}?api-version=2023-04-01"),
                "(correct it, or remove its assignment)",
                az("policy assignment delete", name=verdict.assignment, scope=_scope_of(verdict.assignment_id)),
            ),
        )
    for verdict in (one for one in aml_policy_verdicts if one.restricts):
        advise(
            f"policy {verdict.assignment} decides on {verdict.resource} by what is not known yet",
            found=verdict.reason,
            expected="a value that the policy admits",
            fix=az("policy assignment show", name=verdict.assignment, scope=_scope_of(verdict.assignment_id)),
        )
    standing = (one for one in aml_policy_states if one.resource_id.lower() not in aml_target.own_ids)
    for state in (one for one in standing if covers(aml_workspace.id.text, one.resource_id)):
        advise(
            f"policy {state.assignment} will deny the next change to {describe_scope(state.resource_id)}",
            found="complianceState = 'NonCompliant', effect deny",
            expected="complianceState = 'Compliant'",
            fix=az("policy state list", resource=state.resource_id, filter="complianceState eq 'NonCompliant'"),
        )


@check("subscription", explains=("OutOfQuota", "RoleAssignmentLimitExceeded"), phases=("pre",))
def check_role_assignments_remain(
    aml_endpoint: Endpoint,
    aml_live_endpoint: Endpoint | None,
    aml_role_assignment_usage: RoleAssignmentUsage | None,
) -> None:
    """The subscription has room for the roles that a new system-assigned identity needs.

    Azure assigns them while it creates the endpoint, and a subscription holds a limited number of role assignments.
    """
    usage = aml_role_assignment_usage
    if usage is None:
        not_applicable("the endpoint brings an identity whose roles are assigned already")
    if aml_live_endpoint is not None and aml_live_endpoint.principal_id:
        not_applicable("the endpoint exists, and with it the roles of its system-assigned identity")
    if usage.remaining >= ROLES_OF_AN_ENDPOINT:
        return
    blocked(
        f"role assignments are used up: endpoint {aml_endpoint.name} needs {ROLES_OF_AN_ENDPOINT} more",
        found=f"{usage.limit} - {usage.used} = {usage.remaining} role assignments left in the subscription",
        expected=f"at least {ROLES_OF_AN_ENDPOINT} left, or an identity.type of user_assigned",
        fix=(
            az("role assignment list", all=True, query="[?principalName=='']", output="table"),
            "(those of principals that were deleted can go: az role assignment delete --ids ID)",
        ),
    )


def _require(access: Access, actions: Iterable[str], caller: Caller, role: str) -> None:
    lacking = ((action, _decision(access, action)) for action in actions)
    action, decision = next(((one, found) for one, found in lacking if not found.granted), ("", None))
    if decision is None:
        return
    blocked(
        f"{caller} may not {_in_words(action)}",
        found=_at(decision, access),
        expected=f"{action} granted",
        fix=(
            *grant(role, access, decision, _kind(caller)),
            "(or run the preflight as the identity that deploys)",
        ),
    )


def _at(decision: Decision, access: Access) -> str:
    """Why, and where, unless the reason says so itself."""
    place = describe_scope(access.scope)
    return decision.because if place in decision.because else f"{decision.because}, at {place}"


def _decision(access: Access, action: str) -> Decision:
    decision = access.allows(action)
    if action == ASSIGN_IDENTITY and decision.answer is Answer.ABSENT:
        return access.allows(ASSIGN_IDENTITY_IN_ROLES)
    return decision


def _in_words(action: str) -> str:
    if action == ASSIGN_IDENTITY:
        return "give the endpoint its identity"
    verb = "create" if action.endswith("/write") else "read"
    return f"{verb} {'deployments' if '/deployments/' in action else 'online endpoints'}"


def _kind(caller: Caller) -> str:
    return "ServicePrincipal" if caller.application_id else "User"


def _judge_providers(namespaces: Sequence[str], providers: ResourceProviders) -> None:
    listed = {name: providers.find(name) for name in namespaces}
    unlisted = [name for name, provider in listed.items() if provider is None]
    if unlisted:
        advise(
            f"{', '.join(unlisted)} cannot be found among the resource providers",
            found="not in the subscription's list",
            expected="registrationState = 'Registered'",
            fix=_register(unlisted, providers),
        )
    missing = [provider for provider in listed.values() if provider and not provider.registered]
    if not missing:
        return
    names = [provider.namespace for provider in missing]
    subject = f"{', '.join(names)} {'is' if len(names) == 1 else 'are'}"
    found, expected = (
        ", ".join(f"{provider.namespace}: registrationState = {provider.state!r}" for provider in missing),
        "registrationState = 'Registered'",
    )
    fix = _register(names, providers)
    if all(provider.registering for provider in missing):
        advise(f"{subject} still being registered", found=found, expected=expected, fix=fix)
    else:
        blocked(f"{subject} not registered in the subscription", found=found, expected=expected, fix=fix)


def _register(names: list[str], providers: ResourceProviders) -> list[SetProperty]:
    return [
        SetProperty(
            f"/subscriptions/{providers.subscription_id}/providers/{name}",
            "registrationState",
            "Registered",
            az=az("provider register", namespace=name, subscription=providers.subscription_id),
        )
        for name in names
    ]


def _unlock(lock: Lock) -> Command:
    return az("lock delete", ids=f"{lock.scope}/providers/Microsoft.Authorization/locks/{lock.name}")


def _scope_of(assignment_id: str) -> str:
    """What stands before the last provider, whatever its case: an assignment may be at a resource."""
    end = assignment_id.lower().rfind("/providers/microsoft.authorization/")
    return assignment_id[: max(end, 0)] or "/"


def _linked(workspace: Workspace) -> list[ResourceId]:
    # Not the vault: secrets are written on its data plane, which no lock reaches.
    return list(filter(None, (workspace.storage_account_id, workspace.registry_id)))
