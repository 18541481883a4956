"""Connections that are used again for a while.

Rules:

* httpcore makes the connections and speaks HTTP on them. Which one serves a request is found here,
  in the same time however many there are: httpcore's own pool looks at all of them, several times a
  request.
* A connection serves one request at a time. What did not end in good order is closed.
* The one used last is used first, so that those beyond need grow old, and are closed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator

import httpcore
import httpx

from .._concurrency import (
    NOT_CONNECTED,
    NOT_SENT,
    AsyncAlarm,
    AsyncConnector,
    AsyncGuard,
    monotonic,
)

#: Scheme, host and port.
_Place = tuple[bytes, bytes, int | None]


class KeptConnections:
    """Connections to any number of places.

    Those that are idle wait for up to `expiry` seconds, and `room()` of them at most.
    """

    def __init__(
        self, connector: AsyncConnector, *, room: Callable[[], int], expiry: float
    ) -> None:
        self._connector = connector
        self._room = room
        self._expiry = expiry
        self._guard = AsyncGuard()
        #: The idle ones of each place, and when they became so of all; the oldest first.
        self._idle: dict[_Place, deque[httpcore.AsyncConnectionInterface]] = {}
        self._since: dict[httpcore.AsyncConnectionInterface, tuple[float, _Place]] = {}
        self._busy: set[httpcore.AsyncConnectionInterface] = set()
        self._alarm = AsyncAlarm(self._close_expired)

    @property
    def made_by(self) -> str:
        """What makes the connections, by name and version."""
        return f"httpcore {httpcore.__version__}"

    @property
    def in_use(self) -> int:
        """How many requests are under way."""
        return len(self._busy)

    @property
    def open(self) -> int:
        """How many connections are open, the idle ones among them."""
        return len(self._busy) + len(self._since)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request, once; raises httpx's exceptions."""
        url = request.url
        place = (url.raw_scheme, url.raw_host, url.port)
        sent = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        connection = await self._used_before(place)
        if connection is None:
            connection = self._connector.new(sent.url.origin)
        self._busy.add(connection)
        try:
            answer = await connection.handle_async_request(sent)
        except BaseException as error:
            self._busy.discard(connection)
            if connection.info() == "CONNECTION FAILED":  # also when that was cancelled
                request.extensions[NOT_SENT] = NOT_CONNECTED
            await connection.aclose()
            if (known := _as_httpx(error, request)) is not None:
                raise known from error
            raise
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(answer, request, self, connection, place),
            extensions=answer.extensions,
        )

    async def _used_before(self, place: _Place) -> httpcore.AsyncConnectionInterface | None:
        while True:
            with self._guard:
                idle = self._idle.get(place)
                if idle is None:
                    return None
                connection = idle.pop()
                self._forget(connection, place, idle)
            if not connection.has_expired():
                return connection
            await connection.aclose()

    def _forget(
        self,
        connection: httpcore.AsyncConnectionInterface,
        place: _Place,
        idle: deque[httpcore.AsyncConnectionInterface],
    ) -> None:
        del self._since[connection]
        if not idle:
            del self._idle[place]

    async def take_back(self, connection: httpcore.AsyncConnectionInterface, place: _Place) -> None:
        """Keep a connection whose answer was read or given up, or close it."""
        self._busy.discard(connection)
        if not connection.is_idle():
            await connection.aclose()
            return
        with self._guard:
            self._idle.setdefault(place, deque()).append(connection)
            self._since[connection] = (monotonic(), place)
        await self._close_expired()

    async def _close_expired(self) -> None:
        """Close those that have waited too long, and the oldest beyond the room for them."""
        with self._guard:
            expired = list(self._expired())
            if self._since:
                self._alarm.set(self._expiry)
        for connection in expired:
            await connection.aclose()

    def _expired(self) -> Iterator[httpcore.AsyncConnectionInterface]:
        bound = monotonic() - self._expiry
        while self._since:
            since, place = next(iter(self._since.values()))
            if since > bound and len(self._since) <= self._room():
                return
            idle = self._idle[place]
            connection = idle.popleft()
            self._forget(connection, place, idle)
            yield connection

    async def aclose(self) -> None:
        """Close all of them."""
        self._alarm.stop()
        self._room = int  # none: what is in use on another thread is closed when it comes back
        with self._guard:
            connections = [*self._since, *self._busy]
            self._idle.clear()
            self._since.clear()
            self._busy.clear()
        for connection in connections:
            await connection.aclose()

    def abandon(self) -> None:
        """Let go of what cannot be closed in order: its event loop or its process is gone."""
        self._alarm.stop()
        self._connector.abandon()


class _Body(httpx.AsyncByteStream):
    """An answer's body; closing it gives its connection back, or closes it."""

    def __init__(
        self,
        answer: httpcore.Response,
        request: httpx.Request,
        kept: KeptConnections,
        connection: httpcore.AsyncConnectionInterface,
        place: _Place,
    ) -> None:
        self._answer = answer
        self._request = request
        self._kept: KeptConnections | None = kept
        self._connection = connection
        self._place = place

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._answer.aiter_stream():
                yield part
        except Exception as error:
            if (known := _as_httpx(error, self._request)) is not None:
                raise known from error
            raise

    async def aclose(self) -> None:
        kept, self._kept = self._kept, None
        if kept is None:
            return
        try:
            await self._answer.aclose()
        finally:
            await kept.take_back(self._connection, self._place)


def _as_httpx(error: BaseException, request: httpx.Request) -> httpx.TransportError | None:
    """httpx's exception of the same name for one of httpcore or h11; None for any other."""
    kind = type(error)
    if not kind.__module__.startswith(("httpcore", "h11")):
        return None
    cause = error.__cause__ or error.__context__
    said = str(error) or str(cause or "") or kind.__name__
    twin: type[httpx.TransportError] = getattr(httpx, kind.__name__, httpx.TransportError)
    return twin(said, request=request)
