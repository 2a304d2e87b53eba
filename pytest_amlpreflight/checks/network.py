"""The way from a caller to the endpoint."""

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.endpoint import Endpoint
from pytest_amlpreflight.facts.resources.network import Broken, PrivateEndpoint, Resolution
from pytest_amlpreflight.facts.resources.private_dns import PrivateDnsZone, TwoResolutions, answering, networks_of
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.facts.unread import NotRead, raise_first
from pytest_amlpreflight.fix import Fixes, Option, az, kubectl, shell
from pytest_amlpreflight.verdict import advise, blocked, check, not_applicable, not_reached


@check("network", explains=("ValidateScoringFailed",), phases=("post", "audit"))
def check_scoring_host_resolves(aml_endpoint: Endpoint, aml_scoring_resolution: Resolution | None) -> None:
    """The scoring host has an address, as seen from here.

    A caller without an address never reaches the endpoint. In a private workspace the name leads through a private DNS
    zone that must hold the record and be linked to the caller's network; where a custom DNS server is in between, it
    must forward.
    """
    resolution = _resolution(aml_scoring_resolution)
    if resolution.addresses:
        return
    blocked(
        f"host {resolution.host} does not resolve: {resolution.broken}",
        found=f"{resolution.path}\nasked of {resolution.resolver}{_detail(resolution)}",
        expected="an address",
        fix=_fix(resolution) if aml_endpoint.managed else _record_of_the_router(resolution),
    )


@check("network", phases=("post", "audit"))
def check_scoring_host_resolves_to_the_private_endpoint(
    aml_endpoint: Endpoint,
    aml_workspace: Workspace,
    aml_scoring_resolution: Resolution | None,
    aml_private_endpoints: tuple[PrivateEndpoint, ...],
    aml_hidden_private_endpoints: tuple[NotRead, ...],
) -> None:
    """In a private workspace, the scoring host leads to one of the workspace's own private endpoints.

    A public address is refused there, and any other private address belongs to something else: private is not enough.
    Whether callers come in publicly is the endpoint's own setting: one that is public may well have a public address,
    also in a private workspace.
    """
    if not aml_endpoint.managed:
        not_applicable("a Kubernetes endpoint is reached through its cluster")
    if aml_endpoint.public_network_access and not aml_workspace.private:
        not_applicable("endpoint and workspace are public")
    resolution = _resolution(aml_scoring_resolution)
    if not resolution.addresses:
        not_reached(f"{resolution.host} does not resolve")
    if aml_endpoint.public_network_access and resolution.public:
        return
    approved = [one.name for one in aml_workspace.private_endpoint_connections if one.approved]
    if approved and not aml_private_endpoints:
        not_reached(f"Azure does not tell which private endpoint is behind connection {approved[0]}")
    if not aml_private_endpoints:
        blocked(
            f"{_closed(aml_endpoint, aml_workspace)} is private, and there is no approved private endpoint",
            found="privateEndpointConnections: none with status 'Approved'",
            expected="an approved private endpoint, the only way to score",
            fix=az("network private-endpoint-connection list", id=aml_workspace.id),
        )
    own = _own_addresses(aml_private_endpoints)
    if own.issuperset(resolution.addresses):
        return
    raise_first(aml_hidden_private_endpoints)
    astray = "leads elsewhere beside" if own.intersection(resolution.addresses) else "does not lead to"
    blocked(
        f"host {resolution.host} {astray} the private endpoint",
        found=f"{resolution.path}\nasked of {resolution.resolver}",
        expected=f"one of {', '.join(sorted(own))} ({', '.join(one.name for one in aml_private_endpoints)})",
        fix=(
            shell("dig", resolution.host),
            "(in the callers' network: link it, or forward, to the workspace's private zone)",
        ),
    )


def _closed(endpoint: Endpoint, workspace: Workspace) -> str:
    return f"workspace {workspace.name}" if workspace.private else f"endpoint {endpoint.name}"


