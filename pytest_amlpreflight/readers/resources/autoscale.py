"""Autoscale settings, from the provider Microsoft.Insights, which writes ids and capacities its own way."""

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.autoscale import AutoscaleSetting
from pytest_amlpreflight.readers.connection.api_versions import AUTOSCALE
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.document import Document

READ_SETTINGS = "Microsoft.Insights/autoscaleSettings/read"


def read_autoscale_settings(arm: Arm, workspace_id: ResourceId) -> tuple[AutoscaleSetting, ...]:
    """The settings that scale deployments of this workspace, by name.

    Asked of the workspace's resource group, where the portal and the CLI put them: a list over the subscription would
    take a right over the subscription.
    """
    group = f"/subscriptions/{workspace_id.subscription}/resourceGroups/{workspace_id.resource_group}"
    rows = arm.list(
        f"{group}/providers/Microsoft.Insights/autoscalesettings",
        AUTOSCALE,
        f"the autoscale settings of resource group {workspace_id.resource_group}",
        permission=READ_SETTINGS,
    )
    found = (setting for row in rows if (setting := _setting(row, workspace_id)))
    return tuple(sorted(found, key=lambda setting: setting.name))


def _setting(row: Document, workspace_id: ResourceId) -> AutoscaleSetting | None:
    """None for what scales something else: virtual machines and app plans are in the same list."""
    properties = row.child("properties")
    target = properties.text("targetResourceUri") or ""
    below, _, rest = target.lower().partition("/onlineendpoints/")
    if below != workspace_id.text.lower() or "/deployments/" not in rest:
        return None
    capacities = [profile.child("capacity") for profile in properties.children("profiles")]
    return AutoscaleSetting(
        name=row.need("name"),
        id=row.text("id") or row.need("name"),
        enabled=properties.flag("enabled") or False,  # absent means false, as the schema says
        target_id=target,
        maximum=max((int(capacity.number("maximum") or 0) for capacity in capacities), default=0),
        minimum=min((int(capacity.number("minimum") or 0) for capacity in capacities), default=0),
    )
