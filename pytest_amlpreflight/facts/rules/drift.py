"""Where what Azure runs differs from the spec it was deployed from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pytest_amlpreflight.facts.project.spec import DeploymentSpec, NetworkAccess
from pytest_amlpreflight.facts.reference import AssetReference
from pytest_amlpreflight.facts.resources.endpoint import Deployment

_SETTINGS = ("request_timeout_ms", "max_concurrent_requests_per_instance")
_PROBE = ("initial_delay", "period", "timeout", "success_threshold", "failure_threshold")


@dataclass(frozen=True, slots=True)
class Difference:
    """One field, what each side has, and where the spec sets it. Environment variables show no values: they may be
    secrets.
    """

    field: str
    spec: object
    live: object
    where: str


def differences(spec: DeploymentSpec, live: Deployment, *, scaled: bool) -> tuple[Difference, ...]:
    """The fields that the spec sets and Azure has otherwise, in the spec's order.

    What a spec leaves to Azure's default is not compared, nor is what Azure does not show. Model and environment are
    compared where the spec names a registered version: files are registered under names of Azure's own. `scaled`:
    something else sets the instance count.
    """
    return tuple(
        Difference(field, ours, theirs, spec.where(field))
        for field, ours, theirs in (
            *_plain(spec, live, scaled=scaled),
            *_settings(spec, live),
            *_assets(spec, live),
            *_variables(spec, live),
        )
        if spec.declares(field) and ours != theirs
    )


Row = tuple[str, object, object]


def _plain(spec: DeploymentSpec, live: Deployment, *, scaled: bool) -> Iterator[Row]:
    if (spec.instance_type or "").lower() != (live.instance_type or "").lower():  # Azure keeps the caller's casing
        yield "instance_type", spec.instance_type, live.instance_type
    if not scaled:
        yield "instance_count", spec.instance_count, live.instance_count
    if spec.egress_public_network_access and live.egress_public_network_access is not None:
        theirs = NetworkAccess.ENABLED if live.egress_public_network_access else NetworkAccess.DISABLED
        yield "egress_public_network_access", spec.egress_public_network_access.value, theirs.value


def _settings(spec: DeploymentSpec, live: Deployment) -> Iterator[Row]:
    groups = (
        ("request_settings", _SETTINGS, spec.request_settings, live.request_settings),
        ("liveness_probe", _PROBE, spec.liveness_probe, live.liveness_probe),
        ("readiness_probe", _PROBE, spec.readiness_probe, live.readiness_probe),
    )
    for group, names, ours, theirs in groups:
        if theirs is not None:
            yield from ((f"{group}.{name}", getattr(ours, name), getattr(theirs, name)) for name in names)


def _assets(spec: DeploymentSpec, live: Deployment) -> Iterator[Row]:
    for field, reference, theirs in (
        ("model", spec.model.asset if spec.model else None, live.model),
        ("environment", spec.environment.asset if spec.environment else None, live.environment),
    ):
        if reference and reference.version and theirs and not _same(reference, theirs):
            yield field, str(reference), _short(theirs)


def _same(reference: AssetReference, live_id: str) -> bool:
    return live_id.lower().endswith(f"/{reference.name}/versions/{reference.version}".lower())


def _short(live_id: str) -> str:
    parts = live_id.rstrip("/").split("/")
    return f"{parts[-3]}:{parts[-1]}" if len(parts) > 2 and parts[-2].lower() == "versions" else live_id


def _variables(spec: DeploymentSpec, live: Deployment) -> Iterator[Row]:
    ours: Mapping[str, str] = spec.environment_variables
    for name, value in ours.items():
        if live.environment_variables.get(name) != value:
            theirs = "another value" if name in live.environment_variables else "not set"
            yield f"environment_variables.{name}", "the spec's value", theirs
