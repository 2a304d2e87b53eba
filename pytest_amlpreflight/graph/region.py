"""The region around the workspace, and what answers for its private names."""

import pytest

from pytest_amlpreflight.engine import Reading
from pytest_amlpreflight.facts.resources.network import PrivateEndpoint
from pytest_amlpreflight.facts.resources.private_dns import PrivateDnsZone, ZoneInSight, networks_of
from pytest_amlpreflight.facts.resources.quota import Quota
from pytest_amlpreflight.facts.resources.region import Region
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.graph.fact import fact
from pytest_amlpreflight.readers.connection.azure import Azure
from pytest_amlpreflight.readers.resources.private_dns import read_zones_for, read_zones_in_sight
from pytest_amlpreflight.readers.resources.quota import read_quota
from pytest_amlpreflight.readers.resources.region import read_region

OF_THE_REGION = ("aml_target.workspace_id.subscription", "aml_workspace.location")


@pytest.fixture(scope="session")
@fact(per=OF_THE_REGION)
def aml_quota(aml_target: Target, aml_workspace: Workspace, aml_azure: Azure) -> Quota:
    """The region's quotas of Azure Machine Learning, at every level, and the machine sizes it offers."""
    return read_quota(aml_azure.arm, aml_target.workspace_id.subscription, aml_workspace.location)


@pytest.fixture(scope="session")
@fact(per=OF_THE_REGION)
def aml_region(aml_target: Target, aml_workspace: Workspace, aml_azure: Azure) -> Region:
    """The endpoints and deployments of the subscription in the workspace's region, as far as you may read them."""
    return read_region(aml_azure.arm, aml_target.workspace_id.subscription, aml_workspace.location)


@pytest.fixture(scope="session")
@fact(per="run")
def aml_private_dns_zones_in_sight(aml_azure: Azure) -> tuple[ZoneInSight, ...]:
    """The private DNS zones for private endpoints that you may read, in any subscription, and the networks they are
    linked to.
    """
    return read_zones_in_sight(aml_azure.arm)


@pytest.fixture(scope="session")
@fact()
def aml_private_dns_zones(
    aml_private_dns_zones_in_sight: Reading[tuple[ZoneInSight, ...]],
    aml_private_endpoints: tuple[PrivateEndpoint, ...],
    aml_workspace: Workspace,
    aml_azure: Azure,
) -> tuple[PrivateDnsZone, ...]:
    """The private DNS zones that answer in the networks of the workspace's private endpoints, with their records and
    links; every zone in sight where none is linked to them, and of many those near the workspace.
    """
    if not aml_workspace.private_endpoint_connections:
        return ()
    name, networks = aml_azure.cloud.private_link_zone, networks_of(aml_private_endpoints)
    return read_zones_for(aml_azure.arm, name, aml_private_dns_zones_in_sight.get(), networks, near=aml_workspace.id)
