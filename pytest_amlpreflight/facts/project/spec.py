"""What the user is about to deploy: the `az ml` v2 endpoint and deployment YAML, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pytest_amlpreflight.facts.kubernetes.quantity import MEBI, quantity
from pytest_amlpreflight.facts.kubernetes.requirements import GPU, Requirements
from pytest_amlpreflight.facts.project.position import Position, Source
from pytest_amlpreflight.facts.reference import CodeConfiguration, EnvironmentReference, ModelReference


class ComputeKind(StrEnum):
    """Where an endpoint runs: on Azure's machines, or on a cluster of the user's own."""

    MANAGED = "managed"
    KUBERNETES = "kubernetes"


class AuthMode(StrEnum):
    """How callers of an endpoint authenticate, in the schema's spelling."""

    KEY = "key"
    AML_TOKEN = "aml_token"  # noqa: S105 - a schema word
    AAD_TOKEN = "aad_token"  # noqa: S105 - a schema word


class IdentityType(StrEnum):
    """Which identity an endpoint acts as. Azure gives a system-assigned one when the spec names none."""

    SYSTEM_ASSIGNED = "system_assigned"
    USER_ASSIGNED = "user_assigned"
    NONE = "none"


class ScaleType(StrEnum):
    """A fixed number of instances, or (Kubernetes only) one that follows the load."""

    DEFAULT = "default"
    TARGET_UTILIZATION = "target_utilization"


class NetworkAccess(StrEnum):
    """Whether the public network may be used, in either direction."""

    ENABLED = "enabled"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Identity:
    """The endpoint's identity; `resource_ids` are the ARM ids of user-assigned ones, in the user's spelling."""

    type: IdentityType = IdentityType.SYSTEM_ASSIGNED
    resource_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """When the platform asks a container whether it is alive or ready. Seconds and counts; defaults are Azure's.

    https://learn.microsoft.com/azure/machine-learning/reference-yaml-deployment-managed-online#probesettings
    """

    initial_delay: int = 10
    period: int = 10
    timeout: int = 2
    success_threshold: int = 1
    failure_threshold: int = 30

    @property
    def start_budget(self) -> int:
        """Seconds a container has to start before the probe gives up: initial delay + period x failure threshold."""
        return self.initial_delay + self.period * self.failure_threshold


@dataclass(frozen=True, slots=True)
class RequestSettings:
    """How scoring requests are timed and queued. Defaults are Azure's.

    https://learn.microsoft.com/azure/machine-learning/reference-yaml-deployment-managed-online#requestsettings
    """

    request_timeout_ms: int = 5000
    max_concurrent_requests_per_instance: int = 1
    max_queue_wait_ms: int = 500


@dataclass(frozen=True, slots=True)
class ScaleSettings:
    """How the number of instances is found; all but `type` belong to `target_utilization`."""

    type: ScaleType = ScaleType.DEFAULT
    min_instances: int | None = None
    max_instances: int | None = None
    target_utilization_percentage: int | None = None
    polling_interval: int | None = None

    @property
    def utilisation(self) -> float | None:
        """The share of their concurrency at which replicas are added; None where they are not added by it."""
        percentage = self.target_utilization_percentage or 0
        return percentage / 100 if self.type is ScaleType.TARGET_UTILIZATION and 1 <= percentage <= 100 else None


@dataclass(frozen=True, slots=True)
class ContainerResources:
    """CPU, memory and GPUs of a Kubernetes container, in Kubernetes' spelling (`100m`, `0.5Gi`)."""

    cpu: str | None = None
    memory: str | None = None
    gpu: str | None = None

    @property
    def amounts(self) -> dict[str, str]:
        """What is set, by Kubernetes' names."""
        named = {"cpu": self.cpu, "memory": self.memory, GPU: self.gpu}
        return {name: amount for name, amount in named.items() if amount is not None}

    @property
    def memory_mib(self) -> float | None:
        """`memory` in MiB; None when it is not set or not in Kubernetes' notation."""
        found = quantity(self.memory)
        return None if found is None else float(found / MEBI)


