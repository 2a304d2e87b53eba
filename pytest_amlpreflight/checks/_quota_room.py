"""What makes room in a quota that is short, level by level."""

import json

from pytest_amlpreflight.facts.resources.quota import Quota, Usage, UsageLevel, VmSize
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.fix import Command, az


def rows_that_limit(quota: Quota, size: VmSize, workspace: Workspace) -> list[Usage]:
    """The rows that limit this size, the widest first: no cap of a workspace goes beyond its subscription's quota.
    Raises `UnknownFamily` where Azure lists none.
    """
    quota.remaining(size.family, UsageLevel.SUBSCRIPTION)
    quota.remaining(None, UsageLevel.REGION_TOTAL)
    total, family = quota.usage(None, UsageLevel.REGION_TOTAL), quota.usage(size.family, UsageLevel.SUBSCRIPTION)
    own = quota.usage(size.family, UsageLevel.WORKSPACE, workspace.id.text)
    return [row for row in (total, family, None if own and family and _follows(own, family) else own) if row]


def _follows(own: Usage, family: Usage) -> bool:
    """Whether the row of a workspace says nothing that the subscription's does not: no cap, and no more in use."""
    uncapped = own.limit is None or (family.limit is not None and own.limit >= family.limit)
    return uncapped and own.used <= family.used


def more_room(usage: Usage, wanted: int, quota: Quota, workspace: Workspace) -> tuple[Command | str, ...]:
    """What makes room for `wanted` more cores in a row. The cap of a workspace is somebody's own setting, and no
    increase of the subscription's quota raises it.

    https://learn.microsoft.com/azure/machine-learning/how-to-manage-quotas#workspace-level-quotas
    """
    show = az("ml compute list-usage", location=workspace.location)
    if not quota.is_capped(usage):
        return show, f"(request an increase of {usage.label}, or delete what serves nothing)"
    return (
        _raise_cap(usage, quota.cap_for(usage, wanted), workspace),
        f"(somebody capped {usage.label} for this workspace; in the portal: its Usages + quotas, Configure quotas)",
    )


def _raise_cap(usage: Usage, limit: int, workspace: Workspace) -> Command:
    cap = {"id": usage.cap_id, "type": usage.cap_type, "limit": limit, "unit": "Count"}
    place = f"/subscriptions/{workspace.id.subscription}/providers/Microsoft.MachineLearningServices/locations"
    url = f"{place}/{workspace.location}/updateQuotas?api-version=2024-10-01"
    return az("rest", method="post", url=url, body=json.dumps({"value": [cap]}))
