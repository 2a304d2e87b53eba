"""Requests to the hosts behind the resources: vaults, registries, storage accounts, scoring.

They take the network's own view: names through the one resolver, connections to the address it gave (`connection.py`),
and an answer that never came is told apart by what stood in the way.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http.client import IncompleteRead
from typing import Any

import requests
from urllib3 import exceptions as broken
from urllib3.exceptions import HTTPError

from pytest_amlpreflight.engine import pause
from pytest_amlpreflight.facts.address import parse_address
from pytest_amlpreflight.facts.unreached import HostUnreached, Unbounded, Unreached
from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable
from pytest_amlpreflight.readers.connection.bounded import whole
from pytest_amlpreflight.readers.connection.budget import retry_after
from pytest_amlpreflight.readers.connection.exchange import Exchange, Tap, untapped
from pytest_amlpreflight.readers.connection.home import stray
from pytest_amlpreflight.readers.connection.once import Once
from pytest_amlpreflight.readers.connection.own_limits import require_own_means
from pytest_amlpreflight.readers.connection.pipeline import as_given
from pytest_amlpreflight.readers.connection.routing import ConnectTo, Resolve, Route, RoutedAdapter
from pytest_amlpreflight.readers.connection.tries import Tries
from pytest_amlpreflight.readers.environment import Session

CONNECTIONS = 16
LONGEST_PAUSE = 20.0
"""Seconds that a `Retry-After` is honoured at most: a preflight must answer."""

TRANSIENT = frozenset({429, 500, 502, 503, 504})
FIREWALLED = frozenset({"ForbiddenByFirewall", "ForbiddenByConnection", "AuthorizationFailure"})
"""A vault's words and a storage account's for an address that its firewall does not let in."""

BY_POLICY = "ForbiddenByPolicy"
"""A vault's word for a caller without an access policy, which no role replaces."""

Token = Callable[[str], str]
"""From an audience (`https://vault.azure.net`) to a bearer token for it."""

Homes = Callable[[str], Sequence[str]]
"""From an audience to the hosts, and what is beneath them, that may see a token for it."""


Asked = tuple[requests.Response, bytes, Mapping[str, str]]
Read = Callable[[requests.Response], tuple[bytes, Mapping[str, str]]]
"""From an answer whose body is still under way to the body, and the fields after it."""


class DataPlane:
    """One session for every data-plane host of a run, safe to use from any thread."""

    def __init__(
        self,
        token: Token,
        homes: Homes,
        resolve: Resolve,
        rules: Sequence[ConnectTo] = (),
        *,
        timeout: float,
        backoff: float = 0.8,
        tap: Tap = untapped,
    ) -> None:
        self._once, self._tries, self._tap = Once(), Tries(), tap
        self._homes = homes
        self._token, self._timeout, self._backoff = token, timeout, backoff
        self._session = Session()
        adapter = RoutedAdapter(Route(resolve, rules), pool_maxsize=CONNECTIONS, pool_block=True)
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, adapter)

    def send(
        self,
        method: str,
        url: str,
        *,
        audience: str | None = None,
        carries: str | None = None,
        headers: Mapping[str, str] | None = None,
        data: Any = None,
        json: Any = None,
        timeout: float | None = None,
    ) -> requests.Response:
        """One request and its answer, whatever its status; raises `HostUnreached` where none came.

        `audience` adds a bearer token of the run's own identity; without it `headers` say who is asking, and `carries`
        is the audience of a token that is in them or in the form. Neither goes to a host that is not its home; nor are
        redirects followed.
        """
        if (issued := audience or carries) and (why := stray(url, self._homes(issued))):
            raise HostUnreached(_host(url), Unreached.FOREIGN, why)
        bearer = {"Authorization": f"Bearer {self._token(audience)}"} if audience else {}
        request = requests.Request(method, url, {**bearer, **(headers or {})}, data=data, json=json)
        return self._ask(request, timeout, _let_go)[0]

    def ask(
        self, method: str, url: str, *, headers: Mapping[str, str], data: bytes, timeout: float
    ) -> tuple[requests.Response, bytes, Mapping[str, str]]:
        """The same of a request that is whole as it is: its answer, the body in one piece, the trailers after it.

        One whose connection breaks off is sent once more: hosts close what was kept, at times just when it is used.
        """
        request = requests.Request(method, url, dict(headers), data=data)
        try:
            return self._ask(request, timeout, whole)
        except HostUnreached as error:
            if error.why is not Unreached.RESET:
                raise
        return self._ask(request, timeout, whole)

    def _ask(self, request: requests.Request, timeout: float | None, read: Read) -> Asked:
        if parse_address(request.url) is None:
            raise HostUnreached(_host(request.url), Unreached.NO_HOST, "it is no http address with a host's name in it")
        request.headers = {"User-Agent": "pytest-amlpreflight", **(request.headers or {})}
        request.auth = as_given
        prepared = self._session.prepare_request(request)
        content = prepared.body or b""
        asked = content if isinstance(content, bytes) else content.encode()
        started = time.monotonic()
        told = partial(Exchange, str(prepared.method), str(prepared.url), asked, dict(prepared.headers))
        try:
            response, body, trailers = self._answered(prepared, timeout, read)
        except HostUnreached as error:
            self._tap(told(broken=error.why.value))
            raise
        took = time.monotonic() - started
        self._tap(told(response.status_code, dict(response.headers), body, trailers, seconds=took))
        return response, body, trailers

    def _answered(self, prepared: requests.PreparedRequest, timeout: float | None, read: Read) -> Asked:
        url = str(prepared.url)
        # As `Session.request` does it; a stream, whatever is asked.
        given = self._session.merge_environment_settings(url, {}, True, None, None)
        try:
            response = self._session.send(
                prepared,
                timeout=(min(self._timeout, 10.0), timeout or self._timeout),
                allow_redirects=False,
                **given,
            )
            try:
                return response, *read(response)
            except HTTPError as error:
                response.close()
                raise requests.ConnectionError(error) from None
        except requests.RequestException as error:
            require_own_means(f"the answer of {_host(url)}", _causes(error))
            problem = unreached(_host(url), error)
        except Unbounded as error:
            problem = HostUnreached(_host(url), Unreached.UNBOUNDED, str(error))
        raise problem

    def token(self, audience: str) -> str:
        """A bearer token of the run's own identity, for services that take it in a form."""
        return self._token(audience)

    def read(
        self,
        method: str,
        url: str,
        resource: str,
        *,
        errors: Callable[[requests.Response], tuple[str, str]],
        named_by: str | None = None,
        permission: str | None = None,
        expected: tuple[int, ...] = (200,),
        **request: Any,
    ) -> requests.Response:
        """An answer of one of the `expected` statuses, for a fact. A 404 is `FactAbsent`, all else `FactUnreadable`.

        `errors` digs code and message out of a refusal, which every service writes in its own way. What a later try can
        mend is tried thrice, and no question is asked twice in a run: two deployments may name one secret.
        """
        question = f"{method} {url} {sorted(request.items())}"
        response = self._once.get(question, lambda: self._patiently(question, method, url, resource, request))
        code, message = errors(response) if response.status_code >= 400 else ("", "")
        if response.status_code == 404 and not code:  # a proxy or a wrong address answered: every service has a code
            raise FactUnreadable(resource, status=404, code="MalformedAnswer")
        if response.status_code in expected:
            return response
        if response.status_code == 404:
            raise FactAbsent(resource, named_by=named_by)
        grantable = response.status_code in (401, 403) and code != BY_POLICY and not _by_address(code, message)
        lacking = permission if grantable else None
        raise FactUnreadable(resource, status=response.status_code, code=code, detail=message, permission=lacking)

    def _patiently(
        self, question: str, method: str, url: str, resource: str, request: dict[str, Any]
    ) -> requests.Response:
        while True:
            try:
                response = self.send(method, url, **request)
            except HostUnreached as error:
                problem = error
                # one that was kept may have been closed at this moment
                if error.why is Unreached.RESET and self._tries.failed(question):
                    continue
                break
            failed = self._tries.failed(question) if response.status_code in TRANSIENT else 0
            if not failed:
                self._tries.over(question)
                return response
            asked = retry_after(response.headers)
            pause(min(self._backoff * 2 ** (failed - 1) if asked is None else asked, LONGEST_PAUSE))
        self._tries.over(question)
        raise FactUnreadable(resource, status=None, code=problem.why.value, detail=problem.path or str(problem))


