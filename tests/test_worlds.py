"""Worlds that are unusual and sound, or broken in two ways at once, or told in words that Azure may as well choose."""

from pathlib import Path

import pytest
import yaml
from judging import EXAMPLE, emulated, judge

from pytest_amlpreflight.emulator.failures import load

WORLDS = sorted((Path(__file__).parent / "worlds").glob("*.yml"))


@pytest.mark.parametrize("path", WORLDS, ids=[path.stem for path in WORLDS])
def test_a_world_is_judged_as_its_file_says(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """The file is written like a failure; `passes` are checks that must say so, and no others fail or are left open."""
    world = load(str(path))

    with emulated(monkeypatch, EXAMPLE / world.world, [str(path)]) as emulator:
        said = judge(emulator, world.phase, world=world.world)

    assert said.blocks == set(world.blocks), said.words
    assert said.errors == set(world.errors), said.words
    assert said.advises == set(world.advises), said.words
    assert said.passes >= set(yaml.safe_load(path.read_text()).get("passes") or ()), said.words
    assert emulator.unanswered == []
