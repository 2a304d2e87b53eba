"""Faults: counted, never timed."""

from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from pytest_amlpreflight.emulator import Emulator

VAULT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v"
RESOURCES = (
    f"resources:\n  - {{id: /subscriptions/s, state: Enabled}}\n  - {{id: {VAULT}, name: v, location: eastus2}}\n"
)

Serve = Callable[..., Emulator]
Call = Callable[..., requests.Response]


def faulty(fault: str) -> str:
    """A world with one vault and one fault."""
    return f"{RESOURCES}faults: [{fault}]\n"


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("{kind: throttle, times: 1, retry_after: 3}", 429, "TooManyRequests"),
        ("{kind: deny, resource: Microsoft.KeyVault/vaults, times: 1}", 403, "AuthorizationFailed"),
        (f"{{kind: vanish, resource: {VAULT}, times: 1}}", 404, "ResourceNotFound"),
        ('{kind: status, status: 503, code: ServerBusy, resource: "*/vaults/*", times: 1}', 503, "ServerBusy"),
    ],
)
def test_a_fault_is_met_as_often_as_it_says(
    serve: Serve, call: Call, write_world: Callable[..., Path], fault: str, status: int, code: str
) -> None:
    """The first request meets the fault, the second does not."""
    emulator = serve(write_world(faulty(fault)))

    first, second = call(emulator, VAULT, "2023-07-01"), call(emulator, VAULT, "2023-07-01")

    assert (first.status_code, first.json()["error"]["code"]) == (status, code)
    assert second.status_code == 200


def test_throttling_says_when_to_come_back(serve: Serve, call: Call, write_world: Callable[..., Path]) -> None:
    """Retry-After carries the seconds that the fault names."""
    emulator = serve(write_world(faulty("{kind: throttle, retry_after: 17}")))

    answer = call(emulator, VAULT, "2023-07-01")

    assert answer.headers["Retry-After"] == "17"


@pytest.mark.parametrize("kind", ["reset", "truncate"])
def test_a_broken_connection_breaks(serve: Serve, call: Call, write_world: Callable[..., Path], kind: str) -> None:
    """A reset connection and a body that ends early reach the client as errors of the connection."""
    emulator = serve(write_world(faulty(f"{{kind: {kind}}}")))

    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError), match=r"."):
        call(emulator, VAULT, "2023-07-01")


def test_a_garbled_body_is_no_json(serve: Serve, call: Call, write_world: Callable[..., Path]) -> None:
    """Status 200, and a body that cannot be parsed."""
    emulator = serve(write_world(faulty("{kind: garble}")))

    answer = call(emulator, VAULT, "2023-07-01")

    assert answer.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError, match=r"."):
        answer.json()


def test_the_token_can_be_refused(serve: Serve, write_world: Callable[..., Path]) -> None:
    """A refused token is the identity endpoint's answer, not ARM's."""
    emulator = serve(write_world(faulty("{kind: token}")))
    where, header = (emulator.environment[name] for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER"))

    answer = requests.get(where, params={"resource": "x"}, headers={"X-IDENTITY-HEADER": header}, timeout=5)

    assert (answer.status_code, answer.json()["statusCode"]) == (400, 400)


def test_latency_and_slowness_delay_the_answer(serve: Serve, call: Call, write_world: Callable[..., Path]) -> None:
    """The log shows at least the latency of every answer and the seconds of a slow one on top."""
    emulator = serve(write_world(faulty("{kind: slow, seconds: 0.1, times: 1}")), latency=0.05)

    call(emulator, VAULT, "2023-07-01")

    token, vault = emulator.requests
    assert token.ended - token.started >= 0.05
    assert vault.ended - vault.started >= 0.15
    assert (vault.method, vault.path, vault.status) == ("GET", VAULT, 200)
