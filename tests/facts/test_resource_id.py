"""ARM ids, parsed and compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_amlpreflight.facts.resource_id import parent_of, parse_resource_id

GROUP = "/subscriptions/s/resourceGroups/ml-prod"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv"


@pytest.mark.parametrize(
    ("text", "group", "kind", "name"),
    [
        (VAULT, "ml-prod", "Microsoft.KeyVault/vaults", "kv"),
        (VAULT + "/", "ml-prod", "Microsoft.KeyVault/vaults", "kv"),
        (VAULT.replace("resourceGroups", "resourcegroups"), "ml-prod", "Microsoft.KeyVault/vaults", "kv"),
        (VAULT.replace("resourceGroups", "RESOURCEGROUPS"), "ml-prod", "Microsoft.KeyVault/vaults", "kv"),
        (f"{VAULT}/secrets/s", "ml-prod", "Microsoft.KeyVault/vaults/secrets", "s"),
        (
            f"{VAULT}/providers/Microsoft.Authorization/roleAssignments/guid",
            "ml-prod",
            "Microsoft.Authorization/roleAssignments",
            "guid",
        ),
        ("/subscriptions/s/providers/Microsoft.X/things/t", None, "Microsoft.X/things", "t"),
        (GROUP, "ml-prod", "subscriptions/resourceGroups", "ml-prod"),
        ("/subscriptions/s", None, "subscriptions", "s"),
    ],
)
def test_an_id_is_taken_apart(text: str, group: str | None, kind: str, name: str) -> None:
    """Nested resources have the last name and the whole type; an extension has its own."""
    found = parse_resource_id(text)

    assert found is not None
    assert (found.subscription, found.resource_group, found.kind, found.name) == ("s", group, kind, name)
    assert str(found) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "kv",
        "/subscriptions",
        "/subscriptions//resourceGroups/g",
        f"{GROUP}/providers/Microsoft.KeyVault/vaults",
        f"{GROUP}/providers/Microsoft.KeyVault",
        f"{GROUP}/providers",
        "/providers/Microsoft.Management/managementGroups/m",
        "azureml:model:1",
        "https://management.azure.com/subscriptions/s",
    ],
)
def test_what_is_no_id_of_a_resource_is_none(text: str) -> None:
    """A collection, a shorthand, a URL."""
    assert parse_resource_id(text) is None


def test_ids_have_no_case() -> None:
    """They are equal, and one, in any casing."""
    lower, upper = parse_resource_id(VAULT.lower()), parse_resource_id(VAULT.upper())

    assert lower == upper
    assert len({lower, upper}) == 1
    assert lower != parse_resource_id(VAULT + "2")


def test_an_id_is_no_text() -> None:
    """Comparing the two is a mistake that must not look like a difference in casing."""
    assert parse_resource_id(VAULT) != VAULT


@given(st.text(alphabet="/abSuscription.{} ", max_size=60))
def test_no_text_breaks_the_parser(text: str) -> None:
    """Ids come from files that people wrote."""
    found = parse_resource_id(text)

    assert found is None or found.text == text


def test_the_parent_of_an_asset_is_found_whatever_the_casing() -> None:
    """Ids have no case, and some lack their first slash."""
    workspace = "subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"

    for text in (f"/{workspace}/models/m/versions/1", f"{workspace}/Models/m/versions/1"):
        assert parent_of(text, "models") == parse_resource_id(f"/{workspace}")
    assert parent_of("azureml:m:1", "models") is None
