"""The checks of quota, called with values."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from pytest_amlpreflight.checks.quota import check_family_quota_fits_the_deployment
from pytest_amlpreflight.facts.resources.endpoint import Deployment, PlannedDeployment
from pytest_amlpreflight.facts.resources.quota import Quota, Reserve, UnknownFamily, Usage, UsageLevel
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.verdict import Blocked, NotApplicable, PreflightAdvice

MakeUsage = Callable[..., Usage]


def with_row(quota: Quota, row: Usage) -> Quota:
    """The quota with one level's row replaced."""
    others = tuple(usage for usage in quota.usages if usage.level is not row.level)
    return replace(quota, usages=(*others, row))


def test_a_deployment_that_fits_passes(deployment: Deployment, workspace: Workspace, quota: Quota) -> None:
    """Three instances count as four, of four cores each: 16 of the 20 that are left."""
    check_family_quota_fits_the_deployment(deployment, None, workspace, quota, ())


def test_a_deployment_that_fits_exactly_passes(
    deployment: Deployment, workspace: Workspace, quota: Quota, usage: MakeUsage
) -> None:
    """The last core may be taken."""
    exact = with_row(quota, usage(UsageLevel.SUBSCRIPTION, used=84, limit=100))

    check_family_quota_fits_the_deployment(deployment, None, workspace, exact, ())


@pytest.mark.parametrize(
    ("level", "where"),
    [
        (UsageLevel.WORKSPACE, "in the quota of workspace contoso-ml: Standard DSv2 Family"),
        (UsageLevel.SUBSCRIPTION, "in the quota of the subscription in eastus2: Standard DSv2 Family"),
        (UsageLevel.REGION_TOTAL, "in the total quota of the subscription in eastus2: Total Cluster Dedicated"),
    ],
)
def test_a_level_that_is_one_core_short_is_blocked(
    deployment: Deployment, workspace: Workspace, quota: Quota, usage: MakeUsage, level: UsageLevel, where: str
) -> None:
    """The sum is printed with Azure's reserve in it, the level is named, and so is what would fit now."""
    short = with_row(quota, usage(level, used=85, limit=100))

    with pytest.raises(Blocked, match="quota for Standard_DS3_v2 is short by 1 vCPUs") as caught:
        check_family_quota_fits_the_deployment(deployment, None, workspace, short, ())

    assert "ceil(1.2 x 3) x 4 = 16 vCPUs needed, 100 - 85 = 15 left" in caught.value.culprit.found
    assert where in caught.value.culprit.found
    assert caught.value.culprit.expected == "at least 16 left (deployments/blue.yml:14)"
    assert "an instance_type that fits now: Standard_DS2_v2" in caught.value.culprit.fix


def test_no_alternative_is_named_where_none_fits(
    deployment: Deployment, workspace: Workspace, quota: Quota, usage: MakeUsage
) -> None:
    """A size that does not fit either would be bad advice."""
    empty = with_row(quota, usage(UsageLevel.SUBSCRIPTION, used=100, limit=100))

    with pytest.raises(Blocked, match="is short by 16 vCPUs") as caught:
        check_family_quota_fits_the_deployment(deployment, None, workspace, empty, ())

    assert "fits now" not in caught.value.culprit.fix


def test_a_level_without_a_limit_lets_everything_through(
    deployment: Deployment, workspace: Workspace, quota: Quota, usage: MakeUsage
) -> None:
    """Azure's -1."""
    unlimited = with_row(quota, usage(UsageLevel.WORKSPACE, used=5000, limit=None))

    check_family_quota_fits_the_deployment(deployment, None, workspace, unlimited, ())


def test_another_workspace_s_cap_does_not_count(
    deployment: Deployment, workspace: Workspace, quota: Quota, usage: MakeUsage
) -> None:
    """Every workspace of the region is in the same list."""
    foreign = replace(usage(UsageLevel.WORKSPACE, used=1, limit=1), workspace_id="/subscriptions/s/other")
    crowded = replace(quota, usages=(foreign, *quota.usages))

    check_family_quota_fits_the_deployment(deployment, None, workspace, crowded, ())


