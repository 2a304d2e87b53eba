"""The cores a deployment takes, and the cores that are left.

Azure Machine Learning keeps quotas of its own, apart from those of Microsoft.Compute, at several levels at once; a
deployment must fit at each. The sums follow
https://learn.microsoft.com/azure/machine-learning/how-to-manage-quotas#virtual-machine-quota-allocation-for-deployment
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache

from pytest_amlpreflight.data import Table, load
from pytest_amlpreflight.facts.unread import FactUnreadable


class UsageLevel(Enum):
    """What a row of usages counts. All levels carry the same names, so adding rows up counts cores three times."""

    SUBSCRIPTION = "subscription"
    """Dedicated cores of one family in the region, over all workspaces."""
    WORKSPACE = "workspace"
    """The same within one workspace, which may be capped lower."""
    COMPUTE = "compute"
    """The same within one compute of a workspace."""
    REGION_TOTAL = "region total"
    """Dedicated cores of all families together."""
    CLUSTERS = "clusters"
    """Compute objects, not cores: clusters, instances and online deployments share this count."""


CORE_LEVELS = (UsageLevel.SUBSCRIPTION, UsageLevel.WORKSPACE, UsageLevel.REGION_TOTAL)
"""The levels at which a deployment's cores must fit, all of them."""

_OF_ALL_FAMILIES = (UsageLevel.REGION_TOTAL, UsageLevel.CLUSTERS)
_OF_A_WORKSPACE = (UsageLevel.WORKSPACE, UsageLevel.COMPUTE)


class UnknownFamily(FactUnreadable):
    """Azure listed no usage for a family. Its quota is not known, which is neither nothing nor plenty."""

    def __init__(self, family: str | None, level: UsageLevel) -> None:
        self.family, self.level = family, level
        detail = f"Azure lists no usage of {family or 'all families'} at the level {level.value}"
        super().__init__(f"the quota of {family or 'all families'}", status=None, code="NotListed", detail=detail)


@dataclass(frozen=True, slots=True)
class VmSize:
    """A virtual machine size of a region. `family` is in Azure's spelling; `compute_types` is what may run on it."""

    name: str
    family: str
    vcpus: int
    gpus: int = 0
    memory_gb: float | None = None
    disk_mb: int | None = None
    compute_types: tuple[str, ...] = ()

    @property
    def serves_online_endpoints(self) -> bool | None:
        """Whether managed online endpoints can use it, None where Azure does not say.

        That the compute type `MIR` means this is inferred from answers seen, not documented: base advice on it, never
        a failure.
        """
        return "mir" in (kind.lower() for kind in self.compute_types) if self.compute_types else None


@dataclass(frozen=True, slots=True)
class Usage:
    """One row of usages: how much of a quota is taken, at least: of the cap of a workspace Azure may tell the limit
    alone. `limit` None is unlimited (Azure's -1). `cap_id` and `cap_type` are what the cap of a workspace is set by.
    """

    level: UsageLevel
    label: str
    used: int
    limit: int | None
    family_key: str | None = None
    workspace_id: str | None = None
    cap_id: str | None = None
    cap_type: str | None = None

    @property
    def remaining(self) -> int | None:
        """What is left, never below zero; None for unlimited."""
        return None if self.limit is None else max(0, self.limit - self.used)


