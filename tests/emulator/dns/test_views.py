"""Names follow from the world's resources: what ARM no longer has, DNS does not answer."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_amlpreflight.emulator import world as worlds
from pytest_amlpreflight.emulator.dns.views import FRONT_END, view
from pytest_amlpreflight.emulator.dns.zones import lookup
from pytest_amlpreflight.emulator.notation import merge
from pytest_amlpreflight.emulator.world import ENDPOINTS, World

ZONES = "Microsoft.Network/privateDnsZones"
HOST = "iris.eastus2.inference.ml.azure.com"
VAULT = "contoso-ml-kv.vault.azure.net"


@pytest.fixture
def world(world_path: Path) -> World:
    """The example's world, to be changed."""
    return worlds.load(world_path)


def addresses(world: World, host: str) -> list[str] | None:
    """Where a name leads in the network, aliases followed; None for no such name."""
    zones = view(world, azure=False)
    found = lookup(zones, host)
    while found and "CNAME" in found:
        found = lookup(zones, found["CNAME"])
    return None if found is None else found.get("A")


def change(world: World, arm_type: str, patch: object) -> None:
    """Merge a patch into every resource of a type."""
    for one in list(world.of_type(arm_type)):
        world.put(merge(one, patch))


def test_a_linked_zones_record_is_its_answer(world: World) -> None:
    """The address is the one that ARM shows."""
    change(world, f"{ZONES}/A", {"properties": {"aRecords": [{"ipv4Address": "10.9.9.9"}]}})

    assert addresses(world, HOST) == ["10.9.9.9"]


@pytest.mark.parametrize("kind", [f"{ZONES}/A", ZONES])
def test_what_is_deleted_in_arm_is_gone_from_dns(world: World, kind: str) -> None:
    """A record: no such name, since a linked zone hides the public one. A zone: the public one answers again."""
    for one in list(world.of_type(kind)):
        world.remove(one["id"])

    assert addresses(world, HOST) == (None if kind.endswith("/A") else [FRONT_END])


@pytest.mark.parametrize("state", ["InProgress", "gone"])
def test_an_unlinked_zone_answers_nobody(world: World, state: str) -> None:
    """No link, or one that is not complete yet: the name leads to its public address."""
    for link in list(world.of_type(f"{ZONES}/virtualNetworkLinks")):
        world.put(merge(link, {"properties": {"virtualNetworkLinkState": state}}))
        if state == "gone":
            world.remove(link["id"])

    assert addresses(world, HOST) == [FRONT_END]


def test_a_public_endpoint_leads_to_the_front_end(world: World) -> None:
    """A private workspace's too."""
    change(world, ENDPOINTS, {"properties": {"publicNetworkAccess": "Enabled"}})

    assert addresses(world, HOST) == [FRONT_END]


@pytest.mark.parametrize(
    ("host", "kind"),
    [(HOST, ENDPOINTS), (VAULT, "Microsoft.KeyVault/vaults"), (HOST, "Microsoft.MachineLearningServices/workspaces")],
)
def test_what_was_deleted_has_no_name(world: World, host: str, kind: str) -> None:
    """An endpoint, also together with its workspace, and a vault whose secrets the world still tells of."""
    assert addresses(world, host)

    for one in list(world.of_type(kind)):
        world.remove(one["id"])

    assert addresses(world, host) is None


def test_a_networks_own_server_need_not_know_linked_zones(write_world: Callable[..., Path], world: World) -> None:
    """With `azure_dns` in the world, `dns` is what the network's own server says."""
    world.azure_zones = {}

    assert addresses(world, HOST) == [FRONT_END]
    assert lookup(
        view(world, azure=True), "x.2c7e5d84-8f31-4f0b-9b1d-6b0f4a93c7d2.inference.eastus2.privatelink.api.azureml.ms"
    ) == {"A": ["10.1.0.7"]}
