"""A DNS server over the world's zones, on one loopback port, UDP and TCP."""

import asyncio
import struct
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from .world import Zones

_TTL = 30
_LONGEST_CHAIN = 8


def resolve(zones: Zones, query: dns.message.Message) -> dns.message.Message | None:
    """The answer to a query, CNAMEs followed across zones; None where the world says silence."""
    response = dns.message.make_response(query, recursion_available=True)
    question = query.question[0]
    name = question.name.to_text(omit_final_dot=True).lower()
    for _ in range(_LONGEST_CHAIN):
        answers = lookup(zones, name)
        if answers is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
            return response
        word = answers.get("answer")
        if word == "silence":
            return None
        if word:
            response.answer.clear()
            response.set_rcode(dns.rcode.from_text(word))
            return response
        target = _add(response, name, answers, question.rdtype)
        if target is None:
            return response
        name = target
    response.set_rcode(dns.rcode.SERVFAIL)
    return response


def zone_of(zones: Zones, name: str) -> str | None:
    """The most specific zone that a name belongs to."""
    holding = [zone for zone in zones if name == zone or name.endswith(f".{zone}")]
    return max(holding, key=len, default=None)


def lookup(zones: Zones, name: str) -> dict[str, Any] | None:
    """What a zone holds for a name: its own record or the wildcard at its closest encloser (RFC 4592), else None.

    A name that exists only because names below it do has no records, which is not the same as not existing.
    """
    zone = zone_of(zones, name)
    if zone is None:
        return None
    records = {record.lower(): answers for record, answers in zones[zone].items() if answers is not None}
    relative = name.removesuffix(zone).rstrip(".") or "@"
    if relative in records:
        return dict(records[relative])
    if _exists(records, relative):
        return {}
    labels = relative.split(".")
    for depth in range(1, len(labels) + 1):
        encloser = ".".join(labels[depth:])
        if not encloser or _exists(records, encloser):
            found = records.get(f"*.{encloser}" if encloser else "*")
            return None if found is None else dict(found)
    return None


def _exists(records: dict[str, Any], relative: str) -> bool:
    return relative == "@" or any(record == relative or record.endswith(f".{relative}") for record in records)


def _add(response: dns.message.Message, name: str, answers: dict[str, Any], wanted: int) -> str | None:
    """Put a name's records into the response; the name to go on with when it is an alias."""
    owner = dns.name.from_text(name)
    kind = dns.rdatatype.to_text(dns.rdatatype.RdataType.make(wanted))
    alias = answers.get("CNAME")
    if alias and kind != "CNAME":
        response.answer.append(dns.rrset.from_text(owner, _TTL, "IN", "CNAME", f"{alias.rstrip('.')}."))
        return str(alias).rstrip(".").lower()
    texts = answers.get(kind) or []
    texts = ["127.0.0.1" if text == "loopback" else text for text in ([texts] if isinstance(texts, str) else texts)]
    if kind == "CNAME":
        texts = [f"{text.rstrip('.')}." for text in texts]
    if texts:
        response.answer.append(dns.rrset.from_text(owner, _TTL, "IN", kind, *texts))
    return None


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, zones: Zones) -> None:
        self.zones = zones

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        answer = _respond(self.zones, data)
        if answer is not None:
            self.transport.sendto(answer, addr)


def _respond(zones: Zones, wire: bytes) -> bytes | None:
    try:
        query = dns.message.from_wire(wire)
    except dns.exception.DNSException:
        return None
    if not query.question:
        return None
    response = resolve(zones, query)
    return response.to_wire() if response else None


class DnsServer:
    """Serves zones on 127.0.0.1, on the same free port for UDP and TCP, from `start` until `close`."""

    def __init__(self, zones: Zones) -> None:
        self.zones, self.port = zones, 0

    async def start(self) -> None:
        """Bind both sockets; `port` is known afterwards."""
        loop = asyncio.get_running_loop()
        while True:
            self._tcp = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            self.port = self._tcp.sockets[0].getsockname()[1]
            try:
                local = ("127.0.0.1", self.port)
                self._udp, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self.zones), local_addr=local)
            except OSError:  # the port is free for TCP only: take another
                self._tcp.close()
                continue
            return

    def close(self) -> None:
        """Close both sockets."""
        self._udp.close()
        self._tcp.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                answer = _respond(self.zones, await reader.readexactly(length))
                if answer is not None:
                    writer.write(struct.pack("!H", len(answer)) + answer)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
