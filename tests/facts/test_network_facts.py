"""Names, addresses and private endpoints, by value."""

import pytest

from pytest_amlpreflight.facts.resource_id import parse_resource_id
from pytest_amlpreflight.facts.resources.network import Broken, PrivateEndpoint, Resolution, predates_endpoints


def private_endpoint(**addresses: tuple[str, ...]) -> PrivateEndpoint:
    """A private endpoint with these addresses by host name."""
    where = parse_resource_id("/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/privateEndpoints/pe")
    assert where is not None
    return PrivateEndpoint(where, "pe", addresses)


def test_the_path_leads_from_host_to_addresses() -> None:
    """On one line, with every name in between."""
    found = Resolution("a", "r", ("b", "c"), ("10.0.0.1", "10.0.0.2"), None)

    assert found.path == "a -> b -> c -> 10.0.0.1, 10.0.0.2"


def test_a_broken_path_ends_with_the_reason() -> None:
    """Where it broke is the last name."""
    assert Resolution("a", "r", ("b",), (), Broken.NO_ADDRESS).path == "a -> b -> no address record"


def test_the_addresses_for_scoring_are_those_of_inference_names() -> None:
    """The workspace's own address answers no scoring request."""
    found = private_endpoint(**{"w.workspace.e.api": ("10.0.0.1",), "*.w.inference.e.api": ("10.0.0.2",)})

    assert found.scoring_addresses == {"10.0.0.2"}
    assert found.all_addresses == {"10.0.0.1", "10.0.0.2"}


def test_without_names_every_address_may_be_the_one() -> None:
    """Azure did not say which is for what."""
    assert private_endpoint(one=("10.0.0.1",), two=("10.0.0.2",)).scoring_addresses == {"10.0.0.1", "10.0.0.2"}


def test_without_addresses_there_are_none_for_scoring() -> None:
    """An empty set, which contains no host's address."""
    assert private_endpoint().scoring_addresses == frozenset()


@pytest.mark.parametrize(
    ("created_at", "expected"),
    [
        ("2022-05-23T23:59:59.9999999Z", True),
        ("2022-05-24T00:00:00Z", False),
        ("2025-02-11T09:12:44.1185163Z", False),
        (None, None),
    ],
)
def test_private_endpoints_of_before_the_date_are_told_apart(created_at: str | None, expected: bool | None) -> None:
    """Azure writes seven decimals, which no parser needs to know; without a time nobody can tell."""
    assert predates_endpoints(created_at) is expected
