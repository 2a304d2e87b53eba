"""The official `MLClient`, for users' own tests, on the run's own connection."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.readers.connection.cloud import CLOUDS, Cloud
from pytest_amlpreflight.readers.connection.pipeline import OneToken

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

CURRENT_CLOUD = "AZUREML_CURRENT_CLOUD"
"""azure-ai-ml looks up the cloud of this name when it is imported, and sets it to the client's cloud."""


@contextmanager
def ml_client(token: OneToken, cloud: Cloud, workspace: ResourceId) -> Iterator["MLClient"]:
    """A client for a workspace, for as long as the context lasts.

    Its import takes 2.5 s and warns hundreds of times of what concerns its authors.
    """
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(CURRENT_CLOUD, "AzureCloud")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from azure.ai.ml import MLClient

            place = workspace.subscription, workspace.resource_group, workspace.name
            client = MLClient(token, *place, show_progress=False, **cloud_arguments(cloud))
        yield client


def cloud_arguments(cloud: Cloud) -> dict[str, Any]:
    """What `MLClient` needs to be told about a cloud: the name of one that it knows by heart, or all it looks up.

    Such a cloud goes by the host of its Resource Manager, since azure-ai-ml keeps what it learned under the name.
    """
    if CLOUDS.get(cloud.name) == cloud:
        return {"cloud": cloud.name}
    return {
        "cloud": urlsplit(cloud.resource_manager).netloc,
        "cloud_metadata": {
            "azure_portal": f"https://portal.{cloud.machine_learning_audience.removeprefix('https://ml.')}/",
            "resource_manager": f"{cloud.resource_manager}/",
            "active_directory": f"https://{cloud.authority}/",
            "aml_resource_id": f"{cloud.machine_learning_audience}/",
            "storage_endpoint": cloud.storage_suffix,
            "registry_discovery_endpoint": f"https://{cloud.machine_learning_host('eastus')}/",
        },
    }
