"""The endpoint, the identity it acts with, and the way to it."""

from functools import partial

import pytest

from pytest_amlpreflight.engine import Reading
from pytest_amlpreflight.facts.project.spec import EndpointSpec
from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.access import Access
from pytest_amlpreflight.facts.resources.autoscale import AutoscaleSetting
from pytest_amlpreflight.facts.resources.certificate import Certificate
from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.resources.identity import Identity
from pytest_amlpreflight.facts.resources.network import PrivateEndpoint, Resolution
from pytest_amlpreflight.facts.resources.operation import Operation
from pytest_amlpreflight.facts.resources.private_dns import TwoResolutions
from pytest_amlpreflight.facts.resources.quota import Quota
from pytest_amlpreflight.facts.resources.subscription import Subscription
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.facts.unread import FactAbsent
from pytest_amlpreflight.graph.fact import fact, need, unless_absent
from pytest_amlpreflight.graph.options import RunOptions
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.azure import Azure
from pytest_amlpreflight.readers.resources.access import read_access
from pytest_amlpreflight.readers.resources.autoscale import read_autoscale_settings
from pytest_amlpreflight.readers.resources.endpoint import endpoint_from_spec, read_deployments, read_endpoint
from pytest_amlpreflight.readers.resources.identity import read_identity
from pytest_amlpreflight.readers.resources.operation import read_operation
from pytest_amlpreflight.readers.resources.scoring_certificate import read_scoring_certificate


@pytest.fixture(scope="session")
@fact(per="endpoint")
def aml_endpoint_to_create(aml_target: Target, aml_run_options: RunOptions) -> EndpointSpec | None:
    """The endpoint's YAML in phase `pre` (`--aml-endpoint FILE`); None for a live endpoint."""
    return aml_target.endpoint_spec if aml_run_options.creates else None


@pytest.fixture(scope="session")
@fact(per="endpoint")
def aml_live_endpoint_or_absent(aml_target: Target, aml_azure: Azure) -> Endpoint:
    """What Azure runs under the endpoint's name; absent before it is created."""
    return read_endpoint(aml_azure.arm, aml_target.workspace_id, aml_target.need_endpoint())


@pytest.fixture(scope="session")
@fact()
def aml_live_endpoint(
    aml_live_endpoint_or_absent: Reading[Endpoint], aml_own_workspace: Reading[Workspace]
) -> Endpoint | None:
    """What Azure runs under the endpoint's name; None before it is created."""
    return unless_absent(aml_live_endpoint_or_absent, within=aml_own_workspace)


@pytest.fixture(scope="session")
@fact()
def aml_endpoint(
    aml_endpoint_to_create: EndpointSpec | None, aml_live_endpoint_or_absent: Reading[Endpoint]
) -> Endpoint:
    """The endpoint of the spec in phase `pre` (`--aml-endpoint FILE`), else the live one."""
    spec = aml_endpoint_to_create
    return endpoint_from_spec(spec) if spec else aml_live_endpoint_or_absent.get()


@pytest.fixture(scope="session")
@fact()
def aml_endpoint_or_none(aml_endpoint: Reading[Endpoint]) -> Endpoint | None:
    """The endpoint, or None where neither a spec nor Azure has it: for a test that answers for its absence."""
    return unless_absent(aml_endpoint)


@pytest.fixture(scope="session")
@fact(per="endpoint")
def aml_live_deployments(
    aml_target: Target, aml_own_workspace: Reading[Workspace], aml_azure: Azure
) -> tuple[Deployment, ...]:
    """Every deployment that Azure runs behind the endpoint, by name; none before the endpoint is created."""
    try:
        return read_deployments(aml_azure.arm, aml_target.workspace_id, aml_target.need_endpoint())
    except FactAbsent:  # what does not exist holds no deployments, and no operation is under way on it
        need(aml_own_workspace)
        return ()


@pytest.fixture(scope="session")
@fact()
def aml_endpoint_identities_or_none(
    aml_endpoint: Endpoint, aml_subscription: Reading[Subscription], aml_azure: Azure
) -> tuple[Identity | None, ...]:
    """The endpoint's user-assigned identities in its own order, None for each that does not exist: for a test that
    answers for its absence.
    """
    arm, named_by = aml_azure.arm, f"endpoint {aml_endpoint.name}"
    found = tuple(arm.together(lambda one: _identity(arm, one, named_by), list(aml_endpoint.identity_ids)))
    if None in found:
        need(aml_subscription)
    return found


def _identity(arm: Arm, identity_id: ResourceId, named_by: str) -> Identity | None:
    try:
        return read_identity(arm, identity_id, named_by=named_by)
    except FactAbsent:
        return None


