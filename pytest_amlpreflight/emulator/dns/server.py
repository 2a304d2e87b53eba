"""A DNS server over the world's zones, on one loopback port, UDP and TCP."""

import asyncio
import struct
from collections.abc import Callable
from typing import Any

import dns.exception
import dns.message

from ..world import Zones
from .zones import resolve

ZonesOf = Callable[[str], Zones]
"""The zones in which a name is looked up: one world's."""


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, zones: ZonesOf) -> None:
        self.zones = zones

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        answer = _respond(self.zones, data)
        if answer is not None:
            self.transport.sendto(answer, addr)


def _respond(zones: ZonesOf, wire: bytes) -> bytes | None:
    try:
        query = dns.message.from_wire(wire)
    except dns.exception.DNSException:
        return None
    if not query.question:
        return None
    response = resolve(zones(query.question[0].name.to_text(omit_final_dot=True).lower()), query)
    return response.to_wire() if response else None


class DnsServer:
    """Serves zones on 127.0.0.1, on the same free port for UDP and TCP, from `start` until `close`."""

    def __init__(self, zones: ZonesOf) -> None:
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
