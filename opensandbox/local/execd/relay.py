"""Bytes between two connections, both ways, in bounded memory.

A port of the sandbox is served this way: nothing on the way reads what goes through, so HTTP,
WebSocket and everything else on TCP work alike.

Rules:
- A side that reads slowly slows the other down.
- A side that ends its half still receives the other's.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket

_HOSTS = ("127.0.0.1", "::1")
_CONNECT_TIMEOUT = 10.0


class Leg(asyncio.Protocol):
    """One of two joined connections; what it receives goes to the other."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._other: Leg | None = None

    def join(self, other: Leg) -> None:
        """Makes the two each other's."""
        self._other, other._other = other, self

    def _opposite(self) -> asyncio.Transport | None:
        return None if self._other is None else self._other.transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Of asyncio."""
        if isinstance(transport, asyncio.Transport):
            self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Of asyncio."""
        if opposite := self._opposite():
            opposite.write(data)

    def eof_received(self) -> bool:
        """Of asyncio."""
        if opposite := self._opposite():
            with contextlib.suppress(OSError, RuntimeError):
                opposite.write_eof()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Of asyncio."""
        if opposite := self._opposite():
            opposite.close()

    def pause_writing(self) -> None:
        """Of asyncio: this side is slow, so the other is read no more."""
        if opposite := self._opposite():
            opposite.pause_reading()

    def resume_writing(self) -> None:
        """Of asyncio."""
        if opposite := self._opposite():
            opposite.resume_reading()


async def connect(port: int, leg: Leg) -> None:
    """Connects `leg` to a port of this machine. Raises OSError when nothing listens there."""
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    for host in _HOSTS:
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT):
                await loop.create_connection(lambda: leg, host, port)
            return
        except OSError as error:
            failure = failure or error
    raise failure or OSError("no address to connect to")


class Relays:
    """Listeners made outside the sandbox, each leading to a port inside."""

    def __init__(self) -> None:
        self._servers: list[asyncio.Server] = []
        self._joining: set[asyncio.Task[None]] = set()

    async def add(self, listener: socket.socket, port: int) -> None:
        """Accepts on `listener` from now on; the socket is then the relays' to close."""
        listener.setblocking(False)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Accepted(self, port), sock=listener)
        self._servers.append(server)

    def accepted(self, outer: Leg, port: int) -> None:
        """Joins a connection that came in with one to the port."""
        task = asyncio.create_task(_lead_inside(outer, port))
        self._joining.add(task)
        task.add_done_callback(self._joining.discard)

    def close(self) -> None:
        """Accepts no more."""
        for server in self._servers:
            server.close()
        for task in self._joining:
            task.cancel()


class _Accepted(Leg):
    def __init__(self, relays: Relays, port: int) -> None:
        super().__init__()
        self._relays = relays
        self._port = port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self.transport is not None:
            self.transport.pause_reading()  # Until there is somewhere to write it to.
        self._relays.accepted(self, self._port)


async def _lead_inside(outer: Leg, port: int) -> None:
    inner = Leg()
    inner.join(outer)
    try:
        await connect(port, inner)
    except OSError:
        if outer.transport is not None:
            outer.transport.abort()  # As if nobody listened on the outer port either.
        return
    if outer.transport is not None:
        outer.transport.resume_reading()
