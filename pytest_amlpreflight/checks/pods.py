"""The pods of a Kubernetes deployment: whether they found a node, their image, and stay up."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from pytest_amlpreflight.facts.kubernetes.pod import Container, Event, Pod
from pytest_amlpreflight.facts.resources.endpoint import Deployment
from pytest_amlpreflight.facts.resources.log_reading import read_log
from pytest_amlpreflight.fix import Command, kubectl
from pytest_amlpreflight.verdict import Blocked, Culprit, blocked, check

T = TypeVar("T")

PHASES = ("post", "audit")
CAUSES = (
    (
        ("401", "unauthorized", "403", "forbidden"),
        "the registry refuses the pull",
        "AcrPull for the endpoint's identity",
    ),
    (("not found", "manifest unknown"), "the image is not there", "an image and tag that the registry has"),
    (("no such host", "server misbehaving"), "the registry's name has no address", "a DNS record that nodes can see"),
    (("i/o timeout", "connection refused", "deadline"), "the registry is not reached", "a way from nodes to registry"),
    (("x509", "certificate"), "the registry's certificate is not trusted", "no proxy that breaks TLS open"),
    (("secret",), "the pull secret is absent", "the pull secret that the extension makes"),
)
"""What a message about an image says, what that means, and what has to be."""


@check("pods", explains=("PodUnschedulable", "OutOfQuota", "InternalServerError"), phases=PHASES, settles=True)
def check_pods_are_scheduled(
    aml_deployment: Deployment, aml_kube_deployment_pods: tuple[Pod, ...], aml_kube_events: tuple[Event, ...]
) -> None:
    """Every pod of the deployment was made, and found a node.

    A pod without a node waits, and the deployment with it, until it is given up. Where no pod was made at all, a quota
    or the extension's webhook refused it.
    """
    if not aml_kube_deployment_pods:
        failed = [one.message for one in aml_kube_events if one.reason == "FailedCreate"]
        blocked(
            f"deployment {aml_deployment.name} has no pods",
            found=failed[-1] if failed else "no pod with its labels, and no event that says why",
            expected=f"{aml_deployment.least_instances} pods",
            fix=(
                kubectl("get deployments,resourcequotas", namespace="NAMESPACE"),
                kubectl("get pods", namespace="azureml"),
            ),
        )
    waiting = [pod for pod in aml_kube_deployment_pods if pod.unscheduled]
    _blocked_each(
        Culprit.of(
            f"pod {pods[0].name} finds no node" + (f", and {len(pods) - 1} more" if len(pods) > 1 else ""),
            found=said,
            expected="a node with room, whose labels and taints fit",
            fix=(kubectl("describe pod", pods[0].name, namespace=pods[0].namespace), kubectl("describe nodes")),
            kind="unscheduled",
        )
        for said, pods in _by(waiting, lambda pod: pod.unscheduled or "").items()
    )


@check(
    "pods",
    explains=("ImagePullLoopBackOff", "ACRSecretError", "ACRAuthenticationChallengeFailed"),
    phases=PHASES,
    settles=True,
)
def check_images_are_pulled(aml_kube_deployment_pods: tuple[Pod, ...], aml_kube_events: tuple[Event, ...]) -> None:
    """Every container of the deployment's pods got its image.

    The cluster says why it did not: a role, a name, the network, a certificate, a secret.
    """
    failing = [(pod, one) for pod in aml_kube_deployment_pods for one in pod.containers if one.image_fails]
    said = {(pod.name, one.name): _image_words(pod, one, aml_kube_events) for pod, one in failing}
    by_cause = _by(failing, lambda found: _cause(said[found[0].name, found[1].name])[0])
    _blocked_each(
        Culprit.of(
            f"container {found[0][1].name} of pod {found[0][0].name} gets no image: {cause}",
            found=f"{found[0][1].waiting}: {said[found[0][0].name, found[0][1].name]}",
            expected=_cause(said[found[0][0].name, found[0][1].name])[1],
            fix=kubectl("describe pod", found[0][0].name, namespace=found[0][0].namespace),
            kind=cause,
        )
        for cause, found in by_cause.items()
    )


@check(
    "pods",
    explains=(
        "DeploymentCrashLoopBackOff",
        "KubernetesCrashLoopBackOff",
        "PodOutOfMemory",
        "502",
        "UserScriptInitFailed",
        "BadArgument",
    ),
    phases=PHASES,
    settles=True,
)
def check_containers_stay_up(
    aml_deployment: Deployment,
    aml_kube_deployment_pods: tuple[Pod, ...],
    aml_kube_crash_logs: Mapping[str, str],
) -> None:
    """The containers of the deployment's pods start, and stay up.

    One that crashes is started again ever later; the log of its last run has the reason. One that takes more memory
    than its limit is ended without a word. Several pods with one cause are one verdict.
    """
    crashed = [(pod, one) for pod in aml_kube_deployment_pods for one in pod.containers if one.crashes]
    by_cause = _by(crashed, lambda found: _crash(*found, aml_kube_crash_logs)[0])
    _blocked_each(
        Culprit.of(
            f"container {found[0][1].name} of pod {found[0][0].name} {cause}",
            found=_crash(*found[0], aml_kube_crash_logs)[1] + (f"\n{len(found)} pods" if len(found) > 1 else ""),
            expected="a container that starts and stays up",
            fix=(_look(*found[0]), _crash(*found[0], aml_kube_crash_logs)[2]),
            kind=cause,
        )
        for cause, found in by_cause.items()
    )
    evicted = [pod for pod in aml_kube_deployment_pods if pod.reason == "Evicted"]
    if evicted:
        blocked(
            f"pod {evicted[0].name} was evicted from its node",
            found=f"status.reason = 'Evicted' on {evicted[0].node}",
            expected="a node with disk and memory to spare",
            fix=kubectl("describe pod", evicted[0].name, namespace=evicted[0].namespace),
        )
    _check_ready(aml_deployment, aml_kube_deployment_pods)


def _check_ready(deployment: Deployment, pods: tuple[Pod, ...]) -> None:
    ready = sum(pod.ready for pod in pods)
    settled = pods and not any(pod.unscheduled or any(one.image_fails for one in pod.containers) for pod in pods)
    if settled and ready < deployment.least_instances:
        blocked(
            f"deployment {deployment.name} has fewer pods ready than it wants",
            found=f"{ready} of {len(pods)} pods ready",
            expected=f"{deployment.least_instances} or more",
            fix=kubectl(
                "get pods", namespace=pods[0].namespace, selector=f"ml.azure.com/deployment-name={deployment.name}"
            ),
        )


def _crash(pod: Pod, one: Container, logs: Mapping[str, str]) -> tuple[str, str, str]:
    """How it ended, in what words, and what mends it."""
    if one.out_of_memory:
        return "takes more memory than its limit", "OOMKilled, exit code 137", "raise resources.limits.memory"
    causes = read_log(logs.get(f"{pod.name}/{one.name}", ""), "InferenceServer", failed=True).causes
    ended = f"exit code {one.exit_code}, {one.restarts} restarts" if one.exit_code is not None else f"{one.waiting}"
    if causes:
        return f"crashes: {causes[0].title}", f"{ended}\n{causes[0].line}", causes[0].advice
    what = "fails while it fetches model and code" if one.init else "crashes"
    return what, ended, ""


def _look(pod: Pod, one: Container) -> Command:
    previous = True if one.restarts else None
    return kubectl("logs", pod.name, namespace=pod.namespace, container=one.name, previous=previous)


def _image_words(pod: Pod, one: Container, events: tuple[Event, ...]) -> str:
    told = [event.message for event in events if event.name == pod.name and "pull" in event.message.lower()]
    return next((words for words in reversed(told) if "fail" in words.lower()), one.message) or "without a message"


def _cause(words: str) -> tuple[str, str]:
    lowered = words.lower()
    found = next(((cause, expected) for marks, cause, expected in CAUSES if any(m in lowered for m in marks)), None)
    return found or ("it cannot be pulled", "an image that the nodes can pull")


def _by(things: Iterable[T], key: Callable[[T], str]) -> dict[str, list[T]]:
    """The things by what they have in common, in the order in which they came."""
    found: dict[str, list[T]] = {}
    for one in things:
        found.setdefault(key(one), []).append(one)
    return found


def _blocked_each(culprits: Iterable[Culprit]) -> None:
    """One verdict with a culprit for each cause; none where there is no cause."""
    found = tuple(culprits)
    if found:
        raise Blocked(*found)
