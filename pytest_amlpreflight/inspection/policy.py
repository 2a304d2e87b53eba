"""The facts of a deployment that others decide: policies, and the registry its image comes from."""

from collections.abc import Callable

from pytest_amlpreflight.facts.resources.access import Access
from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.resources.identity import Identity
from pytest_amlpreflight.facts.resources.image_origin import ImageHome, ImageOrigin
from pytest_amlpreflight.facts.resources.policy import PolicyState, PolicyVerdict
from pytest_amlpreflight.facts.resources.registry import Registry
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.inspection.reading import TargetFacts, fact
from pytest_amlpreflight.readers.connection.arm import together
from pytest_amlpreflight.readers.resources.access import read_access
from pytest_amlpreflight.readers.resources.image_origin import image_of_live, image_of_spec, read_image_origin
from pytest_amlpreflight.readers.resources.policy import (
    read_denied_states,
    read_deployment_verdicts,
    read_endpoint_verdicts,
)
from pytest_amlpreflight.run.targets import Level


class PolicyFacts(TargetFacts):
    """What is read once per deployment about policies and foreign registries."""

    level = Level.DEPLOYMENT

    @fact
    def policy_verdicts(
        self, workspace: Workspace, endpoint: Endpoint, deployment: Deployment
    ) -> tuple[PolicyVerdict, ...]:
        """What the policies in force say of the endpoint and of the deployment."""
        arm = self.azure.arm
        reads: list[Callable[[], tuple[PolicyVerdict, ...]]] = [
            lambda: read_endpoint_verdicts(arm, workspace.id, workspace.location, endpoint),
            lambda: read_deployment_verdicts(
                arm, workspace.id, workspace.location, deployment, self.deployment_to_create
            ),
        ]
        of_endpoint, of_deployment = together(lambda read: read(), reads)
        return of_endpoint + of_deployment

    @fact
    def policy_states(self) -> tuple[PolicyState, ...]:
        """What stands in the workspace's resource group against policies that deny."""
        return read_denied_states(self.azure.arm, self.target.workspace_id)

    @fact
    def image_origin(self, registry: Registry | None, deployment: Deployment) -> ImageOrigin | None:
        """The image that the endpoint pulls as it is, and whose registry it is in; None where Azure builds one."""
        spec = None if deployment.live else self.target.deployment_spec
        arm, workspace_id = self.azure.arm, self.target.workspace_id
        image = image_of_spec(arm, workspace_id, spec) if spec else image_of_live(arm, deployment)
        return read_image_origin(arm, image, registry, workspace_id.subscription) if image else None

    @fact
    def image_registry(self, image_origin: ImageOrigin | None) -> Registry | None:
        """The other Azure registry that the image is in; None where it is in none, or in one that cannot be seen."""
        if image_origin is None or image_origin.home is not ImageHome.AZURE or image_origin.registry_id is None:
            return None
        return self.azure.registry(image_origin.registry_id, named_by=f"image {image_origin.image}")

    @fact
    def image_registry_access(
        self, image_registry: Registry | None, endpoint_identities: tuple[Identity, ...]
    ) -> tuple[Access, ...]:
        """What each of the endpoint's identities may do on that registry."""
        if image_registry is None:
            return ()
        scope = image_registry.id.text
        read = lambda one: read_access(self.azure.arm, one.principal_id, scope)  # noqa: E731
        return tuple(together(read, list(endpoint_identities)))
