"""What became of the endpoint and its deployments: created, reachable, and as the spec says."""

from collections.abc import Mapping
from typing import NoReturn

from pytest_amlpreflight.facts.errors.meaning import CodeMeaning
from pytest_amlpreflight.facts.kubernetes.pod import SERVER, selector_of
from pytest_amlpreflight.facts.project.spec import DeploymentSpec
from pytest_amlpreflight.facts.resources.autoscale import AutoscaleSetting
from pytest_amlpreflight.facts.resources.endpoint import SERVING, Deployment, Endpoint
from pytest_amlpreflight.facts.resources.operation import AT_REST, Operation
from pytest_amlpreflight.facts.resources.quota import Quota, instances_counted
from pytest_amlpreflight.facts.rules.az_ml import place_of
from pytest_amlpreflight.facts.rules.drift import differences
from pytest_amlpreflight.facts.rules.scoring_status import easier_probe
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.fix import Command, Option, az, kubectl, shell
from pytest_amlpreflight.verdict import advise, blocked, check, for_each, not_applicable, not_reached

CODES = (
    "ImageBuildFailure", "OutOfQuota", "BadArgument", "ResourceNotReady", "ResourceNotFound",
    "WorkspaceManagedNetworkNotReady", "OperationCanceled", "SecretsInjectionError", "InternalServerError",
    "BadRequest", "ERR_1100", "ERR_1200", "ERR_1300", "ERR_2100", "ERR_2200", "ERR_5000",
    "ACRSecretError", "TokenRefreshFailed", "GetAADTokenFailed", "ACRAuthenticationChallengeFailed",
    "ACRTokenExchangeFailed", "KubernetesUnaccessible", "ImagePullLoopBackOff", "DeploymentCrashLoopBackOff",
    "KubernetesCrashLoopBackOff", "UserScriptInitFailed", "UserScriptImportError", "UserScriptFunctionNotFound",
    "NamespaceNotFound", "EndpointNotFound", "EndpointAlreadyExists", "ScoringFeUnhealthy", "ValidateScoringFailed",
    "InvalidDeploymentSpec", "PodUnschedulable", "PodOutOfMemory", "InferencingClientCallFailed",
)  # fmt: skip
"""What an operation's error can say: the codes of both kinds of endpoints, and those of 2021."""


@check("deployment", explains=CODES, phases=("post", "audit"), settles=True)
def check_endpoint_is_provisioned(
    aml_endpoint_or_none: Endpoint | None,
    aml_live_endpoint: Endpoint | None,
    aml_endpoint_operation: Operation | None,
    aml_target: Target,
) -> None:
    """The endpoint exists and its last operation succeeded.

    The endpoint itself only says `Failed`; the operation behind it holds the reason, sometimes several errors deep.
    """
    if aml_live_endpoint is None and aml_endpoint_or_none is not None:
        not_applicable("the endpoint is yet to be created")
    if aml_live_endpoint is None:
        _absent(f"endpoint {aml_target.endpoint}", az("ml online-endpoint list", output="table"))
    name = aml_live_endpoint.name
    if aml_live_endpoint.provisioning_state != "Succeeded":
        _not_provisioned(
            f"endpoint {name}",
            aml_live_endpoint.provisioning_state,
            aml_endpoint_operation,
            {"endpoint": name} | place_of(aml_target.workspace),
        )


@check("deployment", explains=CODES, phases=("post", "audit"), settles=True, shows_logs=True)
def check_deployment_is_provisioned(
    aml_deployment_or_none: Deployment | None,
    aml_live_deployment: Deployment | None,
    aml_deployment_operation: Operation | None,
    aml_live_endpoint: Endpoint | None,
    aml_target: Target,
) -> None:
    """The deployment exists and its last operation succeeded.

    The deployment itself only says `Failed`; the operation behind it holds the reason. What its containers printed
    comes with the failure.
    """
    if aml_live_deployment is None and aml_deployment_or_none is not None:
        not_applicable("the deployment is yet to be created")
    if aml_live_endpoint is None:
        not_reached("the endpoint does not exist")
    if aml_live_deployment is None:
        listing = az("ml online-deployment list", endpoint_name=aml_live_endpoint.name, output="table")
        _absent(f"deployment {aml_target.deployment} of endpoint {aml_live_endpoint.name}", listing)
    live = aml_live_deployment
    if live.provisioning_state != "Succeeded":
        _not_provisioned(
            f"deployment {live.name}",
            live.provisioning_state,
            aml_deployment_operation,
            {"endpoint": live.endpoint_name, "deployment": live.name} | place_of(aml_target.workspace),
            *_show_logs(live, aml_deployment_operation, aml_live_endpoint),
            *_more_patience(live, aml_deployment_operation),
        )


