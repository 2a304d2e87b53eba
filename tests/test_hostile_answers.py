"""Answers that are none, as the checks meet them: an ERROR that names the resource, and never a pass, a failure or a
traceback. `python tests/hostile.py` tries every member of every answer.
"""

import random
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hostile import Breach, Trial, by_member, cases
from judging import emulated, judge

from pytest_amlpreflight.emulator import Emulator
from pytest_amlpreflight.emulator.faults import Fault
from pytest_amlpreflight.readers.connection import bounded

SLICE = 5
"""Members that every run tries, always the same ones."""


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """The example's world, served."""
    with emulated(monkeypatch) as served:
        yield served


def test_a_slice_of_all_garbage_is_said_to_be_garbage(emulator: Emulator) -> None:
    """Other shapes, numbers without end, texts that are no host, no id, no date, in the place of what Azure says."""
    trial, found = Trial(emulator, ("post",)), list[Breach]()

    for member in random.Random(5).sample(by_member(cases(emulator, ("post",))), SLICE):
        found += trial.of_member(member)

    assert found == []
    assert trial.tried > SLICE


PLACES = {
    "workspace": ("*/workspaces/contoso-ml", "GET", "workspace::workspace_is_ready"),
    "vault": ("*/vaults/contoso-ml-kv", "GET", "key_vault::vault_admits_trusted_services"),
    "log": ("*/getlogs", "POST", "logs::container_logs_are_clean"),
    "secret": ("*/secrets/greenhouse-key/versions", "GET", "secrets::referenced_secrets_exist"),
    "blobs": ("/azureml-blobstore-*", "GET", "assets::code_files_exist"),
    "image": ("/v2/azureml/*", "GET", "registry::image_exists"),
    "sample": ("*/score", "POST", "scoring::endpoint_answers_the_sample"),
}
"""Where an answer comes from, by whom it is read first."""

ENDLESS = {
    "a flood": {"kind": "flood"},
    "a bomb": {"kind": "flood", "headers": {"content-encoding": "gzip"}},
}

GARBAGE: dict[str, dict[str, Any]] = {
    "another charset": {"status": 200, "headers": {"content-type": "application/json; charset=utf-16"}, "body": "{}"},
    "an unknown charset": {"status": 200, "headers": {"content-type": "application/json; charset=x"}, "body": "{}"},
    "nested without end": {"status": 200, "body": '{"a":' * 50_000},
    "an error without end": {"status": 400, "body": '{"error":{"code":"A","details":[' * 400 + "]}}" * 400},
    "a number without end": {"status": 200, "body": '{"name": ' + "9" * 6000 + "}"},
    "a pause that is none": {"status": 429, "headers": {"Retry-After": "garbage"}, "body": "{}"},
    "a place that is none": {"status": 202, "headers": {"Location": "https://[::1"}, "body": "{}"},
    "a page": {"status": 200, "headers": {"content-type": "text/html"}, "body": "<html>Please sign in</html>"},
}


def said(emulator: Emulator, place: str, **fault: Any) -> tuple[str, str]:
    """Outcome and words of the check that reads what the fault meets."""
    path, method, check = PLACES[place]
    emulator.world.faults.append(Fault(resource=path, method=method, **fault))
    found = judge(emulator, "pre" if place in ("vault", "image") else "post", frozenset({check}))
    outcome = next(name for name in ("passes", "blocks", "errors", "skips", "advises") if check in getattr(found, name))
    return outcome, found.words[check]


@pytest.mark.parametrize(
    ("place", "fault"),
    [(place, fault) for place in PLACES for fault in ENDLESS if (place, fault) != ("sample", "a bomb")],
)
def test_an_answer_without_an_end_ends_at_a_bound_that_is_said(emulator: Emulator, place: str, fault: str) -> None:
    """Two gigabytes, or two gigabytes packed, are not waited for; the sample's silence is a verdict of its own.

    What the sample is answered with is not unpacked at all.
    """
    outcome, words = said(emulator, place, **ENDLESS[fault])

    assert outcome == ("blocks" if place == "sample" else "errors"), words
    assert "larger than 16 MiB" in words


@pytest.mark.parametrize("place", ["workspace", "secret", "sample"])
def test_an_answer_of_a_byte_now_and_then_ends_too(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """A time-out between two bytes would be met for ever."""
    monkeypatch.setattr(bounded, "LONGEST_ANSWER", 0.3)

    began = time.monotonic()
    _, words = said(emulator, place, kind="trickle", seconds=0.05)

    assert "the answer was not whole 0.3 s after it began" in words
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("garbage", GARBAGE)
@pytest.mark.parametrize("place", ["workspace", "vault", "log", "secret", "image"])
def test_an_answer_that_cannot_be_understood_is_an_error(emulator: Emulator, place: str, garbage: str) -> None:
    """Never a pass, never a failure, and never a traceback of ours."""
    outcome, words = said(emulator, place, kind="answer", **GARBAGE[garbage])

    assert outcome == "errors", words
