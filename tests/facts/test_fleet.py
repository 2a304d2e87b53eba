"""Which workspaces of a scope are meant, what they are called, and which part of a fleet they are in."""

import pytest

from pytest_amlpreflight.facts.fleet import (
    FoundWorkspace,
    Reach,
    Selection,
    Shard,
    fleet_alias,
    named_aliases,
    parse_scope,
)
from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.run.settings.config_files import workspace_id

GROUP = "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11/resourceGroups/ml-prod"


def found(name: str = "ml-prod", **tags: str) -> FoundWorkspace:
    """A workspace with tags."""
    return FoundWorkspace(workspace_id("s", "g", name), tags)


@pytest.mark.parametrize(
    ("text", "reach", "name"),
    [
        ("Tenant", Reach.TENANT, "tenant"),
        ("Contoso production", Reach.SUBSCRIPTION, "Contoso production"),
        (GROUP.partition("/resourceGroups")[0], Reach.SUBSCRIPTION, "5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11"),
        (GROUP, Reach.RESOURCE_GROUP, "ml-prod"),
        ("/providers/Microsoft.Management/managementGroups/corp", Reach.MANAGEMENT_GROUP, "corp"),
    ],
)
def test_a_scope_is_told_by_its_form(text: str, reach: Reach, name: str) -> None:
    """An ARM id says what it is; other text is a subscription's id or name."""
    scope = parse_scope(text)

    assert scope is not None
    assert (scope.reach, scope.name) == (reach, name)


@pytest.mark.parametrize(
    "text",
    [f"{GROUP}/providers/Microsoft.KeyVault/vaults/v", "/providers/Microsoft.Management/managementGroups/a/b", "/x"],
)
def test_other_ids_are_no_scope(text: str) -> None:
    """A resource holds no workspaces."""
    assert parse_scope(text) is None


@pytest.mark.parametrize(
    ("selection", "taken"),
    [
        (Selection(), True),
        (Selection(names=("ML-*",)), True),
        (Selection(names=("dev-*", "ml-prod")), True),
        (Selection(names=("dev-*",)), False),
        (Selection(tags=(("ENV", "pro*"),)), True),
        (Selection(tags=(("env", "PRO*"),)), False),
        (Selection(tags=(("env", "*"), ("team", "*"))), False),
        (Selection(excluded=("*-prod",)), False),
        (Selection(excluded=("/subscriptions/*/resourcegroups/g/*",)), False),
    ],
)
def test_a_selection_takes_by_name_and_tag(selection: Selection, taken: bool) -> None:
    """Names have no case, tags' values do; every tag must match, any pattern may; what is excluded is out."""
    assert selection.takes(found(env="prod")) is taken


def test_namesakes_are_told_apart_by_their_own_ids_alone() -> None:
    """Another workspace of the same name changes nothing, nor does the casing in which Azure writes an id."""
    one, other = workspace_id("s", "g", "ml"), workspace_id("s", "h", "ml")

    assert fleet_alias(one) != fleet_alias(other)
    assert fleet_alias(one) == fleet_alias(ResourceId("S", "G", one.kind, "ml", one.text.upper()))
    assert fleet_alias(one).startswith("ml.")


def test_what_was_named_first_keeps_its_name() -> None:
    """A further workspace at the end of the list leaves the ids before it as they were."""
    one, two, other = workspace_id("s", "g", "ml"), workspace_id("s", "g", "rose"), workspace_id("s", "h", "ml")

    before, after = named_aliases([one, two]), named_aliases([one, two, other])

    assert before == {one: "ml", two: "rose"}
    assert after == {**before, other: fleet_alias(other)}


def test_the_parts_are_the_whole() -> None:
    """Each workspace is in exactly one part, and stays there whatever else there is."""
    fleet = [workspace_id("s", "g", f"ml-{number}") for number in range(200)]

    parts = [[one for one in fleet if Shard(number, 5).holds(one)] for number in range(1, 6)]

    assert sorted(one.text for part in parts for one in part) == sorted(one.text for one in fleet)
    assert all(20 < len(part) < 60 for part in parts)
