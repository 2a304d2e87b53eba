"""Where a pod finds room: the arithmetic of Kubernetes' scheduler, as far as requests, taints and selectors decide.

Affinities, topology spreads, volumes and priorities are left out: models of Azure Machine Learning set none.
https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from pytest_amlpreflight.facts.kubernetes.pod import Pod
from pytest_amlpreflight.facts.kubernetes.quantity import quantity, shown

SIDECAR = {"cpu": Decimal("0.01"), "memory": Decimal(100 * 2**20)}
"""What the identity's sidecar asks for in every pod of a deployment.

https://learn.microsoft.com/azure/machine-learning/reference-kubernetes#azure-machine-learning-extension-components
"""

OWN_TAINT = "ml.azure.com/"
SYSTEM_TAINT = "ml.azure.com/amlarc-system"
KEEPS_OUT = ("NoSchedule", "NoExecute")


@dataclass(frozen=True, slots=True)
class Taint:
    """What keeps pods off a node unless they tolerate it."""

    key: str
    value: str
    effect: str

    def __str__(self) -> str:
        return f"{self.key}={self.value}:{self.effect}"


@dataclass(frozen=True, slots=True)
class Toleration:
    """The taints of Azure Machine Learning's own that a deployment's pods tolerate, by key and the values that fit."""

    values: Mapping[str, str] = field(default_factory=dict, hash=False)

    def tolerates(self, taint: Taint) -> bool:
        """Whether a pod of the deployment may stand on a node with this taint."""
        if taint.effect not in KEEPS_OUT:
            return True
        if not taint.key.startswith(OWN_TAINT) or taint.key == SYSTEM_TAINT:
            return False
        wanted = self.values.get(taint.key.removeprefix(OWN_TAINT))
        return wanted is None or taint.value.lower() in ("", "true", wanted.lower())


@dataclass(frozen=True, slots=True)
class Node:
    """A node: what of it may be taken (`allocatable`, in whole units), and who is kept out."""

    name: str
    ready: bool
    allocatable: Mapping[str, Decimal] = field(default_factory=dict, hash=False)
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    taints: tuple[Taint, ...] = ()
    unschedulable: bool = False


@dataclass(frozen=True, slots=True)
class Room:
    """What of a node is free, and why a pod cannot have it: empty where it can."""

    node: str
    free: Mapping[str, Decimal]
    barriers: tuple[str, ...] = ()

    def lacks(self, wanted: Mapping[str, Decimal]) -> tuple[str, ...]:
        """What keeps a pod off: the barriers, or each resource of which too little is free."""
        if self.barriers:
            return self.barriers
        short = [name for name, amount in wanted.items() if amount > self.free.get(name, Decimal(0))]
        return tuple(f"{name} {shown(name, max(self.free.get(name, Decimal(0)), Decimal(0)))} free" for name in short)

    def without(self, taken: Mapping[str, Decimal]) -> "Room":
        """What is left after a pod was placed."""
        left = {name: amount - taken.get(name, Decimal(0)) for name, amount in self.free.items()}
        return Room(self.node, left, self.barriers)


@dataclass(frozen=True, slots=True)
class Fit:
    """How many of the wanted pods found a place, and for each node what kept the next one off. `barred` says that no
    node lets them in at all, whatever they ask for.
    """

    wanted: int
    placed: int
    lacking: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    largest: Mapping[str, Decimal] = field(default_factory=dict, hash=False)
    barred: bool = False

    @property
    def fits(self) -> bool:
        """Whether every pod found a place."""
        return self.placed >= self.wanted

    @property
    def shown(self) -> str:
        """A line for each node."""
        return "\n".join(f"{node}: {', '.join(why)}" for node, why in self.lacking.items())


def rooms(
    nodes: Sequence[Node], pods: Sequence[Pod], selector: Mapping[str, str], toleration: Toleration
) -> list[Room]:
    """What is free on each node, for pods with this selector and toleration."""
    standing = dict[str | None, list[Pod]]()
    for pod in pods:
        standing.setdefault(pod.node, []).append(pod)
    return [_room(node, standing.get(node.name, ()), selector, toleration) for node in nodes]


def place(found: Sequence[Room], request: Mapping[str, Decimal], count: int) -> Fit:
    """Place `count` pods of one request, each where most is left, as the scheduler does by default."""
    wanted = {**request, "pods": Decimal(1)}
    left, placed = list(found), 0
    largest = _largest(found, request)
    while placed < count:
        open_ones = [at for at, room in enumerate(left) if not room.lacks(wanted)]
        if not open_ones:
            break
        best = max(open_ones, key=lambda at: _share_left(left[at], wanted))
        left[best], placed = left[best].without(wanted), placed + 1
    lacking = {room.node: room.lacks(wanted) for room in left if room.lacks(wanted)}
    return Fit(count, placed, lacking, largest, barred=all(room.barriers for room in found))


def pod_request(request: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """What a pod of a deployment takes: its own request and the sidecar's."""
    names = dict.fromkeys([*request, *SIDECAR])
    return {name: request.get(name, Decimal(0)) + SIDECAR.get(name, Decimal(0)) for name in names}


def amounts(texts: Mapping[str, str]) -> dict[str, Decimal]:
    """Amounts in whole units; what is no amount is left out."""
    return {name: amount for name, text in texts.items() if (amount := quantity(text)) is not None}


def _room(node: Node, pods: Sequence[Pod], selector: Mapping[str, str], toleration: Toleration) -> Room:
    taking = [pod for pod in pods if pod.takes_room]
    taken = {name: sum((pod.requests.get(name, Decimal(0)) for pod in taking), Decimal(0)) for name in node.allocatable}
    taken["pods"] = Decimal(len(taking))
    free = {name: amount - taken[name] for name, amount in node.allocatable.items()}
    return Room(node.name, free, tuple(_barriers(node, selector, toleration)))


def _barriers(node: Node, selector: Mapping[str, str], toleration: Toleration) -> list[str]:
    found = [] if node.ready else ["not Ready"]
    found += ["cordoned"] if node.unschedulable else []
    found += ["runs Windows"] if node.labels.get("kubernetes.io/os") == "windows" else []
    found += [f"taint {taint}" for taint in node.taints if not toleration.tolerates(taint)]
    return found + [f"no label {key}={value}" for key, value in selector.items() if node.labels.get(key) != value]


def _share_left(room: Room, wanted: Mapping[str, Decimal]) -> Decimal:
    return min(room.free[name] / amount for name, amount in wanted.items() if amount)


def _largest(found: Sequence[Room], request: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """The largest request that one open node has room for, by the node with most of the scarcest resource."""
    open_ones = [room for room in found if not room.barriers and room.free.get("pods", Decimal(1)) >= 1]
    if not open_ones or not request:
        return {}
    scored = [
        (min((room.free.get(n, Decimal(0)) / a for n, a in request.items() if a), default=Decimal(0)), room)
        for room in open_ones
    ]
    best = max(scored, key=lambda one: one[0])[1]
    return {name: max(best.free.get(name, Decimal(0)) - SIDECAR.get(name, Decimal(0)), Decimal(0)) for name in request}
