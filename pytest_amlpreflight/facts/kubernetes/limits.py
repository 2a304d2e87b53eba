"""What a namespace allows: quotas over everything in it, and ranges for each container."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from pytest_amlpreflight.facts.kubernetes.quantity import shown


@dataclass(frozen=True, slots=True)
class ResourceQuota:
    """A quota: `hard` is the most, `used` what is taken, by names such as `requests.cpu`, `limits.memory`, `pods`."""

    name: str
    hard: Mapping[str, Decimal] = field(default_factory=dict, hash=False)
    used: Mapping[str, Decimal] = field(default_factory=dict, hash=False)

    def lacks(self, wanted: Mapping[str, Decimal]) -> tuple[str, ...]:
        """What of it would be exceeded by so much more."""
        return tuple(
            f"{name}: {shown(_plain(name), self.used.get(name, Decimal(0)))} of {shown(_plain(name), most)} used, "
            f"{shown(_plain(name), more)} more wanted"
            for name, most in self.hard.items()
            if (more := wanted.get(name, wanted.get(f"requests.{name}", Decimal(0))))
            and self.used.get(name, Decimal(0)) + more > most
        )


@dataclass(frozen=True, slots=True)
class LimitRange:
    """The least and the most that one container may ask for and use."""

    name: str
    least: Mapping[str, Decimal] = field(default_factory=dict, hash=False)
    most: Mapping[str, Decimal] = field(default_factory=dict, hash=False)

    def refuses(self, requests: Mapping[str, Decimal], limits: Mapping[str, Decimal]) -> tuple[str, ...]:
        """What of a container would be refused."""
        over = [(name, most) for name, most in self.most.items() if max(_of(name, requests), _of(name, limits)) > most]
        under = [(name, least) for name, least in self.least.items() if name in requests and requests[name] < least]
        return (
            *(f"{name} above the most, {shown(name, most)}" for name, most in over),
            *(f"{name} below the least, {shown(name, least)}" for name, least in under),
        )


def _of(name: str, amounts: Mapping[str, Decimal]) -> Decimal:
    return amounts.get(name, Decimal(0))


def _plain(name: str) -> str:
    return name.removeprefix("requests.").removeprefix("limits.")
