"""Whether the endpoint can be created, or changed, as it is about to be."""

from pytest_amlpreflight.facts.project.spec import ComputeKind, DeploymentSpec, EndpointSpec
from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint, PlannedDeployment
from pytest_amlpreflight.facts.resources.region import Region, documented_limits
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.facts.rules.endpoint_name import RULE, TOGETHER, a_name_that_fits, name_fits
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.fix import Command, Option, az
from pytest_amlpreflight.verdict import advise, blocked, check, for_each, not_applicable

UNDER_WAY = ("Creating", "Updating", "Deleting", "Scaling")
"""The provisioning states in which Azure refuses another operation."""


@check("endpoint", explains=("BadArgument", "InvalidDeploymentSpec"), phases=("pre",))
def check_endpoint_name_is_valid(aml_endpoint_spec: EndpointSpec) -> None:
    """The endpoint's name follows Azure's rules.

    The name becomes a label of the scoring host. Azure refuses any other, after the upload that a pipeline may have
    made for it. Two dashes in a row are advice only: Microsoft's page rules them out, its own SDK lets them pass.
    """
    _valid("endpoint", aml_endpoint_spec.name, aml_endpoint_spec.where("name"))


@check("endpoint", explains=("BadArgument", "InvalidDeploymentSpec"), phases=("pre",))
def check_deployment_name_is_valid(aml_deployment_spec: DeploymentSpec) -> None:
    """The deployment's name and its endpoint's follow Azure's rules, and on Kubernetes are not too long together.

    Both names go into the names of the cluster's own resources, which are limited.
    """
    deployment = aml_deployment_spec
    _valid("deployment", deployment.name, deployment.where("name"))
    _valid("endpoint", deployment.endpoint_name, deployment.where("endpoint_name"))
    length = len(deployment.endpoint_name) + len(deployment.name)
    if deployment.kind is ComputeKind.MANAGED or length in TOGETHER:
        return
    blocked(
        f"names {deployment.endpoint_name} and {deployment.name} are {length} characters together",
        found=f"{length} characters ({deployment.where('name')})",
        expected=f"{TOGETHER.start} to {TOGETHER.stop - 1} for a Kubernetes endpoint and its deployment together",
        fix="give the endpoint or the deployment another name",
        where=deployment.position("name"),
    )


@check(
    "endpoint",
    explains=("EndpointAlreadyExists", "InvalidResourceLocation", "BadArgument", "Conflict"),
    phases=("pre",),
)
def check_endpoint_name_is_free(
    aml_endpoint: Endpoint, aml_live_endpoint: Endpoint | None, aml_workspace: Workspace, aml_region: Region
) -> None:
    """No other endpoint has the name: none of another kind, region or identity here, none in another workspace of the
    region.

    What an endpoint runs on, where, and as whom is decided when it is created. A name is a host name of the region, so
    that it can be had once, over all subscriptions; those that you cannot read are not looked at.
    """
    if aml_endpoint.live:
        not_applicable("no endpoint spec was given, so nothing is about to be created")
    if aml_live_endpoint is not None:
        _same(aml_endpoint, aml_live_endpoint, aml_workspace)
        return
    taken = [one for one in aml_region.named(aml_endpoint.name) if not one.in_workspace(aml_workspace.id)]
    if not aml_endpoint.managed or not taken:
        return
    blocked(
        f"endpoint name {aml_endpoint.name} is taken in {aml_region.location}",
        found=f"an endpoint of workspace {taken[0].workspace}: {taken[0].id}",
        expected=f"a name that no other endpoint of the region has ({aml_endpoint.where('name')})",
        fix=az("ml online-endpoint create", name=f"{aml_endpoint.name}-2", file=aml_endpoint.source.path),
        where=aml_endpoint.position("name"),
    )


