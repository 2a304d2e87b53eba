"""How requests leave: one HTTP session, one token, bounded retries, and a pause for everybody when Azure says 429."""

import threading
import time
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
from requests.adapters import HTTPAdapter

from pytest_amlpreflight.readers.connection.api_version import NegotiateApiVersion
from pytest_amlpreflight.readers.connection.home import KeepHome
from pytest_amlpreflight.readers.connection.sign_in import LONGEST_SIGN_IN, within

CONNECTIONS = 32
"""Reads that may be under way at once; the rest wait for a connection rather than open a new one."""

LONGEST_PAUSE = 20.0
"""Seconds. azure-core sleeps as long as `Retry-After` says, without bound; a preflight must answer."""

REFUSAL_HOLDS = 30.0
"""Seconds for which nobody asks again for a token that could not be had."""


def http_session() -> requests.Session:
    """The run's one session: keep-alive connections, shared by all clients and threads."""
    session = requests.Session()
    session.auth = as_given
    session.mount("https://", HTTPAdapter(pool_connections=8, pool_maxsize=CONNECTIONS, pool_block=True))
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
    """azure-core's retries without two surprises: an unbounded `Retry-After`, and retrying a 403 that carries one."""

    def get_retry_after(self, response: PipelineResponse[Any, Any]) -> float | None:
        """Seconds to wait, at most `LONGEST_PAUSE`."""
        seconds = super().get_retry_after(response)
        return None if seconds is None else min(seconds, LONGEST_PAUSE)

    def is_retry(self, settings: dict[str, Any], response: PipelineResponse[Any, Any]) -> bool:
        """Only the statuses that a later try can mend."""
        transient = response.http_response.status_code in self._retry_on_status_codes
        return transient and super().is_retry(settings, response)


class PauseTogether(HTTPPolicy[Any, Any]):
    """After a 429 every read waits, not only the one that was told: the limit counts the caller, not the request."""

    def __init__(self) -> None:
        super().__init__()
        self._resume_at = 0.0

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Wait out a pause that another read was given, then send."""
        time.sleep(max(0.0, self._resume_at - time.monotonic()))
        response = self.next.send(request)
        if response.http_response.status_code == 429:
            seconds = _seconds(response.http_response.headers.get("Retry-After"))
            self._resume_at = max(self._resume_at, time.monotonic() + min(seconds, LONGEST_PAUSE))
        return response


def build_pipeline(
    session: requests.Session,
    credential: OneToken,
    audience: str,
    resource_manager: str,
    versions: NegotiateApiVersion,
    *,
    timeout: float,
    backoff: float = 0.8,
) -> Pipeline[Any, Any]:
    """One pipeline for every ARM client of the run.

    `timeout` is in seconds per request; `backoff` is azure-core's factor, 0 in tests. The SDK's own policy that
    registers a missing resource provider is left out on purpose: the plugin never changes anything in Azure. So is
    the one that follows redirects: the token would go along.
    """
    transport = RequestsTransport(
        session=session, session_owner=False, connection_timeout=min(timeout, 10.0), read_timeout=timeout
    )
    return Pipeline(
        transport,
        policies=[
            RequestIdPolicy(),
            HeadersPolicy({"Accept": "application/json"}),
            UserAgentPolicy("pytest-amlpreflight"),
            ContentDecodePolicy(),
            versions,
            CappedRetry(
                retry_total=3, retry_connect=1, retry_read=1, retry_backoff_factor=backoff, retry_backoff_max=8
            ),
            KeepHome(resource_manager),
            ARMChallengeAuthenticationPolicy(credential, f"{audience}/.default"),
            PauseTogether(),
        ],
    )


def _seconds(header: str | None) -> float:
    try:
        return float(header or 0)
    except ValueError:  # an HTTP date; ARM sends seconds, and a pause is a courtesy
        return 0.0
