"""Faults: misbehaviour that is data. They count requests and never look at the clock, so that a run can be repeated."""

import zlib
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from .answers import Answer
from .ids import ArmPath, key

KINDS = (
    *("throttle", "deny", "vanish", "slow", "reset", "truncate", "garble", "status", "token", "admit", "add"),
    *("set", "answer", "flood", "trickle"),
)


@dataclass(slots=True)
class Fault:
    """One misbehaviour: `kind`, for the requests that `resource` selects, the first `times` of them (None: all).

    `resource` is an ARM id, an ARM type, or a path with `*`. `retry_after` and `seconds` are in seconds.
    `headers` and `trailers` are those of a scoring host's answer.

    `set` puts `value` where `member` leads in the answer, which else is as it would be. `answer` sends this `status`,
    `body` and `headers` in its place. `flood` and `trickle` send `size` bytes, as fast as they are taken or one every
    `seconds`; with a `content-encoding` of gzip among the headers they are packed.
    """

    kind: str
    resource: str = "*"
    times: int | None = None
    retry_after: int | None = None
    seconds: float = 1.0
    status: int = 500
    code: str | None = None
    message: str | None = None
    method: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    trailers: dict[str, str] = field(default_factory=dict)
    member: list[str | int] = field(default_factory=list)
    value: Any = None
    body: str = ""
    size: int = 2 * 1024**3
    met: int = field(default=0, init=False)

    def meets(self, method: str, path: str, arm: ArmPath | None) -> bool:
        """Whether the fault has this request in mind; counts it if so."""
        exhausted = self.times is not None and self.met >= self.times
        if exhausted or (self.method and self.method.upper() != method) or not self._selects(path, arm):
            return False
        self.met += 1
        return True

    def _selects(self, path: str, arm: ArmPath | None) -> bool:
        if self.kind == "token":
            return path == "/msi/token"
        wanted = self.resource.lower()
        if wanted.startswith("/") or "*" in wanted:
            return path != "/msi/token" and fnmatchcase(key(path), wanted)
        return arm is not None and arm.type.lower() == wanted


def first_met(faults: list[Fault], method: str, path: str, arm: ArmPath | None) -> Fault | None:
    """The first fault that has this request in mind."""
    return next((fault for fault in faults if fault.meets(method, path, arm)), None)


def tampered(answer: Answer, fault: Fault | None) -> Answer:
    """The answer as a fault changes it."""
    if fault is not None and fault.kind == "answer":
        return Answer(fault.body.encode(), fault.status, fault.headers)
    if fault is not None and fault.kind == "set" and isinstance(answer.body, (dict, list)):
        return replace(answer, body=_with(answer.body, fault.member, fault.value))
    return answer


def pieces(fault: Fault) -> Iterator[bytes]:
    """The body of a flood or a trickle: blanks, which may stand before any JSON."""
    length = 1 if fault.kind == "trickle" else 2**16
    packer = zlib.compressobj(9, wbits=31)
    for _ in range(0, fault.size, length):
        piece = b" " * length
        if fault.headers.get("content-encoding") == "gzip":
            piece = packer.compress(piece)
        if piece:
            yield piece


def _with(body: Any, member: list[str | int], value: Any) -> Any:
    """A copy of `body` with `value` at a place that is there, or in a mapping that is."""
    if not member:
        return value
    copy = whole = deepcopy(body)
    for step in member[:-1]:
        copy = copy[step]
    copy[member[-1]] = value
    return whole
