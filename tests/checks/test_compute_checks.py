"""The checks of the Kubernetes compute, by call."""

import pytest

from pytest_amlpreflight.checks.compute import (
    check_compute_is_attached,
    check_compute_is_kubernetes,
    check_instance_type_exists,
    check_resources_fit_the_instance_type,
    check_workspace_identity_reaches_the_cluster,
)
from pytest_amlpreflight.facts.errors.azure_error import AzureError, ErrorLink
from pytest_amlpreflight.facts.kubernetes.requirements import GPU, Requirements
from pytest_amlpreflight.facts.project.position import Source
from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.facts.resources.access import Access, PermissionBlock, RoleAssignment, RoleDefinition
from pytest_amlpreflight.facts.resources.asset import RegisteredModel
from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.resources.kubernetes_compute import Compute, InstanceType
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.verdict import Blocked, NotApplicable, PreflightAdvice

GROUP = "/subscriptions/s/resourceGroups/g/providers"


def arm_id(path: str) -> ResourceId:
    """The id of a resource of the group."""
    found = parse_resource_id(f"{GROUP}/{path}")
    assert found
    return found


CLUSTER = arm_id("Microsoft.ContainerService/managedClusters/aks")
ENDPOINT = Endpoint("iris", Source("endpoint.yml"), "key", compute="azureml:k8s")
SMALL = InstanceType("small", Requirements({"cpu": "1", "memory": "2Gi"}, {"cpu": "2", "memory": "4Gi"}))


def compute(**different: object) -> Compute:
    """An attached compute with one instance type."""
    plain: dict[str, object] = {
        "id": arm_id("Microsoft.MachineLearningServices/workspaces/w/computes/k8s"),
        "name": "k8s",
        "kind": "Kubernetes",
        "provisioning_state": "Succeeded",
        "cluster_id": CLUSTER,
        "instance_types": (SMALL,),
    }
    return Compute(**plain | different)  # type: ignore[arg-type]  # the fact's own fields


def deployment(instance_type: str | None = "small", **requirements: dict[str, str]) -> Deployment:
    """A deployment that asks for something."""
    wanted = Requirements(**requirements)
    return Deployment("blue", "iris", Source("blue.yml"), instance_type, 1, managed=False, requirements=wanted)


@pytest.mark.parametrize(("found", "words"), [(None, "k8s does not exist"), (compute(kind="AKS"), "is no Kubernetes")])
def test_an_endpoint_needs_a_kubernetes_compute(workspace: Workspace, found: Compute | None, words: str) -> None:
    """One that was detached, and one of the retired kind."""
    with pytest.raises(Blocked, match=words):
        check_compute_is_kubernetes(ENDPOINT, workspace, found)


def test_every_provisioning_error_is_shown(workspace: Workspace) -> None:
    """Azure keeps several; a failed attachment is not waited for."""
    errors = tuple(AzureError((ErrorLink(code, "why"),)) for code in ("One", "Two"))

    with pytest.raises(Blocked, match=r"(?s)'Failed'.*One: why.*Two: why") as verdict:
        check_compute_is_attached(workspace, compute(provisioning_state="Failed", errors=errors))

    assert verdict.value.final


def test_a_compute_that_is_being_attached_may_settle(workspace: Workspace) -> None:
    """Waiting can mend it."""
    with pytest.raises(Blocked, match="'Creating'") as verdict:
        check_compute_is_attached(workspace, compute(provisioning_state="Creating"))

    assert not verdict.value.final


def test_a_managed_endpoint_is_not_asked(workspace: Workspace) -> None:
    """There is no compute behind it."""
    with pytest.raises(NotApplicable, match="managed"):
        check_compute_is_attached(workspace, None)


@pytest.mark.parametrize("name", ["small", "SMALL"])
def test_an_instance_type_is_found_in_any_casing(name: str) -> None:
    """Azure and the cluster spell them differently."""
    check_instance_type_exists(compute(), deployment(name), None)


def test_no_instance_type_means_the_default_one() -> None:
    """Which Azure spells in its own casing."""
    types = (InstanceType("defaultInstanceType"),)

    check_instance_type_exists(compute(instance_types=types), deployment(None), None)


def test_an_unknown_instance_type_is_blocked() -> None:
    """A size of a managed endpoint's machines is none."""
    with pytest.raises(Blocked, match=r"(?s)Standard_DS3_v2 does not exist on compute k8s.*one of small"):
        check_instance_type_exists(compute(), deployment("Standard_DS3_v2"), None)


def test_an_instance_type_that_one_side_alone_knows_is_advice() -> None:
    """How fresh the workspace's list is, nobody says."""
    with pytest.warns(PreflightAdvice, match="known to the cluster alone"):
        check_instance_type_exists(compute(instance_types=()), deployment("new"), (InstanceType("new"),))
    with pytest.warns(PreflightAdvice, match="known to the workspace alone"):
        check_instance_type_exists(compute(), deployment("small"), ())


@pytest.mark.parametrize(
    ("requests", "limits", "words"),
    [
        ({"cpu": "2"}, {"cpu": "1"}, "requests more cpu than its limit"),
        ({"memory": "4Gi"}, {"memory": "2Gi"}, "requests more memory than its limit"),
        ({}, {"memory": "5Gi"}, "asks for more memory than instance type small"),
        ({"cpu": "3"}, {}, "asks for more cpu than instance type small"),
        ({"memory": "2GB"}, {}, "amount that is none: memory 2GB"),
        ({"cpu": "abc"}, {}, "amount that is none: cpu abc"),
        ({"cpu": "0"}, {}, "amount that is none: cpu 0"),
        ({}, {GPU: "0.5"}, "a part of a GPU"),
        ({GPU: "1"}, {}, "GPUs without a limit"),
    ],
)
def test_what_kubernetes_or_azure_refuses_is_blocked(
    requests: dict[str, str], limits: dict[str, str], words: str
) -> None:
    """The rules of instance types, one by one."""
    with pytest.raises(Blocked, match=words):
        check_resources_fit_the_instance_type(compute(), deployment(requests=requests, limits=limits), None)


def test_equal_amounts_pass() -> None:
    """One page of the guides says `below`, another `no more than`."""
    limits = {"cpu": "2", "memory": "4096Mi"}

    check_resources_fit_the_instance_type(compute(), deployment(requests=limits, limits=limits), None)


def test_an_mlflow_model_needs_more() -> None:
    """2 CPUs and 4 GB, by the instance type where the deployment says nothing."""
    model = RegisteredModel("m", "1", "mlflow_model", None)
    small = InstanceType("small", Requirements({"cpu": "1"}, {"cpu": "1", "memory": "2Gi"}))

    with pytest.raises(Blocked, match="too little for an MLflow model"):
        check_resources_fit_the_instance_type(compute(instance_types=(small,)), deployment(), model)


def access(*actions: str) -> Access:
    """What the workspace's identity may do on the cluster."""
    role = RoleDefinition("r", "Custom", custom=True, permissions=(PermissionBlock(actions=actions),))
    return Access("p", CLUSTER.text, ((RoleAssignment("a", "r", "p", "ServicePrincipal", CLUSTER.text), role),))


def test_a_workspace_s_own_identity_needs_roles_on_the_cluster(workspace: Workspace) -> None:
    """The lacking ones are named, each with its command."""
    with pytest.raises(Blocked, match=r"(?s)Extension Contributor.*Cluster Admin Role") as verdict:
        check_workspace_identity_reaches_the_cluster(workspace, compute(), (access("*/read"),))

    assert "Reader'" not in str(verdict.value)
    check_workspace_identity_reaches_the_cluster(workspace, compute(), (access("*"),))
