"""The checks of topic endpoint, by call with values."""

from dataclasses import replace

import pytest
from building import a_workspace

from pytest_amlpreflight.checks.endpoint import (
    check_deployment_has_its_endpoint,
    check_deployment_name_is_valid,
    check_deployments_fit_the_region,
    check_endpoint_is_at_rest,
    check_endpoint_name_is_free,
    check_endpoint_name_is_valid,
    check_endpoints_fit_the_region,
)
from pytest_amlpreflight.facts.project.position import Source
from pytest_amlpreflight.facts.project.spec import ComputeKind, DeploymentSpec, EndpointSpec
from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.facts.resources.endpoint import LIVE, Deployment, Endpoint, PlannedDeployment
from pytest_amlpreflight.facts.resources.public_access import PublicAccess
from pytest_amlpreflight.facts.resources.region import EndpointInRegion, Region
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.verdict import Blocked, NotApplicable, PreflightAdvice


def arm_id(text: str) -> ResourceId:
    """An id below the workspaces of one resource group."""
    found = parse_resource_id(
        f"/subscriptions/S/resourceGroups/G/providers/Microsoft.MachineLearningServices/workspaces/{text}"
    )
    assert found is not None
    return found


WORKSPACE = a_workspace(arm_id("ws"), name="ws", guid="guid", public_network_access=PublicAccess.ENABLED)
SPEC = Endpoint("iris", Source("endpoint.yml"), "key")
RUNNING = Endpoint("iris", LIVE, "Key", location="eastus2", provisioning_state="Succeeded")
ON_CLUSTER = replace(SPEC, compute="cluster")
BLUE = Deployment("blue", "iris", Source("blue.yml"), "Standard_DS3_v2", 3)
NOTHING = Region("eastus2")


def endpoints(count: int, workspace: str = "other", **more: object) -> tuple[EndpointInRegion, ...]:
    """Endpoints of a workspace in the region."""
    return tuple(EndpointInRegion(arm_id(f"{workspace}/onlineEndpoints/e{n}"), **more) for n in range(count))  # type: ignore[arg-type]


def deployments(count: int, endpoint: str = "e0") -> tuple[ResourceId, ...]:
    """Deployments of an endpoint in the region."""
    return tuple(arm_id(f"other/onlineEndpoints/{endpoint}/deployments/d{n}") for n in range(count))


@pytest.mark.parametrize("name", ["iris", "Iris-2", "abc", "a" * 32])
def test_a_name_by_the_rules_is_valid(name: str) -> None:
    """Letters, digits and dashes, 3 to 32 of them."""
    check_endpoint_name_is_valid(EndpointSpec(name))


@pytest.mark.parametrize(
    ("name", "proposed"), [("2nd_model", "e-2nd-model"), ("ab", "ab0"), ("iris-", "iris"), ("a" * 33, "a" * 32)]
)
def test_a_name_against_the_rules_is_blocked_with_one_that_fits(name: str, proposed: str) -> None:
    """The verdict counts, and proposes the nearest name that Azure takes."""
    with pytest.raises(Blocked, match="is none that Azure takes") as verdict:
        check_endpoint_name_is_valid(EndpointSpec(name))

    assert verdict.value.culprit.fix == f"name: {proposed}"


def test_two_dashes_in_a_row_are_advice() -> None:
    """Microsoft's page and its SDK disagree on them."""
    with pytest.warns(PreflightAdvice, match="'ir--is' has two dashes in a row"):
        check_endpoint_name_is_valid(EndpointSpec("ir--is"))


def test_a_deployments_file_answers_for_its_endpoints_name_too() -> None:
    """Where no file of the endpoint is given, nobody else would."""
    with pytest.raises(Blocked, match="endpoint name 'my_endpoint' is none that Azure takes"):
        check_deployment_name_is_valid(DeploymentSpec("blue", "my_endpoint"))


