"""The facts of the subscription, and of what the caller may do in it."""

from pytest_amlpreflight.facts.resources.access import Access
from pytest_amlpreflight.facts.resources.caller import Caller
from pytest_amlpreflight.facts.resources.subscription import Lock, ResourceProviders, Subscription
from pytest_amlpreflight.facts.unread import FactAbsent
from pytest_amlpreflight.inspection.reading import TargetFacts, fact
from pytest_amlpreflight.readers.resources.caller import read_caller, read_own_access
from pytest_amlpreflight.readers.resources.subscription import read_locks, read_providers, read_subscription
from pytest_amlpreflight.run.targets import Level


class SubscriptionFacts(TargetFacts):
    """What is read once per workspace about the subscription it is in.

    Ids are known from the target: nothing here waits for the workspace.
    """

    level = Level.WORKSPACE

    @fact
    def subscription(self) -> Subscription:
        """The subscription."""
        return read_subscription(self.azure.arm, self.target.workspace_id.subscription)

    @fact
    def subscription_or_none(self) -> Subscription | None:
        """The subscription, None where there is none: for the check that answers for its absence."""
        try:
            return self.subscription
        except FactAbsent:
            return None

    @fact
    def resource_providers(self) -> ResourceProviders:
        """Every resource provider of the subscription."""
        try:
            return read_providers(self.azure.arm, self.target.workspace_id.subscription)
        except FactAbsent:
            _ = self.subscription  # raises where that is what is absent
            raise

    @fact
    def locks(self) -> tuple[Lock, ...]:
        """Every lock of the subscription."""
        try:
            return read_locks(self.azure.arm, self.target.workspace_id.subscription)
        except FactAbsent:
            _ = self.subscription  # raises where that is what is absent
            raise

    @fact
    def caller(self) -> Caller:
        """The identity that runs the preflight."""
        return read_caller(self.azure.token, self.azure.cloud.audience)

    @fact
    def deployer_access(self, caller: Caller) -> Access:
        """What the caller may do in the workspace."""
        try:
            return read_own_access(self.azure.arm, caller, self.target.workspace_id.text)
        except FactAbsent:
            _ = self.subscription, self.workspace  # type: ignore[attr-defined]  # WorkspaceFacts' own
            raise
