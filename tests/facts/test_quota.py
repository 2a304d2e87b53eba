"""Cores needed against cores left."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_amlpreflight.data import Table, load
from pytest_amlpreflight.facts.resources.quota import (
    Quota,
    Reserve,
    UnknownFamily,
    Usage,
    UsageLevel,
    VmSize,
    family_key,
    instances_counted,
    needed_vcpus,
)

WORKSPACE = (
    "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11/resourceGroups/ml-prod"
    "/providers/Microsoft.MachineLearningServices/workspaces/contoso-ml"
)
SERVING = ("AmlCompute", "ComputeInstance", "MIR")
DS2 = VmSize("Standard_DS2_v2", "standardDSv2Family", 2, compute_types=SERVING)
DS3 = VmSize("Standard_DS3_v2", "standardDSv2Family", 4, compute_types=SERVING)
DS14 = VmSize("Standard_DS14_v2", "standardDSv2Family", 1, compute_types=("AmlCompute",))
F4 = VmSize("Standard_F4s_v2", "standardFSv2Family", 4)
T4 = VmSize("Standard_NC4as_T4_v3", "standard NCASv3_T4 Family", 4, gpus=1, compute_types=SERVING)
A100 = VmSize("STANDARD_NC24ADS_A100_V4", "standardNCADSA100v4Family", 24, gpus=1, compute_types=SERVING)

DSV2 = "Standard DSv2 Family Cluster Dedicated vCPUs"
FSV2 = "Standard FSv2 Family Cluster Dedicated vCPUs"
TOTAL = "Total Cluster Dedicated Regional vCPUs"


def row(level: UsageLevel, label: str, used: int, limit: int | None, workspace: str | None = None) -> Usage:
    """A row of usages as the reader hands it on."""
    family = None if level in (UsageLevel.REGION_TOTAL, UsageLevel.CLUSTERS) else family_key(label)
    return Usage(level, label, used, limit, family, workspace)


USAGES = (
    row(UsageLevel.SUBSCRIPTION, DSV2, 84, 100),
    row(UsageLevel.SUBSCRIPTION, "Standard DSv2 Family Cluster LowPriority vCPUs", 0, None),
    row(UsageLevel.WORKSPACE, DSV2, 4, 12, WORKSPACE.upper()),
    row(UsageLevel.WORKSPACE, DSV2, 80, 88, WORKSPACE + "-other"),
    row(UsageLevel.COMPUTE, DSV2, 4, 4, WORKSPACE),
    row(UsageLevel.SUBSCRIPTION, FSV2, 0, 24),
    row(UsageLevel.SUBSCRIPTION, "Standard NCASv3_T4 Family Cluster Dedicated vCPUs", 0, 0),
    row(UsageLevel.REGION_TOTAL, TOTAL, 130, 150),
    row(UsageLevel.CLUSTERS, "Clusters", 7, 500),
)
QUOTA = Quota(USAGES, (A100, T4, F4, DS14, DS3, DS2))


@pytest.mark.parametrize(
    ("size_family", "usage_name"),
    [
        ("standardDSv2Family", DSV2),
        ("standardDSv2Family", "Standard_DSv2_Family_Cluster_Dedicated_vCPUs"),
        ("StandardDASv4Family", "Standard DASv4 Family Cluster Dedicated vCPUs"),
        ("standard NCASv3_T4 Family", "Standard NCASv3_T4 Family Cluster Dedicated vCPUs"),
        ("standard NCASv3_T4 Family", "Standard_NCASv3_T4_Family_Cluster_Dedicated_vCPUs"),
        ("standard NDAMSv4_A100Family", "Standard NDAMSv4_A100 Family Cluster Dedicated vCPUs"),
        ("standardNCADSA100v4Family", "Standard NCADSA100v4 Family Cluster Dedicated vCPUs"),
        ("standardNCADSH100v5Family", "Standard NCadsH100v5 Family Cluster Dedicated vCPUs"),
        ("standardNDv5H100Family", "Standard NDSH100v5 Family Cluster Dedicated vCPUs"),
    ],
)
def test_sizes_and_usages_meet_in_one_key(size_family: str, usage_name: str) -> None:
    """The same family has different names in the two answers that must be joined."""
    assert family_key(size_family) == family_key(usage_name)


def test_low_priority_cores_are_another_quota() -> None:
    """Low-priority cores are unlimited in most subscriptions; they must never stand in for dedicated ones."""
    assert family_key("Standard DSv2 Family Cluster LowPriority vCPUs") != family_key(DSV2)


def test_families_that_look_alike_stay_apart() -> None:
    """DSv2 and DSv3, NC and NCv3 are different quotas."""
    names = ["standardDSv2Family", "standardDSv3Family", "standardNCFamily", "standardNCSv3Family", "standardDv2Family"]

    assert len({family_key(name) for name in names}) == len(names)


def test_a_key_is_its_own_key() -> None:
    """A key can be passed wherever a family's name can."""
    assert family_key(family_key(DSV2)) == "dsv2"


def test_a_table_of_ones_own_joins_other_names() -> None:
    """Where Azure's names join by no rule, a project can say which are the same."""
    assert family_key("standardXv9Family", {"xv9": "xsv9"}) == "xsv9"


@pytest.mark.parametrize(("instances", "counted"), [(0, 0), (1, 2), (3, 4), (5, 6), (6, 8), (10, 12), (50, 60)])
def test_a_fifth_is_set_aside(instances: int, counted: int) -> None:
    """Azure counts `ceil(1.2 * instances)`: the numbers of its own documentation."""
    assert instances_counted(instances, DS3) == counted


