"""What TLS shows: one authority vouches for every host, except for those whose certificate the world says is wrong."""

import ssl
from collections.abc import Iterable

import trustme

from .world import World

ANOTHER_NAME, UNTRUSTED = "another_name", "untrusted"


def context(authority: trustme.CA, names: Iterable[str], world: World) -> ssl.SSLContext:
    """A server's TLS: the certificate for all `names`, and for a host with a wrong one that, chosen by SNI."""
    made = _with_certificate(authority, *names)
    wrong = {host: _wrong(authority, held["certificate"], host) for host, held in _with_certificates(world).items()}

    def choose(connection: ssl.SSLObject, host: str | None, _: ssl.SSLContext) -> None:
        if host in wrong:
            connection.context = wrong[host]

    made.sni_callback = choose
    return made


def _with_certificates(world: World) -> dict[str, dict[str, str]]:
    return {host: held for host, held in world.data_plane.items() if "certificate" in held}


def _wrong(authority: trustme.CA, how: str, host: str) -> ssl.SSLContext:
    if how == UNTRUSTED:
        return _with_certificate(trustme.CA(), host)
    return _with_certificate(authority, "another.example.com")


def _with_certificate(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*dict.fromkeys(names)).configure_cert(made)
    return made