@dataclass(frozen=True, slots=True)
class Reserve:
    """The share that Azure sets aside on top of a deployment, to upgrade it; some sizes are exempt."""

    percent: int = 20
    exempt: frozenset[str] = frozenset()

    @classmethod
    def from_table(cls, table: Table) -> "Reserve":
        """The reserve with the exempt sizes of a table `reserve-exempt-skus`."""
        return cls(exempt=frozenset(str(size).lower() for size in table.column("size")))

    def counted(self, instances: int, size: VmSize) -> int:
        """How many instances Azure counts for `instances` of `size`: one counts as two, three as four, ten as 12."""
        if size.name.lower() in self.exempt:
            return instances
        return -(-(100 + self.percent) * instances // 100)  # ceil in integers: 1.2 * 5 is not 6.0 for every float


@cache
def documented_reserve() -> Reserve:
    """The reserve as the tables that come with the plugin have it."""
    return Reserve.from_table(load("reserve-exempt-skus"))


def instances_counted(instances: int, size: VmSize, reserve: Reserve | None = None) -> int:
    """The instances Azure counts against quota, its reserve included."""
    return (reserve or documented_reserve()).counted(instances, size)


def needed_vcpus(instances: int, size: VmSize, reserve: Reserve | None = None) -> int:
    """The cores of `size.family` that a deployment of `instances` takes, Azure's reserve included.

    A deployment that is changed takes only the difference: subtract what the live one takes.
    """
    return instances_counted(instances, size, reserve) * size.vcpus


@dataclass(frozen=True, slots=True)
class Quota:
    """What a region's quotas leave, and the sizes it offers.

    `reserve` and `family_names` are the tables in use; None means those that come with the plugin.
    """

    usages: tuple[Usage, ...]
    vm_sizes: tuple[VmSize, ...]
    reserve: Reserve | None = None
    family_names: Mapping[str, str] | None = None

    def size(self, name: str) -> VmSize | None:
        """The size called `name`, in any casing; None if the region does not offer it."""
        return next((size for size in self.vm_sizes if size.name.lower() == name.lower()), None)

    def usage(self, family: str | None, level: UsageLevel, workspace_id: str | None = None) -> Usage | None:
        """The row of `family` (in Azure's spelling or as a key) at `level`, or None if Azure lists none.

        `REGION_TOTAL` and `CLUSTERS` have no family, and only `WORKSPACE` and `COMPUTE` rows have a workspace: what a
        level does not have is ignored, so that one family and one workspace can be asked about at every level.
        """
        key = family_key(family, self.family_names) if family and level not in _OF_ALL_FAMILIES else None
        wanted = (level, key, _workspace(level, workspace_id))
        rows = ((row, (row.level, row.family_key, _workspace(row.level, row.workspace_id))) for row in self.usages)
        return next((row for row, place in rows if place == wanted), None)

    def remaining(self, family: str | None, level: UsageLevel, workspace_id: str | None = None) -> int | None:
        """What `level` leaves of `family`; None where nothing limits it there.

        A workspace without a row of its own has no cap of its own. A family without a row in the subscription raises
        `UnknownFamily`, since a quota that was not seen must not pass for a free one.
        """
        row = self.usage(family, level, workspace_id)
        if row is None and level is not UsageLevel.WORKSPACE:
            raise UnknownFamily(family, level)
        return row.remaining if row else None

    def is_capped(self, usage: Usage) -> bool:
        """Whether somebody set the row's limit for its workspace, below that of the subscription."""
        if usage.level is not UsageLevel.WORKSPACE or usage.cap_id is None or usage.limit is None:
            return False
        row = self.usage(usage.family_key, UsageLevel.SUBSCRIPTION)
        return row is not None and (row.limit is None or usage.limit < row.limit)

    def cap_for(self, usage: Usage, more: int) -> int:
        """The cap that lets a workspace take so many cores more. Where Azure tells of no use, which may be none or
        untold, it is the subscription's limit, beyond which none can be set.
        """
        row = self.usage(usage.family_key, UsageLevel.SUBSCRIPTION)
        whole = row.limit if row else None
        return usage.used + more if usage.used or whole is None else whole

    def sizes_that_fit(self, instances: int, workspace_id: str | None = None) -> tuple[VmSize, ...]:
        """The sizes of which `instances` fit at every level now, fewest cores first.

        Sizes that Azure marks as unfit for online endpoints are left out, and so are families without a quota in sight.
        """
        fitting = (size for size in self.vm_sizes if self._fits(size, instances, workspace_id))
        return tuple(sorted(fitting, key=lambda size: (size.vcpus, size.gpus, size.name)))

    def _fits(self, size: VmSize, instances: int, workspace_id: str | None) -> bool:
        if size.serves_online_endpoints is False:
            return False
        try:
            left = [self.remaining(size.family, level, workspace_id) for level in CORE_LEVELS]
        except UnknownFamily:
            return False
        needed = needed_vcpus(instances, size, self.reserve)
        return all(cores is None or needed <= cores for cores in left)


def family_key(name: str, overrides: Mapping[str, str] | None = None) -> str:
    """One key for the several ways in which Azure writes a family of sizes.

    `standardDSv2Family` (sizes), `Standard DSv2 Family Cluster Dedicated vCPUs` (usages) and
    `Standard_DSv2_Family_Cluster_Dedicated_vCPUs` (their ids) are all `dsv2`. Low-priority cores are another quota and
    get a key that joins with no size. `overrides` takes keys that no rule can join to those that usages have; by
    default it is the table `vm-family-names`.
    """
    letters = re.sub(r"[\s_]+", "", name).lower()
    stem, is_usage, kind = letters.partition("cluster")
    key = stem.removeprefix("standard").removesuffix("family")
    key = (documented_family_names() if overrides is None else overrides).get(key, key)
    return f"{key}:{kind.removesuffix('vcpus')}" if is_usage and not kind.startswith("dedicated") else key


@cache
def documented_family_names() -> Mapping[str, str]:
    """The keys of families that no rule joins, as the table that comes with the plugin has them."""
    return load("vm-family-names").pairs("key", "same_as")


def _workspace(level: UsageLevel, workspace_id: str | None) -> str:
    return (workspace_id or "").lower() if level in _OF_A_WORKSPACE else ""
