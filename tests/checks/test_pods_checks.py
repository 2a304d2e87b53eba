"""The checks of a deployment's pods, by call."""

from dataclasses import replace

import pytest

from pytest_amlpreflight.checks.pods import check_containers_stay_up, check_images_are_pulled, check_pods_are_scheduled
from pytest_amlpreflight.facts.kubernetes.pod import SERVER, Container, Event, Pod
from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.endpoint import Deployment
from pytest_amlpreflight.facts.resources.kubernetes_compute import Compute
from pytest_amlpreflight.verdict import Blocked

COMPUTE = Compute(
    ResourceId("s", "g", "computes", "k8s", "/computes/k8s"), "k8s", "Kubernetes", "Succeeded", namespace="models"
)
UP = Container(SERVER, ready=True)
POD = Pod("blue-1", "models", "node-1", "Running", containers=(UP,), ready=True)
IMPORT = """2026-09-17 07:28:10,244 E [72] azmlinfsrv - Traceback (most recent call last):
  File "/var/azureml-app/src/score.py", line 3, in <module>
    import lightgbm
ModuleNotFoundError: No module named 'lightgbm'
"""


def with_server(name: str = "blue-1", **container: object) -> Pod:
    """A pod that is not ready, and what its server is about."""
    return replace(POD, name=name, ready=False, containers=(replace(UP, ready=False, **container),))  # type: ignore[arg-type]


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    """One that starts with two pods."""
    return replace(deployment, name="blue", instance_count=2)


def test_a_deployment_whose_pods_run_passes(deployment: Deployment) -> None:
    """Two of two."""
    pods = (POD, replace(POD, name="blue-2"))

    check_pods_are_scheduled(deployment, COMPUTE, pods, ())
    check_images_are_pulled(pods, ())
    check_containers_stay_up(deployment, pods, {})


def test_a_pod_without_a_node_is_blocked_with_the_scheduler_s_words(deployment: Deployment) -> None:
    """Several with one reason are one culprit, several reasons several."""
    words = "0/3 nodes are available: 3 Insufficient cpu."
    pods = tuple(replace(POD, name=f"blue-{n}", unscheduled=words) for n in (1, 2))
    other = replace(POD, name="blue-3", unscheduled="0/3 nodes are available: 3 Too many pods.")

    with pytest.raises(Blocked) as raised:
        check_pods_are_scheduled(deployment, COMPUTE, (*pods, other), ())

    heads = [culprit.headline for culprit in raised.value.culprits]
    assert heads == ["pod blue-1 finds no node, and 1 more", "pod blue-3 finds no node"]
    assert raised.value.culprits[0].found == words


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ((), "no event that says why"),
        ((Event("ReplicaSet", "blue", "FailedCreate", "exceeded quota: team"),), "exceeded quota: team"),
    ],
)
def test_a_deployment_without_pods_is_blocked(deployment: Deployment, events: tuple[Event, ...], words: str) -> None:
    """With what the cluster said when it refused them."""
    with pytest.raises(Blocked, match=words) as raised:
        check_pods_are_scheduled(deployment, COMPUTE, (), events)

    assert "--namespace models" in raised.value.culprit.fix


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("failed to authorize: 401 Unauthorized", "the registry refuses the pull"),
        ("manifest unknown: not found", "the image is not there"),
        ("dial tcp: lookup acr.azurecr.io: no such host", "the registry's name has no address"),
        ("dial tcp 20.1.2.3:443: i/o timeout", "the registry is not reached"),
        ("x509: certificate signed by unknown authority", "the registry's certificate is not trusted"),
        ('Unable to retrieve image pull secret "acr"', "the pull secret is absent"),
        ("rpc error", "it cannot be pulled"),
    ],
)
def test_an_image_that_does_not_come_is_blocked_by_its_cause(said: str, cause: str) -> None:
    """As the event tells it, else as the container waits for it."""
    waiting = with_server(waiting="ImagePullBackOff", message=f"Failed to pull image: {said}")
    told = Event("Pod", "blue-1", "Failed", f"Failed to pull image: {said}")

    with pytest.raises(Blocked, match=f"gets no image: {cause}"):
        check_images_are_pulled((waiting,), ())
    with pytest.raises(Blocked, match=f"gets no image: {cause}"):
        check_images_are_pulled((with_server(waiting="ErrImagePull"),), (told,))


