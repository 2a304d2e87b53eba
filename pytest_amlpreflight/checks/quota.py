"""Whether the region still has the cores that a deployment takes."""

from collections.abc import Callable
from difflib import get_close_matches

from pytest_amlpreflight.checks._quota_room import more_room, rows_that_limit
from pytest_amlpreflight.facts.project.model_size import GIB, MIB, ModelSize
from pytest_amlpreflight.facts.resources.endpoint import Deployment, PlannedDeployment
from pytest_amlpreflight.facts.resources.quota import Quota, Usage, UsageLevel, VmSize, family_key, instances_counted
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.fix import az
from pytest_amlpreflight.verdict import advise, blocked, check, for_each, not_applicable


@check("quota", explains=("OutOfQuota", "ERR_1100"), phases=("pre", "audit"))
def check_family_quota_fits_the_deployment(
    aml_deployment: Deployment,
    aml_live_deployment: Deployment | None,
    aml_workspace: Workspace,
    aml_quota: Quota,
    aml_deployments_beside: tuple[PlannedDeployment, ...],
) -> None:
    """The cores of the deployment, with Azure's reserve, fit into what is left of its family's quota at every level.

    Azure keeps a fifth more instances than you ask for, rounded up, so that it can upgrade them: one instance counts as
    two. The quota is Azure Machine Learning's own, per subscription, per workspace, and for all families of the region
    together. Deployments that the same run is about must fit beside each other. A live deployment that failed may hold
    its cores or may never have had them: what fits only where it holds them is advice.
    """
    if not aml_deployment.managed or aml_deployment.instance_type is None:
        not_applicable("only managed deployments take cores of the region's quota")
    size = aml_quota.size(aml_deployment.instance_type)
    if size is None:
        not_applicable(
            f"{aml_workspace.location} does not list {aml_deployment.instance_type}, so its cores are not known"
        )

    def judge(usage: Usage) -> None:
        _judge_level(usage, aml_deployment, aml_live_deployment, size, aml_workspace, aml_quota)

    for_each(judge, rows_that_limit(aml_quota, size, aml_workspace))
    needed, _ = _needed(aml_deployment, aml_live_deployment, size, aml_quota)
    if needed:
        _judge_together(needed, aml_deployment, aml_deployments_beside, size, aml_workspace, aml_quota)


@check("quota", explains=("OutOfQuota", "ERR_1100"), phases=("pre",))
def check_compute_objects_remain(
    aml_deployment: Deployment,
    aml_live_deployment: Deployment | None,
    aml_workspace: Workspace,
    aml_quota: Quota,
    aml_deployments_beside: tuple[PlannedDeployment, ...],
) -> None:
    """The region has a compute object left for the deployment, and for those that are created beside it.

    Clusters, compute instances and managed online deployments share one count for each region and subscription,
    whatever their cores.
    """
    if not aml_deployment.managed or aml_live_deployment is not None:
        not_applicable("no compute object is added: the deployment exists, or runs on a cluster of its own")
    usage = aml_quota.usage(None, UsageLevel.CLUSTERS)
    if usage is None:
        not_applicable(f"Azure lists no count of compute objects in {aml_workspace.location}")
    needed = 1 + sum(one.live is None and one.deployment.managed for one in aml_deployments_beside)
    if usage.remaining is None or usage.remaining >= needed:
        return
    blocked(
        f"no compute object is left in {aml_workspace.location}"
        if not usage.remaining
        else f"{needed} compute objects are needed in {aml_workspace.location} and {usage.remaining} left",
        found=f"{usage.used} of {usage.limit}: clusters, compute instances and online deployments together",
        expected=f"at least {needed} left",
        fix=(az("ml compute list", output="table"), "(delete what is not used, or request an increase)"),
    )


@check("quota", explains=("OutOfQuota", "BadArgument"), phases=("pre",))
def check_instance_type_is_offered(aml_deployment: Deployment, aml_workspace: Workspace, aml_quota: Quota) -> None:
    """The region offers the instance type to Azure Machine Learning, and to online endpoints.

    The second half is advice: that the compute type `MIR` marks the sizes for online endpoints is inferred from answers
    seen, not documented.
    """
    name = aml_deployment.instance_type
    if not aml_deployment.managed or name is None:
        not_applicable("the instance types of a Kubernetes deployment are those of its cluster")
    size, region = aml_quota.size(name), aml_workspace.location
    if size is None:
        blocked(
            f"instance type {name} is not offered in {region}",
            found=f"instance_type = {name!r} ({aml_deployment.where('instance_type')})",
            expected=f"one of {region}'s sizes{_like(name, aml_quota)}",
            fix=az("ml compute list-sizes", location=region, output="table"),
            where=aml_deployment.position("instance_type"),
        )
    if size.serves_online_endpoints is False:
        advise(
            f"instance type {size.name} seems not to serve online endpoints",
            found=f"supportedComputeTypes = {list(size.compute_types)}",
            expected="a size whose supportedComputeTypes hold 'MIR'",
            fix=f"choose another instance_type ({aml_deployment.where('instance_type')})",
            where=aml_deployment.position("instance_type"),
        )


@check("quota", explains=("OutOfQuota", "ERR_2100"), phases=("pre",))
def check_model_fits_the_disk(aml_deployment: Deployment, aml_model_size: ModelSize | None, aml_quota: Quota) -> None:
    """The model alone is not larger than the disk of the instance type.

    The image needs its room beside the model. A size without a disk of its own is passed over: what it mounts instead
    is not told.
    """
    size, model = _machine(aml_deployment, aml_quota), _model(aml_model_size)
    if not size.disk_mb or model.bytes <= size.disk_mb * MIB:
        return
    blocked(
        f"model {model.name} does not fit on the disk of {size.name}",
        found=f"{model.shown} ({model.where})",
        expected=f"less than {size.disk_mb / 1024:.1f} GiB, maxResourceVolumeMB = {size.disk_mb}",
        fix=f"a larger instance_type ({aml_deployment.where('instance_type')}), or a smaller model",
        where=aml_deployment.position("instance_type"),
    )


