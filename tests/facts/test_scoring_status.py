"""What to raise, computed from what is there."""

from dataclasses import replace

import pytest

from pytest_amlpreflight.data import load
from pytest_amlpreflight.facts.project.spec import ProbeSettings, RequestSettings
from pytest_amlpreflight.facts.resources.endpoint import LIVE, Deployment, Endpoint
from pytest_amlpreflight.facts.resources.scoring import Response, ScoringCall
from pytest_amlpreflight.facts.rules.scoring_status import longer_timeout, meaning_of

BLUE = Deployment("blue", "iris", LIVE, "Standard_DS3_v2", 3)
IRIS = Endpoint("iris", LIVE, "Key", traffic={"blue": 100})


@pytest.mark.parametrize(
    ("today", "seconds", "managed", "expected"),
    [
        (5_000, 0.0, True, 10_000),
        (5_000, 20.0, True, 60_000),
        (120_000, 0.0, True, 180_000),
        (180_000, 0.0, True, 180_000),
        (200_000, 0.0, False, 300_000),
        (240_000, 0.0, True, 240_000),
    ],
)
def test_a_timeout_is_raised_from_what_it_is(today: int, seconds: float, managed: bool, expected: int) -> None:
    """Twice, or by what was measured, within Azure's limit; it is never lowered."""
    deployment = replace(BLUE, managed=managed, request_settings=RequestSettings(request_timeout_ms=today))

    assert longer_timeout(deployment, seconds) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Liveness probe failed", "liveness_probe.initial_delay=600 liveness_probe.failure_threshold=90"),
        ("Readiness probe failed", "readiness_probe.initial_delay=60 readiness_probe.failure_threshold=30"),
    ],
)
def test_the_probe_that_failed_is_the_one_that_is_raised(said: str, expected: str) -> None:
    """From its own settings; the other stays."""
    probed = replace(BLUE, liveness_probe=ProbeSettings(initial_delay=300, failure_threshold=90))
    response = Response(424, body=said.encode(), reason="Failed Dependency")
    call = ScoringCall("https://iris.x/score", "r1", response)

    assert expected in " ".join(meaning_of(call, response, IRIS, probed).command)


@pytest.mark.parametrize("status", [408, 504])
def test_a_timeout_that_is_the_longest_is_not_set_again(status: int) -> None:
    """The fix is never the state that it is to mend."""
    slow = replace(BLUE, managed=status == 408, request_settings=RequestSettings(request_timeout_ms=300_000))
    response = Response(status, body=b"", reason="Timeout")
    endpoint = replace(IRIS, compute=None if slow.managed else "cluster")

    said = meaning_of(ScoringCall("https://iris.x/score", "r1", response), response, endpoint, slow)

    assert not said.command
    assert "as long as Azure admits" in said.fix


def test_no_fix_has_a_hole_in_it() -> None:
    """What is known is filled in; there is nothing that an operator would have to guess."""
    for row in load("scoring-statuses").rows:
        assert "<" not in row.get("fix", "") + row.get("command", "")
        assert ("fix" in row) != ("command" in row)
