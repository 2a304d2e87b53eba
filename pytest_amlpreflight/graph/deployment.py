"""The deployment, what became of it, and what others decide about it."""

import pytest

from pytest_amlpreflight.engine import Reading
from pytest_amlpreflight.facts.project.spec import DeploymentSpec
from pytest_amlpreflight.facts.resources.build_log import BuildLog, build_log_place
from pytest_amlpreflight.facts.resources.container_log import Container, ContainerLog
from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint, PlannedDeployment
from pytest_amlpreflight.facts.resources.operation import Operation
from pytest_amlpreflight.facts.resources.policy import PolicyState, PolicyVerdict
from pytest_amlpreflight.facts.resources.region import Region
from pytest_amlpreflight.facts.resources.storage import StorageAccount
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.facts.unread import FactAbsent
from pytest_amlpreflight.graph.fact import fact, unless_absent
from pytest_amlpreflight.graph.options import RunOptions
from pytest_amlpreflight.readers.connection.azure import Azure
from pytest_amlpreflight.readers.resources.build_log import read_build_log
from pytest_amlpreflight.readers.resources.container_log import read_container_log
from pytest_amlpreflight.readers.resources.endpoint import deployment_from_spec, read_deployment
from pytest_amlpreflight.readers.resources.operation import read_operation
from pytest_amlpreflight.readers.resources.policy import (
    read_denied_states,
    read_deployment_verdicts,
    read_endpoint_verdicts,
)


@pytest.fixture(scope="session")
@fact(per="deployment")
def aml_given_deployment_spec(aml_target: Target) -> DeploymentSpec | None:
    """The deployment's YAML as given with `--aml-deployment FILE`, in every phase; None for a name."""
    return aml_target.deployment_spec


@pytest.fixture(scope="session")
@fact()
def aml_spec_to_deploy(
    aml_given_deployment_spec: DeploymentSpec | None, aml_run_options: RunOptions
) -> DeploymentSpec | None:
    """The deployment's YAML in phase `pre` (`--aml-deployment FILE`); None for a live deployment."""
    return aml_given_deployment_spec if aml_run_options.creates else None


@pytest.fixture(scope="session")
@fact(per="deployment")
def aml_live_deployment_or_absent(aml_target: Target, aml_azure: Azure) -> Deployment:
    """What Azure runs under the deployment's name; absent before it is created."""
    endpoint, deployment = aml_target.need_endpoint(), aml_target.need_deployment()
    return read_deployment(aml_azure.arm, aml_target.workspace_id, endpoint, deployment)


@pytest.fixture(scope="session")
@fact()
def aml_live_deployment(aml_live_deployment_or_absent: Reading[Deployment]) -> Deployment | None:
    """What Azure runs under the deployment's name; None before it is created."""
    return unless_absent(aml_live_deployment_or_absent)


@pytest.fixture(scope="session")
@fact()
def aml_deployment(
    aml_spec_to_deploy: DeploymentSpec | None, aml_live_deployment_or_absent: Reading[Deployment]
) -> Deployment:
    """The deployment of the spec in phase `pre` (`--aml-deployment FILE`), else the live one."""
    spec = aml_spec_to_deploy
    return deployment_from_spec(spec) if spec else aml_live_deployment_or_absent.get()


@pytest.fixture(scope="session")
@fact()
def aml_deployment_or_none(aml_deployment: Reading[Deployment]) -> Deployment | None:
    """The deployment, or None where there is none: for a test that answers for its absence."""
    return unless_absent(aml_deployment)


@pytest.fixture(scope="session")
@fact()
def aml_deployment_operation(aml_live_deployment: Deployment | None, aml_azure: Azure) -> Operation | None:
    """The last operation on the deployment, with its innermost error; None where it succeeded or there is no
    deployment.
    """
    live = aml_live_deployment
    if live is None or live.provisioning_state == "Succeeded":
        return None
    state, of = live.provisioning_state or "Unknown", f"deployment {live.name}"
    return read_operation(aml_azure.arm, live.properties, state, of)


@pytest.fixture(scope="session")
@fact()
def aml_image_build_log(
    aml_deployment_operation: Operation | None, aml_storage_account: Reading[StorageAccount], aml_azure: Azure
) -> BuildLog | None:
    """The end of the log of the image's build that failed, secrets redacted; None where no error names one in the
    workspace's storage account.
    """
    error = aml_deployment_operation.error if aml_deployment_operation else None
    messages = "\n".join(level.message for level in error.levels) if error else ""
    place = build_log_place(messages)
    return read_build_log(aml_azure.data_plane, aml_storage_account.get(), place) if place else None


