"""The facts of a region, and of what answers for the workspace's private names."""

from pytest_amlpreflight.facts.resources.private_dns import PrivateDnsZone
from pytest_amlpreflight.facts.resources.region import Region
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.inspection.reading import TargetFacts, fact
from pytest_amlpreflight.run.targets import Level


class RegionFacts(TargetFacts):
    """What is read once per workspace by asking Resource Graph, since it lies outside the workspace."""

    level = Level.WORKSPACE

    @fact
    def region(self, workspace: Workspace) -> Region:
        """Every endpoint and deployment in sight in the workspace's region and subscription."""
        return self.azure.region(self.target.workspace_id.subscription, workspace.location)

    @fact
    def private_dns_zones(self, workspace: Workspace) -> tuple[PrivateDnsZone, ...]:
        """The private DNS zones in sight for the workspace's names; none is looked for where it has no private
        endpoint.
        """
        return self.azure.private_dns_zones() if workspace.private_endpoint_connections else ()
