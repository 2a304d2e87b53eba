"""The connections below an ASGI application, which itself cannot break one."""

import asyncio
import socket
import struct

Transports = dict[tuple[str, int], asyncio.Transport]
"""Connections by the address of who is at their other end."""


def reset(transport: asyncio.Transport | None) -> None:
    """Break the connection as a firewall would: SO_LINGER of zero makes the kernel send RST."""
    if transport is not None:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