@pytest.fixture(scope="session")
@fact(per="deployment")
def aml_container_logs(
    aml_target: Target,
    aml_run_options: RunOptions,
    aml_live_deployment: Reading[Deployment | None],
    aml_azure: Azure,
) -> tuple[ContainerLog, ...]:
    """The last lines of the inference server and of the storage initializer, secrets redacted, with the known causes in
    them; none before the deployment is created.

    An audit leaves the storage initializer's out where the deployment has succeeded and a server is up that started
    when the other was through.
    """
    arm = aml_azure.arm
    where = aml_target.workspace_id, aml_target.need_endpoint(), aml_target.need_deployment()
    try:
        if aml_run_options.phase == "audit":
            server = read_container_log(arm, *where, Container.INFERENCE_SERVER)
            live = aml_live_deployment.get()
            if server.tells_of_a_server and live and live.provisioning_state == "Succeeded":
                return (server,)
        return tuple(arm.together(lambda one: read_container_log(arm, *where, one), list(Container)))
    except FactAbsent:  # a deployment that is not there has no containers
        return ()


@pytest.fixture(scope="session")
@fact(per="deployment")
def aml_policy_verdicts(
    aml_workspace: Workspace,
    aml_endpoint: Endpoint,
    aml_deployment: Deployment,
    aml_spec_to_deploy: DeploymentSpec | None,
    aml_target: Target,
    aml_run_options: RunOptions,
    aml_policy_states: Reading[tuple[PolicyState, ...]],
    aml_azure: Azure,
) -> tuple[PolicyVerdict, ...]:
    """What the policies in force say of the endpoint and the deployment, as they would be sent to Azure; of what is
    live, only where something of it stands against a policy: else there is nothing to ask.
    """
    arm, workspace = aml_azure.arm, aml_workspace
    if not aml_run_options.creates and not any(
        state.resource_id.lower() in aml_target.own_ids for state in aml_policy_states.get()
    ):
        return ()
    of_endpoint, of_deployment = arm.both(
        lambda: read_endpoint_verdicts(arm, workspace.id, workspace.location, aml_endpoint),
        lambda: read_deployment_verdicts(arm, workspace.id, workspace.location, aml_deployment, aml_spec_to_deploy),
    )
    return of_endpoint + of_deployment


@pytest.fixture(scope="session")
@fact(per="workspace")
def aml_policy_states(aml_target: Target, aml_azure: Azure) -> tuple[PolicyState, ...]:
    """What stands in the workspace's resource group against policies that deny."""
    return read_denied_states(aml_azure.arm, aml_target.workspace_id)


@pytest.fixture(scope="session")
@fact(per="endpoint")
def aml_endpoints_beside(aml_target: Target, aml_run_options: RunOptions, aml_region: Region) -> tuple[str, ...]:
    """The names of the other endpoints that are about to be created with this one, as the run's specs name them."""
    there = {one.name.lower() for one in aml_region.endpoints if one.in_workspace(aml_target.workspace_id)}
    specs = aml_run_options.endpoint_specs if aml_run_options.creates else ()
    names = dict.fromkeys(spec.name for spec in specs if spec.name and spec.name != aml_target.endpoint)
    return tuple(name for name in names if name.lower() not in there)


@pytest.fixture(scope="session")
@fact(per="deployment")
def aml_deployments_beside(
    aml_target: Target, aml_run_options: RunOptions, aml_azure: Azure
) -> tuple[PlannedDeployment, ...]:
    """The other deployments that are about to be created with this one, as the run's specs describe them."""
    here = (aml_target.endpoint, aml_target.deployment)
    specs = aml_run_options.deployment_specs if aml_run_options.creates else ()
    others = [spec for spec in specs if (spec.endpoint_name, spec.name) != here]

    def plan(spec: DeploymentSpec) -> PlannedDeployment:
        return PlannedDeployment(deployment_from_spec(spec), _live(aml_azure, aml_target, spec))

    return tuple(aml_azure.arm.together(plan, others))


def _live(azure: Azure, target: Target, spec: DeploymentSpec) -> Deployment | None:
    try:
        return read_deployment(azure.arm, target.workspace_id, spec.endpoint_name, spec.name)
    except FactAbsent:  # a first deployment has no predecessor
        return None
