"""The example project's world, served; and a session that trusts it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from pytest_amlpreflight.emulator import Emulator

WORLD = Path(__file__).parents[2] / "example_project" / "world.yml"
SUBSCRIPTION = "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11"
GROUP = f"{SUBSCRIPTION}/resourceGroups/ml-prod"


@pytest.fixture
def world_path() -> Path:
    """The example project's world file."""
    return WORLD


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Emulator]]:
    """Start an emulator of the example world, or of another file, with its environment set; stop it afterwards."""
    started: list[Emulator] = []

    def start(path: Path = WORLD, **options: object) -> Emulator:
        emulator = Emulator(path, **options)  # type: ignore[arg-type]
        emulator.start()
        started.append(emulator)
        for name, value in emulator.environment.items():
            monkeypatch.setenv(name, value)
        return emulator

    yield start
    for emulator in started:
        emulator.stop()


@pytest.fixture
def emulator(serve: Callable[..., Emulator]) -> Emulator:
    """The example world, healthy, served."""
    return serve()


@pytest.fixture
def write_world(tmp_path: Path) -> Callable[[str], Path]:
    """Write a world of one tenant and caller, with the given sections added."""

    def write(sections: str = "") -> Path:
        path = tmp_path / "world.yml"
        path.write_text(f"tenant: t\ncaller: {{objectId: me, enforced: false}}\n{sections}", encoding="utf-8")
        return path

    return write


@pytest.fixture
def call() -> Callable[..., requests.Response]:
    """Ask an emulator's ARM something, with a token of its own identity."""

    def send(emulator: Emulator, path: str, version: str | None, **query: str) -> requests.Response:
        identity = emulator.environment
        headers = {"X-IDENTITY-HEADER": identity["IDENTITY_HEADER"]}
        asked = {"resource": "https://management.azure.com/"}
        token = requests.get(identity["IDENTITY_ENDPOINT"], params=asked, headers=headers, timeout=5).json()
        params = {f"${name}": value for name, value in query.items()}
        if version:
            params["api-version"] = version
        authorization = {"Authorization": f"Bearer {token['access_token']}"}
        return requests.get(emulator.url + path, params=params, headers=authorization, timeout=5)

    return send