@check("quota", explains=("OutOfQuota", "ERR_2100"), phases=("pre",))
def check_model_fits_the_memory(aml_deployment: Deployment, aml_model_size: ModelSize | None, aml_quota: Quota) -> None:
    """The model's files are not larger than the memory of the instance type.

    Advice, since memory is not known from files: a model that is mapped or lives on a GPU needs less, one that is
    compressed needs more.
    """
    size, model = _machine(aml_deployment, aml_quota), _model(aml_model_size)
    if size.memory_gb is None or model.bytes <= size.memory_gb * GIB:
        return
    advise(
        f"model {model.name} is larger than the memory of {size.name}",
        found=f"{model.shown} ({model.where})",
        expected=f"less than memoryGB = {size.memory_gb:g}",
        fix=f"choose a larger instance_type ({aml_deployment.where('instance_type')})",
        where=aml_deployment.position("instance_type"),
    )


def _machine(deployment: Deployment, quota: Quota) -> VmSize:
    if not deployment.managed or deployment.instance_type is None:
        not_applicable("the machines of a Kubernetes deployment are those of its cluster")
    size = quota.size(deployment.instance_type)
    return size or not_applicable(f"{deployment.instance_type} is not offered, so its disk and memory are not known")


def _model(model: ModelSize | None) -> ModelSize:
    return model or not_applicable("the model is not on this machine, or there is none")


def _like(name: str, quota: Quota) -> str:
    """The offered sizes with nearly that name."""
    names = {size.name.lower(): size.name for size in quota.vm_sizes if size.serves_online_endpoints is not False}
    near = [names[found] for found in get_close_matches(name.lower(), names, n=3)]
    return f", such as {', '.join(near)}" if near else ""


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


def _judge_together(
    needed: int,
    deployment: Deployment,
    beside: tuple[PlannedDeployment, ...],
    size: VmSize,
    workspace: Workspace,
    quota: Quota,
) -> None:
    """Each fits alone: whether all of them do, at every level that they share."""

    def judge(usage: Usage) -> None:
        of_all = usage.level is UsageLevel.REGION_TOTAL
        wanted = {deployment.name: needed, **_wanted_beside(beside, size, quota, of_all=of_all)}
        left, total = None if usage.limit is None else usage.limit - usage.used, sum(wanted.values())
        if left is not None and total > left:
            blocked(
                f"quota for {', '.join(wanted)} together is short by {total - left} vCPUs",
                found=" + ".join(f"{cores} ({name})" for name, cores in wanted.items())
                + f" = {total} vCPUs needed, {usage.limit} - {usage.used} = {left} left: {usage.label}",
                expected=f"at least {total} left; each of them fits alone",
                fix=(*more_room(usage, total, quota, workspace), "(or deploy one after the other)"),
            )

    for_each(judge, rows_that_limit(quota, size, workspace))


def _wanted_beside(
    beside: tuple[PlannedDeployment, ...], size: VmSize, quota: Quota, *, of_all: bool
) -> dict[str, int]:
    """The cores of the other deployments that count at the same level: those of the family, or of any."""
    wanted = {}
    for one in beside:
        other = quota.size(one.deployment.instance_type or "") if one.deployment.managed else None
        if other and (of_all or family_key(other.family) == family_key(size.family)):
            wanted[one.deployment.name] = _needed(one.deployment, one.live, other, quota)[0]
    return wanted


def _judge_level(
    usage: Usage, deployment: Deployment, live: Deployment | None, size: VmSize, workspace: Workspace, quota: Quota
) -> None:
    """One row that limits the size. What needs nothing fits, even where more is taken than the limit is now."""
    if usage.limit is None:
        return
    left = usage.limit - usage.used
    needed, words = _needed(deployment, live, size, quota)
    anew, words_anew = _needed(deployment, None, size, quota)
    if needed and needed > left:
        _complain(blocked, usage, needed, words, deployment, size, workspace, quota)
    elif live is not None and live.failed and anew > left:
        words_anew += f", if {live.name}, which failed, holds none"
        _complain(advise, usage, anew, words_anew, deployment, size, workspace, quota)


def _complain(
    complain: Callable[..., None],
    usage: Usage,
    needed: int,
    words: str,
    deployment: Deployment,
    size: VmSize,
    workspace: Workspace,
    quota: Quota,
) -> None:
    left = (usage.limit or 0) - usage.used
    where = {
        UsageLevel.WORKSPACE: f"quota of workspace {workspace.name}",
        UsageLevel.SUBSCRIPTION: f"quota of the subscription in {workspace.location}",
        UsageLevel.REGION_TOTAL: f"total quota of the subscription in {workspace.location}",
    }[usage.level]
    fitting = [other.name for other in quota.sizes_that_fit(deployment.instance_count, workspace.id.text)][:4]
    alternative = f"(or an instance_type that fits now: {', '.join(fitting)})" if fitting else ""
    complain(
        f"quota for {size.name} is short by {needed - left} vCPUs",
        found=f"{words}, {usage.limit} - {usage.used} = {left} left\nin the {where}: {usage.label}",
        expected=f"at least {needed} left ({deployment.where('instance_count')})",
        fix=(*more_room(usage, needed, quota, workspace), alternative),
        where=deployment.position("instance_count"),
    )
