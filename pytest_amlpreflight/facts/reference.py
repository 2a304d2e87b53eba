"""What a deployment spec points at: registered assets, local folders, images."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class ModelType(StrEnum):
    """How a model is stored, in the words of the model schema."""

    CUSTOM = "custom_model"
    MLFLOW = "mlflow_model"
    TRITON = "triton_model"


@dataclass(frozen=True, slots=True)
class AssetReference:
    """A model or environment that is registered already: `azureml:iris:3`, `azureml:iris@latest` or a full id.

    `version` and `label` are both None when the reference names neither, and Azure takes its default version.
    `registry` is set for `azureml://registries/...`; `arm_id` for a full id of some workspace.
    """

    name: str
    version: str | None = None
    label: str | None = None
    registry: str | None = None
    arm_id: str | None = None

    def __str__(self) -> str:
        tail = f":{self.version}" if self.version else f"@{self.label}" if self.label else ""
        return f"{self.name}{tail} of registry {self.registry}" if self.registry else f"{self.name}{tail}"


@dataclass(frozen=True, slots=True)
class ModelReference:
    """The model of a deployment: registered (`asset`), on this machine (`path`) or at an address (`uri`).

    `type` is None for a registered model, whose type only the workspace knows.
    """

    asset: AssetReference | None = None
    name: str | None = None
    version: str | None = None
    type: ModelType | None = None
    path: Path | None = None
    uri: str | None = None


@dataclass(frozen=True, slots=True)
class CodeConfiguration:
    """The scoring code of a deployment: a folder on this machine (`path`), or one that Azure has (`uri`)."""

    path: Path | None = None
    uri: str | None = None
    scoring_script: str | None = None

    @property
    def script_path(self) -> Path | None:
        """The scoring script on this machine; None when the code is elsewhere or no script is named."""
        if self.path is None or self.scoring_script is None:
            return None
        return self.path / self.scoring_script


@dataclass(frozen=True, slots=True)
class Route:
    """A path and port at which a custom container answers."""

    path: str
    port: int


@dataclass(frozen=True, slots=True)
class InferenceConfig:
    """The three routes of a custom container: without them Azure cannot tell that it is alive."""

    liveness: Route | None = None
    readiness: Route | None = None
    scoring: Route | None = None


@dataclass(frozen=True, slots=True)
class BuildContext:
    """A Docker build context: a folder on this machine (`path`) or at an address (`uri`)."""

    path: Path | None = None
    uri: str | None = None
    dockerfile_path: str = "Dockerfile"


@dataclass(frozen=True, slots=True)
class EnvironmentReference:
    """The environment of a deployment: registered (`asset`), or described inline by image, conda and build.

    `conda_file` is the file on this machine; `conda` is the same content written inline.
    """

    asset: AssetReference | None = None
    name: str | None = None
    version: str | None = None
    image: str | None = None
    conda_file: Path | None = None
    conda: Mapping[str, object] | None = None
    build: BuildContext | None = None
    inference_config: InferenceConfig | None = None

    @property
    def builds_an_image(self) -> bool | None:
        """Whether Azure has to build an image for it; None for a registered one, of which only the workspace knows."""
        if self.asset is not None:
            return None
        return any(part is not None for part in (self.conda_file, self.conda, self.build))
