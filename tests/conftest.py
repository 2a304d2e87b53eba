"""No test reaches a real Azure: the environment is cleared, and a connection beyond this machine is a sentence."""

import os
import socket
from importlib import import_module
from pathlib import Path

import pytest

import pytest_amlpreflight.emulator  # noqa: F401  # as below
from pytest_amlpreflight import graph

pytest_plugins = ["pytester"]

for module in graph.pytest_plugins:  # pytester forgets what a run imported, and half an SDK breaks: import it here
    import_module(module)

EXAMPLE = Path(__file__).parents[1] / "example_project"


@pytest.fixture(autouse=True)
def _no_azure_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever identity or workspace this machine knows of stays out of the tests."""
    for name in os.environ:
        if name.startswith(("AZURE_", "AZUREML_", "ARM_", "IDENTITY_", "MSI_", "AML_", "REQUESTS_CA")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AZURE_CONFIG_DIR", os.devnull)


ALONE = "-p no:randomly -p no:hypothesispytest -p no:anyio"
WITHOUT_PROCESSES = (
    "-o aml_local=no --deselect aml-preflight/spec.py::check_spec_matches_the_schema "
    "--deselect aml-preflight/environment.py::check_requirements_resolve"
)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to any other machine fails with the name of the fixture that would have answered."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else "localhost"
        if not str(host).startswith(("127.", "localhost", "::1")):
            raise AssertionError(f"a test tried to reach {host}: use the `emulator` fixture")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def example(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """The example project, copied into the test's own folder. Its runs do without what takes longer than they do."""
    pytester.copy_example(".")
    monkeypatch.setenv("PYTEST_ADDOPTS", f"{ALONE} {WITHOUT_PROCESSES}")
    monkeypatch.setenv("UV_OFFLINE", "1")  # what checks of the server ask of the resolver stays on this machine
    monkeypatch.setenv("UV_NO_CACHE", "1")
    return pytester


@pytest.fixture
def whole_runs(example: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runs of the example that this test starts have every check, those that start a process too."""
    monkeypatch.setenv("PYTEST_ADDOPTS", ALONE)
