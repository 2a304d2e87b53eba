"""The token endpoint, and the one question ARM asks of a token: were you issued for me?"""

import base64
import json
import time
from collections.abc import Mapping
from typing import Any

from ..answers import Answer, unauthorized
from ..clouds import CLOUDS
from ..faults import Fault
from ..world import World

HEADER = "amlpreflight-emulator"
"""The secret that App Service puts into IDENTITY_HEADER; here it only has to be there."""

_LIFETIME = 24 * 3600
_SIGNATURE = base64.urlsafe_b64encode(b"not a signature").rstrip(b"=").decode()


def token(world: World, query: Mapping[str, str], headers: Mapping[str, str], fault: Fault | None) -> Answer:
    """A token as App Service's managed identity endpoint hands it out, for the resource asked for."""
    if fault is not None:
        message = fault.message or "No managed identity was found for the given request."
        return Answer({"statusCode": 400, "message": message, "correlationId": ""}, 400)
    if not headers.get("x-identity-header"):
        return Answer({"statusCode": 401, "message": "The X-IDENTITY-HEADER header is missing."}, 401)
    resource = query.get("resource", "")
    if not resource:
        return Answer({"statusCode": 400, "message": "The resource parameter is missing."}, 400)
    expires = int(time.time()) + _LIFETIME
    return Answer(
        {
            "access_token": issue(world, resource, expires),
            "client_id": world.caller.get("appId", world.caller["objectId"]),
            "expires_on": str(expires),
            "not_before": str(expires - _LIFETIME - 300),
            "resource": resource,
            "token_type": "Bearer",
        }
    )


def issue(world: World, audience: str, expires: int) -> str:
    """A token of JWT's shape with the claims that callers read. It is signed by nobody."""
    claims = {
        "aud": audience,
        "iss": f"https://sts.windows.net/{world.tenant}/",
        "iat": expires - _LIFETIME,
        "nbf": expires - _LIFETIME,
        "exp": expires,
        "appid": world.caller.get("appId", world.caller["objectId"]),
        "idtyp": "app",
        "oid": world.caller["objectId"],
        "sub": world.caller["objectId"],
        "tid": world.tenant,
        "ver": "1.0",
    }
    return f"{_encode({'typ': 'JWT', 'alg': 'RS256', 'kid': 'emulator'})}.{_encode(claims)}.{_SIGNATURE}"


def refusal(world: World, authorization: str | None, own_url: str) -> Answer | None:
    """What ARM answers to a request without a token meant for it; None when the token will do."""
    kind, _, bearer = (authorization or "").partition(" ")
    if kind.lower() != "bearer" or not bearer:
        text = "Authentication failed. The 'Authorization' header is missing."
        return unauthorized("AuthenticationFailed", text)
    claims = _claims(bearer)
    if claims is None:
        return unauthorized("InvalidAuthenticationToken", "The access token is invalid.")
    allowed = [*CLOUDS[world.cloud].audiences, own_url]
    if str(claims.get("aud")).rstrip("/") not in {audience.rstrip("/") for audience in allowed}:
        listed = ",".join(f"'{audience}'" for audience in allowed)
        text = (
            f"The access token has been obtained for wrong audience or resource '{claims.get('aud')}'. "
            f"It should exactly match with one of the allowed audiences {listed}."
        )
        return unauthorized("InvalidAuthenticationTokenAudience", text)
    if int(claims.get("exp", 0)) < time.time():
        return unauthorized(
            "ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than current time."
        )
    return None


def audience_of(authorization: str | None) -> str | None:
    """Whom the bearer token was issued for, without a trailing slash; None without a token that is still good."""
    kind, _, bearer = (authorization or "").partition(" ")
    claims = _claims(bearer) if kind.lower() == "bearer" else None
    if claims is None or int(claims.get("exp", 0)) < time.time():
        return None
    return str(claims.get("aud")).rstrip("/")


def _encode(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def _claims(bearer: str) -> dict[str, Any] | None:
    parts = bearer.split(".")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "==="))
    except (IndexError, ValueError):
        return None
    return claims if isinstance(claims, dict) and len(parts) == 3 else None
