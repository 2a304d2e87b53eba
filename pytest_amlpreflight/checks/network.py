"""The way from a caller to the endpoint."""

from pytest_amlpreflight.facts.endpoint import Endpoint
from pytest_amlpreflight.facts.network import Broken, PrivateEndpoint, Resolution
from pytest_amlpreflight.facts.workspace import Workspace
from pytest_amlpreflight.verdict import blocked, check, not_applicable


@check("network", phases=("post", "audit"))
def check_scoring_host_resolves(aml_scoring_resolution: Resolution | None) -> None:
    """The scoring host has an address, as seen from here.

    A caller without an address never reaches the endpoint. In a private workspace the name leads through a private DNS zone that must hold the record and be
    linked to the caller's network; where a custom DNS server is in between, it must forward.
    """
    resolution = _resolution(aml_scoring_resolution)
    if resolution.addresses:
        return
    blocked(
        f"host {resolution.host} does not resolve: {resolution.broken}",
        found=f"{resolution.path}\nasked of {resolution.resolver}{_detail(resolution)}",
        expected="an address",
        fix=_fix(resolution),
    )


@check("network", phases=("post", "audit"))
def check_scoring_host_resolves_to_the_private_endpoint(
    aml_endpoint: Endpoint,
    aml_workspace: Workspace,
    aml_scoring_resolution: Resolution | None,
    aml_private_endpoints: tuple[PrivateEndpoint, ...],
) -> None:
    """In a private workspace, the scoring host leads to one of the workspace's own private endpoints.

    A public address is refused there, and any other private address belongs to something else: private is not enough.
    """
    if not aml_endpoint.managed:
        not_applicable("a Kubernetes endpoint is reached through its cluster")
    if aml_endpoint.public_network_access and aml_workspace.public_network_access:
        not_applicable("endpoint and workspace are public")
    resolution = _resolution(aml_scoring_resolution)
    if not resolution.addresses:
        not_applicable(f"not reached: {resolution.host} does not resolve")
    if not aml_private_endpoints:
        blocked(
            f"workspace {aml_workspace.name} is private and has no approved private endpoint",
            found="privateEndpointConnections: none with status 'Approved'",
            expected="an approved private endpoint, the only way to score",
            fix=f"az network private-endpoint-connection list --id {aml_workspace.id}",
        )
    own = frozenset[str]().union(*(endpoint.scoring_addresses for endpoint in aml_private_endpoints))
    if own.issuperset(resolution.addresses):
        return
    blocked(
        f"host {resolution.host} does not lead to the private endpoint",
        found=f"{resolution.path}\nasked of {resolution.resolver}",
        expected=f"one of {', '.join(sorted(own))} ({', '.join(one.name for one in aml_private_endpoints)})",
        fix=f"dig {resolution.host} in the callers' network, and link or forward to the private DNS zone of the workspace",
    )


def _resolution(resolution: Resolution | None) -> Resolution:
    if resolution is None:
        not_applicable("the endpoint does not exist yet and has no scoring host")
    return resolution


def _detail(resolution: Resolution) -> str:
    return f"\n{resolution.detail}" if resolution.detail else ""


def _fix(resolution: Resolution) -> str:
    """The guide's next command for this way of breaking."""
    zone = ".".join(resolution.chain[-1].split(".")[-4:]) if resolution.chain else None
    if resolution.broken in (Broken.NXDOMAIN, Broken.NO_ADDRESS) and zone and zone.startswith("privatelink."):
        return f"az network private-dns record-set list --zone-name {zone} --query [].name --resource-group <of the zone>"
    if resolution.broken in (Broken.TIMEOUT, Broken.UNREACHABLE):
        return f"dig @168.63.129.16 {resolution.host} from the virtual network: if that answers, mend the DNS server"
    return f"dig {resolution.host}, and dig @168.63.129.16 {resolution.host} from the virtual network"
