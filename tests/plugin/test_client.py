"""`aml_client` is the official client of the run's own Azure, and quiet."""

import subprocess
import sys
from dataclasses import replace

import pytest

from pytest_amlpreflight.readers.connection.cloud import CLOUDS
from pytest_amlpreflight.readers.connection.official_client import cloud_arguments

OWN = """
def test_the_client_reads_what_the_checks_read(aml_client, aml_workspace):
    assert aml_client.workspaces.get(aml_client.workspace_name).location == aml_workspace.location
    assert [endpoint.name for endpoint in aml_client.online_endpoints.list()] == ["iris"]
    assert aml_client.online_deployments.get("blue", "iris").instance_count == 3

def test_without():
    pass
"""


def test_it_asks_the_runs_own_azure(example: pytest.Pytester) -> None:
    """With an emulator, that one: reads of workspace, endpoint and deployment agree with the facts, without a warning.

    In a process of its own, since azure-ai-ml remembers the first cloud that it was shown.
    """
    example.makepyfile(test_own=OWN)
    command = [sys.executable, "-m", "pytest", "test_own.py", "-o", "addopts=", "-p", "no:cacheprovider"]

    run = subprocess.run(command, cwd=example.path, capture_output=True, text=True, timeout=120)

    assert "2 passed" in run.stdout, run.stdout
    assert "warning" not in run.stdout.splitlines()[-1]


@pytest.mark.parametrize("name", CLOUDS)
def test_a_cloud_that_the_client_knows_goes_by_its_name(name: str) -> None:
    """Its addresses are azure-ai-ml's own business."""
    assert cloud_arguments(CLOUDS[name]) == {"cloud": name}


def test_any_other_cloud_is_told_in_full() -> None:
    """By the host of its Resource Manager: azure-ai-ml would never ask about a name that it knows."""
    own = replace(CLOUDS["AzureUSGovernment"], resource_manager="https://management.local.contoso.com")

    arguments = cloud_arguments(own)

    assert arguments["cloud"] == "management.local.contoso.com"
    assert arguments["cloud_metadata"] == {
        "azure_portal": "https://portal.azure.us/",
        "resource_manager": "https://management.local.contoso.com/",
        "active_directory": "https://login.microsoftonline.us/",
        "aml_resource_id": "https://ml.azure.us/",
        "storage_endpoint": "core.usgovcloudapi.net",
        "registry_discovery_endpoint": "https://eastus.api.ml.azure.us/",
    }
