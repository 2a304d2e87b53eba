"""Workspaces of scopes, found through Resource Graph."""

from typing import Any

from pytest_amlpreflight.facts.fleet import parse_scope
from pytest_amlpreflight.readers.resources.fleet import read_fleet

GROUPS = "/providers/Microsoft.Management/managementGroups"
SUBSCRIPTION = "5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11"


def test_a_management_group_holds_the_workspaces_of_the_groups_below_it(world: Any) -> None:
    """One that has no subscription holds none."""
    parent = {"details": {"parent": {"id": f"{GROUPS}/corp"}}}
    world.add({"id": f"{GROUPS}/corp", "name": "corp", "properties": {}})
    world.add({"id": f"{GROUPS}/ml", "name": "ml", "properties": parent})
    world.add({"id": f"{GROUPS}/ml/subscriptions/{SUBSCRIPTION}", "name": SUBSCRIPTION, "properties": {}})
    world.add({"id": f"{GROUPS}/sandbox", "name": "sandbox", "properties": {}})
    scopes = [scope for name in ("corp", "sandbox") if (scope := parse_scope(f"{GROUPS}/{name}"))]

    found = read_fleet(world.connect().arm, scopes)

    assert [[one.id.name for one in workspaces] for workspaces in found.values()] == [["contoso-ml"], []]
