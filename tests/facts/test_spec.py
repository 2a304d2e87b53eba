"""Specs as values: what they answer about themselves."""

from pathlib import Path

import pytest

from pytest_amlpreflight.facts.project.position import Position, Source
from pytest_amlpreflight.facts.project.spec import (
    ContainerResources,
    DataCollector,
    DeploymentSpec,
    EndpointSpec,
    ProbeSettings,
    RequestSettings,
)
from pytest_amlpreflight.facts.reference import AssetReference, CodeConfiguration


def blue(**positions: Position) -> DeploymentSpec:
    """A deployment whose file holds the given fields."""
    return DeploymentSpec("blue", "iris", source=Source("deployments/blue.yml", positions))


def test_field_is_found_on_its_line() -> None:
    """A field says the file and line it was written on."""
    spec = blue(instance_count=Position("deployments/blue.yml", 14))

    where = spec.where("instance_count")

    assert where == "deployments/blue.yml:14"


def test_field_left_out_is_found_at_its_parent() -> None:
    """A field that takes its default points at the block it would stand in."""
    spec = blue(liveness_probe=Position("deployments/blue.yml", 20))

    where = spec.where("liveness_probe.failure_threshold")

    assert where == "deployments/blue.yml:20"


def test_field_without_any_parent_is_found_in_the_file() -> None:
    """Where nothing was written at all, the file itself is named."""
    spec = blue()

    where = spec.where("request_settings.request_timeout_ms")

    assert where == "deployments/blue.yml"


def test_declared_fields_are_told_from_defaults() -> None:
    """A check can see whether the user chose a value."""
    spec = blue(instance_count=Position("deployments/blue.yml", 14))

    declared = spec.declares("instance_count"), spec.declares("instance_type")

    assert declared == (True, False)


def test_probe_has_azures_own_start_budget() -> None:
    """Without settings a container has 10 + 10 x 30 seconds to start."""
    probe = ProbeSettings()

    budget = probe.start_budget

    assert budget == 310


def test_defaults_are_azures() -> None:
    """A spec that says nothing behaves as Azure's documentation has it."""
    spec = blue()

    settings = spec.request_settings

    assert settings == RequestSettings(5000, 1, 500)
    assert spec.egress_public_network_access is None
    assert spec.scale_settings.type == "default"


def test_specs_are_equal_whatever_file_they_come_from() -> None:
    """Two files that describe the same endpoint describe the same endpoint."""
    one = EndpointSpec("iris", source=Source("endpoint.yml"))

    other = EndpointSpec("iris", source=Source("infrastructure/endpoint.yml"))

    assert one == other


def test_data_collector_is_enabled_by_any_collection() -> None:
    """One collection that is on needs the write access that the collector needs."""
    collector = DataCollector({"model_inputs": False, "model_outputs": True})

    enabled = collector.is_enabled, DataCollector().is_enabled

    assert enabled == (True, False)


@pytest.mark.parametrize(
    ("memory", "mib"),
    [("512Mi", 512.0), ("0.5Gi", 512.0), ("1048576", 1.0), ("1G", 953.67431640625), (None, None), ("lots", None)],
)
def test_container_memory_is_counted(memory: str | None, mib: float | None) -> None:
    """Kubernetes' units are powers of 1024 with an `i`, and of 1000 without."""
    container = ContainerResources(memory=memory)

    counted = container.memory_mib

    assert counted == mib


def test_script_path_lies_in_the_code_folder() -> None:
    """The scoring script is relative to the code, and unknown when the code is not on this machine."""
    local = CodeConfiguration(path=Path("/project/src"), scoring_script="score.py")

    paths = local.script_path, CodeConfiguration(uri="azureml:code:1", scoring_script="score.py").script_path

    assert paths == (Path("/project/src/score.py"), None)


def test_asset_reads_as_its_reference() -> None:
    """Messages call an asset as the user does."""
    assets = (
        AssetReference("iris", "3"),
        AssetReference("iris", label="latest"),
        AssetReference("iris", "1", None, "hub"),
    )

    texts = [str(asset) for asset in assets]

    assert texts == ["iris:3", "iris@latest", "iris:1 of registry hub"]