@check("endpoint", explains=("OperationCanceled", "Conflict", "AnotherOperationInProgress", "409"), phases=("pre",))
def check_endpoint_is_at_rest(aml_live_endpoint: Endpoint | None, aml_live_deployments: tuple[Deployment, ...]) -> None:
    """No other operation is under way on the endpoint or on one of its deployments.

    Azure does one at a time: it refuses the second, or cancels the one that was first. An endpoint that failed when it
    was created takes no deployment; whether it was then or later is not told, so it is advice.
    """
    if aml_live_endpoint is None:
        not_applicable("the endpoint does not exist yet, so nothing is under way on it")
    name = aml_live_endpoint.name
    query: dict[str, Option] = {"query": "provisioning_state"}
    show = az("ml online-endpoint show", name=name, **query)
    states = [(f"endpoint {name}", aml_live_endpoint.provisioning_state, show)]
    for one in aml_live_deployments:
        show = az("ml online-deployment show", name=one.name, endpoint_name=name, **query)
        states.append((f"deployment {one.name} of endpoint {name}", one.provisioning_state, show))

    def judge(what: str, state: str | None, show: Command) -> None:
        if (state or "").capitalize() in UNDER_WAY:
            blocked(
                f"{what} is {(state or '').lower()}",
                found=f"provisioningState = {state!r}",
                expected="provisioningState = 'Succeeded', or any other in which nothing is under way",
                fix=(show, "(deploy when it has ended)"),
            )

    for_each(judge, *zip(*states, strict=True))
    if (aml_live_endpoint.provisioning_state or "").lower() == "failed":
        advise(
            f"endpoint {name} failed, and takes no deployment if that was when it was created",
            found=f"provisioningState = {aml_live_endpoint.provisioning_state!r}",
            expected="provisioningState = 'Succeeded'",
            fix=(
                az("ml online-endpoint show", name=name),
                "(where its creation is what failed: delete it, and create it again when it is gone)",
            ),
        )


@check("endpoint", explains=("OutOfQuota",), phases=("pre",))
def check_endpoints_fit_the_region(
    aml_endpoint: Endpoint,
    aml_live_endpoint: Endpoint | None,
    aml_region: Region,
    aml_endpoints_beside: tuple[str, ...],
) -> None:
    """The subscription may have one endpoint more in the region, with those that are created beside it; on Kubernetes,
    the cluster may.

    Online and batch endpoints of every workspace share one limit. No API tells it: the documented default counts, until
    more are there than it allows.
    """
    if aml_live_endpoint is not None:
        not_applicable("the endpoint exists, so none is added")
    limits, region = documented_limits(), aml_region.location
    _room("endpoints", f"in {region}", len(aml_region.endpoints), limits["endpoints"], len(aml_endpoints_beside))
    if aml_endpoint.compute is not None:
        attached = len(aml_region.on_compute(aml_endpoint.compute))
        _room("endpoints", f"on compute {aml_endpoint.compute}", attached, limits["endpoints_per_cluster"])


@check("endpoint", explains=("OutOfQuota",), phases=("pre",))
def check_deployments_fit_the_region(
    aml_live_deployment: Deployment | None,
    aml_live_deployments: tuple[Deployment, ...],
    aml_endpoint: Endpoint,
    aml_region: Region,
    aml_deployments_beside: tuple[PlannedDeployment, ...],
) -> None:
    """One deployment more may be had, with those that are created beside it: by endpoint, subscription and Kubernetes
    cluster.

    Deployments that blue-green roll-outs leave behind count like any other, so that one day the next is refused. The
    endpoint's own are listed; the region's are those that the caller may read.
    """
    limits, name = documented_limits(), aml_endpoint.name
    if aml_live_deployment is not None:
        return
    beside = [one.deployment.endpoint_name for one in aml_deployments_beside if one.live is None]
    there, own = len(aml_live_deployments), beside.count(name)
    _room("deployments", f"on endpoint {name}", there, limits["deployments_per_endpoint"], own)
    there = len(aml_region.deployments)
    _room("deployments", f"in {aml_region.location}", there, limits["deployments"], len(beside))
    if aml_endpoint.compute is not None:
        on_cluster = aml_region.deployments_of(aml_region.on_compute(aml_endpoint.compute))
        _room("deployments", f"on compute {aml_endpoint.compute}", len(on_cluster), limits["deployments_per_cluster"])


