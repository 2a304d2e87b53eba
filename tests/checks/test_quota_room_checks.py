"""The newer checks of topic quota, by call with values."""

from dataclasses import replace

import pytest
from building import a_workspace

from pytest_amlpreflight.checks.quota import (
    check_compute_objects_remain,
    check_instance_type_is_offered,
    check_model_fits_the_disk,
    check_model_fits_the_memory,
)
from pytest_amlpreflight.facts.project.model_size import GIB, ModelSize
from pytest_amlpreflight.facts.project.position import Source
from pytest_amlpreflight.facts.resource_id import parse_resource_id
from pytest_amlpreflight.facts.resources.endpoint import Deployment, PlannedDeployment
from pytest_amlpreflight.facts.resources.public_access import PublicAccess
from pytest_amlpreflight.facts.resources.quota import Quota, Usage, UsageLevel, VmSize
from pytest_amlpreflight.verdict import Blocked, NotApplicable, PreflightAdvice

ID = parse_resource_id("/subscriptions/S/resourceGroups/G/providers/Microsoft.MachineLearningServices/workspaces/ws")
assert ID is not None
WORKSPACE = a_workspace(ID, name="ws", guid="guid", public_network_access=PublicAccess.ENABLED)
DS3 = VmSize("Standard_DS3_v2", "standardDSv2Family", 4, memory_gb=14.0, disk_mb=28672, compute_types=("MIR",))
DS11 = VmSize("Standard_DS11_v2", "standardDSv2Family", 2, memory_gb=14.0, disk_mb=28672, compute_types=("AmlCompute",))
BLUE = Deployment("blue", "iris", Source("blue.yml"), "STANDARD_DS3_V2", 3)
ON_CLUSTER = replace(BLUE, managed=False)


def quota(used: int = 9, limit: int | None = 500) -> Quota:
    """A region with two sizes and a count of compute objects."""
    return Quota((Usage(UsageLevel.CLUSTERS, "Clusters", used, limit),), (DS3, DS11))


def model(size: float) -> ModelSize:
    """A model of so many GiB."""
    return ModelSize("weights", int(size * GIB), "blue.yml:4")


def test_a_compute_object_is_left() -> None:
    """Also where there is no limit."""
    check_compute_objects_remain(BLUE, None, WORKSPACE, quota(499), ())
    check_compute_objects_remain(BLUE, None, WORKSPACE, quota(999, None), ())


def test_no_compute_object_is_left() -> None:
    """The count is that of the region, whatever the cores."""
    with pytest.raises(Blocked, match="no compute object is left in eastus2") as verdict:
        check_compute_objects_remain(BLUE, None, WORKSPACE, quota(500), ())

    assert verdict.value.culprit.found.startswith("500 of 500")


def test_an_existing_or_attached_deployment_adds_no_compute_object() -> None:
    """The question does not arise."""
    for deployment, live in ((BLUE, BLUE), (ON_CLUSTER, None)):
        with pytest.raises(NotApplicable, match="no compute object is added"):
            check_compute_objects_remain(deployment, live, WORKSPACE, quota(500), ())


def test_a_count_that_azure_does_not_list_is_not_called_free() -> None:
    """The check says why it cannot say."""
    with pytest.raises(NotApplicable, match="lists no count"):
        check_compute_objects_remain(BLUE, None, WORKSPACE, Quota((), ()), ())


def test_an_offered_instance_type_passes_in_any_casing() -> None:
    """Azure keeps the caller's casing."""
    check_instance_type_is_offered(BLUE, WORKSPACE, quota())


def test_an_instance_type_that_is_not_offered_is_blocked_with_its_likes() -> None:
    """A typing error is the likeliest cause."""
    with pytest.raises(Blocked, match="Standard_DS3v2 is not offered in eastus2") as verdict:
        check_instance_type_is_offered(replace(BLUE, instance_type="Standard_DS3v2"), WORKSPACE, quota())

    assert verdict.value.culprit.expected.endswith("such as Standard_DS3_v2")


def test_a_size_without_the_mark_for_online_endpoints_is_advice() -> None:
    """The mark's meaning is inferred."""
    with pytest.warns(PreflightAdvice, match="Standard_DS11_v2 seems not to serve online endpoints"):
        check_instance_type_is_offered(replace(BLUE, instance_type="Standard_DS11_v2"), WORKSPACE, quota())


def test_a_cluster_has_instance_types_of_its_own() -> None:
    """Those of the region do not count there."""
    with pytest.raises(NotApplicable, match="those of its cluster"):
        check_instance_type_is_offered(ON_CLUSTER, WORKSPACE, quota())


def test_a_model_larger_than_the_disk_is_blocked() -> None:
    """28 672 MB are 28 GiB."""
    check_model_fits_the_disk(BLUE, model(28), quota())

    with pytest.raises(Blocked, match="model weights does not fit on the disk of Standard_DS3_v2"):
        check_model_fits_the_disk(BLUE, model(28.1), quota())


def test_a_size_without_a_disk_of_its_own_says_nothing() -> None:
    """Zero is not the room there is: such machines mount another disk."""
    check_model_fits_the_disk(BLUE, model(500), Quota((), (replace(DS3, disk_mb=0),)))


def test_a_model_larger_than_the_memory_is_advice() -> None:
    """Files do not tell memory."""
    check_model_fits_the_memory(BLUE, model(14), quota())

    with pytest.warns(PreflightAdvice, match="model weights is larger than the memory of Standard_DS3_v2"):
        check_model_fits_the_memory(BLUE, model(14.1), quota())


@pytest.mark.parametrize("fits", [check_model_fits_the_disk, check_model_fits_the_memory])
def test_what_is_not_known_is_not_compared(fits: object) -> None:
    """No model here, no such size, or machines of a cluster: each with its reason."""
    cases = [
        (BLUE, None, "not on this machine"),
        (replace(BLUE, instance_type="none"), model(1), "not offered"),
        (ON_CLUSTER, model(1), "its cluster"),
    ]
    for deployment, size, reason in cases:
        with pytest.raises(NotApplicable, match=reason):
            fits(deployment, size, quota())  # type: ignore[operator]


def test_a_size_in_words() -> None:
    """A tree that was not counted to its end is larger still."""
    assert model(2.5).shown == "2.5 GiB"
    assert replace(model(2.5), complete=False).shown == "at least 2.5 GiB"


def test_compute_objects_must_remain_for_all_deployments_of_the_run() -> None:
    """One is left and two are needed; an update adds none."""
    new, update = (PlannedDeployment(replace(BLUE, name="green"), live) for live in (None, BLUE))

    check_compute_objects_remain(BLUE, None, WORKSPACE, quota(499), (update,))
    with pytest.raises(Blocked, match=r"2 compute objects are needed in .* and 1 left"):
        check_compute_objects_remain(BLUE, None, WORKSPACE, quota(499), (new,))
