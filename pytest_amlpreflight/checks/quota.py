"""Whether the region still has the cores that a deployment takes."""

from pytest_amlpreflight.facts.endpoint import Deployment
from pytest_amlpreflight.facts.quota import Quota, Usage, UsageLevel, VmSize, instances_counted
from pytest_amlpreflight.facts.workspace import Workspace
from pytest_amlpreflight.verdict import blocked, check, not_applicable


@check("quota", explains=("OutOfQuota", "ERR_1100"), phases=("pre", "audit"))
def check_family_quota_fits_the_deployment(
    aml_deployment: Deployment,
    aml_live_deployment: Deployment | None,
    aml_workspace: Workspace,
    aml_quota: Quota,
) -> None:
    """The cores of the deployment, with Azure's reserve, fit into what is left of its family's quota at every level.

    Azure keeps a fifth more instances than you ask for, rounded up, so that it can upgrade them: one instance counts as two. The quota is Azure
    Machine Learning's own, per subscription, per workspace, and for all families of the region together.
    """
    if not aml_deployment.managed or aml_deployment.instance_type is None:
        not_applicable("only managed deployments take cores of the region's quota")
    size = aml_quota.size(aml_deployment.instance_type)
    if size is None:
        not_applicable(f"{aml_workspace.location} does not list {aml_deployment.instance_type}, so its cores are not known")
    needed, total = _needed(aml_deployment, aml_live_deployment, size, aml_quota)
    for usage in _usages(aml_quota, size, aml_workspace):
        if usage.limit is not None and needed > usage.limit - usage.used:
            _blocked_by(usage, needed, total, aml_deployment, size, aml_workspace, aml_quota)


def _needed(deployment: Deployment, live: Deployment | None, size: VmSize, quota: Quota) -> tuple[int, str]:
    """The cores that are needed on top of those already taken, and their sum in words."""
    count = deployment.instance_count
    counted = instances_counted(count, size, quota.reserve)
    factor = f"ceil(1.2 x {count})" if counted != count else f"{count}"
    total, words = counted * size.vcpus, f"{factor} x {size.vcpus}"
    if live is None or (live.instance_type or "").lower() != size.name.lower():
        return total, f"{words} = {total} vCPUs needed"
    held = instances_counted(live.instance_count, size, quota.reserve) * size.vcpus
    return max(0, total - held), f"{words} - {held} held already = {max(0, total - held)} more vCPUs needed"


def _usages(quota: Quota, size: VmSize, workspace: Workspace) -> list[Usage]:
    """The rows that limit this size, the narrowest first. Raises `UnknownFamily` where Azure lists none."""
    quota.remaining(size.family, UsageLevel.SUBSCRIPTION)
    rows = (
        quota.usage(size.family, UsageLevel.WORKSPACE, workspace.id.text),
        quota.usage(size.family, UsageLevel.SUBSCRIPTION),
        quota.usage(None, UsageLevel.REGION_TOTAL),
    )
    return [row for row in rows if row]


def _blocked_by(
    usage: Usage, needed: int, words: str, deployment: Deployment, size: VmSize, workspace: Workspace, quota: Quota
) -> None:
    left = (usage.limit or 0) - usage.used
    where = {
        UsageLevel.WORKSPACE: f"quota of workspace {workspace.name}",
        UsageLevel.SUBSCRIPTION: f"quota of the subscription in {workspace.location}",
        UsageLevel.REGION_TOTAL: f"total quota of the subscription in {workspace.location}",
    }[usage.level]
    fitting = [other.name for other in quota.sizes_that_fit(deployment.instance_count, workspace.id.text)][:4]
    alternative = f"\n(or an instance_type that fits now: {', '.join(fitting)})" if fitting else ""
    blocked(
        f"quota for {size.name} is short by {needed - left} vCPUs",
        found=f"{words}, {usage.limit} - {usage.used} = {left} left\nin the {where}: {usage.label}",
        expected=f"at least {needed} left ({deployment.where('instance_count')})",
        fix=f"az ml compute list-usage --location {workspace.location}\n"
        f"(request an increase of {usage.label}, or delete what serves nothing){alternative}",
    )
