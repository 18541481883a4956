"""What a client's connection may cost the two servers, whoever it is: both use this with uvicorn.

Rules:
- A request's head is whole a while after the connection was made, or after the head's first byte.
- A body may pause, not for ever; while nobody here reads it, it is not the client who pauses.
- Of more connections than are allowed, the newest are closed at once.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class BoundedProtocol(H11Protocol):
    """One connection. The limits are `head_timeout` and `body_timeout`, in seconds, and how many
    `connections` there may be; the other arguments are uvicorn's."""

    def __init__(
        self,
        config: Any,
        server_state: Any,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        head_timeout: float = 20.0,
        body_timeout: float = 300.0,
        connections: int = 1000,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = {h11.IDLE: head_timeout, h11.SEND_BODY: body_timeout}
        self._most = connections
        self._awaited: Any = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Of asyncio: counts the connection, and begins to wait for a head."""
        super().connection_made(transport)
        if len(self.connections) > self._most:
            self.logger.warning("%d connections are open: no more are taken", self._most)
            transport.abort()
        else:
            self._wait()

    def data_received(self, data: bytes) -> None:
        """Of asyncio: waits for what is still missing of the request."""
        super().data_received(data)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Of asyncio: there is nothing to wait for any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        state = self.conn.their_state
        # A head has its time as a whole, a body for each piece.
        if state is self._awaited and state is h11.IDLE:
            return
        self._stop_waiting()
        # Once it is a WebSocket, it is somebody else's.
        if state in self._limits and self.transport.get_protocol() is self:
            self._awaited = state
            self._timer = self.loop.call_later(self._limits[state], self._time_is_up)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._awaited = self._timer = None

    def _time_is_up(self) -> None:
        self._stop_waiting()
        if self.flow.read_paused:
            self._wait()
        else:
            self.transport.abort()
