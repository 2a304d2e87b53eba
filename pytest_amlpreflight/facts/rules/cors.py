"""When a browser lets a page's script go on, by what is said to its question beforehand.

The Fetch standard's "CORS-preflight fetch": https://fetch.spec.whatwg.org/#cors-preflight-fetch
"""

from pytest_amlpreflight.facts.resources.scoring import Response

ASKED = ("authorization", "content-type")
"""The headers that a page's script sends to an endpoint."""


def cors_refusal(origin: str, response: Response) -> str | None:
    """Why a browser would not let a page of that origin call the endpoint; None where it would.

    `*` stands for every origin and for every header but Authorization, which has to be named.
    """
    if not response.ok:
        return "no 2xx"
    admitted = response.headers.get("access-control-allow-origin")
    if admitted is None:
        return "no Access-Control-Allow-Origin"
    if admitted not in ("*", origin):
        return f"Access-Control-Allow-Origin is {admitted[:100]}"
    listed = response.headers.get("access-control-allow-headers", "").lower().split(",")
    named = {name.strip() for name in listed}
    lacking = [name for name in ASKED if name not in named and not ("*" in named and name != "authorization")]
    return f"Access-Control-Allow-Headers lacks {' and '.join(lacking)}" if lacking else None
