"""An Azure to read: the example project's world or another, behind the real SDK stack."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_amlpreflight.emulator import Emulator
from pytest_amlpreflight.readers.azure import Azure, ConnectionSettings

WORLD = Path(__file__).parents[2] / "example_project" / "world.yml"


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
def connect() -> Callable[[Emulator], Azure]:
    """The connection to an emulator that readers are handed, without pauses between tries."""

    def to(emulator: Emulator) -> Azure:
        return Azure(
            ConnectionSettings(
                emulator.metadata_url,
                5,
                emulator.dns_server,
                emulator.azure_dns,
                backoff=0,
                connect_to=tuple(emulator.connect_to.split()),
            )
        )

    return to
