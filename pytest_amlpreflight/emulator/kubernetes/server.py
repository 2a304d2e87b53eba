"""An API server as an ASGI application: who is asking, faults, the answer."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import trustme
from starlette.requests import Request as HttpRequest

from .. import recorded
from ..certificates import ANOTHER_NAME, UNTRUSTED, last_day
from ..faults import Fault, first_met
from ..folder import present
from ..transports import Transports, reset
from ..world import World
from . import api
from .api import Answer
from .cluster import Cluster


class ClusterApplication:
    """The API server of one cluster. `asked` are the methods and paths of what it was asked."""

    def __init__(self, world: World, cluster: Cluster, latency: float, unanswered: Callable[[str], None]) -> None:
        self.world, self.cluster, self.latency, self._unanswered = world, cluster, latency, unanswered
        self.transports: Transports = {}
        self.asked: list[str] = []

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve one request (ASGI). One that is under way when the emulator stops ends without a word."""
        if scope["type"] == "http":
            with suppress(asyncio.CancelledError):
                await self._serve(scope, receive, send)

    async def _serve(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        request = HttpRequest(scope, receive)
        await asyncio.sleep(self.latency)
        path = request.url.path
        self.asked.append(f"{request.method} {path}")
        fault = first_met(self.world.faults, request.method, f"/kubernetes/{self.cluster.name}{path}", None)
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        transport = self.transports.get(tuple(scope["client"]))
        entry = self._recorded(request)
        if entry is not None:
            await asyncio.sleep(recorded.pause(entry))
            fault = Fault("reset") if "broken" in entry else fault
        if fault is not None and fault.kind == "reset":
            reset(transport)
            return
        found = _as_recorded(entry) if entry else self._refused(request, transport, fault)
        if found is None and self.world.recording is not None:
            words = f"{request.method} {path} was not asked when this world was recorded"
            found = api.refusal(501, "NotRecorded", words, unknown="not recorded")
        found = found or api.answer(
            self.cluster,
            api.Request(
                request.method,
                path,
                dict(request.query_params),
                request.headers.get("accept", ""),
                await request.body(),
            ),
        )
        if found.unknown:
            self._unanswered(f"{request.method} {path} of cluster {self.cluster.name}: {found.unknown}")
        body = found.encoded()
        headers = [(b"content-type", found.kind.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": found.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _recorded(self, request: HttpRequest) -> dict[str, Any] | None:
        recording, path = self.world.recording, request.url.path
        asked = recorded.asking(request.method, path, request.url.query, b"", {}, cluster=self.cluster.id)
        return recording.next(asked) if recording else None

    def _refused(self, request: HttpRequest, transport: asyncio.Transport | None, fault: Fault | None) -> Answer | None:
        known = request.headers.get("authorization") == f"Bearer {self.cluster.token}"
        if not known and not (transport and transport.get_extra_info("peercert")):
            return api.refusal(401, "Unauthorized", "Unauthorized")
        kind = fault.kind if fault else None
        if kind == "deny":
            return api.forbidden(request.url.path, fault.message if fault else None)
        if kind == "vanish":
            return api.refusal(404, "NotFound", "the server could not find the requested resource")
        if kind in ("status", "throttle"):
            status = fault.status if fault and kind == "status" else 429
            return api.refusal(status, (fault and fault.code) or "InternalError", "the emulator was told to say this")
        return None


def _as_recorded(entry: dict[str, Any]) -> Answer:
    body = entry["text"] if "text" in entry else entry.get("body")
    return Answer(body, int(entry["status"]), "text/plain" if "text" in entry else "application/json")


def context(authority: trustme.CA, names: tuple[str, ...], wrong: str | None = None) -> ssl.SSLContext:
    """TLS of an API server, with a client certificate where the client has one; `wrong` as the world has it."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer = trustme.CA() if wrong == UNTRUSTED else authority
    shown = ("another.example.com",) if wrong == ANOTHER_NAME else ("localhost", "127.0.0.1", *names)
    present(issuer.issue_cert(*shown, not_after=last_day(wrong)), made)
    authority.configure_trust(made)
    made.verify_mode = ssl.CERT_OPTIONAL
    return made
