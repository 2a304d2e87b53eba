"""How requests leave: one HTTP session, one token, bounded retries, and a pause for everybody when Azure says 429."""

import threading
import time
from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any, cast

import requests
from azure.core.credentials import AccessToken, AccessTokenInfo, SupportsTokenInfo, TokenRequestOptions
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline import Pipeline, PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import (
    ContentDecodePolicy,
    HeadersPolicy,
    HTTPPolicy,
    RequestIdPolicy,
    RetryPolicy,
    UserAgentPolicy,
)
from azure.core.pipeline.transport import RequestsTransport
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy

from pytest_amlpreflight.engine import pause
from pytest_amlpreflight.engine.later import NAP
from pytest_amlpreflight.readers.connection.api_version import NegotiateApiVersion
from pytest_amlpreflight.readers.connection.bounded import BoundedAdapter
from pytest_amlpreflight.readers.connection.budget import Budget, bucket_of, quota_resets_after, retry_after
from pytest_amlpreflight.readers.connection.decoding import Legible
from pytest_amlpreflight.readers.connection.exchange import Tap, Tapped, untapped
from pytest_amlpreflight.readers.connection.home import KeepHome
from pytest_amlpreflight.readers.connection.sign_in import LONGEST_SIGN_IN, within
from pytest_amlpreflight.readers.connection.snapshot import Snapshot
from pytest_amlpreflight.readers.connection.tries import Tries
from pytest_amlpreflight.readers.environment import Session

CONNECTIONS = 32
"""Reads that may be under way at once; the rest wait for a connection rather than open a new one."""

LONGEST_PAUSE = 600.0
"""Seconds. `Retry-After` is waited out whole, since asking earlier is refused and renews the wait; azure-core would
wait for a day as well.
"""

READS = frozenset({"GET", "HEAD", "POST"})
"""The methods of what is sent to Resource Manager. azure-core takes a POST for a change, and sends none twice."""

REFUSAL_HOLDS = 30.0
"""Seconds for which nobody asks again for a token that could not be had."""


def http_session() -> requests.Session:
    """The run's one session: keep-alive connections, shared by all clients and threads."""
    session = Session()
    session.auth = as_given
    session.mount("https://", BoundedAdapter(pool_connections=8, pool_maxsize=CONNECTIONS, pool_block=True))
    return session


