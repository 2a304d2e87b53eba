"""Faults: misbehaviour that is data. They count requests and never look at the clock, so that a run can be repeated."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from .ids import ArmPath, key

KINDS = ("throttle", "deny", "vanish", "slow", "reset", "truncate", "garble", "status", "token", "admit", "add")


@dataclass(slots=True)
class Fault:
    """One misbehaviour: `kind`, for the requests that `resource` selects, the first `times` of them (None: all).

    `resource` is an ARM id, an ARM type, or a path with `*`. `retry_after` and `seconds` are in seconds.
    `headers` and `trailers` are those of a scoring host's answer.
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
