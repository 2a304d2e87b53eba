"""A run is recorded and run again: the same verdicts, and nothing that is nobody's business.

In the suite every sixteenth failure; `AML_EVERY=1 pytest tests/test_recording.py` does all of them.
"""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from judging import EXAMPLE, FILES, Said, asked, emulated, readings_of

from pytest_amlpreflight.emulator.failures import Failure, failure_names, load
from pytest_amlpreflight.run.recording.key import Key
from pytest_amlpreflight.run.recording.pseudonyms import Pseudonyms
from pytest_amlpreflight.run.recording.recorder import Recorder, texts_of
from pytest_amlpreflight.run.recording.world import Heard, as_yaml, world_of

EVERY = int(os.environ.get("AML_EVERY", "16"))
SAID = ("passes", "skips", "blocks", "advises", "errors")
PLANTED = {
    "keys of the endpoint": r"\b(?!0{32})[0-9a-f]{32}\b(?=.{0,40}Key)",
    "tokens": r"\beyJ[\w-]{8,}",
    "signatures": r"[?&]sig=",
}


@pytest.mark.parametrize("name", failure_names()[::EVERY])
def test_a_recorded_run_says_the_same_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    """Offline, of a file: every check says what it said, and asks nothing that was not recorded. With pseudonyms the
    same of a project that is called so, and no name, GUID or address of the original is left.
    """
    failure = load(name)
    said, world = _recorded(monkeypatch, failure)

    again = _replayed(monkeypatch, tmp_path, world, failure)
    key = Key(b"k" * 32)
    pseudonyms = Pseudonyms(world, key)
    renamed = pseudonyms.of(world)
    text = as_yaml(renamed)
    pseudonyms.check(text)
    elsewhere = _renamed_project(tmp_path / "project", failure.world, pseudonyms.text)
    as_others = _replayed(monkeypatch, tmp_path, renamed, failure, project=elsewhere, called=pseudonyms.text)

    assert _outcomes(again) == _outcomes(said), _differing(said, again)
    assert _outcomes(as_others) == _outcomes(said), _differing(said, as_others)
    assert [word for word in ("contoso-ml", "ml-prod", "iris-scoring", "5f1c2f0e", "10.1.0.7") if word in text] == []
    assert {what for what, form in PLANTED.items() if re.search(form, as_yaml(world) + text)} == set()


def _recorded(monkeypatch: pytest.MonkeyPatch, failure: Failure) -> tuple[Said, dict[str, Any]]:
    recorder, how = Recorder(), {"world": failure.world, "kube_context": failure.context}
    with emulated(monkeypatch, EXAMPLE / failure.world, [failure.name]) as emulator:
        readings, target = readings_of(emulator, failure.phase, tap=recorder, **how)
        said = asked(readings, target, failure.phase)
        heard = recorder.heard(readings.azure, texts_of([target.endpoint_spec, target.deployment_spec]))
    return said, world_of(Heard.of_text(heard.as_text()))


def _replayed(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    world: dict[str, Any],
    failure: Failure,
    called: Callable[[str], str] = str,
    **options: Any,
) -> Said:
    path = folder / "recorded.yml"
    at_once = [{name: entry[name] for name in entry if name != "seconds"} for entry in world["answers"]]
    path.write_text(as_yaml({**world, "answers": at_once}), encoding="utf-8")
    with emulated(monkeypatch, path) as emulator:
        contexts = yaml.safe_load(emulator.kubeconfig.read_text(encoding="utf-8"))[
            "contexts"
        ]  # called like the cluster
        how = {"world": failure.world, "kube_context": contexts[0]["name"] if failure.context else None}
        said = asked(*readings_of(emulator, failure.phase, called=called, **how, **options), failure.phase)
    assert emulator.unanswered == []
    return said


def _renamed_project(folder: Path, world: str, called: Callable[[str], str]) -> Path:
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("world*.yml", "__pycache__"))
    for name in FILES[world]:
        path = folder / name
        path.write_text(called(path.read_text(encoding="utf-8")), encoding="utf-8")
    return folder


def _outcomes(said: Said) -> dict[str, str]:
    return {name: kind for kind in SAID for name in getattr(said, kind)}


def _differing(one: Said, other: Said) -> dict[str, tuple[str, str]]:
    first, second = _outcomes(one), _outcomes(other)
    return {name: (one.words[name], other.words[name]) for name in first if first[name] != second.get(name)}
