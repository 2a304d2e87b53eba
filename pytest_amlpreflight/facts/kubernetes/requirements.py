"""What a container asks for and what it may at most use, as an instance type, a spec and a pod all write it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from pytest_amlpreflight.facts.kubernetes.quantity import quantity, shown

GPU = "nvidia.com/gpu"
GUARDED = ("cpu", "memory", GPU)


@dataclass(frozen=True, slots=True)
class Requirements:
    """Amounts by resource (`cpu`, `memory`, `nvidia.com/gpu`), in Kubernetes' notation as they were written."""

    requests: Mapping[str, str] = field(default_factory=dict, hash=False)
    limits: Mapping[str, str] = field(default_factory=dict, hash=False)

    def request(self, resource: str) -> Decimal | None:
        """What is asked for. A limit without a request is the request too, as Kubernetes has it."""
        return quantity(self.requests.get(resource, self.limits.get(resource)))

    def limit(self, resource: str) -> Decimal | None:
        """What may at most be used; None where nothing is said."""
        return quantity(self.limits.get(resource))

    @property
    def asked(self) -> dict[str, Decimal]:
        """What has to be free on a node."""
        names = dict.fromkeys([*self.requests, *self.limits])
        return {name: amount for name in names if (amount := self.request(name)) is not None}

    def over(self, other: "Requirements") -> "Requirements":
        """These, and `other`'s where these say nothing: a spec over its instance type."""
        return Requirements({**other.requests, **self.requests}, {**other.limits, **self.limits})


def listed(amounts: Mapping[str, Decimal]) -> str:
    """Amounts on one line: `cpu 2, memory 4Gi`."""
    return ", ".join(f"{name} {shown(name, amount)}" for name, amount in amounts.items()) or "nothing"
