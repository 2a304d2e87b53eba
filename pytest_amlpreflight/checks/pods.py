"""The pods of a Kubernetes deployment: whether they found a node, their image, and stay up."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from pytest_amlpreflight.checks._kubernetes import the_compute
from pytest_amlpreflight.facts.kubernetes.pod import Container, Event, Pod, selector_of
from pytest_amlpreflight.facts.logs.reading import read_log
from pytest_amlpreflight.facts.resources.endpoint import Deployment
from pytest_amlpreflight.facts.resources.kubernetes_compute import Compute
from pytest_amlpreflight.fix import kubectl
from pytest_amlpreflight.verdict import blocked, check, for_each

T = TypeVar("T")

PHASES = ("post", "audit")
KILLED = 137
"""The exit code of a process that was ended with SIGKILL: by the kernel, the kubelet or the node."""
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
    aml_deployment: Deployment,
    aml_compute: Compute | None,
    aml_kube_deployment_pods: tuple[Pod, ...],
    aml_kube_events: tuple[Event, ...],
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
                kubectl("get deployments,resourcequotas", namespace=the_compute(aml_compute).namespace),
                kubectl("get pods", namespace="azureml"),
            ),
        )
    waiting = [pod for pod in aml_kube_deployment_pods if pod.unscheduled]
    for_each(_find_no_node, _by(waiting, lambda pod: pod.unscheduled or ""))


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
    told = [(pod, one, _image_words(pod, one, aml_kube_events)) for pod, one in failing]
    for_each(_get_no_image, _by(told, lambda found: _cause(found[2])[0]))


@check(
    "pods",
    explains=(
        "DeploymentCrashLoopBackOff",
        "KubernetesCrashLoopBackOff",
        "PodOutOfMemory",
        "502",
        "UserScriptInitFailed",
        "UserScriptImportError",
        "UserScriptFunctionNotFound",
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
    evicted = [pod for pod in aml_kube_deployment_pods if pod.evicted]
    up = [pod for pod in aml_kube_deployment_pods if not pod.evicted]
    ended = [_end(pod, one, aml_kube_crash_logs) for pod in up for one in pod.containers if one.crashes or one.stuck]
    judge: list[Callable[[], None]] = [partial(_have_ended, found) for found in _by(ended, lambda end: end.cause)]
    judge += [partial(_were_evicted, pods) for pods in _by(evicted, lambda pod: pod.message)]
    for_each(lambda refuse: refuse(), judge)
    _check_ready(aml_deployment, aml_kube_deployment_pods)


def _find_no_node(pods: list[Pod]) -> None:
    first, *more = pods
    blocked(
        f"pod {first.name} finds no node" + (f", and {len(more)} more" if more else ""),
        found=first.unscheduled or "",
        expected="a node with room, whose labels and taints fit",
        fix=(kubectl("describe pod", first.name, namespace=first.namespace), kubectl("describe nodes")),
        kind="unscheduled",
    )


def _get_no_image(found: list[tuple[Pod, Container, str]]) -> None:
    pod, container, words = found[0]
    cause, expected = _cause(words)
    blocked(
        f"container {container.name} of pod {pod.name} gets no image: {cause}",
        found=f"{container.waiting}: {words}",
        expected=expected,
        fix=kubectl("describe pod", pod.name, namespace=pod.namespace),
        kind=cause,
    )


def _were_evicted(pods: list[Pod]) -> None:
    blocked(
        f"pod {pods[0].name} was evicted from its node",
        found=f"status.reason = 'Evicted' on {pods[0].node}: {pods[0].message}{_and_others(len(pods))}",
        expected="a node with disk and memory to spare",
        fix=kubectl("describe pod", pods[0].name, namespace=pods[0].namespace),
        kind="evicted",
    )


def _and_others(count: int) -> str:
    return f"\n{count} pods" if count > 1 else ""


def _check_ready(deployment: Deployment, pods: tuple[Pod, ...]) -> None:
    ready = sum(pod.ready for pod in pods)
    scheduled = pods and not any(pod.unscheduled or any(one.image_fails for one in pod.containers) for pod in pods)
    if scheduled and ready < deployment.least_instances:
        blocked(
            f"deployment {deployment.name} has fewer pods ready than it wants",
            found=f"{ready} of {len(pods)} pods ready",
            expected=f"{deployment.least_instances} or more",
            fix=kubectl("get pods", namespace=pods[0].namespace, selector=selector_of(deployment.name)),
        )


@dataclass(frozen=True, slots=True)
class _End:
    """How a container of a pod ended: the `cause`, in what words, and what mends it."""

    pod: Pod
    container: Container
    cause: str
    words: str
    advice: str = ""


def _have_ended(found: list[_End]) -> None:
    end, pod, container = found[0], found[0].pod, found[0].container
    look = kubectl(
        "logs",
        pod.name,
        namespace=pod.namespace,
        container=container.name,
        previous=True if container.restarts else None,
    )
    blocked(
        f"container {container.name} of pod {pod.name} {end.cause}",
        found=end.words + _and_others(len(found)),
        expected="a container that starts and stays up",
        fix=(kubectl("describe pod", pod.name, namespace=pod.namespace) if container.stuck else look, end.advice),
        kind=end.cause,
    )


def _end(pod: Pod, one: Container, logs: Mapping[str, str]) -> _End:
    if one.stuck:
        return _End(pod, one, "cannot be started", f"{one.waiting}: {one.message or 'without a message'}")
    if one.out_of_memory:
        words = "OOMKilled, exit code 137"
        return _End(pod, one, "takes more memory than its limit", words, "raise resources.limits.memory")
    causes = read_log(logs.get(f"{pod.name}/{one.name}", ""), "InferenceServer", failed=True).causes
    ended = f"exit code {one.exit_code}, {one.restarts} restarts" if one.exit_code is not None else f"{one.waiting}"
    if causes:
        return _End(pod, one, f"crashes: {causes[0].title}", f"{ended}\n{causes[0].line}", causes[0].advice)
    if one.init:
        return _End(pod, one, "fails while it fetches model and code", ended)
    if one.exit_code == KILLED:
        advice = "a liveness probe failed, as kubectl describe pod says: give it more time, or run() less to do"
        return _End(pod, one, "is ended from outside", f"{ended}, and not for its memory", advice)
    return _End(pod, one, "crashes", ended)


def _image_words(pod: Pod, one: Container, events: tuple[Event, ...]) -> str:
    told = [event.message for event in events if event.name == pod.name and "pull" in event.message.lower()]
    return next((words for words in reversed(told) if "fail" in words.lower()), one.message) or "without a message"


def _cause(words: str) -> tuple[str, str]:
    lowered = words.lower()
    found = next(((cause, expected) for marks, cause, expected in CAUSES if any(m in lowered for m in marks)), None)
    return found or ("it cannot be pulled", "an image that the nodes can pull")


def _by(things: Iterable[T], key: Callable[[T], str]) -> list[list[T]]:
    """The things by what they have in common, in the order in which they came."""
    found: dict[str, list[T]] = {}
    for one in things:
        found.setdefault(key(one), []).append(one)
    return list(found.values())
