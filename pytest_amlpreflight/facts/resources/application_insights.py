"""The workspace's Application Insights."""

from dataclasses import dataclass

from pytest_amlpreflight.facts.resource_id import ResourceId


@dataclass(frozen=True, slots=True)
class ApplicationInsights:
    """An Application Insights component: where endpoints write their logs, once they are told to."""

    id: ResourceId
    name: str
