"""The facts of what a deployment is made of: model, environment, image."""

from pytest_amlpreflight.facts.project.spec import DeploymentSpec
from pytest_amlpreflight.facts.reference import AssetReference
from pytest_amlpreflight.facts.resource_id import parse_resource_id
from pytest_amlpreflight.facts.resources.asset import ModelFiles, RegisteredEnvironment, RegisteredModel
from pytest_amlpreflight.facts.resources.container_image import ContainerImage, ImageInRegistry, parse_image
from pytest_amlpreflight.facts.unread import FactAbsent
from pytest_amlpreflight.inspection.reading import TargetFacts, fact
from pytest_amlpreflight.readers.resources.asset import (
    Store,
    asset_reference,
    read_environment,
    read_model,
    workspace_store,
)
from pytest_amlpreflight.readers.resources.asset_registry import registry_store
from pytest_amlpreflight.readers.resources.image_manifest import read_image
from pytest_amlpreflight.readers.resources.model_files import read_model_files
from pytest_amlpreflight.run.targets import Level


class AssetFacts(TargetFacts):
    """What is read once per deployment about its assets. What the deployment itself will upload is not there to be
    read.
    """

    level = Level.DEPLOYMENT

    @fact
    def spec_to_deploy(self) -> DeploymentSpec | None:
        """What is about to be deployed, None where a live deployment is inspected."""
        return self.deployment_to_create

    @fact
    def model_reference(self) -> AssetReference | None:
        """The registered model that the deployment names, None where it names none."""
        spec = self.deployment_to_create
        if spec:
            return spec.model.asset if spec.model else None
        live = self.deployment.model  # type: ignore[attr-defined]  # a fact of DeploymentFacts
        return asset_reference(live) if live else None

    @fact
    def environment_reference(self) -> AssetReference | None:
        """The registered environment that the deployment names, None where it names none."""
        spec = self.deployment_to_create
        if spec:
            return spec.environment.asset if spec.environment else None
        live = self.deployment.environment  # type: ignore[attr-defined]  # a fact of DeploymentFacts
        return asset_reference(live) if live else None

    @fact
    def registered_model(self, model_reference: AssetReference | None) -> RegisteredModel | None:
        """The registered model, None where the deployment names none."""
        if model_reference is None:
            return None
        return read_model(
            self._asset_store(model_reference, "models"),
            model_reference,
            named_by=f"deployment {self.target.deployment}",
        )

    @fact
    def registered_model_or_none(self) -> RegisteredModel | None:
        """The registered model, None where it does not exist: for the check that answers for its absence."""
        try:
            return self.registered_model
        except FactAbsent:
            return None

    @fact
    def registered_environment(self, environment_reference: AssetReference | None) -> RegisteredEnvironment | None:
        """The registered environment, None where the deployment names none."""
        if environment_reference is None:
            return None
        store = self._asset_store(environment_reference, "environments")
        return read_environment(store, environment_reference, named_by=f"deployment {self.target.deployment}")

    @fact
    def registered_environment_or_none(self) -> RegisteredEnvironment | None:
        """The registered environment, None where it does not exist: for the check that answers for its absence."""
        try:
            return self.registered_environment
        except FactAbsent:
            return None

    @fact
    def model_files(self, registered_model: RegisteredModel | None) -> ModelFiles | None:
        """The registered model's blobs, None where it has none that could be listed."""
        if registered_model is None or registered_model.uri is None:
            return None
        azure = self.azure
        return read_model_files(azure.arm, azure.data_plane, self.target.workspace_id, registered_model.uri)

    @fact
    def container_image(self, registered_environment: RegisteredEnvironment | None) -> ContainerImage | None:
        """The image that must be in its registry: the one that runs, or before a deployment the base of the one that
        Azure will build.
        """
        spec, environment = self.deployment_to_create, registered_environment
        if environment is None:
            text = spec.environment.image if spec and spec.environment else None
        else:
            text = environment.image if spec or not environment.is_built else None
        return parse_image(text) if text else None

    @fact
    def image_in_registry(self, container_image: ContainerImage | None) -> ImageInRegistry | None:
        """What the image's registry says of it, None where there is no image to ask for."""
        if container_image is None:
            return None
        return read_image(self.azure.data_plane, self.azure.cloud, container_image)

    def _asset_store(self, reference: AssetReference, kind: str) -> Store:
        """Where a reference points: a registry, another workspace, or the target's own."""
        if reference.registry:
            azure = self.azure
            region = self.workspace.location  # type: ignore[attr-defined]  # a fact of WorkspaceFacts
            host = azure.cloud.machine_learning_host(region)
            return registry_store(azure.data_plane, azure.cloud.audience, host, reference.registry)
        other = (reference.arm_id or "").split(f"/{kind}/")[0]
        workspace_id = parse_resource_id(f"/{other.strip('/')}") if other else None
        return workspace_store(self.azure.arm, workspace_id or self.target.workspace_id, kind)