@check("endpoint", explains=("EndpointNotFound", "ResourceNotFound"))
def check_deployment_has_its_endpoint(
    aml_workspace: Workspace, aml_endpoint_or_none: Endpoint | None, aml_target: Target
) -> None:
    """The endpoint exists, or is about to be created from the spec that was given.

    A deployment is created in an endpoint. Where there is none, a typing error in `endpoint_name` is likelier than
    anything else.
    """
    if aml_endpoint_or_none is not None:
        return
    blocked(
        f"endpoint {aml_target.endpoint} does not exist in workspace {aml_workspace.name}",
        found="404 from Azure Resource Manager, and no endpoint spec for it",
        expected="an endpoint of that name, or --aml-endpoint with the YAML file it is about to be created from",
        fix=az("ml online-endpoint list", query="[].name"),
    )


def _valid(noun: str, name: str, where: str) -> None:
    if not name_fits(name):
        blocked(
            f"{noun} name {name!r} is none that Azure takes",
            found=f"name = {name!r}, {len(name)} characters ({where})",
            expected=RULE,
            fix=f"name: {a_name_that_fits(name)}",
        )
    if "--" in name:
        fix = f"name: {a_name_that_fits(name)}"
        advise(f"{noun} name {name!r} has two dashes in a row", found=where, expected="single dashes", fix=fix)


def _same(spec: Endpoint, live: Endpoint, workspace: Workspace) -> None:
    """Refuse what a live endpoint cannot be changed to."""
    differences = [
        ("compute", _compute(spec), _compute(live)),
        ("location", _region(spec.location) or workspace.location, _region(live.location) or workspace.location),
        ("identity", _identity(spec), _identity(live)),
    ]

    def judge(member: str, wanted: str, found: str) -> None:
        if wanted.lower() != found.lower():
            blocked(
                f"endpoint {live.name} exists with another {member}, which is decided at creation",
                found=f"{member}: {found}",
                expected=f"{member}: {wanted} ({spec.where(member)})",
                fix=(
                    f"give the endpoint in the YAML another name, or the live one's {member}",
                    f"(az ml online-endpoint show --name {live.name})",
                ),
                where=None if spec.live else spec.source.position(member),
            )

    for_each(judge, *zip(*differences, strict=True))


def _compute(endpoint: Endpoint) -> str:
    return (endpoint.compute or "managed").rpartition("/")[2]


def _region(location: str | None) -> str:
    return (location or "").replace(" ", "").lower()


def _identity(endpoint: Endpoint) -> str:
    return ", ".join(sorted(one.text.lower() for one in endpoint.identity_ids)) or "system-assigned"


def _room(what: str, where: str, there: int, limit: int, beside: int = 0) -> None:
    """Refuse one more, and those `beside` it, where the limit does not allow them. More than it allows are a sign that
    it was raised, to what nobody can tell.
    """
    if there > limit or there + beside < limit:
        return
    more = f"{beside + 1} more" if beside else "one more"
    blocked(
        f"no room for {more} of the {what} {where}",
        found=f"{there} {what} {where}" + (f", and {beside} others that this run is about to create" if beside else ""),
        expected=f"at most {limit} together, the documented default"
        if beside
        else f"less than {limit}, the documented default",
        fix=(_listing(what, where), f"(delete {what} that serve nothing, or request an increase)"),
    )


def _listing(what: str, where: str) -> Command:
    """What shows those that are counted: of an endpoint, else of every workspace that the caller may read."""
    kind, _, name = where.removeprefix("on ").removeprefix("in ").rpartition(" ")
    if kind == "endpoint":
        return az("ml online-deployment list", endpoint_name=name, output="table")
    kinds = "microsoft.machinelearningservices/workspaces/onlineendpoints" + ("/deployments" * (what == "deployments"))
    place = "" if kind else f" and location =~ '{name}'"
    return az("graph query", graph_query=f"resources | where type =~ '{kinds}'{place} | project id")
