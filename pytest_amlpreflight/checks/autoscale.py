"""Autoscaling, which Azure Monitor does by settings of its own."""

from typing import NoReturn

from pytest_amlpreflight.checks._quota_room import more_room, rows_that_limit
from pytest_amlpreflight.facts.resources.autoscale import AutoscaleSetting
from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.resources.quota import Quota, UnknownFamily, Usage, VmSize, instances_counted
from pytest_amlpreflight.facts.resources.region import documented_limits
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.fix import SetProperty, az
from pytest_amlpreflight.verdict import advise, blocked, check, for_each, not_applicable, not_reached


@check("autoscale", explains=("429", "503"), phases=("post", "audit"))
def check_autoscale_targets_live_deployments(
    aml_live_endpoint: Endpoint | None,
    aml_live_deployments: tuple[Deployment, ...],
    aml_autoscale_settings: tuple[AutoscaleSetting, ...],
    aml_autoscale_quota: Quota | None,
    aml_workspace: Workspace,
) -> None:
    """Every autoscale setting of the endpoint scales a deployment that is there, up to a count that its quota allows.

    A setting outlives its deployment and then scales nothing, while its successor has none; a maximum beyond the quota
    is never reached. Both show only under load, as 429 or 503. A setting that is switched off is advice: somebody may
    want it so.
    """
    if aml_live_endpoint is None:
        not_reached("the endpoint does not exist")
    own = [setting for setting in aml_autoscale_settings if setting.endpoint == aml_live_endpoint.name.lower()]
    if not own:
        not_applicable(f"endpoint {aml_live_endpoint.name} is not autoscaled")
    deployments = {one.name.lower(): one for one in aml_live_deployments}

    def judge(setting: AutoscaleSetting) -> None:
        deployment = deployments.get(setting.deployment)
        if deployment is None:
            _orphaned(setting, sorted(deployments))
        _off(setting)
        _within_the_limit(setting, deployment)
        if aml_autoscale_quota is not None:
            _within_the_quota(setting, deployment, aml_autoscale_quota, aml_workspace)

    for_each(judge, own)


def _orphaned(setting: AutoscaleSetting, names: list[str]) -> NoReturn:
    blocked(
        f"autoscale setting {setting.name} scales deployment {setting.deployment}, which does not exist",
        found=f"targetResourceUri = {setting.target_id!r}",
        expected=f"one of {', '.join(names)}" if names else "a deployment",
        fix=az("monitor autoscale delete", ids=setting.id),
    )


def _off(setting: AutoscaleSetting) -> None:
    if not setting.enabled:
        advise(
            f"autoscale setting {setting.name} of deployment {setting.deployment} is switched off",
            found="enabled = False",
            expected="enabled = True, or no setting",
            fix=SetProperty(
                setting.id,
                "properties.enabled",
                True,
                az=az("monitor autoscale update", ids=setting.id, enabled="true"),
            ),
        )


def _within_the_limit(setting: AutoscaleSetting, deployment: Deployment) -> None:
    """A deployment that has more already is a sign that the limit was raised, to what nobody can tell."""
    limit = documented_limits()["instances_per_deployment"]
    if setting.maximum > limit >= deployment.instance_count:
        blocked(
            f"autoscale setting {setting.name} goes up to {setting.maximum} instances, beyond Azure's limit",
            found=f"capacity.maximum = '{setting.maximum}'",
            expected=f"at most {limit} instances per deployment",
            fix=az("monitor autoscale update", ids=setting.id, max_count=limit),
        )


def _within_the_quota(setting: AutoscaleSetting, deployment: Deployment, quota: Quota, workspace: Workspace) -> None:
    size = quota.size(deployment.instance_type or "")
    if size is None or not deployment.instance_count:  # the quota check says so; how many it holds is not told
        return
    counted, held = (instances_counted(n, size, quota.reserve) for n in (setting.maximum, deployment.instance_count))
    more = (counted - held) * size.vcpus
    row = _narrowest(quota, size, workspace)
    left = row.remaining if row else None
    if row is None or left is None or more <= left:
        return
    blocked(
        f"autoscale setting {setting.name} goes up to {setting.maximum} instances, beyond the quota",
        found=f"{counted} x {size.vcpus} - {held * size.vcpus} held = {more} more vCPUs needed, {left} left: "
        f"{row.label}",
        expected=f"at least {more} vCPUs left for {size.family} in {workspace.location}",
        fix=(
            *more_room(row, more, quota, workspace),
            "(or lower the maximum:)",
            az("monitor autoscale update", ids=setting.id, max_count=deployment.instance_count),
        ),
    )


def _narrowest(quota: Quota, size: VmSize, workspace: Workspace) -> Usage | None:
    """The row that leaves the fewest cores; None where none is limited or Azure lists no row, which is the quota
    check's to say.
    """
    try:
        rows = rows_that_limit(quota, size, workspace)
    except UnknownFamily:
        return None
    return min((row for row in rows if row.remaining is not None), key=lambda row: row.remaining or 0, default=None)
