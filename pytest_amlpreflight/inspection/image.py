"""The facts of the image that a deployment runs."""

from pytest_amlpreflight.inspection.reading import TargetFacts, fact
from pytest_amlpreflight.run.targets import Level


class ImageFacts(TargetFacts):
    """What is known of a deployment's image without asking the registry."""

    level = Level.DEPLOYMENT

    @fact
    def image_build(self) -> bool | None:
        """Whether the deployment makes Azure build an image; None where its spec does not say, and for a live one,
        whose image was built.
        """
        spec = self.deployment_to_create
        return spec.environment.builds_an_image if spec and spec.environment else None
