"""The daemons' own addresses, for a server that other machines reach.

A daemon listens on 127.0.0.1. Where that is not enough, the server carries bytes to it from a port
on its own address; the port is kept with the sandbox, so that it stays the same after a restart.
"""

from __future__ import annotations

import asyncio
import contextlib

_PIECE = 65536


class Doors:
    """One listening port for each daemon that was asked for, until closed."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._open: dict[str, asyncio.Server] = {}

    async def open(self, sandbox_id: str, inner: int, wanted: int | None) -> int:
        """The port that leads to 127.0.0.1:`inner`; `wanted` when that is free.

        Raises OSError when no port can be had.
        """
        if sandbox_id not in self._open:

            async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await _carry(reader, writer, inner)

            server = None
            if wanted is not None:
                with contextlib.suppress(OSError):
                    server = await asyncio.start_server(carry, self._address, wanted)
            server = server or await asyncio.start_server(carry, self._address, 0)
            self._open[sandbox_id] = server
        port: int = self._open[sandbox_id].sockets[0].getsockname()[1]
        return port

    def close(self, sandbox_id: str) -> None:
        """Closes a sandbox's port, if it has one."""
        server = self._open.pop(sandbox_id, None)
        if server is not None:
            server.close()

    def close_all(self) -> None:
        """Closes every port."""
        for sandbox_id in list(self._open):
            self.close(sandbox_id)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, inner: int) -> None:
    try:
        inside_reader, inside_writer = await asyncio.open_connection("127.0.0.1", inner)
    except OSError:
        writer.close()
        return
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(_pump(reader, inside_writer))
            both.create_task(_pump(inside_reader, writer))
    except* OSError:
        pass
    finally:
        writer.close()
        inside_writer.close()


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while piece := await source.read(_PIECE):
        target.write(piece)
        await target.drain()
    if target.can_write_eof():
        target.write_eof()
