"""The workspaces of subscriptions, resource groups and management groups, found with few questions."""

from collections.abc import Iterable, Sequence

from pytest_amlpreflight.facts.fleet import FoundWorkspace, Reach, Scope
from pytest_amlpreflight.facts.unread import FactAbsent
from pytest_amlpreflight.readers.connection.api_versions import SUBSCRIPTIONS
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.document import Document
from pytest_amlpreflight.readers.connection.resource_graph import id_of, query

WORKSPACES = (
    "resources | where type =~ 'microsoft.machinelearningservices/workspaces'"
    " | project id, name, tags | order by id asc"
)

AT_ONCE = 200
"""Subscriptions in one question: Microsoft recommends fewer than 300.
https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests
"""


def read_fleet(arm: Arm, scopes: Sequence[Scope]) -> dict[Scope, list[FoundWorkspace]]:
    """The workspaces of each scope, sorted by id. A subscription that the caller does not see is `FactAbsent`.

    Resource Graph leaves out without a word what the caller may not read, a whole subscription too; which ones there
    are for him says ARM.
    """
    known = _subscriptions(arm) if any(scope.reach is not Reach.MANAGEMENT_GROUP for scope in scopes) else {}
    places = {scope: _within(scope, known) for scope in scopes if scope.reach is not Reach.MANAGEMENT_GROUP}
    rows = _over_subscriptions(arm, sorted({one for place in places.values() for one in place}))
    found = {scope: [row for row in rows if _is_in(row, scope, place)] for scope, place in places.items()}
    for scope in scopes:
        if scope.reach is Reach.MANAGEMENT_GROUP:
            found[scope] = _sorted(_rows(arm, f"the workspaces of {scope}", {"managementGroups": [scope.name]}))
    return found


def _subscriptions(arm: Arm) -> dict[str, str]:
    """The ids of the caller's subscriptions with their names."""
    rows = arm.list(
        "/subscriptions", SUBSCRIPTIONS, "your subscriptions", permission="Microsoft.Resources/subscriptions/read"
    )
    return {row.need("subscriptionId").lower(): row.text("displayName") or "" for row in rows}


def _within(scope: Scope, known: dict[str, str]) -> list[str]:
    """The ids of the subscriptions that a scope is about; several may have the same name."""
    if scope.reach is Reach.TENANT:
        return list(known)
    wanted = (scope.subscription or scope.name).lower()
    found = [id_ for id_, name in known.items() if id_ == wanted or name.lower() == wanted]
    if not found:
        raise FactAbsent(f"subscription {scope.subscription or scope.name}, among the {len(known)} that you see,")
    return [wanted] if wanted in found else found


def _over_subscriptions(arm: Arm, subscriptions: Sequence[str]) -> list[FoundWorkspace]:
    chunks = [subscriptions[at : at + AT_ONCE] for at in range(0, len(subscriptions), AT_ONCE)]
    answers = arm.together(lambda chunk: _rows(arm, "the workspaces", {"subscriptions": list(chunk)}), chunks)
    return _sorted(row for answer in answers for row in answer)


def _rows(arm: Arm, resource: str, over: dict[str, list[str]]) -> list[FoundWorkspace]:
    return [_found(row) for row in query(arm, WORKSPACES, resource, over=over)]


def _found(row: Document) -> FoundWorkspace:
    return FoundWorkspace(id_of(row), row.strings("tags"))


def _sorted(rows: Iterable[FoundWorkspace]) -> list[FoundWorkspace]:
    return sorted(rows, key=lambda row: row.id.text.lower())


def _is_in(row: FoundWorkspace, scope: Scope, subscriptions: Sequence[str]) -> bool:
    group = scope.name.lower() if scope.reach is Reach.RESOURCE_GROUP else None
    return row.id.subscription.lower() in subscriptions and group in (None, (row.id.resource_group or "").lower())
