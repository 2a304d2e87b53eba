"""An HTTPS proxy for clients that cannot be told where to connect: every host of the world is led to the emulator.

Every other host is refused, so that nothing which was meant for the emulated Azure leaves the machine.
"""

import asyncio
from collections.abc import Callable, Collection

_LONGEST_HEAD = 10.0


class Proxy:
    """Tunnels `CONNECT HOST:PORT` to the port of the emulator, on 127.0.0.1, from `start` until `close`."""

    def __init__(self, hosts: Collection[str], target: Callable[[], int]) -> None:
        self._hosts, self._target, self.port = {host.lower() for host in hosts}, target, 0

    async def start(self) -> None:
        """Listen; `port` is known afterwards."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Stop listening; what is open ends with its ends."""
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_LONGEST_HEAD):
                head = await reader.readuntil(b"\r\n\r\n")
            method, _, rest = head.decode("latin-1").partition(" ")
            host = rest.partition(" ")[0].rpartition(":")[0].strip("[]").lower()
            if method != "CONNECT" or not self._leads_to(host):
                await _refuse(writer, f"the emulated Azure has no host {host or rest.partition(' ')[0]}")
                return
            await self._tunnel(reader, writer)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, OSError):
            pass
        finally:
            writer.close()

    def _leads_to(self, host: str) -> bool:
        """Whether it is one of the hosts, or below one that stands for all of its kind, as `*.vault.azure.net`."""
        return host in self._hosts or f"*.{host.partition('.')[2]}" in self._hosts

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._target())
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_pipe(reader, inner_writer), _pipe(inner_reader, writer))


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


async def _refuse(writer: asyncio.StreamWriter, why: str) -> None:
    writer.write(f"HTTP/1.1 403 Forbidden\r\ncontent-length: {len(why)}\r\nconnection: close\r\n\r\n{why}".encode())
    await writer.drain()
