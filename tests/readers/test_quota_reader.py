"""Usages and machine sizes through the real SDK stack."""

from typing import Any

import pytest

from pytest_amlpreflight.facts.resources.quota import Quota, UsageLevel
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.resources.quota import read_quota

SUBSCRIPTION = "5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11"
FAMILY = "standardDSv2Family"


def read(world: Any) -> Quota:
    """The quota of the world as it stands."""
    return read_quota(world.connect().arm, SUBSCRIPTION, "eastus2")


def row(world: Any, kind: str) -> dict[str, Any]:
    """The first row of usages of a type, to be changed in place."""
    found: dict[str, Any] = next(one for one in world.rows("usages") if f"/{kind}/" in one["type"].lower() + "/")
    return found


def test_the_three_levels_of_one_family_are_told_apart(world: Any) -> None:
    """All have the same name; adding them up would count cores three times."""
    quota = read(world)

    subscription = quota.usage(FAMILY, UsageLevel.SUBSCRIPTION)
    workspace = quota.usage(FAMILY, UsageLevel.WORKSPACE, world.workspace_id.text)
    assert subscription is not None
    assert workspace is not None
    assert (subscription.used, subscription.limit) == (84, 100)
    assert (workspace.used, workspace.limit) == (60, 100)
    assert [one.used for one in quota.usages if one.level is UsageLevel.COMPUTE] == [4]


def test_the_totals_of_the_region_are_cores_and_compute_objects(world: Any) -> None:
    """`totalDedicatedCores` and `totalClusters`, whose ids are the subscription's own."""
    quota = read(world)

    total, clusters = quota.usage(None, UsageLevel.REGION_TOTAL), quota.usage(None, UsageLevel.CLUSTERS)
    assert total is not None
    assert clusters is not None
    assert (total.used, total.limit) == (208, 350)
    assert (clusters.used, clusters.limit) == (9, 500)


def test_the_specification_s_own_spelling_is_read_alike(world: Any) -> None:
    """Its examples differ from what Azure sends in types and names, and a total called `totalCores` counts objects."""
    answered = read(world)
    for usage in world.rows("usages"):
        usage["type"] = _as_in_the_examples(usage["type"])
        shown = usage["name"]["localizedValue"]
        usage["name"]["value"] = "Clusters" if shown == "Total Clusters" else shown

    specified = read(world)

    def facts(quota: Quota) -> list[tuple[object, ...]]:
        return [(one.level, one.used, one.limit, one.family_key, one.workspace_id) for one in quota.usages]

    assert facts(specified) == facts(answered)


def _as_in_the_examples(kind: str) -> str:
    for total, word in (("totalClusters", "totalCores"), ("totalDedicatedCores", "dedicatedCores")):
        kind = kind.replace(total, word)
    return kind.replace("/dedicatedCores/usages", "/usages") if kind.count("/") > 2 else kind


def test_low_priority_cores_of_the_same_name_are_another_quota(world: Any) -> None:
    """Azure names them like the dedicated ones and tells them apart by the type alone."""
    rows = world.rows("usages")
    dedicated = row(world, "vmfamily")
    unlimited = {**dedicated, "limit": -1, "type": dedicated["type"].replace("dedicatedCores", "lowPriorityCores")}
    rows.insert(0, unlimited)

    found = read(world).usage(FAMILY, UsageLevel.SUBSCRIPTION)

    assert found is not None
    assert (found.limit, found.label) == (100, "Standard DSv2 Family Cluster Dedicated vCPUs")


def test_a_limit_of_minus_one_is_none(world: Any) -> None:
    """Azure's way to write unlimited; zero is zero."""
    quota = read(world)

    assert [one.limit for one in quota.usages if "LowPriority" in one.label and one.family_key] == [None]
    exhausted = quota.usage("StandardNCADSA100v4Family", UsageLevel.SUBSCRIPTION)
    assert exhausted is not None
    assert exhausted.limit == 0


def test_the_singular_spelling_of_a_workspace_s_row_is_known(world: Any) -> None:
    """Azure writes both `workspace` and `workspaces`."""
    for usage in world.rows("usages"):
        usage["type"] = usage["type"].replace("/workspaces/dedicatedCores", "/workspace/dedicatedCores")

    found = read(world).usage(FAMILY, UsageLevel.WORKSPACE, world.workspace_id.text)

    assert found is not None
    assert found.used == 60