def test_names_on_kubernetes_are_measured_together() -> None:
    """Each may have 32 characters, both together 62."""
    deployment = DeploymentSpec("d" * 32, "e" * 32, kind=ComputeKind.KUBERNETES)

    with pytest.raises(Blocked, match="are 64 characters together"):
        check_deployment_name_is_valid(deployment)

    check_deployment_name_is_valid(replace(deployment, kind=ComputeKind.MANAGED))


def test_a_name_that_nobody_has_is_free() -> None:
    """Batch endpoints, attached ones and the workspace's own do not take a managed endpoint's name."""
    own, batch = (
        EndpointInRegion(arm_id("ws/onlineEndpoints/iris")),
        EndpointInRegion(arm_id("x/batchEndpoints/iris"), batch=True),
    )
    attached = EndpointInRegion(arm_id("y/onlineEndpoints/iris"), compute="cluster")

    check_endpoint_name_is_free(SPEC, None, WORKSPACE, Region("eastus2", (own, batch, attached)))


def test_a_name_of_another_workspace_in_the_region_is_taken() -> None:
    """In whatever casing: host names have none."""
    taken = Region("eastus2", (EndpointInRegion(arm_id("other/onlineEndpoints/IRIS")),))

    with pytest.raises(Blocked, match="endpoint name iris is taken in eastus2") as verdict:
        check_endpoint_name_is_free(SPEC, None, WORKSPACE, taken)

    assert "workspace other" in verdict.value.culprit.found


@pytest.mark.parametrize(
    ("live", "member"),
    [
        (replace(RUNNING, compute="/a/computes/cluster"), "compute"),
        (replace(RUNNING, location="West Europe"), "location"),
        (replace(RUNNING, identity_ids=(arm_id("x"),)), "identity"),
    ],
)
def test_what_is_decided_at_creation_cannot_be_changed(live: Endpoint, member: str) -> None:
    """Kind, region and identity of the live endpoint stand against those of the spec."""
    with pytest.raises(Blocked, match=f"endpoint iris exists with another {member}"):
        check_endpoint_name_is_free(SPEC, live, WORKSPACE, NOTHING)


def test_the_same_endpoint_may_be_created_again() -> None:
    """An update of what is there, whatever the casing of its region and of its compute's id."""
    check_endpoint_name_is_free(SPEC, replace(RUNNING, location="East US 2"), WORKSPACE, NOTHING)
    check_endpoint_name_is_free(ON_CLUSTER, replace(RUNNING, compute="/W/computes/Cluster"), WORKSPACE, NOTHING)


def test_without_a_spec_no_name_is_asked_for() -> None:
    """A live endpoint has its name already."""
    with pytest.raises(NotApplicable, match="no endpoint spec was given"):
        check_endpoint_name_is_free(RUNNING, RUNNING, WORKSPACE, NOTHING)


@pytest.mark.parametrize("state", ["Creating", "Updating", "Deleting"])
def test_an_endpoint_in_an_operation_is_not_at_rest(state: str) -> None:
    """The states in which Azure refuses another operation."""
    with pytest.raises(Blocked, match=f"endpoint iris is {state.lower()}"):
        check_endpoint_is_at_rest(replace(RUNNING, provisioning_state=state), ())


def test_a_sibling_deployment_in_an_operation_counts_too() -> None:
    """Deployments of one endpoint are changed one at a time."""
    with pytest.raises(Blocked, match="deployment blue of endpoint iris is scaling"):
        check_endpoint_is_at_rest(RUNNING, (replace(BLUE, provisioning_state="Scaling"),))


def test_failed_is_at_rest() -> None:
    """What has failed can be changed or deleted."""
    states = ("Failed", "Canceled")

    check_endpoint_is_at_rest(RUNNING, tuple(replace(BLUE, provisioning_state=state) for state in states))


def test_nothing_is_under_way_on_what_does_not_exist() -> None:
    """Before creation the question does not arise."""
    with pytest.raises(NotApplicable, match="does not exist yet"):
        check_endpoint_is_at_rest(None, ())