@pytest.mark.parametrize(
    ("container", "words"),
    [
        ({"waiting": "CrashLoopBackOff", "exit_code": 1, "restarts": 4}, r"crashes\n.*exit code 1, 4 restarts"),
        ({"exit_code": 137, "ended_by": "OOMKilled"}, r"(?s)takes more memory than its limit.*raise resources.limits"),
        ({"exit_code": 137, "ended_by": "Error", "restarts": 2}, r"(?s)is ended from outside.*liveness probe"),
        (
            {"waiting": "CreateContainerConfigError", "message": 'secret "acr" not found'},
            r'(?s)cannot be started.*secret "acr" not found.*kubectl describe pod blue-1',
        ),
    ],
)
def test_a_container_that_does_not_stay_up_is_blocked(
    deployment: Deployment, container: dict[str, object], words: str
) -> None:
    """Each way of ending has its words and its next step."""
    with pytest.raises(Blocked, match=words):
        check_containers_stay_up(deployment, (with_server(**container),), {})


def test_the_log_of_the_last_run_names_the_cause(deployment: Deployment) -> None:
    """By the table that managed containers' logs go through; the command shows the same log."""
    pods = tuple(with_server(f"blue-{n}", waiting="CrashLoopBackOff", exit_code=1, restarts=3) for n in (1, 2))

    with pytest.raises(Blocked) as raised:
        check_containers_stay_up(deployment, pods, {f"{pod.name}/{SERVER}": IMPORT for pod in pods})

    [culprit] = raised.value.culprits
    assert culprit.headline == f"container {SERVER} of pod blue-1 crashes: a module is not installed"
    assert "No module named 'lightgbm'" in culprit.found
    assert "2 pods" in culprit.found
    assert "--previous" in culprit.fix


def test_an_initializer_that_fails_is_told_apart(deployment: Deployment) -> None:
    """Model and code did not come: the script never began."""
    initializer = Container("storageinitializer-modeldata", init=True, exit_code=1, restarts=2)

    with pytest.raises(Blocked, match="fails while it fetches model and code"):
        check_containers_stay_up(deployment, (replace(POD, ready=False, containers=(initializer,)),), {})


def test_a_pod_that_was_put_out_is_no_crash(deployment: Deployment) -> None:
    """Its containers ended too, but it was the node's doing; each cause is a culprit of its own."""
    out = replace(with_server(exit_code=137), reason="Evicted", phase="Failed", message="low on ephemeral-storage")
    crashed = with_server("blue-2", waiting="CrashLoopBackOff", exit_code=1)

    with pytest.raises(Blocked) as raised:
        check_containers_stay_up(deployment, (out, crashed), {})

    heads = [culprit.headline for culprit in raised.value.culprits]
    assert heads == [f"container {SERVER} of pod blue-2 crashes", "pod blue-1 was evicted from its node"]
    assert "low on ephemeral-storage" in raised.value.culprits[1].found


def test_fewer_ready_than_wanted_are_blocked_once_nothing_else_is(deployment: Deployment) -> None:
    """A pod that still waits for a node or an image is reported there."""
    unready = replace(POD, ready=False)

    with pytest.raises(Blocked, match=r"(?s)fewer pods ready than it wants.*1 of 2 pods ready"):
        check_containers_stay_up(deployment, (POD, unready), {})
    check_containers_stay_up(deployment, (POD, replace(unready, unscheduled="no node")), {})
    check_containers_stay_up(deployment, (POD, with_server(waiting="ErrImagePull")), {})