@pytest.fixture(scope="session")
@fact()
def aml_endpoint_identities(
    aml_endpoint: Endpoint, aml_live_endpoint: Reading[Endpoint | None], aml_azure: Azure
) -> tuple[Identity, ...]:
    """The identities the endpoint acts with; none for a system-assigned one that is yet to be created."""
    arm, named_by = aml_azure.arm, f"endpoint {aml_endpoint.name}"
    if aml_endpoint.identity_ids:
        read = partial(read_identity, arm, named_by=named_by)
        return tuple(arm.together(read, list(aml_endpoint.identity_ids)))
    live = aml_endpoint if aml_endpoint.live else aml_live_endpoint.get()
    if live is None or live.principal_id is None:
        return ()
    return (Identity(name=f"of {named_by}", principal_id=live.principal_id, client_id=None, id=None),)


def access_of_each(arm: Arm, scope: ResourceId | None, identities: tuple[Identity, ...]) -> tuple[Access, ...]:
    """What each identity may do on a resource; nothing where there is none."""
    if scope is None:
        return ()
    return tuple(arm.together(lambda one: read_access(arm, one.principal_id, scope.text), list(identities)))


@pytest.fixture(scope="session")
@fact()
def aml_scoring_resolution(aml_live_endpoint: Endpoint | None, aml_azure: Azure) -> Resolution | None:
    """What the resolver says of the scoring host: CNAMEs, addresses, or why there are none; None before creation."""
    host = aml_live_endpoint.scoring_host if aml_live_endpoint else None
    return aml_azure.resolve(host) if host else None


@pytest.fixture(scope="session")
@fact()
def aml_router_certificate(
    aml_live_endpoint: Endpoint | None, aml_scoring_resolution: Resolution | None, aml_azure: Azure
) -> Certificate | None:
    """What the router of a Kubernetes endpoint shows when TLS begins; None for a managed endpoint, without a scoring
    URI, and where that is plain HTTP. Behind a proxy it is not seen, and the test is skipped.
    """
    uri = aml_live_endpoint.scoring_uri if aml_live_endpoint and not aml_live_endpoint.managed else None
    if uri is None or aml_scoring_resolution is None or not uri.startswith("https:"):
        return None
    return read_scoring_certificate(aml_azure, uri, aml_scoring_resolution)


@pytest.fixture(scope="session")
@fact(per="endpoint")
def aml_both_resolutions(
    aml_target: Target,
    aml_live_endpoint: Endpoint | None,
    aml_private_endpoints: tuple[PrivateEndpoint, ...],
    aml_azure: Azure,
) -> TwoResolutions | None:
    """The scoring host as the callers' resolver and Azure's own see it, asked together; None where no private name is
    at stake.
    """
    live, private = aml_live_endpoint, aml_private_endpoints
    host = live.scoring_host if live else _future_host(private, aml_target.need_endpoint())
    if host is None or not private or (live and not live.managed):
        return None
    both = aml_azure.arm.both(lambda: aml_azure.resolve(host), lambda: aml_azure.ask_azure_dns(host))
    return TwoResolutions(*both)


def _future_host(private_endpoints: tuple[PrivateEndpoint, ...], endpoint: str) -> str | None:
    """The name that the endpoint will have behind the private endpoint: Azure's own wildcard, never one built from a
    region.
    """
    names = sorted(name for one in private_endpoints for name in one.addresses if name.startswith("*."))
    wildcard = next((name for name in names if ".inference." in name), None)
    return wildcard.replace("*", endpoint, 1) if wildcard else None


@pytest.fixture(scope="session")
@fact()
def aml_endpoint_operation(aml_live_endpoint: Endpoint | None, aml_azure: Azure) -> Operation | None:
    """The last operation on the endpoint, with its innermost error; None where it succeeded or there is no endpoint."""
    live = aml_live_endpoint
    if live is None or live.provisioning_state == "Succeeded":
        return None
    state = live.provisioning_state or "Unknown"
    return read_operation(aml_azure.arm, live.properties, state, f"endpoint {live.name}")


@pytest.fixture(scope="session")
@fact(per="workspace")
def aml_autoscale_settings(aml_target: Target, aml_azure: Azure) -> tuple[AutoscaleSetting, ...]:
    """The autoscale settings of the workspace's deployments, which Azure Monitor keeps."""
    return read_autoscale_settings(aml_azure.arm, aml_target.workspace_id)


@pytest.fixture(scope="session")
@fact(per="endpoint")
def aml_autoscale_quota(
    aml_target: Target, aml_autoscale_settings: tuple[AutoscaleSetting, ...], aml_quota: Reading[Quota]
) -> Quota | None:
    """The region's quotas where the endpoint is autoscaled; None where it is not."""
    scaled = any(setting.endpoint == aml_target.need_endpoint().lower() for setting in aml_autoscale_settings)
    return aml_quota.get() if scaled else None
