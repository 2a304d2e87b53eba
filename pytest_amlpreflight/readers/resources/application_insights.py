"""Application Insights, as ARM sends it."""

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.application_insights import ApplicationInsights
from pytest_amlpreflight.readers.connection.api_versions import APPLICATION_INSIGHTS
from pytest_amlpreflight.readers.connection.arm import Arm


def read_application_insights(arm: Arm, component_id: ResourceId, *, named_by: str) -> ApplicationInsights:
    """The component with that id. Its instrumentation key and connection string are in the answer and go no further."""
    document = arm.get(
        component_id.text,
        APPLICATION_INSIGHTS,
        f"Application Insights {component_id.name}",
        named_by=named_by,
        permission="Microsoft.Insights/components/read",
    )
    return ApplicationInsights(id=component_id, name=document.need("name"))
