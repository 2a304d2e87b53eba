"""What is inspected, and the doors to everything about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.graph.fact import READINGS
from pytest_amlpreflight.graph.options import RunOptions
from pytest_amlpreflight.readers.connection.azure import Azure
from pytest_amlpreflight.readers.connection.official_client import ml_client

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
def aml_client(aml_target: Target, aml_azure: Azure) -> Iterator[MLClient]:
    """The official `MLClient` for the target's workspace, with the run's own credential, for tests of your own."""
    with ml_client(aml_azure.token, aml_azure.cloud, aml_target.workspace_id) as client:
        yield client
