"""The example's world with one thing changed, and a connection to it through the real SDK stack."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_amlpreflight.emulator import Emulator
from pytest_amlpreflight.emulator.notation import read
from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.readers.connection.azure import Azure, ConnectionSettings

WORLD = Path(__file__).parents[2] / "example_project" / "world.yml"
GROUP = "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11/resourceGroups/ml-prod"


class World:
    """A copy of the example's world: change it, then `connect`. Resources are named by the end of their id."""

    def __init__(self, sections: dict[str, Any], path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sections, self.path, self.monkeypatch = sections, path, monkeypatch
        self.started: list[Emulator] = []

    def __getitem__(self, end: str) -> dict[str, Any]:
        return next(one for one in self.sections["resources"] if one["id"].lower().endswith("/" + end.lower()))

    def properties(self, end: str) -> dict[str, Any]:
        """The `properties` of a resource, to be changed in place."""
        found: dict[str, Any] = self[end]["properties"]
        return found

    def rows(self, end: str) -> list[dict[str, Any]]:
        """The rows of a collection, to be changed in place."""
        found: list[dict[str, Any]] = next(
            answer["value"] for name, answer in self.sections["collections"].items() if name.endswith("/" + end)
        )
        return found

    def add(self, document: dict[str, Any]) -> None:
        """One more resource."""
        self.sections["resources"].append(document)

    def fault(self, kind: str, resource: str = "*", **options: object) -> None:
        """One more fault."""
        self.sections.setdefault("faults", []).append({"kind": kind, "resource": resource, **options})

    def id(self, path: str) -> ResourceId:
        """The id of a resource in the group: `id("Microsoft.KeyVault/vaults/contoso-ml-kv")`."""
        found = parse_resource_id(f"{GROUP}/providers/{path}")
        assert found is not None
        return found

    @property
    def workspace_id(self) -> ResourceId:
        """The id of the world's one workspace."""
        return self.id("Microsoft.MachineLearningServices/workspaces/contoso-ml")

    @property
    def emulator(self) -> Emulator:
        """What serves it, once connected."""
        return self.started[-1]

    def asked(self, end: str) -> int:
        """How many requests ended in this path, in lower case."""
        return sum(request.path.lower().endswith(end) for request in self.emulator.requests)

    def connect(self, credential: Any = None, **settings: Any) -> Azure:
        """Serve the world and connect to it, without pauses between tries."""
        self.path.write_text(json.dumps(self.sections), encoding="utf-8")
        emulator = Emulator(self.path)
        emulator.start()
        self.started.append(emulator)
        for name, value in emulator.environment.items():
            self.monkeypatch.setenv(name, value)
        return Azure(ConnectionSettings(cloud=emulator.metadata_url, backoff=0, **settings), credential)


@pytest.fixture(scope="session")
def _healthy() -> dict[str, Any]:
    """The example's world as it stands in its file, read once."""
    return dict(read(WORLD))


@pytest.fixture
def world(_healthy: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The example's world, to be changed and connected to; whatever was served is stopped afterwards."""
    made = World(copy.deepcopy(_healthy), tmp_path / "world.yml", monkeypatch)
    yield made
    for emulator in made.started:
        emulator.stop()
