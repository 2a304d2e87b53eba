"""The facts of a deployment."""

from pytest_amlpreflight.facts.resources.endpoint import Deployment
from pytest_amlpreflight.facts.unread import FactAbsent
from pytest_amlpreflight.inspection.reading import TargetFacts, fact
from pytest_amlpreflight.readers.resources.endpoint import deployment_from_spec, read_deployment
from pytest_amlpreflight.run.targets import Level


class DeploymentFacts(TargetFacts):
    """What is read once per deployment."""

    level = Level.DEPLOYMENT

    @fact
    def deployment(self) -> Deployment:
        """Before a deployment that of the spec, where one was given; else the live one."""
        spec = self.deployment_to_create
        return deployment_from_spec(spec) if spec else self._read_live_deployment()

    @fact
    def live_deployment(self) -> Deployment | None:
        """What Azure runs under the deployment's name, None where it is yet to be created."""
        try:
            return self._read_live_deployment()
        except FactAbsent:  # a first deployment has no predecessor
            return None

    def _read_live_deployment(self) -> Deployment:
        return read_deployment(
            self.azure.arm, self.target.workspace_id, self.target.need_endpoint(), self.target.need_deployment()
        )
