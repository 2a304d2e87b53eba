"""Private endpoint connections, which every resource type embeds in the same shape."""

from pytest_amlpreflight.facts.resources.workspace import PrivateEndpointConnection
from pytest_amlpreflight.readers.connection.document import Document


def connections(properties: Document, *, dated: bool = True) -> tuple[PrivateEndpointConnection, ...]:
    """The `privateEndpointConnections` of a resource's properties; an item may lack its name: it is in the id.

    `dated` is False for the types whose schema gives a connection no time of creation.
    """
    return tuple(_connection(item, dated) for item in properties.children("privateEndpointConnections"))


def _connection(document: Document, dated: bool) -> PrivateEndpointConnection:
    properties = document.child("properties")
    state = properties.need_child("privateLinkServiceConnectionState")
    return PrivateEndpointConnection(
        id=document.need("id"),
        name=document.text("name") or document.need("id").rsplit("/", 1)[-1],
        status=state.need_word("status"),
        description=state.text("description"),
        private_endpoint_id=properties.child("privateEndpoint").id("id"),
        created_at=document.child("systemData").moment("createdAt") if dated else None,
    )
