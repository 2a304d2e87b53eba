"""Online endpoints and deployments through the real SDK stack, in every shape in which Azure sends them."""

from typing import Any

import pytest

from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable
from pytest_amlpreflight.readers.resources.endpoint import (
    read_deployment,
    read_deployments,
    read_endpoint,
    read_endpoints,
)

ENDPOINT = "onlineEndpoints/iris"
DEPLOYMENT = "deployments/blue"


def endpoint(world: Any) -> Endpoint:
    """The endpoint of the world as it stands."""
    return read_endpoint(world.connect().arm, world.workspace_id, "iris")


def deployment(world: Any) -> Deployment:
    """The deployment of the world as it stands."""
    return read_deployment(world.connect().arm, world.workspace_id, "iris", "blue")


def test_the_live_endpoint_is_read(world: Any) -> None:
    """Managed, private, with keys, all its traffic on one deployment."""
    found = endpoint(world)

    assert (found.name, found.auth_mode, found.provisioning_state) == ("iris", "Key", "Succeeded")
    assert found.managed
    assert found.live
    assert not found.public_network_access
    assert found.traffic == {"blue": 100}
    assert found.mirror_traffic == {}
    assert found.scoring_host == "iris.eastus2.inference.ml.azure.com"


def test_the_all_zero_principal_beside_user_assigned_identities_is_nobody(world: Any) -> None:
    """Azure shows it on every endpoint with user-assigned identities; those count."""
    found = endpoint(world)

    assert found.principal_id is None
    assert found.identity_ids == (world.id("Microsoft.ManagedIdentity/userAssignedIdentities/iris-endpoint-identity"),)


def test_a_system_assigned_identity_has_its_principal(world: Any) -> None:
    """Without a map of others, or with a null one."""
    world[ENDPOINT]["identity"] = {
        "type": "SystemAssigned",
        "principalId": "11111111-1111-1111-1111-111111111111",
        "userAssignedIdentities": None,
    }

    found = endpoint(world)

    assert (found.principal_id, found.identity_ids) == ("11111111-1111-1111-1111-111111111111", ())


def test_a_kubernetes_endpoint_is_told_by_its_compute(world: Any) -> None:
    """Its kind has three spellings, its scoring URI is an address, and its public access means nothing."""
    world[ENDPOINT]["kind"] = "K8S"
    world.properties(ENDPOINT).update(
        compute=f"{world.workspace_id}/computes/cluster", scoringUri="http://20.252.36.41/api/v1/endpoint/iris/score"
    )

    found = endpoint(world)

    assert not found.managed
    assert found.scoring_host == "20.252.36.41"


@pytest.mark.parametrize("null", [True, False])
def test_an_endpoint_that_never_came_to_be_has_gaps(world: Any, null: bool) -> None:
    """Null and absent read alike."""
    properties = world.properties(ENDPOINT)
    for key in ("traffic", "mirrorTraffic", "properties", "scoringUri", "publicNetworkAccess", "provisioningState"):
        del properties[key]
        properties.update({key: None} if null else {})

    found = endpoint(world)

    assert (found.traffic, found.mirror_traffic, found.properties) == ({}, {}, {})
    assert (found.scoring_uri, found.scoring_host, found.provisioning_state) == (None, None, None)
    assert found.public_network_access


def test_the_property_bag_holds_strings(world: Any) -> None:
    """The property bag holds whatever tools wrote into it."""
    world.properties(ENDPOINT)["properties"] = {"enforce_access_to_default_secret_stores": "enabled", "count": 3}

    assert endpoint(world).properties == {"enforce_access_to_default_secret_stores": "enabled", "count": "3"}


def test_an_endpoint_that_does_not_exist_is_absent(world: Any) -> None:
    """The gateway's 404."""
    azure = world.connect()

    with pytest.raises(FactAbsent, match="endpoint rose does not exist"):
        read_endpoint(azure.arm, world.workspace_id, "rose")


def test_endpoints_are_listed_by_name_page_by_page(world: Any) -> None:
    """The list comes in Azure's own order and in pages; none is lost."""
    for name in ("zinnia", "aster", "lily"):
        copy = {**world[ENDPOINT], "name": name, "id": f"{world.workspace_id}/onlineEndpoints/{name}"}
        world.add(copy)
    world.sections["paging"] = {"size": 1}

    found = read_endpoints(world.connect().arm, world.workspace_id)

    assert [one.name for one in found] == ["aster", "iris", "lily", "zinnia"]