def test_exempt_sizes_are_counted_as_they_are() -> None:
    """Azure sets nothing aside for some large sizes; their names come in any case."""
    assert instances_counted(3, A100) == 3
    assert needed_vcpus(3, A100) == 72


@given(st.integers(min_value=0, max_value=10**18), st.integers(min_value=0, max_value=100))
def test_the_reserve_has_no_rounding_error(instances: int, percent: int) -> None:
    """The sum is exact for any number of instances; 1.2 as a float is a little less than six fifths."""
    exact = math.ceil(Fraction(100 + percent, 100) * instances)

    assert Reserve(percent).counted(instances, DS3) == exact


def test_cores_are_instances_times_cores() -> None:
    """Ten DS3 v2 need 48 cores, the example of Azure's documentation."""
    assert needed_vcpus(10, DS3) == 48


def test_a_project_may_bring_its_own_exemptions() -> None:
    """The list of exempt sizes ages; a table of one's own replaces it."""
    table = Table("reserve-exempt-skus", load("reserve-exempt-skus").as_of, "us", ({"size": "STANDARD_DS3_V2"},))

    assert needed_vcpus(10, DS3, Reserve.from_table(table)) == 40


def test_sizes_are_found_in_any_case() -> None:
    """Azure returns an instance type in the casing in which it was once sent."""
    assert QUOTA.size("STANDARD_DS3_V2") is DS3
    assert QUOTA.size("Standard_DS9_v2") is None


@pytest.mark.parametrize(
    ("family", "level", "workspace", "left"),
    [
        ("standardDSv2Family", UsageLevel.SUBSCRIPTION, None, 16),
        ("standardDSv2Family", UsageLevel.SUBSCRIPTION, WORKSPACE, 16),
        ("standardDSv2Family", UsageLevel.WORKSPACE, WORKSPACE, 8),
        ("dsv2", UsageLevel.COMPUTE, WORKSPACE, 0),
        (None, UsageLevel.REGION_TOTAL, None, 20),
        ("standardDSv2Family", UsageLevel.REGION_TOTAL, WORKSPACE, 20),
        (None, UsageLevel.CLUSTERS, None, 493),
    ],
)
def test_every_level_is_read_from_its_own_row(
    family: str | None, level: UsageLevel, workspace: str | None, left: int
) -> None:
    """Rows of three levels carry one name; each question is answered by one of them, and none are added up."""
    assert QUOTA.remaining(family, level, workspace) == left


def test_a_workspace_without_a_cap_is_not_limited() -> None:
    """A workspace without a row of its own is bound by the subscription alone."""
    assert QUOTA.remaining("standardFSv2Family", UsageLevel.WORKSPACE, WORKSPACE) is None


def test_no_limit_is_no_number() -> None:
    """Azure writes -1 for unlimited, which the reader turns into None; nothing is subtracted from it."""
    assert Usage(UsageLevel.SUBSCRIPTION, "x", 18, None).remaining is None


def test_an_overdrawn_quota_leaves_nothing() -> None:
    """A lowered limit can be under what is used; what is left is nothing, not less."""
    assert Usage(UsageLevel.SUBSCRIPTION, "x", 30, 24).remaining == 0


def test_a_family_without_a_row_is_unknown() -> None:
    """A quota that Azure did not list is not taken for a free one."""
    with pytest.raises(UnknownFamily, match="no usage of standardNCADSA100v4Family at the level subscription"):
        QUOTA.remaining(A100.family, UsageLevel.SUBSCRIPTION)


def test_a_region_without_a_total_is_unknown() -> None:
    """The regional total is a quota like the others."""
    with pytest.raises(UnknownFamily, match="no usage of all families at the level region total"):
        Quota((), ()).remaining(None, UsageLevel.REGION_TOTAL)


def test_fitting_sizes_come_smallest_first() -> None:
    """What would fit now, at every level at once: three DS2 take 8 of the 8 cores left to the workspace."""
    assert QUOTA.sizes_that_fit(3, WORKSPACE) == (DS2, F4)


def test_a_workspace_cap_rules_sizes_out() -> None:
    """What the subscription would grant, a workspace's own cap may not."""
    assert DS3 in QUOTA.sizes_that_fit(3)
    assert DS3 not in QUOTA.sizes_that_fit(3, WORKSPACE)


def test_the_regional_total_rules_sizes_out() -> None:
    """Five F4s take 24 cores: the family has them, the region has 20."""
    assert QUOTA.sizes_that_fit(5, WORKSPACE) == ()


def test_tables_of_ones_own_decide_what_fits() -> None:
    """Exemptions and family names that a project keeps in files of its own are used throughout."""
    usages = (Usage(UsageLevel.SUBSCRIPTION, "X", 0, 8, "xsv9"), row(UsageLevel.REGION_TOTAL, TOTAL, 0, 100))
    size = VmSize("Standard_X4_v9", "standardXv9Family", 4)
    reserve = Reserve(exempt=frozenset({"standard_x4_v9"}))

    assert Quota(usages, (size,), reserve, {"xv9": "xsv9"}).sizes_that_fit(2) == (size,)
    assert Quota(usages, (size,), None, {"xv9": "xsv9"}).sizes_that_fit(2) == ()
    assert Quota(usages, (size,), reserve).sizes_that_fit(2) == ()


def test_sizes_that_serve_no_endpoints_are_not_proposed() -> None:
    """A size known for other compute only is no help; one of which Azure says nothing may be."""
    assert DS14.serves_online_endpoints is False
    assert F4.serves_online_endpoints is None
    assert DS14 not in QUOTA.sizes_that_fit(1)
