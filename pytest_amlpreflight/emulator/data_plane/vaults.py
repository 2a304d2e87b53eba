"""A key vault's data plane: the versions of its secrets, never their values."""

from typing import TYPE_CHECKING, Any

from ..answers import Answer
from ..clouds import CLOUDS
from ..entra import tokens

if TYPE_CHECKING:
    from .hosts import Visit

_VERSIONS = ("7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "2025-07-01")
_PAGE = 25


def answer(visit: "Visit") -> Answer:
    """`GET /secrets/{name}/versions`; a caller without a token for vaults is sent to fetch one, as the SDK expects."""
    resource = f"https://{CLOUDS[visit.world.cloud].key_vault}"
    if tokens.audience_of(visit.headers.get("authorization")) != resource:
        return _unauthorized(visit, resource)
    if visit.query.get("api-version") not in _VERSIONS:
        return _error(400, "BadParameter", "The specified version is not supported", unknown="unknown api-version")
    if refusal := visit.holds.get("refuses"):
        return _error(403, "Forbidden", f"The request was turned away by {visit.host}.", inner=str(refusal))
    parts = visit.path.strip("/").split("/")
    if visit.method != "GET" or len(parts) != 3 or (parts[0], parts[2]) != ("secrets", "versions"):
        return _error(404, "NotFound", "The emulated vault lists versions of secrets only.", unknown="no such route")
    return _versions(visit, parts[1])


def _versions(visit: "Visit", name: str) -> Answer:
    """A secret that is not there has no versions: Azure answers 404 only for the secret itself."""
    secrets: dict[str, Any] = visit.holds.get("secrets") or {}
    secret = next((held for known, held in secrets.items() if known.lower() == name.lower()), None)
    if secret is None:
        return _error(404, "SecretNotFound", f"A secret with (name/id) {name} was not found in this key vault.")
    place = f"https://{visit.host}/secrets/{name}"
    rows = [{"id": f"{place}/{version}", "attributes": held or {}} for version, held in secret["versions"].items()]
    start = int(visit.query.get("$skiptoken", "0"))
    size = int(visit.query.get("maxresults", _PAGE))
    onward = f"{place}/versions?api-version={visit.query['api-version']}&$skiptoken={start + size}&maxresults={size}"
    more = start + size < len(rows)
    return Answer(
        {
            "value": rows[start : start + size],
            "nextLink": onward.replace("/secrets", ":443/secrets", 1) if more else None,
        }
    )


def _unauthorized(visit: "Visit", resource: str) -> Answer:
    login = f"{CLOUDS[visit.world.cloud].login}/{visit.world.tenant}"
    challenge = {"WWW-Authenticate": f'Bearer authorization="{login}", resource="{resource}"'}
    text = "AKV10000: Request is missing a Bearer or PoP token."
    return Answer({"error": {"code": "Unauthorized", "message": text}}, 401, challenge)


def _error(status: int, code: str, message: str, *, inner: str | None = None, unknown: str | None = None) -> Answer:
    error: dict[str, Any] = {"code": code, "message": message}
    if inner:
        error["innererror"] = {"code": inner}
    return Answer({"error": error}, status, unknown=unknown)