def as_given(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave a request as it is, or requests would take a password for the host from a .netrc file."""
    return request


class OneToken:
    """A credential that asks the one behind it once per scope at a time, however many reads start together.

    A refusal is remembered for `REFUSAL_HOLDS`: the default credential takes seconds to try every identity there is,
    and a run's reads would wait for that one after the other.
    """

    def __init__(self, credential: SupportsTokenInfo) -> None:
        self._credential = credential
        self._lock = threading.Lock()
        self._tokens: dict[tuple[str, ...], AccessTokenInfo] = {}
        self._refusals: dict[tuple[str, ...], tuple[float, str]] = {}

    def get_token_info(self, *scopes: str, options: TokenRequestOptions | None = None) -> AccessTokenInfo:
        """A token for `scopes`, from memory while it has five minutes to live; a claims challenge is passed on."""
        with self._lock:
            token = self._tokens.get(scopes)
            if token is None or options or token.expires_on < time.time() + 300:
                token = self._tokens[scopes] = self._ask(scopes, options or {})
            return token

    def known(self) -> list[tuple[list[str], str, int]]:
        """The tokens at hand, for another process of the same run: scopes, token, seconds since 1970 of its end."""
        with self._lock:
            return [(list(scopes), one.token, one.expires_on) for scopes, one in self._tokens.items()]

    def learn(self, known: Iterable[tuple[Sequence[str], str, int]]) -> None:
        """Take the tokens of another process."""
        with self._lock:
            self._tokens.update({tuple(scopes): AccessTokenInfo(token, end) for scopes, token, end in known})

    def _ask(self, scopes: tuple[str, ...], options: TokenRequestOptions) -> AccessTokenInfo:
        """A new token. A refusal leaves without the authority's answer, whose 404 would make the resource absent."""
        since, refusal = self._refusals.get(scopes, (-REFUSAL_HOLDS, ""))
        if time.monotonic() - since < REFUSAL_HOLDS:
            raise ClientAuthenticationError(refusal)
        try:
            return within(LONGEST_SIGN_IN, lambda: self._credential.get_token_info(*scopes, options=options))
        except ClientAuthenticationError as error:
            refusal = error.message
        self._refusals[scopes] = time.monotonic(), refusal
        raise ClientAuthenticationError(refusal)

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """The same token in the older form, for SDKs that still ask that way."""
        known = {name: options[name] for name in ("claims", "tenant_id", "enable_cae") if options.get(name)}
        token = self.get_token_info(*scopes, options=cast(TokenRequestOptions, known) or None)
        return AccessToken(token.token, token.expires_on)

    def close(self) -> None:
        """Close the credential behind."""
        self._credential.close()

    def __enter__(self) -> "OneToken":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class CappedRetry(RetryPolicy[Any, Any]):
    """azure-core's retries without two surprises: an unbounded `Retry-After`, and retrying a 403 that carries one.

    A POST is tried again like a GET: only reads are sent, and some of them are POSTs.
    """

    def __init__(self, budget: Budget | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._budget, self._tries = budget or Budget(), Tries()

    def configure_retries(self, options: dict[str, Any]) -> dict[str, Any]:
        """azure-core's settings, but for the methods."""
        return super().configure_retries({"retry_on_methods": READS, **options})

    def get_retry_after(self, response: PipelineResponse[Any, Any]) -> float | None:
        """Seconds to wait, at most `LONGEST_PAUSE`; None where the answer says nothing that can be understood."""
        try:
            seconds = super().get_retry_after(response)
        except (ValueError, TypeError, OverflowError):  # azure-core takes what is no number for a date
            seconds = None
        seconds = quota_resets_after(response.http_response.headers) if seconds is None else seconds
        return None if seconds is None else min(seconds, LONGEST_PAUSE)

    def is_retry(self, settings: dict[str, Any], response: PipelineResponse[Any, Any]) -> bool:
        """Only the statuses that a later try can mend, where the run's time allows to wait for it."""
        status, bucket = response.http_response.status_code, _bucket_of(response.http_request)
        seconds, question = self.get_retry_after(response) or 0.0, response.http_request.url
        if status not in self._retry_on_status_codes or not self._budget.allows(seconds, bucket):
            self._tries.over(question)
            return False
        if status == 429:  # its end is the budget's
            return bool(settings["total"])
        again = super().is_retry(settings, response)
        return again and (seconds <= NAP or bool(self._tries.failed(question)))

    def sleep(self, settings: dict[str, Any], transport: Any, response: Any = None) -> None:
        """Wait as long as the budget says: it was told with the refusal."""
        seconds = self.get_retry_after(response) if response is not None else None
        if seconds:
            pause(seconds)
        else:
            super().sleep(settings, transport, response)


class PauseTogether(HTTPPolicy[Any, Any]):
    """After a 429 every read of the same bucket waits, not only the one that was told: the limit counts the caller."""

    def __init__(self, budget: Budget | None = None) -> None:
        super().__init__()
        self.budget = budget or Budget()

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Wait out a pause that another read was given, then send."""
        bucket = _bucket_of(request.http_request)
        self.budget.take(bucket)
        response = self.next.send(request)
        answer = response.http_response
        if answer.status_code == 429:
            seconds = retry_after(answer.headers) or quota_resets_after(answer.headers) or 0.0
            self.budget.refused(bucket, min(seconds, LONGEST_PAUSE))
        else:
            self.budget.answered(bucket, answer.headers)
        return response


class FromSnapshot(HTTPPolicy[Any, Any]):
    """Lets a snapshot answer what it knows, as Azure would have."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self._snapshot = snapshot

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Answer, or send."""
        asked = request.http_request
        body = self._snapshot.answer(asked.method, asked.url)
        if body is None:
            return self.next.send(request)
        answer = RequestsTransport(session=_Ready(body), session_owner=False).send(asked)
        return PipelineResponse(asked, answer, request.context)


class _Ready(requests.Session):
    """A session that has its one answer already."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self._body = body

    def request(self, *_: Any, **__: Any) -> requests.Response:
        """The answer."""
        answer = requests.Response()
        answer.status_code, answer.raw = 200, BytesIO(self._body)
        answer.headers["Content-Type"] = "application/json"
        return answer


def build_pipeline(
    session: requests.Session,
    credential: OneToken,
    audience: str,
    resource_manager: str,
    versions: NegotiateApiVersion,
    *,
    budget: Budget | None = None,
    snapshot: Snapshot | None = None,
    timeout: float,
    backoff: float = 0.8,
    tap: Tap = untapped,
) -> Pipeline[Any, Any]:
    """One pipeline for every ARM client of the run.

    `timeout` is in seconds per request; `backoff` is azure-core's factor, 0 in tests. The SDK's own policy that
    registers a missing resource provider is left out on purpose: the plugin never changes anything in Azure. So is
    the one that follows redirects: the token would go along. What the `snapshot` knows is not asked.
    """
    budget = budget or Budget()
    transport = RequestsTransport(
        session=session, session_owner=False, connection_timeout=min(timeout, 10.0), read_timeout=timeout
    )
    return Pipeline(
        transport,
        policies=[
            Tapped(tap),
            KeepHome(resource_manager),  # first, since it alone takes addresses that are none
            RequestIdPolicy(),
            HeadersPolicy({"Accept": "application/json"}),
            UserAgentPolicy("pytest-amlpreflight"),
            ContentDecodePolicy(),
            Legible(),
            *([FromSnapshot(snapshot)] if snapshot else []),
            versions,
            CappedRetry(
                budget, retry_total=3, retry_connect=1, retry_read=1, retry_backoff_factor=backoff, retry_backoff_max=8
            ),
            ARMChallengeAuthenticationPolicy(credential, f"{audience}/.default"),
            PauseTogether(budget),
        ],
    )


def _bucket_of(request: Any) -> str:
    return bucket_of(request.url, request.method)
