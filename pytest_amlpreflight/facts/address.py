"""Addresses of hosts, as documents and files write them: not every text is one."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
"""RFC 1123, 2.1, and the underscore that DNS itself admits. Names of other alphabets come in their ASCII form."""

LONGEST_NAME = 253
DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Address:
    """An http or https address in its parts. `host` is a name or an IP address, the latter without brackets."""

    scheme: str
    host: str
    port: int
    path: str


def parse_address(text: str) -> Address | None:
    """The parts of an http or https address, or None where it is none that a request could go to."""
    if any(letter.isspace() or not letter.isprintable() for letter in text):
        return None
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # brackets without an end, a port that is no number
        return None
    if parts.scheme not in DEFAULT_PORTS or not (is_host_name(host) or is_ip_address(host)):
        return None
    return Address(parts.scheme, host, DEFAULT_PORTS[parts.scheme] if port is None else port, parts.path)


def is_host_name(text: str) -> bool:
    """Whether DNS could be asked for it: labels of 1 to 63 letters, digits and dashes, 253 in all."""
    labels = text.removesuffix(".").split(".")
    return len(text) <= LONGEST_NAME and text.isascii() and all(_LABEL.fullmatch(label) for label in labels)


def is_ip_address(text: str) -> bool:
    """Whether it is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
