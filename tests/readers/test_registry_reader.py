"""The container registry through azure-mgmt-containerregistry, in every shape in which Azure sends it."""

from typing import Any

import pytest

from pytest_amlpreflight.facts.resources.registry import Registry
from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable
from pytest_amlpreflight.readers.resources.registry import read_registry

REGISTRY = "Microsoft.ContainerRegistry/registries/contosomlacr"


def read(world: Any) -> Registry:
    """The registry of the world as it stands."""
    registry: Registry = read_registry(world.connect(), world.id(REGISTRY), named_by="workspace contoso-ml")
    return registry


def test_a_premium_registry_is_read_with_its_connections(world: Any) -> None:
    """Embedded, so that one request is enough."""
    registry = read(world)

    assert (registry.name, registry.login_server) == ("contosomlacr", "contosomlacr.azurecr.io")
    assert (registry.sku, registry.default_action) == ("Premium", "Deny")
    assert registry.private
    assert not registry.repository_permissions
    assert not registry.admin_user
    [connection] = registry.egress_connections
    assert (connection.name, connection.status) == ("contosomlacr.5d0b7d3e2c8f4a61", "Approved")


def test_a_basic_registry_has_no_network_rules(world: Any) -> None:
    """The key is missing; it is open."""
    registry = world["registries/contosomlacr"]
    registry["sku"] = {"name": "Basic", "tier": "Basic"}
    for key in ("networkRuleSet", "publicNetworkAccess", "privateEndpointConnections"):
        del registry["properties"][key]

    found = read(world)

    assert (found.sku, found.default_action) == ("Basic", None)
    assert not found.private
    assert found.private_endpoint_connections == ()


@pytest.mark.parametrize(
    ("mode", "repository_permissions"),
    [
        ("LegacyRegistryPermissions", False),
        ("AbacRepositoryPermissions", True),
        ("abacrepositorypermissions", True),
        (None, False),
    ],
)
def test_the_permission_mode_is_read(world: Any, mode: str | None, repository_permissions: bool) -> None:
    """It decides whether AcrPull means anything; older registries do not say."""
    world.properties("registries/contosomlacr")["roleAssignmentMode"] = mode

    assert read(world).repository_permissions is repository_permissions


def test_the_api_version_is_one_that_tells_the_permission_mode(world: Any) -> None:
    """With an older one the key is left out, and a registry with repository permissions would look like any other."""
    read(world)

    [request] = [one for one in world.emulator.requests if one.path.lower().endswith("/registries/contosomlacr")]
    assert request.query.split("api-version=")[1] >= "2025-03-01"


def test_the_login_server_is_not_built_from_the_name(world: Any) -> None:
    """A registry with a generated domain label has a hash in its host."""
    world.properties("registries/contosomlacr")["loginServer"] = "contosomlacr-a1b2c3.azurecr.io"

    assert read(world).login_server == "contosomlacr-a1b2c3.azurecr.io"


def test_a_registry_without_a_login_server_is_unreadable(world: Any) -> None:
    """Nothing can be said of it."""
    del world.properties("registries/contosomlacr")["loginServer"]

    with pytest.raises(FactUnreadable, match="registry contosomlacr is unreadable: UnexpectedShape"):
        read(world)


def test_a_registry_that_is_gone_names_who_misses_it(world: Any) -> None:
    """The workspace still does."""
    world.sections["resources"].remove(world["registries/contosomlacr"])

    with pytest.raises(FactAbsent, match="registry contosomlacr does not exist, but workspace contoso-ml names it"):
        read(world)


def test_a_registry_that_may_not_be_read_names_the_permission(world: Any) -> None:
    """The least privileged role is made of these."""
    world.fault("deny", "*/registries/contosomlacr")

    with pytest.raises(FactUnreadable, match="registry contosomlacr is unreadable: HTTP 403") as caught:
        read(world)

    assert caught.value.permission == "Microsoft.ContainerRegistry/registries/read"


@pytest.mark.parametrize("properties", [[], "text", {"loginServer": "r", "networkRuleSet": "text"}])
def test_a_registry_of_another_shape_is_unreadable(world: Any, properties: object) -> None:
    """Through the SDK's own client as well."""
    world["registries/contosomlacr"]["properties"] = properties

    with pytest.raises(FactUnreadable, match="registry contosomlacr is unreadable: UnexpectedShape"):
        read(world)
