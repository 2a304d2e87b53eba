"""A key vault's data plane: its secrets and their versions; a world holds no values."""

from typing import Any

from ..answers import Answer
from ..clouds import CLOUDS
from ..entra import tokens
from .visit import Visit

_VERSIONS = ("7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "2025-07-01", "2026-04-01")
_PAGE = 25

_NOBODY = "00000000-0000-0000-0000-000000000000"
_REFUSALS = {
    "ForbiddenByFirewall": "Client address is not authorized and caller is not a trusted service.",
    "ForbiddenByConnection": (
        "Public network access is disabled and request is not from a trusted service nor via an approved private link."
    ),
    "ForbiddenByRbac": "Caller is not authorized to perform action on resource.",
}

VALUE = "emulated"
"""What every secret holds."""


def answer(visit: Visit) -> Answer:
    """Lists and single secrets; a caller without a token for vaults is sent to fetch one, as the SDK expects."""
    resource = f"https://{CLOUDS[visit.world.cloud].key_vault}"
    if tokens.audience_of(visit.headers.get("authorization")) != resource:
        return _unauthorized(visit, resource)
    if visit.query.get("api-version") not in _VERSIONS:
        return _error(400, "BadParameter", "The specified version is not supported", unknown="unknown api-version")
    if refusal := visit.holds.get("refuses"):
        return _error(403, "Forbidden", _refused(visit, str(refusal)), inner=str(refusal))
    parts = visit.path.strip("/").split("/")
    if visit.method != "GET" or parts[0] != "secrets" or len(parts) > 3:
        return _error(404, "NotFound", "The emulated vault tells of secrets only.", unknown="no such route")
    if len(parts) == 1:
        return _page(visit, "secrets", [_about(visit, name) for name in _secrets(visit)])
    secret = next((held for known, held in _secrets(visit).items() if known.lower() == parts[1].lower()), None)
    if secret is None:
        return _absent(parts[1])
    if parts[2:] == ["versions"]:
        place = f"https://{visit.host}/secrets/{parts[1]}"
        rows = [{"id": f"{place}/{one}", "attributes": held or {}} for one, held in secret["versions"].items()]
        return _page(visit, f"secrets/{parts[1]}/versions", rows)
    return _secret(visit, parts[1], secret["versions"], parts[2] if len(parts) == 3 else None)


def _secrets(visit: Visit) -> dict[str, Any]:
    return dict(visit.holds.get("secrets") or {})


def _about(visit: Visit, name: str) -> dict[str, Any]:
    """A secret as lists show it: by the attributes of its latest version."""
    versions = list(_secrets(visit)[name]["versions"].values())
    return {"id": f"https://{visit.host}/secrets/{name}", "attributes": (versions and versions[-1]) or {}}


def _secret(visit: Visit, name: str, versions: dict[str, Any], version: str | None) -> Answer:
    """One secret, the latest version unless another is asked for; its value says that nobody's is held here."""
    wanted = version or next(reversed(versions), None)
    if wanted is None or wanted not in versions:
        return _absent(f"{name}/{version}" if version else name)
    attributes = versions[wanted] or {}
    if attributes.get("enabled") is False:
        text = "Operation get is not allowed on a disabled secret."
        return _error(403, "Forbidden", text, inner="SecretDisabled")
    place = f"https://{visit.host}/secrets/{name}/{wanted}"
    return Answer({"value": VALUE, "id": place, "attributes": attributes, "tags": {}})


def _refused(visit: Visit, word: str) -> str:
    """Why, in the vault's words as recorded; the lines below it say who asked, and where."""
    name = visit.host.partition(".")[0]
    if word == "ForbiddenByPolicy":
        who = f"appid={_NOBODY};oid={_NOBODY};iss=https://sts.windows.net/{visit.world.tenant}/"
        return (
            f"The user, group or application '{who}' does not have secrets {_permission(visit)} permission on key "
            f"vault '{name};location=eastus2'. For help resolving this issue, please see "
            "https://go.microsoft.com/fwlink/?linkid=2125287"
        )
    why = _REFUSALS.get(word, f"The request was turned away by {visit.host}.")
    address = f"\r\nClient address: {visit.world.caller['address']}" if "address" in visit.world.caller else ""
    return f"{why}{address}\r\nCaller: appid={_NOBODY};oid={_NOBODY}\r\nVault: {name};location=eastus2"


def _permission(visit: Visit) -> str:
    parts = visit.path.strip("/").split("/")
    return "list" if len(parts) == 1 or parts[2:] == ["versions"] else "get"


def _absent(name: str) -> Answer:
    return _error(404, "SecretNotFound", f"A secret with (name/id) {name} was not found in this key vault.")


def _page(visit: Visit, path: str, rows: list[dict[str, Any]]) -> Answer:
    given = visit.query.get("$skiptoken", "0"), visit.query.get("maxresults", str(_PAGE))
    if not all(one.isdecimal() for one in given):
        return _error(400, "BadParameter", "maxresults and $skiptoken are whole numbers")
    start, size = map(int, given)
    version = visit.query["api-version"]
    onward = f"https://{visit.host}:443/{path}?api-version={version}&$skiptoken={start + size}&maxresults={size}"
    more = start + size < len(rows)
    return Answer({"value": rows[start : start + size], "nextLink": onward if more else None})


def _unauthorized(visit: Visit, resource: str) -> Answer:
    login = f"{CLOUDS[visit.world.cloud].login}/{visit.world.tenant}"
    challenge = {"WWW-Authenticate": f'Bearer authorization="{login}", resource="{resource}"'}
    text = "AKV10000: Request is missing a Bearer or PoP token."
    return Answer({"error": {"code": "Unauthorized", "message": text}}, 401, challenge)


def _error(status: int, code: str, message: str, *, inner: str | None = None, unknown: str | None = None) -> Answer:
    error: dict[str, Any] = {"code": code, "message": message}
    if inner:
        error["innererror"] = {"code": inner}
    return Answer({"error": error}, status, unknown=unknown)
