"""The two sides of a connection through the proxy: bytes as they are, or as HTTP messages.

- A side that is written to slowly is read from slowly: nothing piles up in between.
- Everything waits for a limited time, and heads of messages have a limited size.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TypeAlias, cast

import h11
from attrs import frozen

_PIECE = 65536

Event: TypeAlias = (
    h11.Request
    | h11.InformationalResponse
    | h11.Response
    | h11.Data
    | h11.EndOfMessage
    | h11.ConnectionClosed
)


@frozen(kw_only=True)
class Limits:
    """What one sandbox's proxy bears. Times are seconds, sizes bytes."""

    connections: int = 128
    head: int = 64 * 1024
    head_time: float = 30.0
    """How long the head of a request may take, and a connection wait for its next request."""
    connect_time: float = 15.0
    quiet_time: float = 3600.0
    """How long an open connection may carry nothing."""
    body: int = 8 * 1024 * 1024
    """The largest body in which placeholders are replaced: it is held in memory."""


class Side:
    """One connection, and HTTP spoken on it."""

    def __init__(
        self,
        role: type[h11.CLIENT] | type[h11.SERVER],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        limits: Limits,
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.http = h11.Connection(role, max_incomplete_event_size=limits.head)
        self._limits = limits

    async def receive(self, timeout: float | None = None) -> Event:
        """The next event. `timeout` defaults to the limit of silence.

        Raises h11.RemoteProtocolError, OSError and TimeoutError.
        """
        async with asyncio.timeout(self._limits.quiet_time if timeout is None else timeout):
            while True:
                event = self.http.next_event()
                if event is h11.NEED_DATA:
                    if self.http.they_are_waiting_for_100_continue:
                        await self.send(h11.InformationalResponse(status_code=100, headers=[]))
                    self.http.receive_data(await self.reader.read(_PIECE))
                    continue
                if event is h11.PAUSED:
                    return h11.ConnectionClosed()
                return cast(Event, event)

    async def send(self, *events: Event) -> None:
        """Writes events; waits while the other side reads slowly."""
        for event in events:
            data = self.http.send(event)
            if data:
                self.writer.write(data)
        async with asyncio.timeout(self._limits.quiet_time):
            await self.writer.drain()

    def close(self) -> None:
        """Closes the connection, whatever is still to be written."""
        with contextlib.suppress(OSError, RuntimeError):
            self.writer.close()

    def abort(self) -> None:
        """Ends the connection at once."""
        self.writer.transport.abort()


async def carry(one: Side, other: Side, quiet_time: float) -> None:
    """Carries bytes both ways until both sides have ended, or nothing has come for a while."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(quiet_time) as deadline:

            def moved() -> None:
                deadline.reschedule(loop.time() + quiet_time)

            async with asyncio.TaskGroup() as both:
                both.create_task(_pump(one, other, moved))
                both.create_task(_pump(other, one, moved))
    except* (OSError, TimeoutError):
        pass


async def _pump(source: Side, target: Side, moved: Callable[[], None]) -> None:
    while piece := await source.reader.read(_PIECE):
        moved()
        target.writer.write(piece)
        await target.writer.drain()
    if target.writer.can_write_eof():
        target.writer.write_eof()
    else:
        # TLS has no half-closed connections: the end of one way is the end of both.
        raise ConnectionResetError