def test_the_live_deployment_is_read(world: Any) -> None:
    """Its instances are the capacity of its SKU; durations are ISO 8601."""
    world[DEPLOYMENT]["sku"]["capacity"] = 3
    world.properties(DEPLOYMENT).update(
        requestSettings={"maxQueueWait": "PT0S", "requestTimeout": "PT1M30S", "maxConcurrentRequestsPerInstance": 2},
        livenessProbe={"initialDelay": "PT10S", "period": "PT10S", "timeout": "PT2S", "failureThreshold": 30},
    )

    found = deployment(world)

    assert (found.name, found.endpoint_name, found.instance_count) == ("blue", "iris", 3)
    assert found.instance_type == "Standard_DS3_V2"
    assert found.managed
    assert found.egress_public_network_access is False
    assert not found.data_collector
    assert found.request_settings is not None
    assert found.request_settings.request_timeout_ms == 90_000
    assert found.liveness_probe is not None
    assert (found.liveness_probe.initial_delay, found.liveness_probe.failure_threshold) == (10, 30)


@pytest.mark.parametrize("sku", [None, {}, {"capacity": None}])
def test_a_deployment_without_a_sku_has_no_instances(world: Any, sku: object) -> None:
    """azure-ai-ml breaks on it."""
    world[DEPLOYMENT]["sku"] = sku

    assert deployment(world).instance_count == 0


def test_a_capacity_may_be_a_string(world: Any) -> None:
    """Azure writes some numbers so."""
    world[DEPLOYMENT]["sku"]["capacity"] = "5"

    assert deployment(world).instance_count == 5


@pytest.mark.parametrize(("egress", "expected"), [("Enabled", True), ("disabled", False), (None, None), ("", None)])
def test_an_egress_that_was_not_set_is_told_from_an_open_one(
    world: Any, egress: str | None, expected: bool | None
) -> None:
    """Under a managed network it should not be set."""
    world.properties(DEPLOYMENT)["egressPublicNetworkAccess"] = egress

    assert deployment(world).egress_public_network_access is expected


@pytest.mark.parametrize(
    ("kind", "managed"), [("Managed", True), ("Kubernetes", False), ("AzureMLCompute", False), (None, True)]
)
def test_the_kind_of_compute_is_read(world: Any, kind: str | None, managed: bool) -> None:
    """A kind that azure-ai-ml raises on is still read."""
    world.properties(DEPLOYMENT)["endpointComputeType"] = kind

    assert deployment(world).managed is managed


@pytest.mark.parametrize(
    ("collections", "expected"),
    [
        ({}, False),
        ({"model_inputs": {"dataCollectionMode": "Disabled"}}, False),
        ({"model_inputs": {"dataCollectionMode": "Disabled"}, "x": {"dataCollectionMode": "enabled"}}, True),
        ({"model_inputs": None}, False),
    ],
)
def test_one_collection_that_collects_makes_a_data_collector(world: Any, collections: object, expected: bool) -> None:
    """Then the identity has to write."""
    world.properties(DEPLOYMENT)["dataCollector"] = {"collections": collections}

    assert deployment(world).data_collector is expected


def test_a_deployment_that_does_not_exist_is_absent(world: Any) -> None:
    """The gateway's 404."""
    azure = world.connect()

    with pytest.raises(FactAbsent, match="deployment green of endpoint iris does not exist"):
        read_deployment(azure.arm, world.workspace_id, "iris", "green")


def test_an_endpoint_without_deployments_has_an_empty_list(world: Any) -> None:
    """`{"value": []}` and no nextLink."""
    world.sections["resources"].remove(world[DEPLOYMENT])

    assert read_deployments(world.connect().arm, world.workspace_id, "iris") == ()


def test_a_traffic_that_is_no_number_is_unreadable(world: Any) -> None:
    """What was not understood does not pass."""
    world.properties(ENDPOINT)["traffic"] = {"blue": "all of it"}

    with pytest.raises(
        FactUnreadable, match="endpoint iris is unreadable: UnexpectedShape\n  blue is str, not a number"
    ):
        endpoint(world)
