"""What a host shows when TLS begins, whatever is wrong with it."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from pytest_amlpreflight.facts.resources.certificate import Certificate
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.connection.certificate import read_certificate
from pytest_amlpreflight.readers.connection.routing import Route, parse_connect_to

HOST = "inference.contoso.com"
NOW = datetime(2026, 11, 21, tzinfo=UTC)
Read = Callable[..., Certificate]


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    """The authority that callers trust, its certificate in `authority.pem`."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    return made


@pytest.fixture
def read(tmp_path: Path) -> Iterator[Read]:
    """Look at what a server shows with this certificate, on 127.0.0.1 and for a few connections."""
    opened: list[socket.socket] = []

    def look(certificate: trustme.LeafCert | None) -> Certificate:
        listener = socket.create_server(("127.0.0.1", 0))
        opened.append(listener)
        threading.Thread(target=_serve, args=(listener, certificate), daemon=True).start()
        to = parse_connect_to(f"{HOST}:443:127.0.0.1:{listener.getsockname()[1]}")
        return read_certificate(Route(_nobody, [to]), HOST, 443, str(tmp_path / "authority.pem"), 5, NOW)

    yield look
    for listener in opened:
        listener.close()


def _nobody(host: str) -> None:
    raise AssertionError(f"{host} was looked up")


def _serve(listener: socket.socket, certificate: trustme.LeafCert | None) -> None:
    settings = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if certificate:
        certificate.configure_cert(settings)
    for _ in range(2):
        try:
            connection, _ = listener.accept()
            if certificate is None:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.close()
            else:
                settings.wrap_socket(connection, server_side=True).close()
        except OSError:
            continue


def test_a_certificate_tells_its_names_and_its_days(authority: trustme.CA, read: Read) -> None:
    """By the authorities that requests trusts."""
    found = read(authority.issue_cert(HOST, "10.0.0.7", not_after=NOW + timedelta(days=40, hours=1)))

    assert (set(found.names), found.days_left, found.distrust) == ({HOST, "10.0.0.7"}, 40, None)
    assert found.fits


def test_one_that_has_run_out_is_read_all_the_same(authority: trustme.CA, read: Read) -> None:
    """And its chain is not blamed for it."""
    past = datetime.now(UTC) - timedelta(days=3)

    found = read(authority.issue_cert(HOST, not_before=past - timedelta(days=90), not_after=past))

    assert found.distrust is None
    assert found.expires == f"{past:%Y-%m-%d}"


def test_one_of_an_unknown_authority_says_what_openssl_says(authority: trustme.CA, read: Read) -> None:
    """A server that leaves the intermediate out looks the same."""
    found = read(trustme.CA().issue_cert("other.contoso.com"))

    assert "unable to get local issuer certificate" in str(found.distrust)
    assert not found.fits


def test_a_server_without_tls_is_unreadable(authority: trustme.CA, read: Read) -> None:
    """Whoever answers there shows no certificate."""
    with pytest.raises(FactUnreadable, match=f"the certificate of {HOST}"):
        read(None)
