"""Quotas of Azure Machine Learning in a region, and the machine sizes it offers; not those of Microsoft.Compute."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pytest_amlpreflight.facts.resources.quota import Quota, Usage, UsageLevel, VmSize, family_key
from pytest_amlpreflight.facts.unread import FactAbsent
from pytest_amlpreflight.readers.connection.api_versions import MACHINE_LEARNING
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.document import Document

PROVIDER = "providers/Microsoft.MachineLearningServices/locations"

_OF_ALL_FAMILIES = (UsageLevel.REGION_TOTAL, UsageLevel.CLUSTERS)
_END = re.compile(r"/(?:usages|quotas)(/.*)?$", re.IGNORECASE)
_USAGES = re.compile(r"/usages(?=/|$)", re.IGNORECASE)


def read_quota(arm: Arm, subscription: str, location: str) -> Quota:
    """The region's usages at every level, with the caps of workspaces, beside its sizes."""
    (usages, caps), sizes = arm.both(
        lambda: arm.both(
            lambda: read_usages(arm, subscription, location), lambda: read_caps(arm, subscription, location)
        ),
        lambda: read_vm_sizes(arm, subscription, location),
    )
    return Quota(usages=tuple(_capped(usages, caps)), vm_sizes=sizes)


def read_usages(arm: Arm, subscription: str, location: str) -> tuple[Usage, ...]:
    """Every row of usages; rows of a kind that is not known are left out, since they count something else."""
    rows = arm.list(
        f"/subscriptions/{subscription}/{PROVIDER}/{location}/usages",
        MACHINE_LEARNING,
        f"the usages of {location}",
        permission="Microsoft.MachineLearningServices/locations/usages/read",
        never_empty=True,
    )
    return tuple(usage for row in rows if (usage := _usage(row)))


def read_caps(arm: Arm, subscription: str, location: str) -> tuple[Usage, ...]:
    """What each workspace of the region may use at most of a family: the subscription's limit, or what somebody set.

    Usages seldom have rows of workspaces; these tell the limits, and nothing of what is used.
    https://learn.microsoft.com/rest/api/azureml/quotas/list
    """
    try:
        rows = arm.list(
            f"/subscriptions/{subscription}/{PROVIDER}/{location}/quotas",
            MACHINE_LEARNING,
            f"the quotas of {location}",
            permission="Microsoft.MachineLearningServices/locations/quotas/read",
        )
    except FactAbsent:  # no workspace has one
        return ()
    caps = (_usage(row, 0.0) for row in rows)
    return tuple(one for one in caps if one and one.level is UsageLevel.WORKSPACE)


def read_vm_sizes(arm: Arm, subscription: str, location: str) -> tuple[VmSize, ...]:
    """Every machine size the region offers to Azure Machine Learning."""
    rows = arm.list(
        f"/subscriptions/{subscription}/{PROVIDER}/{location}/vmSizes",
        MACHINE_LEARNING,
        f"the machine sizes of {location}",
        permission="Microsoft.MachineLearningServices/locations/vmSizes/read",
        never_empty=True,
    )
    return tuple(_size(row) for row in rows)


def _capped(usages: Sequence[Usage], caps: Sequence[Usage]) -> Iterator[Usage]:
    """The usages, none above its workspace's cap, and the caps of whose use nothing is told."""
    untold = {_place(cap): cap for cap in caps}
    for usage in usages:
        cap = untold.pop(_place(usage), None) if usage.level is UsageLevel.WORKSPACE else None
        limits = [one.limit for one in (usage, cap) if one and one.limit is not None]
        yield replace(usage, limit=min(limits, default=None))
    yield from untold.values()


def _place(usage: Usage) -> tuple[str | None, str]:
    return usage.family_key, (usage.workspace_id or "").lower()


def _usage(row: Document, used: float | None = None) -> Usage | None:
    """One row; `used` is given where rows do not tell it."""
    name, kind = row.child("name"), row.need("type").lower().split("/")
    value = name.need("value")
    level = _level(kind, value)
    if level is None:
        return None
    limit = row.need_number("limit")
    label, id_ = " ".join((name.text("localizedValue") or value).split()), row.need("id")
    of_workspace = level is UsageLevel.WORKSPACE
    return Usage(
        level=level,
        label=label,
        used=int(row.need_number("currentValue") if used is None else used),
        limit=None if limit < 0 else int(limit),
        family_key=None if level in _OF_ALL_FAMILIES else _key(kind, value),
        workspace_id=_END.sub("", id_) if of_workspace else None,
        cap_id=_USAGES.sub("/quotas", id_) if of_workspace else None,
        cap_type=_USAGES.sub("/quotas", row.need("type")) if of_workspace else None,
    )


def _level(kind: Sequence[str], value: str) -> UsageLevel | None:
    """What a row counts, by the parts of its type.

    Azure's answers say `vmFamily/dedicatedCores`, `totalDedicatedCores` and `totalClusters` (seen from 2022 to 2025);
    the examples of its specification say `vmFamily`, `dedicatedCores` and, of compute objects, `totalCores`. Both write
    `workspace` and `workspaces`.
    """
    if "computes" in kind:
        return UsageLevel.COMPUTE
    if "workspaces" in kind or "workspace" in kind:
        return UsageLevel.WORKSPACE
    if "vmfamily" in kind:
        return UsageLevel.SUBSCRIPTION
    if "totaldedicatedcores" in kind or "dedicatedcores" in kind:
        return UsageLevel.REGION_TOTAL
    return UsageLevel.CLUSTERS if "totalclusters" in kind or ("totalcores" in kind and value == "Clusters") else None


def _key(kind: Sequence[str], value: str) -> str:
    """Dedicated and low-priority cores of a family may have the same name: then the type tells them apart."""
    key = family_key(value)
    return f"{key}:lowpriority" if "lowprioritycores" in kind and ":" not in key else key


def _size(row: Document) -> VmSize:
    disk = row.number("maxResourceVolumeMB")
    return VmSize(
        name=row.need("name"),
        family=row.need("family"),
        vcpus=int(row.need_number("vCPUs")),
        gpus=int(row.number("gpus") or 0),
        memory_gb=row.number("memoryGB"),
        disk_mb=None if disk is None else int(disk),
        compute_types=row.texts("supportedComputeTypes"),
    )
