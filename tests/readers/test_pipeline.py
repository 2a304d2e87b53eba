"""How requests leave: one token, bounded retries, a pause for everybody, and nothing that changes Azure."""

import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.credentials import AccessTokenInfo
from azure.core.exceptions import ClientAuthenticationError

from pytest_amlpreflight.engine import Pool
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.connection.pipeline import LONGEST_PAUSE, CappedRetry, OneToken, PauseTogether
from pytest_amlpreflight.readers.resources.key_vault import read_key_vault
from pytest_amlpreflight.readers.resources.workspace import read_workspace

WORKSPACE = "*/workspaces/contoso-ml"


class Counting:
    """A credential that counts how often it is asked, and takes its time."""

    def __init__(self, lives: float = 3600, refuses: int = 0) -> None:
        self.asked, self.lives, self.refuses, self.closed = 0, lives, refuses, False

    def get_token_info(self, *scopes: str, options: object = None) -> AccessTokenInfo:
        """The next token, or a refusal."""
        self.asked += 1
        time.sleep(0.02)
        if self.asked <= self.refuses:
            raise ClientAuthenticationError("no identity at hand")
        return AccessTokenInfo(f"token {self.asked}", int(time.time() + self.lives))

    def close(self) -> None:
        """Remember it."""
        self.closed = True


def test_sixteen_reads_ask_for_one_token() -> None:
    """Whoever comes first asks; the others wait for the answer."""
    credential = Counting()
    token = OneToken(credential)

    with ThreadPoolExecutor(16) as threads:
        tokens = list(threads.map(lambda _: token.get_token_info("scope").token, range(16)))

    assert set(tokens) == {"token 1"}
    assert credential.asked == 1


def test_sixteen_reads_through_the_pipeline_ask_for_one_token(world: Any) -> None:
    """The same with the SDK's own policy above it, counted where tokens are given out."""
    azure = world.connect()
    paths = [f"{world.workspace_id}/models/{number}" for number in range(16)]

    with pytest.raises(Exception, match="does not exist"):
        azure.arm.together(lambda path: azure.arm.get(path, "2024-10-01", f"model {path[-2:]}"), paths)

    assert world.asked("/msi/token") == 1


def test_every_scope_has_a_token_of_its_own() -> None:
    """A token for ARM is no token for scoring."""
    credential = Counting()
    token = OneToken(credential)

    first, second = token.get_token_info("arm"), token.get_token_info("ml")

    assert (first.token, second.token) == ("token 1", "token 2")


def test_a_token_about_to_expire_is_asked_for_again() -> None:
    """Five minutes before its end."""
    credential = Counting(lives=200)
    token = OneToken(credential)

    token.get_token_info("arm")

    assert token.get_token_info("arm").token == "token 2"


def test_a_claims_challenge_is_passed_on() -> None:
    """ARM asks for more than the token at hand has."""
    token = OneToken(Counting())
    token.get_token_info("arm")

    renewed = token.get_token_info("arm", options={"claims": "mfa"})

    assert renewed.token == "token 2"
    assert token.get_token_info("arm").token == "token 2"


def test_a_refusal_is_given_to_all_sixteen_reads_and_asked_for_once() -> None:
    """The default credential takes seconds to try every identity there is."""
    credential = Counting(refuses=99)
    token = OneToken(credential)

    def ask(_: int) -> str:
        with pytest.raises(ClientAuthenticationError, match="no identity at hand") as caught:
            token.get_token_info("arm")
        return str(caught.value.message)

    with ThreadPoolExecutor(16) as threads:
        refusals = set(threads.map(ask, range(16)))

    assert refusals == {"no identity at hand"}
    assert credential.asked == 1


