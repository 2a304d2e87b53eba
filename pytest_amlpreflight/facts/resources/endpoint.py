"""Online endpoints and deployments, live or about to be created."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_amlpreflight.facts.address import parse_address
from pytest_amlpreflight.facts.kubernetes.requirements import Requirements
from pytest_amlpreflight.facts.project.position import Position, Source
from pytest_amlpreflight.facts.project.spec import ProbeSettings, RequestSettings, ScaleSettings, ScaleType
from pytest_amlpreflight.facts.resource_id import ResourceId

LIVE = Source("live")
"""The source of what Azure runs, where a spec would have its file."""

SERVING = ("Succeeded", "Updating", "Scaling")
"""States of a deployment that takes requests: what is updated serves as before meanwhile."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An online endpoint: the spec's where one is given, else the live one.

    `identity_ids` are its user-assigned identities; `principal_id` is that of a system-assigned one, None before
    creation. `auth_mode` is in ARM's spelling, `Key`, `AMLToken` or `AADToken`. `compute` is the attached Kubernetes
    compute, None for a managed endpoint. `scoring_uri` is None before creation.
    """

    name: str
    source: Source
    auth_mode: str
    compute: str | None = None
    location: str | None = None
    identity_ids: tuple[ResourceId, ...] = ()
    principal_id: str | None = None
    public_network_access: bool = True
    provisioning_state: str | None = None
    scoring_uri: str | None = None
    traffic: Mapping[str, int] = field(default_factory=dict, hash=False)
    mirror_traffic: Mapping[str, int] = field(default_factory=dict, hash=False)
    properties: Mapping[str, str] = field(default_factory=dict, hash=False)
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def managed(self) -> bool:
        """Whether Azure Machine Learning runs it, rather than an attached Kubernetes cluster."""
        return self.compute is None

    @property
    def compute_name(self) -> str | None:
        """The name of the compute, whether Azure's id says it, or a spec with `azureml:` in front or without."""
        return self.compute.rpartition("/")[2].rpartition(":")[2] if self.compute else None

    @property
    def live(self) -> bool:
        """Whether this is what Azure runs, and not a spec."""
        return self.source is LIVE

    @property
    def scoring_host(self) -> str | None:
        """The host of the scoring URI. Never built from a region: the two differ in some regions."""
        address = parse_address(self.scoring_uri) if self.scoring_uri else None
        return address.host if address else None

    def position(self, dotted: str) -> Position | None:
        """The line of the user's file in which a field was set, else of its parent; None for what Azure runs."""
        return None if self.live else self.source.position(dotted)

    def where(self, dotted: str = "") -> str:
        """Where a field was set: `endpoint.yml:7`, or `live`."""
        return str(self.source.position(dotted))


READ_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
WRITE_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write"


@dataclass(frozen=True, slots=True)
class Deployment:
    """An online deployment: the spec's where one is given, else the live one.

    `egress_public_network_access` is None where it was not set. `instance_type` is None for a Kubernetes deployment
    with the default type, `instance_count` 0 where Azure does not tell it. Settings and probes are None where Azure
    shows none.
    """

    name: str
    endpoint_name: str
    source: Source
    instance_type: str | None
    instance_count: int
    managed: bool = True
    egress_public_network_access: bool | None = None
    data_collector: bool = False
    provisioning_state: str | None = None
    model: str | None = None
    environment: str | None = None
    code: str | None = None
    environment_variables: Mapping[str, str] = field(default_factory=dict, hash=False, repr=False)
    request_settings: RequestSettings | None = None
    liveness_probe: ProbeSettings | None = None
    readiness_probe: ProbeSettings | None = None
    properties: Mapping[str, str] = field(default_factory=dict, hash=False)
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    requirements: Requirements = field(default_factory=Requirements)
    scale_settings: ScaleSettings = field(default_factory=ScaleSettings)

    @property
    def least_instances(self) -> int:
        """How many instances there are in any case: the minimum where the load decides, else the fixed number."""
        scale = self.scale_settings
        return (scale.min_instances or 1) if scale.type is ScaleType.TARGET_UTILIZATION else self.instance_count

    @property
    def blob_actions(self) -> tuple[str, ...]:
        """What its identity does in the workspace's storage account: it reads, and writes where data is collected."""
        return (READ_BLOBS, WRITE_BLOBS) if self.data_collector else (READ_BLOBS,)

    @property
    def live(self) -> bool:
        """Whether this is what Azure runs, and not a spec."""
        return self.source is LIVE

    @property
    def failed(self) -> bool:
        """Whether its last operation failed."""
        return (self.provisioning_state or "").lower() == "failed"

    @property
    def serves(self) -> bool:
        """Whether it takes requests: one whose state is not told is taken to."""
        return self.provisioning_state is None or self.provisioning_state in SERVING

    def position(self, dotted: str) -> Position | None:
        """The line of the user's file in which a field was set, else of its parent; None for what Azure runs."""
        return None if self.live else self.source.position(dotted)

    def where(self, dotted: str = "") -> str:
        """Where a field was set: `deployments/blue.yml:14`, or `live`."""
        return str(self.source.position(dotted))


@dataclass(frozen=True, slots=True)
class PlannedDeployment:
    """A deployment that the same run is about, and what Azure runs under its name; None before it is created."""

    deployment: Deployment
    live: Deployment | None
