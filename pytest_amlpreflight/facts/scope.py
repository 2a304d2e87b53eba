"""Scopes: where a role, a denial or a lock is placed, and what lies beneath."""

from pytest_amlpreflight.facts.resource_id import parse_resource_id

_MANAGEMENT_GROUP = "/providers/microsoft.management/managementgroups/"
_IN_WORDS = {"subscriptions": "subscription", "subscriptions/resourcegroups": "resource group"}


def covers(scope: str, target: str) -> bool:
    """True if what holds at `scope` is inherited by `target`: whole segments, in any casing.

    A management group covers whatever it was listed for: Azure lists it with a resource only when that is beneath it,
    and no id says so. `/` covers everything; an empty text is no scope and covers nothing.
    """
    if scope == "/" or scope.lower().startswith(_MANAGEMENT_GROUP):
        return True
    segments = _segments(scope)
    return bool(segments) and _segments(target)[: len(segments)] == segments


def same_scope(one: str, other: str) -> bool:
    """True if both name the same place: ids have no case, and a trailing slash says nothing."""
    return _segments(one) == _segments(other)


def describe_scope(scope: str) -> str:
    """A scope as an operator says it: `resource group ml-prod`, `Microsoft.KeyVault/vaults kv-prod`."""
    if not _segments(scope):
        return "the root scope"
    if scope.lower().startswith(_MANAGEMENT_GROUP):
        return f"management group {scope.rstrip('/').rpartition('/')[2]}"
    found = parse_resource_id(scope)
    return f"{_IN_WORDS.get(found.kind.lower(), found.kind)} {found.name}" if found else scope


def _segments(scope: str) -> list[str]:
    return [part for part in scope.lower().split("/") if part]
