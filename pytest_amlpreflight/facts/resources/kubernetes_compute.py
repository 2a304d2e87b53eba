"""The Kubernetes compute of a workspace: which cluster it stands for, in which namespace, with which instance types."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_amlpreflight.facts.errors.azure_error import AzureError
from pytest_amlpreflight.facts.kubernetes.requirements import Requirements
from pytest_amlpreflight.facts.resource_id import ResourceId

DEFAULT = "defaultinstancetype"


@dataclass(frozen=True, slots=True)
class InstanceType:
    """An instance type of a cluster: what a pod of it gets, and the labels of the nodes that it runs on."""

    name: str
    requirements: Requirements = field(default_factory=Requirements)
    node_selector: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Compute:
    """A compute of the workspace. `cluster_id` is the AKS or Arc resource behind it, None where Azure names none.

    `kind` is Azure's `computeType`: `Kubernetes`, or `AKS` for the retired kind. `instance_types` is what the workspace
    knows of the cluster's own list; how fresh, nobody says.
    """

    id: ResourceId
    name: str
    kind: str
    provisioning_state: str
    errors: tuple[AzureError, ...] = ()
    cluster_id: ResourceId | None = None
    namespace: str = "default"
    default_instance_type: str | None = None
    instance_types: tuple[InstanceType, ...] = ()

    @property
    def is_kubernetes(self) -> bool:
        """Whether online endpoints can run on it."""
        return self.kind.lower() == "kubernetes"

    @property
    def ready(self) -> bool:
        """Whether it was attached without an error."""
        return self.provisioning_state.lower() == "succeeded"

    def instance_type(self, name: str | None) -> InstanceType | None:
        """The instance type of that name, or the compute's default; None where the workspace knows of none.

        Casing counts for nothing: Azure writes `defaultInstanceType` where the cluster has `defaultinstancetype`.
        """
        wanted = (name or self.default_instance_type or DEFAULT).lower()
        return next((one for one in self.instance_types if one.name.lower() == wanted), None)
