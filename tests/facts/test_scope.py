"""Scopes, their order and their names."""

import pytest

from pytest_amlpreflight.facts.scope import describe_scope, same_scope

GROUP = "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11/resourceGroups/ml-prod"


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        ("/", "the root scope"),
        (
            "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11",
            "subscription 5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11",
        ),
        (GROUP, "resource group ml-prod"),
        (GROUP.replace("Groups", "groups"), "resource group ml-prod"),
        (f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-prod", "Microsoft.KeyVault/vaults kv-prod"),
        ("/providers/Microsoft.Management/managementGroups/corp/", "management group corp"),
        ("somewhere/else", "somewhere/else"),
    ],
)
def test_a_scope_is_told_in_words(scope: str, words: str) -> None:
    """An operator reads what kind of place it is and its name; what is no id is repeated as it came."""
    assert describe_scope(scope) == words


def test_a_place_has_one_name_in_any_case() -> None:
    """Azure returns ids in whatever case they were once written in."""
    assert same_scope(GROUP, f"{GROUP.upper()}/")
    assert not same_scope(GROUP, f"{GROUP}2")
