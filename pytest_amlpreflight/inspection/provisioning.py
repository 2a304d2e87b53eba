"""What became of an endpoint and its deployments: operations, logs, autoscaling."""

from pytest_amlpreflight.facts.project.spec import DeploymentSpec
from pytest_amlpreflight.facts.resources.autoscale import AutoscaleSetting
from pytest_amlpreflight.facts.resources.container_log import Container, ContainerLog
from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.resources.operation import Operation
from pytest_amlpreflight.facts.resources.quota import Quota
from pytest_amlpreflight.facts.unread import FactAbsent
from pytest_amlpreflight.inspection.deployment import DeploymentFacts
from pytest_amlpreflight.inspection.endpoint import EndpointFacts
from pytest_amlpreflight.inspection.reading import TargetFacts, fact
from pytest_amlpreflight.inspection.workspace import WorkspaceFacts
from pytest_amlpreflight.readers.connection.arm import together
from pytest_amlpreflight.readers.resources.autoscale import read_autoscale_settings
from pytest_amlpreflight.readers.resources.container_log import read_container_log
from pytest_amlpreflight.readers.resources.operation import read_operation
from pytest_amlpreflight.run.targets import Level


class AutoscaleFacts(TargetFacts):
    """The autoscaling of a workspace's deployments, which Azure Monitor keeps."""

    level = Level.WORKSPACE

    @fact
    def autoscale_settings(self) -> tuple[AutoscaleSetting, ...]:
        """The settings that scale deployments of this workspace."""
        return read_autoscale_settings(self.azure.arm, self.target.workspace_id)


class EndpointProvisioning(WorkspaceFacts, EndpointFacts):
    """What is read once per endpoint after its creation."""

    level = Level.ENDPOINT

    @fact
    def endpoint_operation(self, live_endpoint: Endpoint | None) -> Operation | None:
        """The last operation on the endpoint; None where it succeeded, or there is no endpoint."""
        if live_endpoint is None or live_endpoint.provisioning_state == "Succeeded":
            return None
        state = live_endpoint.provisioning_state or "Unknown"
        return read_operation(self.azure.arm, live_endpoint.properties, state, f"endpoint {live_endpoint.name}")

    @fact
    def autoscale_quota(self, autoscale_settings: tuple[AutoscaleSetting, ...]) -> Quota | None:
        """The region's quota, where something of this endpoint is scaled; None spares the reads."""
        scaled = any(setting.endpoint == self.target.need_endpoint().lower() for setting in autoscale_settings)
        return self.quota if scaled else None


class DeploymentProvisioning(DeploymentFacts):
    """What is read once per deployment after its creation."""

    level = Level.DEPLOYMENT

    @fact
    def deployment_or_none(self) -> Deployment | None:
        """The deployment, None where neither a spec nor Azure has it: for the check that answers for its absence."""
        try:
            return self.deployment
        except FactAbsent:
            return None

    @fact
    def given_deployment_spec(self) -> DeploymentSpec | None:
        """The spec that was given, whatever the phase; None where the deployment was given by name or discovered."""
        return self.target.deployment_spec

    @fact
    def deployment_operation(self, live_deployment: Deployment | None) -> Operation | None:
        """The last operation on the deployment; None where it succeeded, or there is no deployment."""
        if live_deployment is None or live_deployment.provisioning_state == "Succeeded":
            return None
        state, of = live_deployment.provisioning_state or "Unknown", f"deployment {live_deployment.name}"
        return read_operation(self.azure.arm, live_deployment.properties, state, of)

    @fact
    def container_logs(self) -> tuple[ContainerLog, ...]:
        """The last lines of the inference server and of the storage initializer; none before the deployment is
        created.
        """
        where = self.target.workspace_id, self.target.need_endpoint(), self.target.need_deployment()
        try:
            return tuple(together(lambda one: read_container_log(self.azure.arm, *where, one), list(Container)))
        except FactAbsent:  # a deployment that is not there has no containers
            return ()
