"""How large the model is that a deployment mounts."""

from pytest_amlpreflight.facts.project.model_size import ModelSize
from pytest_amlpreflight.facts.reference import AssetReference
from pytest_amlpreflight.facts.resources.asset import ModelFiles
from pytest_amlpreflight.inspection.reading import TargetFacts, fact
from pytest_amlpreflight.readers.project.model_size import read_model_size
from pytest_amlpreflight.run.targets import Level


class ModelSizeFacts(TargetFacts):
    """What is read once per deployment about its model's bytes."""

    level = Level.DEPLOYMENT

    @fact
    def model_size(self) -> ModelSize | None:
        """The size of the model that the spec is about to upload; None where it is not on this machine."""
        spec = self.deployment_to_create
        if spec is None or spec.model is None:
            return None
        if spec.model.asset:
            return self._registered_size(spec.model.asset, spec.where("model"))
        if spec.model.path is None:
            return None
        return read_model_size(spec.model.path, spec.where("model.path"))

    def _registered_size(self, reference: AssetReference, where: str) -> ModelSize | None:
        files: ModelFiles | None = self.model_files  # type: ignore[attr-defined]  # a fact of AssetFacts
        if files is None or not files.count:
            return None
        return ModelSize(str(reference), files.bytes, where, files.complete)
