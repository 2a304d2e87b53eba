"""The subscription: its state, its resource providers, its locks, and how many role assignments it may still take."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from pytest_amlpreflight.data import Table, load
from pytest_amlpreflight.facts.scope import covers


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription. `state` is `Enabled`, `Warned`, `PastDue`, `Disabled` or `Deleted`."""

    id: str
    name: str
    state: str

    @property
    def enabled(self) -> bool:
        """Whether everything may be done in it."""
        return self.state.lower() == "enabled"

    @property
    def in_grace(self) -> bool:
        """Whether it still works, but somebody must act before it is disabled."""
        return self.state.lower() in ("warned", "pastdue")


@dataclass(frozen=True, slots=True)
class ResourceProvider:
    """A service of Azure, as far as a subscription has switched it on: `Registered`, `Registering`, `NotRegistered`
    ...
    """

    namespace: str
    state: str

    @property
    def registered(self) -> bool:
        """Whether its resources can be created in the subscription."""
        return self.state.lower() == "registered"

    @property
    def registering(self) -> bool:
        """Whether it is on its way: some regions are ready before others."""
        return self.state.lower() == "registering"


@dataclass(frozen=True, slots=True)
class ResourceProviders:
    """What a subscription lists, by lower-cased namespace."""

    subscription_id: str
    listed: Mapping[str, ResourceProvider]

    def find(self, namespace: str) -> ResourceProvider | None:
        """The provider of that namespace, None where this cloud does not list it."""
        return self.listed.get(namespace.lower())


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock. `scope` is where it stands; everything beneath inherits it. `level` is `ReadOnly` or `CanNotDelete`."""

    name: str
    level: str
    scope: str
    notes: str | None = None

    @property
    def read_only(self) -> bool:
        """Whether it forbids every change, and every POST that Azure counts as one."""
        return self.level.lower() == "readonly"

    def reaches(self, resource_id: str) -> bool:
        """Whether the resource is beneath it."""
        return covers(self.scope, resource_id)


@dataclass(frozen=True, slots=True)
class RoleAssignmentUsage:
    """How many role assignments a subscription holds, of how many it may."""

    limit: int
    used: int
    remaining: int


def cluster_providers(*, aks: bool) -> tuple[str, ...]:
    """The namespaces that endpoints on a cluster of that kind lean on beside `required_providers`."""
    wanted = ("any", "aks" if aks else "arc")
    return tuple(row["namespace"] for row in load("cluster-providers").rows if row["cluster"] in wanted)


@cache
def required_providers() -> Table:
    """The namespaces that managed online endpoints lean on, each in a row with what it is `for`."""
    return load("resource-providers")
