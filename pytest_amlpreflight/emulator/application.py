"""The ASGI application: one request in, faults first, then the table, one answer out, and a line in the log."""

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request as HttpRequest

from . import progress, recorded
from .answers import Answer, arm_error, unauthorized
from .arm import metadata, routes
from .arm.call import Call
from .data_plane import hosts, scoring
from .data_plane.local_model import LocalModel
from .data_plane.visit import Visit
from .entra import graph, tokens
from .faults import Fault, first_met, pieces, tampered
from .ids import ArmPath, parse
from .throttling import Throttle
from .transports import Transports, reset
from .world import Document, World

_OWN = ("/msi/token", "/metadata/endpoints")


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it was answered. `started` and `ended` are seconds of `time.monotonic()`."""

    method: str
    host: str
    path: str
    query: str
    status: int
    started: float
    ended: float


class Application:
    """The whole embedded Azure: identity, metadata, ARM and the scoring hosts, told apart by Host and path."""

    def __init__(
        self, world_of: Callable[[str, ArmPath | None], World], latency: float, own_url: Callable[[], str]
    ) -> None:
        self.world_of, self.latency, self.own_url = world_of, latency, own_url
        self.throttle = Throttle()
        self.requests: list[Request] = []
        self.unanswered: list[str] = []
        self.transports: Transports = {}
        self.models: dict[str, LocalModel | None] = {}

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve one request (ASGI). One that is under way when the emulator stops ends without a word."""
        if scope["type"] == "http":
            with suppress(asyncio.CancelledError):
                await self._serve(scope, receive, send)

    async def _serve(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        request, started = HttpRequest(scope, receive), time.monotonic()
        await asyncio.sleep(self.latency)
        path = unquote(scope["raw_path"].decode(errors="replace").partition("?")[0])
        arm = parse(path)
        host = request.headers.get("host", "").partition(":")[0]
        world = self.world_of(host, arm)
        endpoint = scoring.endpoint_behind(world, host)
        meant = scoring.selector(world, endpoint, path, request.headers) if endpoint else path
        fault = first_met(world.faults, request.method, meant, arm)
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        body = await request.body()
        entry = self._recorded(world, request, path, body)
        if entry is not None:
            await asyncio.sleep(recorded.pause(entry))
            fault = Fault("reset") if "broken" in entry else fault
            answer = recorded.answer(entry, self.own_url())
        elif world.recording is not None and not _is_known(world, request.method, path, arm):
            answer = recorded.not_recorded({"ask": f"{request.method} {path}"})
        elif endpoint is None:
            answer = self._answer(world, request, path, arm, fault, body)
        else:
            answer = await self._score(world, request, path, endpoint, fault, body)
        answer = tampered(answer, fault)
        if answer.unknown:
            asked = scope["query_string"].decode(errors="replace")
            self.unanswered.append(f"{request.method} {path}?{asked}: {answer.unknown}")
        self._record(request, path, answer.status, started)
        await self._send(scope, send, answer, fault)

    def _recorded(self, world: World, request: HttpRequest, path: str, body: bytes) -> Document | None:
        """What the world has recorded for a request."""
        if world.recording is None or path in _OWN:
            return None
        host = request.headers.get("host", "").partition(":")[0]
        place = "" if host in ("localhost", "127.0.0.1") else host
        sent = body.replace(self.own_url().encode(), b"{arm}")
        return world.recording.next(
            recorded.asking(request.method, path, request.url.query, sent, request.headers, host=place)
        )

    def _answer(
        self, world: World, request: HttpRequest, path: str, arm: ArmPath | None, fault: Fault | None, body: bytes
    ) -> Answer:
        host = request.headers.get("host", "").partition(":")[0]
        if path == "/msi/token":
            return tokens.token(world, request.query_params, request.headers, fault)
        if fault is not None and fault.kind in _REFUSALS:
            return _REFUSALS[fault.kind](world, fault, path, arm)
        service = hosts.behind(world, host)
        if service is not None:
            query = dict(request.query_params)
            holds = hosts.held(world, host, path)
            visit = Visit(world, host, holds, request.method, path, query, request.headers, body, self.own_url())
            return service(visit)
        if path == "/metadata/endpoints":
            return metadata.endpoints(world.cloud, self.own_url(), request.query_params.get("api-version"))
        refused = tokens.refusal(world, request.headers.get("authorization"), self.own_url())
        if refused is not None:
            return refused
        if path.startswith("/v1.0/"):
            return graph.answer(world, request.method, path, request.query_params, body)
        if arm is None:
            return arm_error(404, "NotFound", f"The path '{path}' is no ARM path.", unknown="no such route")
        refused, left = self.throttle.weigh(world.throttling, request.method, arm)
        query = dict(request.query_params)
        with progress.as_of_now(world.documents, world.progress, request.method, arm):
            found = refused or routes.dispatch(Call(world, request.method, arm, query, self.own_url(), body))
        return replace(found, headers={**found.headers, **left}) if left else found

    async def _score(
        self, world: World, request: HttpRequest, path: str, endpoint: Document, fault: Fault | None, body: bytes
    ) -> Answer:
        """What a scoring host answers: its door's refusal, or the model's word, on a thread: a model takes its time."""
        if fault is not None and fault.kind in _REFUSALS and fault.kind != "status":
            return _REFUSALS[fault.kind](world, fault, path, None)
        admitted = scoring.admit(world, endpoint, request.method, path, request.headers, fault)
        if isinstance(admitted, Answer):
            answer = admitted
        elif (model := self._model(world, request.headers["host"].partition(":")[0])) is not None:
            said = await asyncio.to_thread(model.ask, request.method, path, dict(request.headers), body)
            answer = scoring.from_model(admitted, *said)
        else:
            answer = scoring.canned(admitted, path, body)
        if fault is not None and fault.kind == "add":
            return replace(answer, headers={**answer.headers, **fault.headers}, trailers=fault.trailers)
        return answer

    def _model(self, world: World, host: str) -> LocalModel | None:
        if host not in self.models:
            self.models[host] = LocalModel.of(world.held_by(host), world.path.parent)
        return self.models[host]

    def _record(self, request: HttpRequest, path: str, status: int, started: float) -> None:
        host = request.headers.get("host", "")
        line = Request(request.method, host, path, request.url.query, status, started, time.monotonic())
        self.requests.append(line)

    async def _send(self, scope: dict[str, Any], send: Any, answer: Answer, fault: Fault | None) -> None:
        kind, body = fault.kind if fault else None, answer.encoded()
        if kind == "reset":
            reset(self.transports.get(tuple(scope["client"])))
            return
        if kind == "garble":
            body = body[: len(body) // 2] + b"<html>"
        names = {"content-type": "application/json; charset=utf-8", **_trace(answer), **answer.headers}
        transport = self.transports.get(tuple(scope["client"]))
        if answer.trailers and transport is not None:
            transport.write(_with_trailers(answer, {**names, "connection": "close"}, body))
            transport.close()
            return
        if fault is not None and kind in ("flood", "trickle"):
            await self._pour(transport, send, {**names, **fault.headers}, fault)
            return
        names.setdefault("content-length", str(len(body)))  # of a HEAD: that of what GET would send
        headers = [(name.lower().encode(), value.encode()) for name, value in names.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        if kind == "truncate":
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            _close(self.transports.get(tuple(scope["client"])))
            return
        await send({"type": "http.response.body", "body": body})

    async def _pour(
        self, transport: asyncio.Transport | None, send: Any, names: Mapping[str, str], fault: Fault
    ) -> None:
        """A body without an end, for as long as somebody takes it."""
        headers = [(name.lower().encode(), value.encode()) for name, value in names.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for piece in pieces(fault):
            if transport is None or transport.is_closing():
                return
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(fault.seconds if fault.kind == "trickle" else 0)
        await send({"type": "http.response.body", "body": b""})


def _is_known(world: World, method: str, path: str, arm: ArmPath | None) -> bool:
    """Whether a recorded world can tell what nobody asked it then: of its resources, and of itself."""
    return path in _OWN or (method == "GET" and arm is not None and world.get(arm.path) is not None)


def _with_trailers(answer: Answer, names: Mapping[str, str], body: bytes) -> bytes:
    """A whole chunked response with fields after its end (RFC 9112, 7.1.2): ASGI servers here cannot send them."""
    head = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    head += [f"{name}: {value}" for name, value in names.items()]
    head += ["transfer-encoding: chunked", f"trailer: {', '.join(answer.trailers)}", "", ""]
    end = ["0", *(f"{name}: {value}" for name, value in answer.trailers.items()), "", ""]
    chunk = f"{len(body):x}\r\n".encode() + body + b"\r\n" if body else b""  # an empty one would be the end
    return "\r\n".join(head).encode() + chunk + "\r\n".join(end).encode()


def _trace(answer: Answer) -> dict[str, str]:
    if "x-request-id" in answer.headers:
        return {}
    request_id = str(uuid.uuid4())
    return {
        "cache-control": "no-cache",
        "x-ms-request-id": request_id,
        "x-ms-correlation-request-id": request_id,
        "x-ms-ratelimit-remaining-subscription-global-reads": "3749",
    }


def _throttle(_world: World, fault: Fault, _path: str, _arm: ArmPath | None) -> Answer:
    text = fault.message or "The request was throttled. Please try again after the time in the Retry-After header."
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    return arm_error(429, fault.code or "TooManyRequests", text, **headers)


def _deny(world: World, fault: Fault, path: str, arm: ArmPath | None) -> Answer:
    action = f"{arm.type}/read" if arm else "*/read"
    client, object_id = world.caller.get("appId", world.caller["objectId"]), world.caller["objectId"]
    text = fault.message or (
        f"The client '{client}' with object id '{object_id}' does not have authorization to perform action "
        f"'{action}' over scope '{path}' or the scope is invalid. If access was recently granted, please refresh "
        "your credentials."
    )
    return arm_error(403, fault.code or "AuthorizationFailed", text)


def _vanish(_world: World, fault: Fault, path: str, _arm: ArmPath | None) -> Answer:
    return arm_error(404, fault.code or "ResourceNotFound", fault.message or f"The Resource '{path}' was not found.")


def _status(_world: World, fault: Fault, _path: str, _arm: ArmPath | None) -> Answer:
    text = fault.message or "The emulator was told to answer this."
    if fault.status == 401:
        return unauthorized(fault.code or "InvalidAuthenticationToken", text)
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    return arm_error(fault.status, fault.code or "InternalServerError", text, **headers)


_REFUSALS: dict[str, Callable[[World, Fault, str, ArmPath | None], Answer]] = {
    "throttle": _throttle,
    "deny": _deny,
    "vanish": _vanish,
    "status": _status,
}


def _close(transport: asyncio.Transport | None) -> None:
    if transport is not None:
        transport.close()