def _let_go(response: requests.Response) -> tuple[bytes, Mapping[str, str]]:
    """The body of an answer that may be remembered, which then holds none of the connections to its host: in a fleet
    there are more hosts than a process may have files open.
    """
    body = response.content
    response.raw = None
    return body, {}


def _by_address(code: str, message: str) -> bool:
    """Whether a service turned the caller's address away, as its firewall says: no permission would have answered.

    A container registry's word is the same for both.
    """
    return code in FIREWALLED or (code == "DENIED" and "not allowed access" in message)


def unreached(host: str, error: requests.RequestException) -> HostUnreached:
    """What an error of requests says of the way to a host."""
    causes = list(_causes(error))
    own = next((cause for cause in causes if isinstance(cause, HostUnreached)), None)
    if own:
        return own
    text = str(causes[-1]).strip().splitlines()[0][:200] if str(causes[-1]).strip() else type(causes[-1]).__name__
    return HostUnreached(host, _why(causes), text)


def _why(causes: Sequence[BaseException]) -> Unreached:
    text = " ".join(str(cause) for cause in causes)
    for why, kinds in _KINDS:
        if any(isinstance(cause, kinds) for cause in causes):
            return why
    if any(isinstance(cause, requests.exceptions.SSLError) for cause in causes):
        if "certificate has expired" in text:
            return Unreached.CERTIFICATE_EXPIRED
        named = "Hostname mismatch" in text or "doesn't match" in text
        return Unreached.CERTIFICATE_NAME if named else Unreached.CERTIFICATE_TRUST
    return Unreached.FAILED


_KINDS: tuple[tuple[Unreached, tuple[type[BaseException], ...]], ...] = (
    (Unreached.PROXY, (requests.exceptions.ProxyError, broken.ProxyError)),
    (Unreached.REFUSED, (ConnectionRefusedError,)),
    (
        Unreached.RESET,
        (ConnectionResetError, BrokenPipeError, broken.IncompleteRead, IncompleteRead, ConnectionAbortedError),
    ),
    # requests' own kinds, not urllib3's: there every connection that could not be made is a time-out
    (Unreached.NOT_CONNECTED, (requests.exceptions.ConnectTimeout,)),
    (Unreached.TIMEOUT, (requests.exceptions.Timeout, broken.ReadTimeoutError, TimeoutError)),
)


def _causes(error: BaseException) -> list[BaseException]:
    """An error and what is beneath it, outermost first: urllib3 wraps in `reason`, requests in the first argument."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            waiting += [getattr(one, "reason", None), *one.args, one.__cause__, one.__context__]
    return found


def _host(url: str) -> str:
    """The host of an address, or what stands in its place."""
    found = parse_address(url)
    return found.host if found else url.partition("://")[2].partition("/")[0][:100] or "nowhere"