@check("network")
def check_private_dns_zone_holds_the_inference_record(
    aml_endpoint: Endpoint,
    aml_workspace: Workspace,
    aml_private_endpoints: tuple[PrivateEndpoint, ...],
    aml_private_dns_zones: tuple[PrivateDnsZone, ...],
    aml_hidden_private_endpoints: tuple[NotRead, ...],
) -> None:
    """The private DNS zone has a record for the workspace's endpoints, and it leads to the private endpoint.

    A private endpoint from the time before online endpoints came without the record; one that was created anew may have
    left an old address behind.
    """
    _behind_private_endpoint(aml_endpoint.managed, aml_private_endpoints)
    if not aml_workspace.guid:
        not_reached(
            f"Azure does not tell workspaceId of workspace {aml_workspace.name}, which its records are named by"
        )
    zones = answering(_in_sight(aml_private_dns_zones), aml_private_endpoints)
    records = [(zone, zone.inference_record(aml_workspace.guid, aml_endpoint.name)) for zone in zones]
    own = _own_addresses(aml_private_endpoints)
    zone, record = next(((zone, name) for zone, name in records if name), (zones[0], None))
    found = ", ".join(zone.records[record]) if record else "none"
    wanted = f"*.{aml_workspace.guid}.inference.{aml_workspace.location}"
    if record and own.issuperset(zone.records[record]):
        return
    if record:
        raise_first(aml_hidden_private_endpoints)
    group, wrong = zone.id.resource_group, "leads elsewhere" if record else "has no record"
    blocked(
        f"private DNS zone {zone.name} {wrong} for endpoint {aml_endpoint.name}",
        found=f"{record or wanted}: {found}\nin resource group {group}",
        expected=f"an A record with {', '.join(sorted(own))} ({', '.join(one.name for one in aml_private_endpoints)})",
        fix=(
            az("network private-dns record-set a list", resource_group=group, zone_name=zone.name),
            f"(then delete the private endpoint of {aml_workspace.name} and create it again)",
        ),
    )


@check("network")
def check_private_dns_zone_is_linked(
    aml_private_endpoints: tuple[PrivateEndpoint, ...],
    aml_private_dns_zones: tuple[PrivateDnsZone, ...],
    aml_hidden_private_endpoints: tuple[NotRead, ...],
) -> None:
    """The private DNS zone is linked to the network of the private endpoint.

    Without a link nobody resolves from the zone. A link to other networks only is advice: where a DNS server in one of
    them answers for all, it is right as it is, and no API tells whom callers ask.
    """
    _behind_private_endpoint(True, aml_private_endpoints)
    zones, networks = _in_sight(aml_private_dns_zones), networks_of(aml_private_endpoints)
    if any(zone.linked_to(networks) for zone in zones):
        return
    raise_first(aml_hidden_private_endpoints)
    tied = (one for one in zones if any(link.completed or link.network_id in networks for link in one.links))
    zone = next(tied, zones[0])
    headline = f"private DNS zone {zone.name} is not linked to the private endpoint's network"
    links = [f"{link.name}: {link.network_id}, {link.state}" for link in zone.links]
    found = "\n".join(links) or "virtualNetworkLinks: none"
    expected = f"a link to {' or '.join(sorted(map(str, networks)))} with virtualNetworkLinkState = 'Completed'"
    fix = _link(zone, networks)
    if any(link.completed for one in zones for link in one.links):
        advise(headline, found=found, expected=f"{expected}, unless a DNS server in a linked network answers", fix=fix)
        return
    untold = any(link.untold and link.network_id in networks for one in zones for link in one.links)
    (advise if untold else blocked)(headline, found=found, expected=expected, fix=fix)


