"""The fixtures that tests ask for. Each is one fact of the target that the test was parametrised with."""

from typing import TYPE_CHECKING

import pytest

from pytest_amlpreflight.facts.access import Access
from pytest_amlpreflight.facts.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.identity import Identity
from pytest_amlpreflight.facts.key_vault import KeyVault
from pytest_amlpreflight.facts.network import PrivateEndpoint, Resolution
from pytest_amlpreflight.facts.quota import Quota
from pytest_amlpreflight.facts.registry import Registry
from pytest_amlpreflight.facts.storage import StorageAccount
from pytest_amlpreflight.facts.workspace import Workspace
from pytest_amlpreflight.preflight import Preflight
from pytest_amlpreflight.targets import Target

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

    from pytest_amlpreflight.inspection import Facts

PREFLIGHT = pytest.StashKey[Preflight]()


@pytest.fixture(scope="session")
def aml_target(request: pytest.FixtureRequest) -> Target:
    """What the test looks at: a workspace, with an endpoint and a deployment as far as they were given."""
    if PREFLIGHT not in request.config.stash:
        pytest.fail("no workspace was given: --aml-workspace, or aml_workspace in the ini file", pytrace=False)
    target: Target = request.param
    return target


@pytest.fixture(scope="session")
def aml_facts(aml_target: Target, request: pytest.FixtureRequest) -> "Facts":
    """Every fact of the target by name, read when it is first asked for: `aml_facts.key_vault`."""
    return request.config.stash[PREFLIGHT].facts(aml_target)


@pytest.fixture(scope="session")
def aml_workspace(aml_facts: "Facts") -> Workspace:
    """The workspace: its state, network access, managed network, and the ids of what it depends on."""
    return aml_facts.workspace


@pytest.fixture(scope="session")
def aml_workspace_or_none(aml_facts: "Facts") -> Workspace | None:
    """The workspace, or None where there is none: for a test that answers for its absence."""
    return aml_facts.workspace_or_none


@pytest.fixture(scope="session")
def aml_key_vault(aml_facts: "Facts") -> KeyVault:
    """The workspace's key vault: its firewall, permission model and access policies."""
    return aml_facts.key_vault


@pytest.fixture(scope="session")
def aml_registry(aml_facts: "Facts") -> Registry | None:
    """The workspace's container registry with its private endpoint connections; None before the first image build."""
    return aml_facts.registry


@pytest.fixture(scope="session")
def aml_storage_account(aml_facts: "Facts") -> StorageAccount:
    """The workspace's storage account: its firewall and whether it takes shared keys."""
    return aml_facts.storage_account


@pytest.fixture(scope="session")
def aml_quota(aml_facts: "Facts") -> Quota:
    """The region's quotas of Azure Machine Learning, at every level, and the machine sizes it offers."""
    return aml_facts.quota


@pytest.fixture(scope="session")
def aml_private_endpoints(aml_facts: "Facts") -> tuple[PrivateEndpoint, ...]:
    """The workspace's approved private endpoints and their addresses."""
    return aml_facts.private_endpoints


@pytest.fixture(scope="session")
def aml_endpoint(aml_facts: "Facts") -> Endpoint:
    """The endpoint of the spec (`--aml-endpoint FILE`), or the live one (`--aml-endpoint NAME`)."""
    return aml_facts.endpoint


@pytest.fixture(scope="session")
def aml_live_endpoint(aml_facts: "Facts") -> Endpoint | None:
    """What Azure runs under the endpoint's name; None before it is created."""
    return aml_facts.live_endpoint


@pytest.fixture(scope="session")
def aml_endpoint_identities(aml_facts: "Facts") -> tuple[Identity, ...]:
    """The identities the endpoint acts with; none for a system-assigned one that is yet to be created."""
    return aml_facts.endpoint_identities


@pytest.fixture(scope="session")
def aml_registry_access(aml_facts: "Facts") -> tuple[Access, ...]:
    """What each identity of the endpoint may do on the workspace's registry."""
    return aml_facts.registry_access


@pytest.fixture(scope="session")
def aml_storage_access(aml_facts: "Facts") -> tuple[Access, ...]:
    """What each identity of the endpoint may do on the workspace's storage account."""
    return aml_facts.storage_access


@pytest.fixture(scope="session")
def aml_scoring_resolution(aml_facts: "Facts") -> Resolution | None:
    """What the resolver says of the scoring host: CNAMEs, addresses, or why there are none; None before creation."""
    return aml_facts.scoring_resolution


@pytest.fixture(scope="session")
def aml_deployment(aml_facts: "Facts") -> Deployment:
    """The deployment of the spec (`--aml-deployment FILE`), or the live one (`--aml-deployment NAME`)."""
    return aml_facts.deployment


@pytest.fixture(scope="session")
def aml_live_deployment(aml_facts: "Facts") -> Deployment | None:
    """What Azure runs under the deployment's name; None before it is created."""
    return aml_facts.live_deployment


@pytest.fixture(scope="session")
def aml_client(aml_target: Target, aml_facts: "Facts") -> "MLClient":
    """The official `MLClient` for the target's workspace, with the run's own credential, for tests of your own."""
    from azure.ai.ml import MLClient

    workspace = aml_target.workspace_id
    return MLClient(
        aml_facts.azure.token,
        workspace.subscription,
        workspace.resource_group,
        workspace.name,
        cloud=aml_facts.azure.cloud.name,
    )