def test_an_endpoint_that_failed_is_advice() -> None:
    """Its creation or a later change: only after the first it takes no deployment."""
    with pytest.warns(PreflightAdvice, match="endpoint iris failed, and takes no deployment if"):
        check_endpoint_is_at_rest(replace(RUNNING, provisioning_state="Failed"), ())


def test_the_last_endpoint_of_the_region_is_blocked() -> None:
    """Batch endpoints and those of other workspaces count."""
    full = Region("eastus2", (*endpoints(60), *endpoints(40, "third", batch=True)))

    with pytest.raises(Blocked, match="no room for one more of the endpoints in eastus2"):
        check_endpoints_fit_the_region(SPEC, None, full, ())


@pytest.mark.parametrize("count", [99, 101, 3000])
def test_below_the_default_and_beyond_a_raised_limit_there_is_room(count: int) -> None:
    """More than the default allows can only be there because it was raised."""
    check_endpoints_fit_the_region(SPEC, None, Region("eastus2", endpoints(count)), ())


def test_an_existing_endpoint_takes_no_room() -> None:
    """An update adds none."""
    with pytest.raises(NotApplicable, match="the endpoint exists"):
        check_endpoints_fit_the_region(SPEC, RUNNING, Region("eastus2", endpoints(100)), ())


def test_a_cluster_has_a_limit_of_its_own() -> None:
    """60 endpoints on one Kubernetes compute."""
    full = Region("eastus2", endpoints(60, compute="/W/computes/Cluster"))

    with pytest.raises(Blocked, match="endpoints on compute cluster"):
        check_endpoints_fit_the_region(ON_CLUSTER, None, full, ())


def test_an_endpoint_has_at_most_so_many_deployments() -> None:
    """20 of them, counted at the endpoint itself."""
    with pytest.raises(Blocked, match="deployments on endpoint iris"):
        check_deployments_fit_the_region(None, (BLUE,) * 20, SPEC, NOTHING, ())


def test_a_region_has_at_most_so_many_deployments() -> None:
    """500 of them, over all workspaces."""
    with pytest.raises(Blocked, match="deployments in eastus2"):
        check_deployments_fit_the_region(None, (), SPEC, Region("eastus2", (), deployments(500)), ())


def test_a_cluster_has_at_most_so_many_deployments() -> None:
    """100 of them, over the endpoints that are attached to it."""
    full = Region("eastus2", endpoints(1, compute="cluster"), deployments(100))

    with pytest.raises(Blocked, match="deployments on compute cluster"):
        check_deployments_fit_the_region(None, (), ON_CLUSTER, full, ())


def test_what_one_run_creates_has_to_fit_together() -> None:
    """Each alone would: of endpoints and deployments those that are there already do not count twice."""
    green = PlannedDeployment(replace(BLUE, name="green"), None)
    there = PlannedDeployment(replace(BLUE, name="red"), BLUE)
    almost = Region("eastus2", endpoints(98), deployments(498))

    check_endpoints_fit_the_region(SPEC, None, almost, ("rose",))
    check_deployments_fit_the_region(None, (BLUE,) * 18, SPEC, almost, (green, there))

    with pytest.raises(Blocked, match="no room for 3 more of the endpoints in eastus2"):
        check_endpoints_fit_the_region(SPEC, None, almost, ("rose", "tulip"))
    with pytest.raises(Blocked, match="no room for 2 more of the deployments on endpoint iris"):
        check_deployments_fit_the_region(None, (BLUE,) * 19, SPEC, almost, (green, there))


def test_an_existing_deployment_takes_no_room() -> None:
    """An update adds none."""
    check_deployments_fit_the_region(BLUE, (BLUE,) * 20, SPEC, Region("eastus2", (), deployments(500)), ())


def test_an_endpoint_that_is_nowhere_is_named() -> None:
    """Neither live nor in a spec."""
    with pytest.raises(Blocked, match="endpoint iris does not exist in workspace ws"):
        check_deployment_has_its_endpoint(WORKSPACE, None, Target(WORKSPACE.id, "iris"))

    check_deployment_has_its_endpoint(WORKSPACE, SPEC, Target(WORKSPACE.id, "iris"))
