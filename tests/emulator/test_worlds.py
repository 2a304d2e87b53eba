"""Worlds and failures: what is refused, and what every failure file must be."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_amlpreflight.emulator import Emulator, UnknownFailure, WorldError, failure_names, load_failure

VAULT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v"
GUIDE = re.compile(r"https://learn\.microsoft\.com/azure/[\w/-]+(#[a-z0-9-]+)?")
CHECK = re.compile(r"[a-z_]+::[a-z0-9_]+")


@pytest.mark.parametrize(
    ("sections", "line", "words"),
    [
        ("resources:\n  - {name: v}\n", 4, "a resource needs an id"),
        ("resources:\n  - {id: /nothing/at/all}\n", 4, "is not the id of a resource"),
        (f"resources:\n  - {{id: {VAULT}, type: Microsoft.Sql/servers}}\n", 4, "contradicts the id"),
        (f"resources:\n  - id: {VAULT}\n  - id: {VAULT.upper()}\n", 5, "is written twice"),
        ("resource: []\n", 1, "'resource' is none of"),
        ("dns: {zones: {z: {name: [10.0.0.1]}}}\n", 3, "holds A, AAAA, CNAME, TXT or answer"),
        ("faults:\n  - {kind: explode}\n", 4, "a fault's kind is one of"),
        ("cloud: AzureGermanCloud\n", 1, "is none of AzureCloud"),
        ("paging: [1\n", 4, "."),
        ("tenant: again\n", 3, "'tenant' is written twice"),
    ],
)
def test_a_world_that_cannot_be_meant_is_refused(
    write_world: Callable[..., Path], sections: str, line: int, words: str
) -> None:
    """The complaint names the file and the line, and what is wrong there."""
    path = write_world(sections)

    with pytest.raises(WorldError, match=re.escape(f"{path}:{line}: ") + ".*" + words):
        Emulator(path)


def test_an_absent_world_is_refused(tmp_path: Path) -> None:
    """A path that leads nowhere is a mistake in the world's name."""
    with pytest.raises(WorldError, match="no such file"):
        Emulator(tmp_path / "none.yml")


def test_pasted_values_stay_what_they_are(write_world: Callable[..., Path], serve: Callable[..., Emulator]) -> None:
    """Time stamps, `off` and `10:20` stay text: only JSON's types exist in ARM."""
    resource = f"{{id: {VAULT}, tags: {{at: 2026-01-01T00:00:00Z, power: off, ratio: 10:20, none: null, n: 3}}}}"
    emulator = Emulator(write_world(f"resources: [{resource}]\n"))

    tags = emulator._world.get(VAULT)["tags"]  # type: ignore[index]

    assert tags == {"at": "2026-01-01T00:00:00Z", "power": "off", "ratio": "10:20", "none": None, "n": 3}


@pytest.mark.parametrize("name", failure_names())
def test_every_failure_applies_to_its_world(name: str, world_path: Path) -> None:
    """Each file finds what it changes in the healthy world of the example that it names."""
    Emulator(world_path.with_name(load_failure(name).world), [name])


@pytest.mark.parametrize("name", failure_names())
def test_every_failure_says_where_it_is_documented_and_what_it_blocks(name: str) -> None:
    """A title to read, a link to the guide, a phase, and at least one check that must notice."""
    failure = load_failure(name)

    assert GUIDE.fullmatch(failure.guide)
    assert failure.title[0].islower() or failure.title.startswith(("Azure", "Microsoft."))
    assert not failure.title.endswith(".")
    assert all(CHECK.fullmatch(check) for check in (*failure.blocks, *failure.errors))
    assert failure.blocks or failure.errors or failure.advises


@pytest.mark.parametrize("address", ["10.0.0", "outside", "[10.0.0.4]"])
def test_a_caller_is_at_an_address_or_nowhere_in_particular(tmp_path: Path, address: str) -> None:
    """One that is none is refused with its line."""
    path = tmp_path / "world.yml"
    path.write_text(f"tenant: t\ncaller: {{objectId: me, address: {address}}}\n", encoding="utf-8")

    with pytest.raises(WorldError, match=r"world\.yml:2: the caller's address is none"):
        Emulator(path)


def test_an_unknown_failure_names_its_neighbours(world_path: Path) -> None:
    """A slip of the pen is answered with the names that were probably meant."""
    with pytest.raises(UnknownFailure, match="did you mean") as caught:
        Emulator(world_path, ["quota-familly-exhausted"])

    assert caught.value.near[0] == "quota-family-exhausted"


def test_a_failure_needs_something_to_change(write_world: Callable[..., Path]) -> None:
    """A failure of a registry in a world without one would silently change nothing."""
    with pytest.raises(WorldError, match=r"registry-honours-repository-roles-only\.yml:\d+: the world has no"):
        Emulator(write_world(), ["registry-honours-repository-roles-only"])


def test_a_port_in_use_is_said_so(emulator: Emulator, world_path: Path) -> None:
    """Two emulators cannot share a port, and the second says which."""
    second = Emulator(world_path, port=emulator.port)

    with pytest.raises(OSError, match=rf"cannot listen on 127\.0\.0\.1:{emulator.port}"):
        second.start()