@dataclass(frozen=True, slots=True)
class ResourceRequirements:
    """What a Kubernetes deployment asks for, and what it may at most use."""

    requests: ContainerResources = ContainerResources()
    limits: ContainerResources = ContainerResources()

    @property
    def amounts(self) -> Requirements:
        """The same by the names that Kubernetes gives them."""
        return Requirements(self.requests.amounts, self.limits.amounts)


@dataclass(frozen=True, slots=True)
class DataCollector:
    """Which request and response collections are written to storage, which takes write access there."""

    collections: Mapping[str, bool] = field(default_factory=dict)
    sampling_rate: float | None = None

    @property
    def is_enabled(self) -> bool:
        """Whether any collection is on."""
        return any(self.collections.values())


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A word such as `<REGISTRY_NAME>` or `${VERSION}` that nobody filled in, and the field that holds it."""

    field: str
    word: str


class _OfFile:
    """What every spec can tell of its file."""

    __slots__ = ()
    source: Source

    def position(self, dotted: str) -> Position:
        """The line of a field, else of its parent, else the file."""
        return self.source.position(dotted)

    def where(self, dotted: str = "") -> str:
        """`blue.yml:14`: the line of a field such as `liveness_probe.period`, else of its parent, else the file."""
        return str(self.source.position(dotted))

    def declares(self, dotted: str) -> bool:
        """Whether the YAML holds the field, as opposed to leaving it to Azure's default."""
        return self.source.declares(dotted)


@dataclass(frozen=True, slots=True)
class EndpointSpec(_OfFile):
    """An endpoint as its YAML describes it. `overrides` are fields for which the caller's words stand, as with az."""

    name: str
    kind: ComputeKind = ComputeKind.MANAGED
    auth_mode: AuthMode = AuthMode.KEY
    identity: Identity = Identity()
    public_network_access: NetworkAccess = NetworkAccess.ENABLED
    compute: str | None = None
    location: str | None = None
    traffic: Mapping[str, int] | None = None
    mirror_traffic: Mapping[str, int] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    placeholders: tuple[Placeholder, ...] = ()
    overrides: Mapping[str, str] = field(default_factory=dict)
    source: Source = field(default_factory=lambda: Source("endpoint.yml"), compare=False)

    @property
    def managed(self) -> bool:
        """Whether Azure runs it, and no cluster of the user's own."""
        return self.kind is ComputeKind.MANAGED


@dataclass(frozen=True, slots=True)
class DeploymentSpec(_OfFile):
    """A deployment as its YAML describes it.

    `egress_public_network_access` stays None when the spec does not set it, since Azure treats its presence as a
    choice of the legacy network isolation. `overrides` are fields for which the caller's words stand, as with az;
    `meant` has paths that lead nowhere, by their fields, as they are to be written to lead where they lead from the
    project's root.
    """

    name: str
    endpoint_name: str
    kind: ComputeKind = ComputeKind.MANAGED
    instance_type: str | None = None
    instance_count: int = 1
    model: ModelReference | None = None
    model_mount_path: str | None = None
    code: CodeConfiguration | None = None
    environment: EnvironmentReference | None = None
    environment_variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    liveness_probe: ProbeSettings = ProbeSettings()
    readiness_probe: ProbeSettings = ProbeSettings()
    request_settings: RequestSettings = RequestSettings()
    scale_settings: ScaleSettings = ScaleSettings()
    resources: ResourceRequirements | None = None
    app_insights_enabled: bool = False
    data_collector: DataCollector = DataCollector()
    egress_public_network_access: NetworkAccess | None = None
    private_network_connection: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    placeholders: tuple[Placeholder, ...] = ()
    overrides: Mapping[str, str] = field(default_factory=dict)
    meant: Mapping[str, str] = field(default_factory=dict)
    source: Source = field(default_factory=lambda: Source("deployment.yml"), compare=False)
