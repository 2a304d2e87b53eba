"""Private endpoint connections, which every resource type embeds in the same shape."""

from pytest_amlpreflight.facts.resource_id import parse_resource_id
from pytest_amlpreflight.facts.resources.workspace import PrivateEndpointConnection
from pytest_amlpreflight.readers.connection.document import Document


def connections(properties: Document, *, dated: bool = True) -> tuple[PrivateEndpointConnection, ...]:
    """The `privateEndpointConnections` of a resource's properties; an item may lack its name: it is in the id.

    `dated` is False for the types whose schema gives a connection no time of creation.
    """
    return tuple(_connection(item, dated) for item in properties.children("privateEndpointConnections"))


def _connection(document: Document, dated: bool) -> PrivateEndpointConnection:
    properties = document.child("properties")
    state = properties.child("privateLinkServiceConnectionState")
    endpoint = properties.child("privateEndpoint").text("id")
    return PrivateEndpointConnection(
        id=document.need("id"),
        name=document.text("name") or document.need("id").rsplit("/", 1)[-1],
        status=state.text("status") or "Unknown",
        description=state.text("description"),
        private_endpoint_id=parse_resource_id(endpoint) if endpoint else None,
        created_at=document.child("systemData").text("createdAt") if dated else None,
    )
