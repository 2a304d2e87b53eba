"""Lists that are asked of a resource group or a resource, answered from one list of the whole subscription.

It is the same list and no older; a subscription holds hundreds of resource groups. Where the caller may not read the
subscription's, each is asked itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pytest_amlpreflight.facts.scope import covers
from pytest_amlpreflight.facts.unread import NotRead
from pytest_amlpreflight.readers.connection.api_versions import AUTOSCALE, POLICY_STATES, ROLE_ASSIGNMENTS
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.once import Once

Row = Mapping[str, Any]


class Listed(NamedTuple):
    """A list by the end of its path, and the filter it is asked with. `holds` says whether a row of the subscription's
    list is in that of a place. A list that is `posted` is asked for the subscription with the same filter, another
    without: what is below comes along.
    """

    path: str
    api_version: str
    holds: Callable[[Row, str], bool]
    condition: str = ""
    posted: bool = False


def _beneath(member: str) -> Callable[[Row, str], bool]:
    return lambda row, place: covers(place, str(row.get(member) or ""))


def _denies(row: Row, place: str) -> bool:
    """Deny assignments of a subscription's list that are placed at or above a place."""
    scope = (row.get("properties") or {}).get("scope") or str(row.get("id") or "").rpartition("/providers/")[0] or "/"
    return covers(str(scope), place)


DENIED = "ComplianceState eq 'NonCompliant' and PolicyDefinitionAction eq 'deny'"

LISTS = (
    Listed("/providers/Microsoft.Insights/autoscalesettings", AUTOSCALE, _beneath("id")),
    Listed("/providers/Microsoft.Authorization/denyAssignments", ROLE_ASSIGNMENTS, _denies, condition="atScope()"),
    Listed(
        "/providers/Microsoft.PolicyInsights/policyStates/latest/queryResults",
        POLICY_STATES,
        _beneath("resourceId"),
        condition=DENIED,
        posted=True,
    ),
)


class SharedLists:
    """The lists of subscriptions, each read when the first part of it is asked for."""

    def __init__(self, arm: Callable[[], Arm]) -> None:
        self._arm, self._once = arm, Once(kept=None)

    def answer(self, path: str, condition: str, *, posted: bool = False) -> bytes | None:
        """The part of the list that a path asks for; None for another list, and where the whole cannot be had."""
        listed = next((one for one in LISTS if path.lower().endswith(one.path.lower())), None)
        place = path[: -len(listed.path)] if listed else ""
        if listed is None or listed.posted is not posted or listed.condition != condition or place.count("/") < 3:
            return None
        subscription = "/".join(place.split("/")[:3])
        rows = self._once.get(f"{listed.path} {subscription.lower()}", lambda: self._read(listed, subscription))
        if rows is None:
            return None
        return json.dumps({"value": [row for row in rows if listed.holds(row, place)]}).encode()

    def _read(self, listed: Listed, subscription: str) -> list[Row] | None:
        arm, path, words = self._arm(), f"{subscription}{listed.path}", f"a list of {subscription}"
        try:
            if listed.posted:
                rows = arm.post_list(path, listed.api_version, words, filter=listed.condition)
            else:
                rows = arm.list(path, listed.api_version, words)
        except NotRead:  # each place is asked itself, and tells the reason
            return None
        return [row.body for row in rows]
