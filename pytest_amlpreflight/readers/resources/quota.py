"""Quotas of Azure Machine Learning in a region, and the machine sizes it offers; not those of Microsoft.Compute."""

import re
from collections.abc import Sequence

from pytest_amlpreflight.facts.resources.quota import Quota, Usage, UsageLevel, VmSize, family_key
from pytest_amlpreflight.readers.connection.api_versions import MACHINE_LEARNING
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.document import Document

PROVIDER = "providers/Microsoft.MachineLearningServices/locations"

_OF_ALL_FAMILIES = (UsageLevel.REGION_TOTAL, UsageLevel.CLUSTERS)
_END = re.compile(r"/usages(/.*)?$", re.IGNORECASE)


def read_quota(arm: Arm, subscription: str, location: str) -> Quota:
    """The region's usages at every level, beside its sizes."""
    usages, sizes = arm.both(
        lambda: read_usages(arm, subscription, location), lambda: read_vm_sizes(arm, subscription, location)
    )
    return Quota(usages=usages, vm_sizes=sizes)


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


def _usage(row: Document) -> Usage | None:
    name, kind = row.child("name"), row.need("type").lower().split("/")
    value = name.need("value")
    level = _level(kind, value)
    if level is None:
        return None
    limit = row.need_number("limit")
    label, id_ = " ".join((name.text("localizedValue") or value).split()), row.need("id")
    return Usage(
        level=level,
        label=label,
        used=int(row.need_number("currentValue")),
        limit=None if limit < 0 else int(limit),
        family_key=None if level in _OF_ALL_FAMILIES else _key(kind, value),
        workspace_id=_END.sub("", id_) if level is UsageLevel.WORKSPACE else None,
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
