"""The certificate that a host shows, whatever is wrong with it."""

import os
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from pytest_amlpreflight.facts.resources.certificate import Certificate
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.connection.routing import Route

OUT_OF_CHAIN = frozenset({10, 62, 64})
"""What OpenSSL finds wrong with a certificate itself rather than with its chain: it has run out, its name, its address.

https://docs.openssl.org/master/man1/openssl-verification-options/
"""


def read_certificate(
    route: Route, host: str, port: int, bundle: str | bool | None, timeout: float, now: datetime | None = None
) -> Certificate:
    """What the host shows, by the authorities in the file or folder `bundle`, else those that requests trusts; asked
    again without any where they do not vouch for it. Raises `FactUnreadable` where nobody answers, `HostUnreached` for
    a name without an address.
    """
    place, given = route(host, port), Path(bundle if isinstance(bundle, str) else DEFAULT_CA_BUNDLE_PATH)
    folder = str(given) if os.path.isdir(given) else None
    trusting = ssl.create_default_context(cafile=None if folder else str(given), capath=folder)
    trusting.check_hostname = False  # the name is judged apart
    shown, distrust = _shake_hands(trusting, host, place, timeout)
    if shown is None:
        taking_any = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        taking_any.check_hostname, taking_any.verify_mode = False, ssl.CERT_NONE
        shown, _ = _shake_hands(taking_any, host, place, timeout)
    if shown is None:
        raise _unreadable(host, "it shows no certificate")
    return _read(host, shown, distrust, now or datetime.now(UTC))


def _shake_hands(
    settings: ssl.SSLContext, host: str, place: tuple[str, int], timeout: float
) -> tuple[bytes | None, str | None]:
    """What it showed (DER), or why its chain is not trusted."""
    try:
        plain = socket.create_connection(place, timeout)
        with plain, settings.wrap_socket(plain, server_hostname=host) as tls:
            return tls.getpeercert(binary_form=True), None
    except ssl.SSLCertVerificationError as error:
        return None, None if error.verify_code in OUT_OF_CHAIN else error.verify_message
    except OSError as error:
        problem = _unreadable(host, str(error))
    raise problem


def _read(host: str, shown: bytes, distrust: str | None, now: datetime) -> Certificate:
    try:
        found = x509.load_der_x509_certificate(shown)
    except ValueError as error:  # OpenSSL takes some that are not written as the standard has it
        raise _unreadable(host, f"its certificate cannot be read: {error}") from None
    try:
        alternative = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        names: list[str] = []
    else:
        addresses = [str(address) for address in alternative.get_values_for_type(x509.IPAddress)]
        names = [*alternative.get_values_for_type(x509.DNSName), *addresses]
    ends = found.not_valid_after_utc
    left = (ends - now).days
    return Certificate(host, tuple(names), found.issuer.rfc4514_string(), f"{ends:%Y-%m-%d}", left, distrust)


def _unreadable(host: str, detail: str) -> FactUnreadable:
    return FactUnreadable(f"the certificate of {host}", status=None, code="ConnectionFailed", detail=detail)
