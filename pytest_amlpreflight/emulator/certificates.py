"""What TLS shows: one authority vouches for every host, except for those whose certificate the world says is wrong."""

import ssl
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import trustme

from .folder import present
from .world import World

ANOTHER_NAME, UNTRUSTED = "another_name", "untrusted"
DAYS_LEFT = {"expired": -2, "expires_soon": 12}
"""What a world may say of a host's certificate; so may `none`, which ends the handshake, and a mapping with `names`,
`days` that are left and whether it is `trusted`.
"""


def context(authority: trustme.CA, names: Iterable[str], world: World) -> ssl.SSLContext:
    """A server's TLS: the certificate for all `names`, and for a host with a wrong one that, chosen by SNI."""
    made = _with_certificate(authority, *names)
    wrong = {host: _wrong(authority, held["certificate"], host) for host, held in _with_certificates(world).items()}

    def choose(connection: ssl.SSLObject, host: str | None, _: ssl.SSLContext) -> int | None:
        if host in wrong:
            if (chosen := wrong[host]) is None:
                return ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE
            connection.context = chosen
        return None

    made.sni_callback = choose
    return made


def _with_certificates(world: World) -> dict[str, dict[str, Any]]:
    return {host: held for host, held in world.data_plane.items() if "certificate" in held}


def _wrong(authority: trustme.CA, how: Any, host: str) -> ssl.SSLContext | None:
    if isinstance(how, dict):
        issuer = authority if how.get("trusted", True) else trustme.CA()
        return _with_certificate(issuer, *(how.get("names") or [host]), days=how.get("days"))
    if how == "none":
        return None
    if how in DAYS_LEFT:
        return _with_certificate(authority, host, days=DAYS_LEFT[how])
    if how == UNTRUSTED:
        return _with_certificate(trustme.CA(), host)
    return _with_certificate(authority, "another.example.com")


def _with_certificate(authority: trustme.CA, *names: str, days: int | None = None) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    present(authority.issue_cert(*dict.fromkeys(names), not_after=_in_days(days)), made)
    return made


def last_day(how: str | None) -> datetime | None:
    """When a certificate ends of which a world says `expired` or `expires_soon`; None for any other."""
    return _in_days(DAYS_LEFT.get(how or ""))


def _in_days(days: int | None) -> datetime | None:
    return None if days is None else datetime.now(UTC) + timedelta(days=days, hours=1)
