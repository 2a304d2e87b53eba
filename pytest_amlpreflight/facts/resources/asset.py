"""Registered models, code and environments, and where the files of a model or of code are."""

from dataclasses import dataclass

from pytest_amlpreflight.facts.reference import AssetReference


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """One version of a registered model. `uri` says where its files are; `type` is `custom_model`, `mlflow_model` or
    `triton_model`.
    """

    name: str
    version: str
    type: str | None
    uri: str | None
    archived: bool = False


@dataclass(frozen=True, slots=True)
class RegisteredCode:
    """One version of registered scoring code; `uri` says where its files are."""

    name: str
    version: str
    uri: str | None


@dataclass(frozen=True, slots=True)
class RegisteredEnvironment:
    """One version of a registered environment. With conda dependencies or a build context Azure builds an image from
    it.
    """

    name: str
    version: str
    image: str | None = None
    conda: bool = False
    build: bool = False
    inference_config: bool = False
    archived: bool = False

    @property
    def is_built(self) -> bool:
        """Whether the image that runs is one that Azure builds, and `image` at most its base."""
        return self.conda or self.build


@dataclass(frozen=True, slots=True)
class AssetFiles:
    """The blobs of a registered model or of code: how many, and their bytes. `absent` says what is missing on the way
    to them, `account` the storage account that they are in.

    `complete` is False where there were too many to list: there are more then.
    """

    place: str
    count: int = 0
    bytes: int = 0
    complete: bool = True
    absent: str | None = None
    account: str | None = None


def is_resolvable(reference: AssetReference) -> bool:
    """Whether a reference says which version it means: a number, or the one label that the tools know.

    azure-ai-ml refuses a name alone, and finds `latest` itself, by the time of creation.
    """
    return bool(reference.version) or (reference.label or "").lower() == "latest"
