"""What the operator said that decides what is read, beside the targets."""

from dataclasses import dataclass, field
from pathlib import Path

from pytest_amlpreflight.facts.project.spec import DeploymentSpec, EndpointSpec
from pytest_amlpreflight.facts.resources.scoring import SampleRequests


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options that facts look at.

    `root` is the project's folder; `templates` are patterns of ARM templates in it; `tables` is a folder with dated
    tables of the project's own. `local` allows to start the user's code on this machine, with the interpreter
    `local_python`; `local_model` stands for a model that is elsewhere, `local_debug` is the port on which an editor may
    attach. `target_rps` is in requests per second.
    """

    phase: str = "pre"
    samples: SampleRequests = field(default_factory=SampleRequests)
    origin: str | None = None
    root: Path = Path()
    templates: tuple[str, ...] = ()
    tables: Path | None = None
    local: bool = False
    local_python: str | None = None
    local_model: Path | None = None
    local_debug: int | None = None
    target_rps: float | None = None
    kube_context: str | None = None
    kubeconfig: Path | None = None
    deployment_specs: tuple[DeploymentSpec, ...] = ()
    endpoint_specs: tuple[EndpointSpec, ...] = ()

    @property
    def creates(self) -> bool:
        """Whether it is the YAML that counts: before a deployment. Afterwards what is live does."""
        return self.phase == "pre"