def test_what_the_live_deployment_holds_is_not_needed_again(
    deployment: Deployment, workspace: Workspace, quota: Quota, usage: MakeUsage
) -> None:
    """An update without more instances fits into a quota that is used up; the casing of the size is Azure's own."""
    full = with_row(quota, usage(UsageLevel.SUBSCRIPTION, used=100, limit=100))
    live = replace(deployment, instance_type="Standard_DS3_V2")

    check_family_quota_fits_the_deployment(deployment, live, workspace, full, ())


def test_nothing_more_fits_into_less_than_nothing(
    deployment: Deployment, workspace: Workspace, quota: Quota, usage: MakeUsage
) -> None:
    """A quota that was lowered below what is taken stands in nobody's way who takes no more."""
    lowered = with_row(quota, usage(UsageLevel.SUBSCRIPTION, used=108, limit=100))

    check_family_quota_fits_the_deployment(deployment, deployment, workspace, lowered, ())


def test_every_level_that_is_short_is_named(
    deployment: Deployment, workspace: Workspace, quota: Quota, usage: MakeUsage
) -> None:
    """One increase would not be enough."""
    short = with_row(quota, usage(UsageLevel.SUBSCRIPTION, used=90, limit=100))
    short = with_row(short, usage(UsageLevel.REGION_TOTAL, used=95, limit=100))

    with pytest.raises(Blocked) as caught:
        check_family_quota_fits_the_deployment(deployment, None, workspace, short, ())

    assert [one.headline for one in caught.value.culprits] == [
        "quota for Standard_DS3_v2 is short by 11 vCPUs",
        "quota for Standard_DS3_v2 is short by 6 vCPUs",
    ]


def test_the_cap_of_a_workspace_is_raised_and_not_the_subscription_s_quota(
    deployment: Deployment, workspace: Workspace, quota: Quota, usage: MakeUsage
) -> None:
    """An increase of the subscription's quota leaves somebody's cap as it is."""
    row = usage(UsageLevel.WORKSPACE, used=60, limit=64)
    cap = f"{workspace.id}/quotas/standardDSv2Family", "Microsoft.MachineLearningServices/workspaces/quotas"
    capped = with_row(quota, replace(row, cap_id=cap[0], cap_type=cap[1]))

    with pytest.raises(Blocked, match="is short by 12 vCPUs") as caught:
        check_family_quota_fits_the_deployment(deployment, None, workspace, capped, ())

    fix = caught.value.culprit.fix
    assert f'{{"value": [{{"id": "{cap[0]}", "type": "{cap[1]}", "limit": 76, "unit": "Count"}}]}}' in fix
    assert "locations/eastus2/updateQuotas" in fix
    assert "request an increase" not in fix


def test_a_workspace_without_a_cap_is_not_named_beside_its_subscription(
    deployment: Deployment, workspace: Workspace, quota: Quota, usage: MakeUsage
) -> None:
    """Its row repeats the subscription's limit: one cause, not two."""
    short = with_row(quota, usage(UsageLevel.SUBSCRIPTION, used=90, limit=100))
    short = with_row(short, usage(UsageLevel.WORKSPACE, used=86, limit=100))

    with pytest.raises(Blocked) as caught:
        check_family_quota_fits_the_deployment(deployment, None, workspace, short, ())

    assert [one.found.partition("\n")[2][:31] for one in caught.value.culprits] == [
        "in the quota of the subscription"[:31]
    ]


def test_a_failed_deployment_may_never_have_had_its_cores(
    deployment: Deployment, workspace: Workspace, quota: Quota, usage: MakeUsage
) -> None:
    """One that failed for want of quota holds none, and its next try would fail again."""
    full = with_row(quota, usage(UsageLevel.SUBSCRIPTION, used=96, limit=100))
    live = replace(deployment, provisioning_state="Failed")

    with pytest.warns(PreflightAdvice, match=r"is short by 12 vCPUs[\s\S]*if blue, which failed, holds none"):
        check_family_quota_fits_the_deployment(deployment, live, workspace, full, ())


