"""What goes back over the wire: a status, headers and a body, and Azure's several ways of saying no."""

import json
from dataclasses import dataclass, field
from typing import Any

GATEWAY = {"x-ms-failure-cause": "gateway"}
"""ARM itself answered; without it the resource provider did."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response before it is sent. `unknown` says why the emulator could not do better: reported at the run's end."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    unknown: str | None = None
    escape_slashes: bool = False
    trailers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """The body as sent. Microsoft.Network's private DNS escapes slashes, as some JSON writers do."""
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):  # what is no JSON, such as storage's XML, comes as it is
            return self.body
        text = json.dumps(self.body, ensure_ascii=False, separators=(",", ":"))
        return (text.replace("/", "\\/") if self.escape_slashes else text).encode()


def arm_error(status: int, code: str, message: str, *, unknown: str | None = None, **headers: str) -> Answer:
    """ARM's own refusal: `{"error": {"code", "message"}}` with `x-ms-failure-cause: gateway`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer({"error": {"code": code, "message": message}}, status, GATEWAY | named, unknown)


def machine_learning_not_found(message: str) -> Answer:
    """The second 404 dialect, spoken by Azure Machine Learning's own services under their own hosts."""
    return machine_learning_error(404, message, "NotFoundError")


def machine_learning_error(status: int, message: str, *codes: str) -> Answer:
    """A refusal in that dialect: `UserError` outside, and the codes within one another."""
    inner: dict[str, Any] | None = None
    for code in reversed(codes):
        inner = {"code": code, "innerError": inner}
    error: dict[str, Any] = {
        "code": "UserError",
        "severity": None,
        "message": message,
        "messageFormat": None,
        "target": None,
        "details": [],
        "innerError": inner,
        "debugInfo": None,
        "additionalInfo": None,
    }
    body = {
        "error": error,
        "correlation": {"operation": "0" * 32, "request": "0" * 16},
        "environment": "eastus2",
        "location": "eastus2",
        "time": "2026-01-01T00:00:00.0000000+00:00",
        "componentName": "account-rp",
    }
    return Answer(body, status, {"x-ms-response-type": "error"})


def front_end_not_found(message: str, region: str) -> Answer:
    """The same 404 as ARM hands it on from Azure Machine Learning's front end: inner code and place are rows of
    `additionalInfo`, as recorded.
    """
    told = {
        "ComponentName": "managementfrontend",
        "Correlation": {"operation": "0" * 32, "request": "0" * 16},
        "Environment": region,
        "Location": region,
        "Time": "2026-01-01T00:00:00.0000000+00:00",
        "InnerError": {"code": "NotFoundError", "innerError": None},
    }
    rows = [{"type": name, "info": {"value": value}} for name, value in told.items()]
    error = {"code": "UserError", "message": message, "details": [], "additionalInfo": rows}
    return Answer({"error": error}, 404, {"x-ms-response-type": "error"})


def unauthorized(code: str, message: str) -> Answer:
    """401 with the challenge ARM sends along."""
    challenge = (
        f'Bearer authorization_uri="https://login.windows.net/", error="invalid_token", error_description="{code}"'
    )
    return Answer({"error": {"code": code, "message": message}}, 401, GATEWAY | {"WWW-Authenticate": challenge})