@check("deployment", explains=("404",), phases=("post", "audit"), settles=True)
def check_traffic_reaches_a_live_deployment(
    aml_live_endpoint: Endpoint | None, aml_live_deployments: tuple[Deployment, ...]
) -> None:
    """Some deployment has traffic, and every one that has is there and was provisioned.

    Without traffic the endpoint answers 404, which looks like a wrong address. Traffic to a deployment that never came
    up is lost, request by request.
    """
    if aml_live_endpoint is None:
        not_reached("the endpoint does not exist")
    name, states = aml_live_endpoint.name, {one.name: one.provisioning_state for one in aml_live_deployments}
    weighted = {deployment: weight for deployment, weight in aml_live_endpoint.traffic.items() if weight > 0}
    if not states:
        not_applicable(f"endpoint {name} has no deployment")
    if not weighted:
        _traffic(name, f"endpoint {name} sends traffic to no deployment", "traffic = {}", states)

    def judge(deployment: str, weight: int) -> None:
        if states.get(deployment) not in SERVING:
            state = states.get(deployment, "absent")
            told = state.lower() if state else "in an unknown state"
            headline = f"endpoint {name} sends {weight} % to {deployment}, which is {told}"
            _traffic(name, headline, f"traffic = {weighted}; {deployment}: {state!r}", states)

    for_each(judge, weighted, weighted.values())


@check("deployment", phases=("post",))
def check_live_settings_match_the_spec(
    aml_given_deployment_spec: DeploymentSpec | None,
    aml_live_deployment: Deployment | None,
    aml_autoscale_settings: tuple[AutoscaleSetting, ...],
) -> None:
    """What Azure runs is what the spec says: instances, timeouts, probes, egress, model, environment, variables.

    A change by hand, or an update that was cancelled, leaves a deployment that no file describes; the next deployment
    undoes it. Only what the spec sets is compared, and the count only where nothing scales it.
    """
    spec, live = aml_given_deployment_spec, aml_live_deployment
    if spec is None:
        not_applicable("no deployment spec was given (--aml-deployment FILE)")
    if live is None:
        not_reached("the deployment does not exist")
    scaled = any(
        setting.enabled and setting.scales(live.endpoint_name, live.name) for setting in aml_autoscale_settings
    )
    found = differences(spec, live, scaled=scaled)
    if not found:
        return
    blocked(
        f"deployment {live.name} differs from its spec in {', '.join(one.field for one in found)}",
        found="\n".join(f"{one.field} = {one.live}" for one in found),
        expected="\n".join(f"{one.field} = {one.spec} ({one.where})" for one in found),
        fix=az("ml online-deployment update", file=spec.source.path),
    )


@check("deployment", explains=("OutOfQuota",), phases=("audit",))
def check_unused_deployments_hold_quota(
    aml_live_endpoint: Endpoint | None, aml_live_deployments: tuple[Deployment, ...], aml_quota: Quota
) -> None:
    """Advice: which deployments get no traffic, and how many cores deleting each would free.

    A deployment holds its cores, Azure's reserve included, whether anybody calls it or not.
    """
    if aml_live_endpoint is None:
        not_reached("the endpoint does not exist")
    used = {
        name
        for name, weight in (*aml_live_endpoint.traffic.items(), *aml_live_endpoint.mirror_traffic.items())
        if weight
    }
    for idle in (one for one in aml_live_deployments if one.managed and one.name not in used):
        cores = _cores(idle, aml_quota)
        advise(
            f"deployment {idle.name} of endpoint {idle.endpoint_name} gets no traffic and holds {cores} vCPUs",
            found=f"{idle.instance_count} x {idle.instance_type}",
            expected="traffic, or no deployment",
            fix=az("ml online-deployment delete", endpoint_name=idle.endpoint_name, name=idle.name),
        )


def _cores(deployment: Deployment, quota: Quota) -> str:
    size = quota.size(deployment.instance_type or "")
    return str(instances_counted(deployment.instance_count, size, quota.reserve) * size.vcpus) if size else "its"


def _absent(what: str, fix: Command) -> NoReturn:
    blocked(
        f"{what} does not exist",
        found="404 from Azure Resource Manager",
        expected="provisioningState = 'Succeeded'",
        fix=fix,
        final=True,
    )


