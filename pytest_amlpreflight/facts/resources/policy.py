"""What Azure Policy says of a resource, before it is created and after."""

from dataclasses import dataclass

RESTRICTED = "Restricted"
"""Our word for a policy that hangs on a field whose value is not known before the creation."""


@dataclass(frozen=True, slots=True)
class PolicyVerdict:
    """What one policy assignment says of a resource that is about to be created.

    `result` is `NonCompliant`, `Restricted`, or something else where the policy could not be evaluated. `effect` is
    None in older answers, which hold policies that deny and no others. `reason` is what was compared, in words.
    """

    assignment: str
    assignment_id: str
    definition_id: str
    resource: str
    result: str
    effect: str | None
    reason: str

    @property
    def denies(self) -> bool:
        """Whether the creation will be refused."""
        return self.result.lower() == "noncompliant" and (self.effect or "deny").lower() == "deny"

    @property
    def undecided(self) -> bool:
        """Whether the policy itself is broken: a wrong template function fails the deployment it is evaluated for."""
        return self.result.lower() not in ("compliant", "noncompliant", RESTRICTED.lower())

    @property
    def restricts(self) -> bool:
        """Whether the creation will be refused unless a field that is not known yet fits."""
        return self.result == RESTRICTED and (self.effect or "deny").lower() == "deny"


@dataclass(frozen=True, slots=True)
class PolicyState:
    """A resource that stands in violation of an assigned policy with the effect `deny`."""

    resource_id: str
    assignment: str
    assignment_id: str