@check("network")
def check_custom_dns_agrees_with_azure_dns(
    aml_both_resolutions: TwoResolutions | None,
    aml_private_endpoints: tuple[PrivateEndpoint, ...],
    aml_hidden_private_endpoints: tuple[NotRead, ...],
) -> None:
    """The callers' resolver gives the address that Azure's own DNS gives.

    Where it does not, a DNS server in between keeps to itself what it should forward to 168.63.129.16, and callers are
    sent to the public side or nowhere.
    """
    both = aml_both_resolutions
    if both is None:
        not_applicable("no private endpoint, or no name yet that could be asked for")
    if not both.azure.addresses:
        answered = f"{both.azure.resolver} gave no address ({both.azure.broken})"
        not_applicable(f"{answered}: it answers in a linked virtual network only")
    asked = both.callers.addresses
    if both.agree or (asked and _own_addresses(aml_private_endpoints).issuperset(asked)):
        return
    raise_first(aml_hidden_private_endpoints)
    blocked(
        f"host {both.callers.host} resolves otherwise than in Azure DNS",
        found=both.side_by_side,
        expected=f"the address that {both.azure.resolver} gives",
        fix=f"on the callers' DNS server, forward {_public_zone(both.callers.host)} to 168.63.129.16",
    )


def _behind_private_endpoint(managed: bool, endpoints: tuple[PrivateEndpoint, ...]) -> None:
    if not managed:
        not_applicable("a Kubernetes endpoint is reached through its cluster")
    if not endpoints:
        not_applicable("the workspace has no approved private endpoint")


def _link(zone: PrivateDnsZone, networks: frozenset[ResourceId]) -> Fixes:
    """Make the link; or see to the one that is there, as a network cannot be linked to a zone twice."""
    at: dict[str, Option] = {"resource_group": zone.id.resource_group, "zone_name": zone.name}
    link = next((one for one in zone.links if one.network_id in networks), None)
    if link:
        show = az("network private-dns link vnet show", **at, name=link.name, query="virtualNetworkLinkState")
        return show, "(it is in the making; delete and create it where it does not come to its end)"
    network = min(map(str, networks), default="NETWORK-ID")
    make: dict[str, Option] = {"name": "workspace", "registration_enabled": "false", "virtual_network": network}
    create = az("network private-dns link vnet create", **at, **make)
    return create if networks else (create, "(NETWORK-ID is the ARM id of the private endpoint's network)")


def _in_sight(zones: tuple[PrivateDnsZone, ...]) -> tuple[PrivateDnsZone, ...]:
    """The zones, of which there must be one to say anything: what you cannot read may be there all the same."""
    reason = "no private DNS zone of the workspace is in sight: it may be in a subscription that you cannot read"
    return zones or not_applicable(reason)


def _own_addresses(endpoints: tuple[PrivateEndpoint, ...]) -> frozenset[str]:
    return frozenset[str]().union(*(endpoint.scoring_addresses for endpoint in endpoints))


def _public_zone(host: str) -> str:
    return host.partition(".")[2]


def _resolution(resolution: Resolution | None) -> Resolution:
    if resolution is None:
        not_applicable("the endpoint does not exist yet and has no scoring host")
    return resolution


def _detail(resolution: Resolution) -> str:
    return f"\n{resolution.detail}" if resolution.detail else ""


def _record_of_the_router(resolution: Resolution) -> Fixes:
    """On Kubernetes nobody makes the record: the name is the one that the extension was given (`sslCname`)."""
    router = kubectl("get service azureml-fe", namespace="azureml")
    return router, f"make a DNS record of {resolution.host} with its EXTERNAL-IP", shell("dig", resolution.host)


def _fix(resolution: Resolution) -> Fixes:
    """The guide's next command for this way of breaking."""
    azure = shell("dig", "@168.63.129.16", resolution.host)
    zone = ".".join(resolution.chain[-1].split(".")[-4:]) if resolution.chain else None
    if resolution.broken in (Broken.NXDOMAIN, Broken.NO_ADDRESS) and zone and zone.startswith("privatelink."):
        query = f"resources | where type =~ 'microsoft.network/privatednszones' and name =~ '{zone}' | project id"
        return az("graph query", "-q", query), "(the host's record lacks in that zone)"
    if resolution.broken in (Broken.TIMEOUT, Broken.UNREACHABLE):
        return azure, "(from the virtual network: if that answers, mend the DNS server)"
    return shell("dig", resolution.host), azure, "(the second from the virtual network)"
