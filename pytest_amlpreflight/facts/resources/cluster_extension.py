"""The Azure Machine Learning extension of a cluster."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_amlpreflight.facts.errors.azure_error import AzureError
from pytest_amlpreflight.facts.resource_id import ResourceId

TYPE = "microsoft.azureml.kubernetes"


@dataclass(frozen=True, slots=True)
class ExtensionStatus:
    """A message of the extension's own; `level` is `Error`, `Warning` or `Information`."""

    code: str
    level: str
    message: str


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension of type `Microsoft.AzureML.Kubernetes` as ARM describes it; the name is the user's.

    `settings` are strings in any casing, as the user or the CLI wrote them: ask with `setting` and `enabled`.
    `secret_settings` are the names of the protected ones; their values are never shown.
    """

    id: ResourceId
    name: str
    cluster_id: ResourceId
    provisioning_state: str
    version: str | None = None
    statuses: tuple[ExtensionStatus, ...] = ()
    error: AzureError | None = None
    settings: Mapping[str, str] = field(default_factory=dict, hash=False)
    secret_settings: frozenset[str] = frozenset()
    principal_id: str | None = None

    @property
    def ready(self) -> bool:
        """Whether its last operation succeeded."""
        return self.provisioning_state.lower() == "succeeded"

    def setting(self, name: str) -> str | None:
        """A setting whatever its casing. Of two spellings the chart's own counts, which starts in lower case."""
        found = [key for key in self.settings if key.lower() == name.lower()]
        return self.settings[max(found, key=lambda key: key[0].islower())] or None if found else None

    def enabled(self, name: str, *, default: bool = False) -> bool:
        """A setting that is `true` or `false` in any casing."""
        said = self.setting(name)
        return default if said is None else said.strip().lower() == "true"

    def holds_secret(self, name: str) -> bool:
        """Whether a protected setting of that name was given."""
        return name.lower() in (one.lower() for one in self.secret_settings)

    @property
    def node_selector(self) -> dict[str, str]:
        """The labels to which it restricts itself and every workload: `nodeSelector.<label>=<value>`."""
        prefix = "nodeselector."
        return {key[len(prefix) :]: value for key, value in self.settings.items() if key.lower().startswith(prefix)}

    @property
    def highly_available(self) -> bool:
        """Whether three routers are wanted on three nodes: so by default."""
        return self.enabled("inferenceRouterHA", default=True)

    @property
    def service_type(self) -> str | None:
        """How the router is exposed: `LoadBalancer`, `NodePort` or `ClusterIP`."""
        return self.setting("inferenceRouterServiceType")

    @property
    def serves_https(self) -> bool:
        """Whether the router insists on TLS."""
        return not self.enabled("allowInsecureConnections")

    @property
    def version_numbers(self) -> tuple[int, ...] | None:
        """The version as numbers that compare; None where it is not told or no such version."""
        parts = (self.version or "").split("-")[0].split(".")
        return tuple(int(part) for part in parts) if all(part.isdecimal() for part in parts) else None