def test_growth_needs_the_difference(
    deployment: Deployment, workspace: Workspace, quota: Quota, usage: MakeUsage
) -> None:
    """From three instances to five: six count, four are held."""
    tight = with_row(quota, usage(UsageLevel.SUBSCRIPTION, used=93, limit=100))

    with pytest.raises(Blocked, match="is short by 1 vCPUs") as caught:
        check_family_quota_fits_the_deployment(replace(deployment, instance_count=5), deployment, workspace, tight, ())

    assert "ceil(1.2 x 5) x 4 - 16 held already = 8 more vCPUs needed" in caught.value.culprit.found


def test_a_live_deployment_of_another_size_frees_nothing(
    deployment: Deployment, workspace: Workspace, quota: Quota, usage: MakeUsage
) -> None:
    """A change of size is a deployment beside the old one."""
    tight = with_row(quota, usage(UsageLevel.SUBSCRIPTION, used=90, limit=100))
    live = replace(deployment, instance_type="Standard_DS2_v2")

    with pytest.raises(Blocked, match="is short by 6 vCPUs"):
        check_family_quota_fits_the_deployment(deployment, live, workspace, tight, ())


def test_exempt_sizes_need_no_reserve(
    deployment: Deployment, workspace: Workspace, quota: Quota, usage: MakeUsage
) -> None:
    """The table of exempt sizes is data."""
    reserve = Reserve(exempt=frozenset({"standard_ds3_v2"}))
    tight = replace(with_row(quota, usage(UsageLevel.SUBSCRIPTION, used=89, limit=100)), reserve=reserve)

    with pytest.raises(Blocked, match="is short by 1 vCPUs") as caught:
        check_family_quota_fits_the_deployment(deployment, None, workspace, tight, ())

    assert "3 x 4 = 12 vCPUs needed" in caught.value.culprit.found


def test_a_size_that_the_region_does_not_list_has_no_known_cores(
    deployment: Deployment, workspace: Workspace, quota: Quota
) -> None:
    """Whether it is offered is another check's question."""
    exotic = replace(deployment, instance_type="Standard_Exotic")

    with pytest.raises(NotApplicable, match="eastus2 does not list Standard_Exotic"):
        check_family_quota_fits_the_deployment(exotic, None, workspace, quota, ())


@pytest.mark.parametrize("change", [{"managed": False}, {"instance_type": None}])
def test_a_kubernetes_deployment_takes_no_cores_of_the_region(
    deployment: Deployment, workspace: Workspace, quota: Quota, change: dict[str, object]
) -> None:
    """It runs on nodes that somebody has already."""
    with pytest.raises(NotApplicable, match="only managed deployments take cores"):
        check_family_quota_fits_the_deployment(replace(deployment, **change), None, workspace, quota, ())  # type: ignore[arg-type]


def test_a_family_without_a_row_does_not_pass(deployment: Deployment, workspace: Workspace, quota: Quota) -> None:
    """A quota that was not seen is not a free one."""
    with pytest.raises(UnknownFamily, match="Azure lists no usage of standardDSv2Family at the level subscription"):
        check_family_quota_fits_the_deployment(deployment, None, workspace, replace(quota, usages=()), ())


def test_deployments_that_fit_alone_and_not_together_are_blocked(
    deployment: Deployment, workspace: Workspace, quota: Quota, usage: MakeUsage
) -> None:
    """Two of 16 vCPUs where 20 are left; the sum names both."""
    green = replace(deployment, name="green")

    with pytest.raises(Blocked, match="quota for blue, green together is short by 12 vCPUs") as caught:
        check_family_quota_fits_the_deployment(deployment, None, workspace, quota, (PlannedDeployment(green, None),))

    assert caught.value.culprit.found.startswith("16 (blue) + 16 (green) = 32 vCPUs needed, 100 - 80 = 20 left")


def test_what_is_deployed_beside_counts_with_what_it_needs_more(
    deployment: Deployment, workspace: Workspace, quota: Quota
) -> None:
    """One that is updated, one on a cluster of its own, and one that no size is known of take nothing."""
    green = replace(deployment, name="green")
    updated, attached, unknown = (
        PlannedDeployment(green, green),
        PlannedDeployment(replace(green, managed=False), None),
        PlannedDeployment(replace(green, instance_type="Standard_X"), None),
    )

    check_family_quota_fits_the_deployment(deployment, None, workspace, quota, (updated, attached, unknown))