def test_a_workspace_is_found_in_any_casing(world: Any) -> None:
    """Ids have none."""
    found = read(world).usage(FAMILY, UsageLevel.WORKSPACE, world.workspace_id.text.upper())

    assert found is not None


def test_rows_of_an_unknown_kind_are_left_out(world: Any) -> None:
    """They count something else."""
    before = len(read(world).usages)
    world.rows("usages").append(
        {**world.rows("usages")[0], "type": "Microsoft.MachineLearningServices/endpoints/usages"}
    )

    assert len(read(world).usages) == before


def test_the_rows_may_come_in_pages(world: Any) -> None:
    """With links between them."""
    whole = read(world)
    world.sections["paging"] = {"size": 3}

    paged = read(world)

    assert paged == whole
    assert world.asked("/locations/eastus2/usages") == 4


def test_sizes_are_read_with_what_they_offer(world: Any) -> None:
    """Azure gives the casing; the deployment's own may differ."""
    size = read(world).size("standard_ds3_V2")

    assert size is not None
    assert (size.name, size.family, size.vcpus, size.gpus) == ("Standard_DS3_v2", FAMILY, 4, 0)
    assert (size.memory_gb, size.disk_mb) == (14.0, 28672)
    assert size.serves_online_endpoints is True


def test_a_size_without_compute_types_says_nothing(world: Any) -> None:
    """Older answers lack the key."""
    for size in world.rows("vmSizes"):
        for key in ("supportedComputeTypes", "gpus", "memoryGB", "maxResourceVolumeMB"):
            size.pop(key)

    size = read(world).size("Standard_DS3_v2")

    assert size is not None
    assert size.serves_online_endpoints is None
    assert (size.gpus, size.memory_gb, size.disk_mb) == (0, None, None)


@pytest.mark.parametrize("key", ["currentValue", "limit", "id", "name", "type"])
def test_a_row_without_its_essentials_is_unreadable(world: Any, key: str) -> None:
    """A row that is passed over would be a quota that was not seen."""
    del row(world, "vmfamily")[key]

    with pytest.raises(FactUnreadable, match="the usages of eastus2 are unreadable: UnexpectedShape"):
        read(world)


def test_the_three_lists_are_asked_for_at_the_same_time(world: Any) -> None:
    """None waits for another."""
    world.fault("slow", "*/locations/eastus2/*", seconds=0.2)

    read(world)

    lists = [one for one in world.emulator.requests if "/locations/eastus2/" in one.path.lower()]
    assert len(lists) == 3
    assert max(one.started for one in lists) < min(one.ended for one in lists)


@pytest.mark.parametrize("told", [True, False])
def test_a_cap_of_the_workspace_counts_whether_or_not_its_use_is_told(world: Any, told: bool) -> None:
    """Azure's usages seldom have rows of workspaces; then a cap alone says what is left at most."""
    world.rows("quotas")[:] = [one | {"limit": 8} for one in world.rows("quotas") if "/workspaces/" in one["type"]]
    if not told:
        world.rows("usages")[:] = [one for one in world.rows("usages") if "/workspaces/" not in one["type"]]

    quota = read(world)

    found = quota.usage(FAMILY, UsageLevel.WORKSPACE, world.workspace_id.text)
    assert found is not None
    assert (found.used, found.limit) == (60 if told else 0, 8)
    assert found.cap_id == f"{world.workspace_id}/quotas/standardDSv2Family"
    assert found.cap_type == "Microsoft.MachineLearningServices/workspaces/dedicatedCores/quotas"
    assert quota.is_capped(found)
    assert quota.cap_for(found, 16) == (76 if told else 100)
    subscription = quota.usage(FAMILY, UsageLevel.SUBSCRIPTION)
    assert subscription is not None
    assert subscription.limit == 100


def test_where_there_are_no_quotas_no_workspace_is_capped(world: Any) -> None:
    """A 404 is an answer; a refusal is none."""
    world.fault("vanish", "*/locations/eastus2/quotas")

    assert read(world).usage(FAMILY, UsageLevel.WORKSPACE, world.workspace_id.text) is not None

    world.sections["faults"].clear()
    world.fault("deny", "*/locations/eastus2/quotas")
    with pytest.raises(FactUnreadable, match="the quotas of eastus2 are unreadable: HTTP 403"):
        read(world)