def _show_logs(live: Deployment, operation: Operation | None, endpoint: Endpoint) -> tuple[Command | str, ...]:
    """How to see what its containers printed, of a cluster there too; nothing where none can have started."""
    meaning = operation.meaning if operation else None
    if _under_way(live.provisioning_state) or (meaning is not None and not meaning.container):
        return ()
    if meaning and any("get-logs" in command for command in meaning.commands):  # it says which container's
        return ()
    shown = az("ml online-deployment get-logs", endpoint_name=live.endpoint_name, name=live.name, lines=100)
    if live.managed:
        return (shown,)
    return (
        shown,
        kubectl("logs", namespace="NAMESPACE", selector=selector_of(live.name), container=SERVER, tail=100),
        f"(NAMESPACE is told by az ml compute show --name {endpoint.compute_name} --query namespace)",
    )


def _more_patience(live: Deployment, operation: Operation | None) -> tuple[Command | str, ...]:
    """Where a probe gave up: its settings, raised from today's."""
    error, meaning = operation.error if operation else None, operation.meaning if operation else None
    if error is None or meaning is None or meaning.name != "probes":
        return ()
    said = " ".join(level.message for level in error.levels if level.message)
    raised = tuple(easier_probe(live, said).values())
    update = az("ml online-deployment update", endpoint_name=live.endpoint_name, name=live.name, set=raised)
    return "(where the log has no exception:)", update


def _not_provisioned(
    what: str, state: str | None, operation: Operation | None, words: Mapping[str, str], *commands: Command | str
) -> NoReturn:
    """Says the innermost reason where there is one; a state in which something is under way may still pass."""
    error, meaning = operation.error if operation else None, operation.meaning if operation else None
    under_way = _under_way(state)
    reason = f" with {error.code}" if error and error.code else ""
    title = f": {meaning.title}" if meaning else ""
    blocked(
        f"{what} is still {(state or 'unknown').lower()}"
        if under_way
        else f"{what} {(state or '').lower()}{reason}{title}",
        found="\n".join([f"provisioningState = {state!r}", *_evidence(operation, under_way)]),
        expected="provisioningState = 'Succeeded'",
        fix=[*(_look_again(words) if under_way or not (commands or meaning) else commands), *_told(meaning, words)],
        final=not under_way,
    )


def _under_way(state: str | None) -> bool:
    return (state or "").lower() not in AT_REST


def _look_again(words: Mapping[str, str]) -> tuple[Command]:
    """What shows how far it is, and what it has become."""
    query: dict[str, Option] = {"query": "provisioning_state"}
    if name := words.get("deployment"):
        return (az("ml online-deployment show", endpoint_name=words["endpoint"], name=name, **query),)
    return (az("ml online-endpoint show", name=words["endpoint"], **query),)


def _told(meaning: CodeMeaning | None, words: Mapping[str, str]) -> tuple[Command | str, ...]:
    if meaning is None:
        return ()
    return (meaning.advice_for(words), *(shell(*one) for one in meaning.commands_for(words)), meaning.guide)


def _evidence(operation: Operation | None, under_way: bool) -> list[str]:
    if operation is None or operation.error is None:
        unread = None if operation is None or under_way else operation.unread
        return [f"the reason is not known: {unread}"] if unread else []
    ids = [("operation", operation.id), ("request", operation.request)] if _needs_support(operation) else []
    told = ", ".join(f"{name} {value}" for name, value in ids if value)
    beside = (f"and {one.code}: {one.message[:300]}" for one in operation.error.beside)
    said = (" > ".join(reversed(operation.error.codes)), operation.error.message[:600], *beside, told)
    return [text for text in said if text]


def _needs_support(operation: Operation) -> bool:
    return operation.meaning is None or operation.meaning.ticket


def _traffic(endpoint: str, headline: str, found: str, states: Mapping[str, str | None]) -> NoReturn:
    sound = next((name for name, state in states.items() if state == "Succeeded"), None)
    blocked(
        headline,
        found=found,
        expected="traffic to deployments with provisioningState = 'Succeeded'",
        fix=(
            az("ml online-endpoint update", name=endpoint, traffic=f"{sound}=100")
            if sound
            else _nobody_serves(endpoint, states)
        ),
    )


def _nobody_serves(endpoint: str, states: Mapping[str, str | None]) -> str:
    coming = [name for name, state in states.items() if _under_way(state)]
    if coming:
        return f"no deployment of endpoint {endpoint} takes requests yet: wait for {' and '.join(coming)}"
    return f"no deployment of endpoint {endpoint} could take the traffic: mend one first, or deploy another"
