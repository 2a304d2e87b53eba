"""The endpoints and deployments of a region, over every workspace of the subscription."""

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.region import EndpointInRegion, Region
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.document import Document
from pytest_amlpreflight.readers.connection.resource_graph import id_of, query

WORKSPACES = "microsoft.machinelearningservices/workspaces"
ENDPOINTS = {f"{WORKSPACES}/onlineendpoints": False, f"{WORKSPACES}/batchendpoints": True}
"""The types that share one limit, and whether they are batch endpoints."""


def read_region(arm: Arm, subscription: str, location: str) -> Region:
    """Counted by one Resource Graph query, not by a listing for each workspace, of which there may be hundreds."""
    kinds = ", ".join(f"'{kind}', '{kind}/deployments'" for kind in ENDPOINTS)
    text = (
        f"resources | where type in~ ({kinds}) and location =~ '{location}'"
        " | project id, type, compute = tostring(properties.compute) | order by id asc"
    )
    rows = [
        (row, id_of(row))
        for row in query(arm, text, f"the endpoints of {location}", over={"subscriptions": [subscription]})
    ]
    return Region(
        location=location,
        endpoints=tuple(_endpoint(row, id_) for row, id_ in rows if row.need("type").lower() in ENDPOINTS),
        deployments=tuple(id_ for row, id_ in rows if row.need("type").lower() not in ENDPOINTS),
    )


def _endpoint(row: Document, id_: ResourceId) -> EndpointInRegion:
    return EndpointInRegion(id_, batch=ENDPOINTS[row.need("type").lower()], compute=row.text("compute"))
