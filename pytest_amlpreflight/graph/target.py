"""What is inspected, and the doors to everything about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.graph.fact import READINGS
from pytest_amlpreflight.graph.options import RunOptions
from pytest_amlpreflight.readers.connection.azure import Azure

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


@pytest.fixture(scope="session")
def aml_target(request: pytest.FixtureRequest) -> Target:
    """What the test looks at: a workspace, with an endpoint and a deployment as far as they were given."""
    target: Target = request.param
    return target


@pytest.fixture(scope="session")
def aml_azure(request: pytest.FixtureRequest) -> Azure:
    """The run's connection to Azure, as readers are handed it: `.arm`, `.data_plane`, `.token`, `.cloud`."""
    return request.config.stash[READINGS].azure


@pytest.fixture(scope="session")
def aml_run_options(request: pytest.FixtureRequest) -> RunOptions:
    """What the operator said beside the targets: the phase, samples, the project's folder."""
    return request.config.stash[READINGS].options


@pytest.fixture(scope="session")
def aml_client(aml_target: Target, aml_azure: Azure) -> MLClient:
    """The official `MLClient` for the target's workspace, with the run's own credential, for tests of your own."""
    from azure.ai.ml import MLClient  # 2.5 s, which only a test that asks for it should take

    workspace = aml_target.workspace_id
    return MLClient(
        aml_azure.token, workspace.subscription, workspace.resource_group, workspace.name, cloud=aml_azure.cloud.name
    )