def test_a_refusal_does_not_hold_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that waits may find somebody logged in later."""
    token = OneToken(Counting(refuses=1))
    with pytest.raises(ClientAuthenticationError, match="no identity"):
        token.get_token_info("arm")
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 31)

    assert token.get_token_info("arm").token == "token 2"


def test_closing_closes_the_credential_behind() -> None:
    """SDK clients close what they were given."""
    credential = Counting()

    with OneToken(credential):
        pass

    assert credential.closed


@pytest.mark.parametrize(("status", "asked"), [(400, 1), (403, 1), (404, 1), (409, 1), (429, 4), (503, 4)])
def test_only_a_status_that_a_later_try_can_mend_is_tried_again(world: Any, status: int, asked: int) -> None:
    """azure-core tries everything again that carries Retry-After, a 403 included."""
    world.fault("status", WORKSPACE, status=status, code="ResourceNotFound", retry_after=0.01)
    azure = world.connect()

    with pytest.raises(Exception, match="workspace contoso-ml"):
        read_workspace(azure.arm, world.workspace_id)

    assert world.asked("/workspaces/contoso-ml") == asked


@pytest.mark.parametrize("kind", ["throttle", "status", "reset"])
def test_a_fault_that_passes_is_never_noticed(world: Any, kind: str) -> None:
    """The second answer counts."""
    world.fault(kind, WORKSPACE, times=1)
    azure = world.connect()

    workspace = read_workspace(azure.arm, world.workspace_id)

    assert workspace.ready
    assert world.asked("/workspaces/contoso-ml") == 2


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "3"}, 3),
        ({"Retry-After": "86400"}, LONGEST_PAUSE),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, LONGEST_PAUSE),
        ({"x-ms-retry-after-ms": "90000000"}, LONGEST_PAUSE),
        ({}, None),
    ],
)
def test_a_pause_has_an_upper_bound(headers: dict[str, str], seconds: float | None) -> None:
    """azure-core sleeps for as long as it is told, a day if need be."""
    response: Any = SimpleNamespace(http_response=SimpleNamespace(headers=headers))

    assert CappedRetry().get_retry_after(response) == seconds


def test_after_a_429_every_read_waits(world: Any) -> None:
    """The limit counts the caller: one that rushes on would be told as well."""
    world.fault("throttle", WORKSPACE, times=1, retry_after=0.3)
    azure = world.connect()

    def first() -> None:
        azure.arm.get(world.workspace_id.text, "2024-10-01", "workspace")

    def second() -> None:
        while not any(one.status == 429 for one in world.emulator.requests):
            time.sleep(0.01)
        time.sleep(0.05)
        azure.arm.get(f"{world.workspace_id}/onlineEndpoints/iris", "2024-10-01", "endpoint")

    Pool().together(lambda read: read(), [first, second])

    told = next(one for one in world.emulator.requests if one.status == 429)
    later = [one.started - told.ended for one in world.emulator.requests if one.started > told.ended]
    assert len(later) == 2
    assert min(later) >= 0.25


@pytest.mark.parametrize("header", [None, "soon", "Fri, 31 Dec 1999 23:59:59 GMT"])
def test_a_429_without_seconds_pauses_nobody_else(header: str | None) -> None:
    """A pause is a courtesy; the one that was told backs off by itself."""
    policy = PauseTogether()
    headers = {} if header is None else {"Retry-After": header}
    response: Any = SimpleNamespace(http_response=SimpleNamespace(status_code=429, headers=headers))
    policy.next = SimpleNamespace(send=lambda _: response)  # type: ignore[assignment]
    request: Any = SimpleNamespace(
        http_request=SimpleNamespace(url="https://management.azure.com/subscriptions/s", method="GET")
    )

    started = time.monotonic()
    policy.send(request)
    policy.send(request)

    assert time.monotonic() - started < 0.1


def test_a_missing_resource_provider_is_never_registered(world: Any) -> None:
    """The SDK's own policy would send a POST on this very answer; the plugin changes nothing in Azure."""
    world["providers/Microsoft.KeyVault"]["registrationState"] = "NotRegistered"
    azure = world.connect()
    vault_id = world.id("Microsoft.KeyVault/vaults/contoso-ml-kv")

    with pytest.raises(FactUnreadable, match="HTTP 409 MissingSubscriptionRegistration"):
        read_key_vault(azure, vault_id, named_by="workspace contoso-ml")
    with pytest.raises(FactUnreadable, match="HTTP 409 MissingSubscriptionRegistration"):
        azure.arm.get(vault_id.text, "2023-07-01", "key vault")

    assert {one.method for one in world.emulator.requests} == {"GET"}
