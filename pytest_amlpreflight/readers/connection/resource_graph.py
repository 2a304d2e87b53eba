"""Azure Resource Graph: one question over many resource groups and subscriptions.

It shows only what the caller may read, and with a delay of seconds to minutes: what is not in its answer may still
exist.
"""

from collections.abc import Mapping, Sequence

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.connection.api_versions import RESOURCE_GRAPH
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.document import Document

PATH = "/providers/Microsoft.ResourceGraph/resources"
READ = "Microsoft.ResourceGraph/resources/read"
ROWS_A_PAGE = 1000
"""The most that Resource Graph gives at once."""


TOO_LARGE = "ResponsePayloadTooLarge"


def query(
    arm: Arm,
    text: str,
    resource: str,
    *,
    over: Mapping[str, Sequence[str]] | None = None,
    page: int = ROWS_A_PAGE,
    above: bool = False,
) -> list[Document]:
    """Every row of a query's answer, over `subscriptions` or `managementGroups` by their names; without them over all
    that the caller can see.

    `page` is how many rows come at once; an answer over 16 MiB is asked for again with half of them. `above` takes
    what is placed above the scopes as well: roles and policies of management groups.

    `text` must keep the column `id`: without it Resource Graph hands out no `$skipToken` and the rows after the first
    page could not be had. An answer cut short without a token is `FactUnreadable`, since a count of it would be too
    low.
    """
    options: dict[str, object] = {"$top": page, "resultFormat": "objectArray"}
    if above:
        options["authorizationScopeFilter"] = "AtScopeAboveAndBelow"
    body = {"query": text, "options": options} | dict(over or {})
    rows: list[Document] = []
    while True:
        try:
            answer = arm.post(PATH, RESOURCE_GRAPH, body, resource, permission=READ)
        except FactUnreadable as problem:
            if problem.code != TOO_LARGE or page == 1:
                raise
            options["$top"] = page = page // 2
            continue
        rows += answer.need_children("data")
        token = answer.text("$skipToken")
        if token is None:
            break
        options["$skipToken"] = token
    if (answer.text("resultTruncated") or "").lower() == "true":
        detail = f"{len(rows)} rows and no $skipToken"
        raise FactUnreadable(resource, status=None, code="ResultTruncated", detail=detail)
    return rows


def id_of(row: Document) -> ResourceId:
    """The id of the resource that a row is about."""
    return row.need_id("id")
