"""WebSockets of both colours behind one small face, in pairs of one signature.

Rules:

* The library is imported when the first WebSocket is opened.
* What goes wrong is told in exceptions of this module and in Python's own; whoever opened the
  socket knows what was meant, and turns them into the package's.
* A frame is limited, and so is how many of them wait to be taken.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from socket import SHUT_RDWR
from typing import TYPE_CHECKING, Any

from ._concurrency._later import asyncio
from ._concurrency.calls import make

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection as AsyncConnection
    from websockets.sync.client import ClientConnection as Connection

#: The longest frame that is taken, in bytes.
LARGEST_FRAME = 16 * 2**20
#: How many seconds the other side has to answer a close.
_CLOSING = 2.0


class SocketRefused(Exception):
    """The server answered, and not with a WebSocket."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(f"status {status}")
        self.status, self.headers, self.body = status, headers, body


class SocketClosed(Exception):
    """The WebSocket was closed; `code` is None when that came without one."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class AsyncWebSocket:
    """An open WebSocket. It may be written to while it is waited for."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def send(self, data: str | bytes) -> None:
        """Send one message; waits while the other side does not take it."""
        with _told():
            await self._connection.send(data)

    async def receive(self, seconds: float | None) -> str | bytes:
        """The next message; TimeoutError when none came within so many seconds (None: ever)."""
        with _told():
            async with asyncio.timeout(seconds):
                return await self._connection.recv()

    async def close(self) -> None:
        """Close it."""
        with _told():
            await self._connection.close()

    def abandon(self) -> None:
        """Close it without a word and without waiting, from any thread, also after its loop."""
        loop, transport = self._connection.loop, self._connection.transport
        try:
            loop.call_soon_threadsafe(transport.abort)
        except RuntimeError:  # the loop was closed
            from ._sockets.looped import abandon

            abandon(transport)


class WebSocket:
    """An open WebSocket. It may be written to while another thread waits for it."""

    def __init__(self, connection: Connection, opened: ExitStack) -> None:
        self._connection = connection
        self._opened = opened

    def send(self, data: str | bytes) -> None:
        """Send one message; waits while the other side does not take it."""
        with _told():
            self._connection.send(data)

    def receive(self, seconds: float | None) -> str | bytes:
        """The next message; TimeoutError when none came within so many seconds (None: ever)."""
        with _told():
            return self._connection.recv(timeout=seconds)

    def close(self) -> None:
        """Close it."""
        with _told():
            self._opened.close()

    def abandon(self) -> None:
        """Close it without a word and without waiting; the library's thread does the rest."""
        with suppress(OSError):
            self._connection.socket.shutdown(SHUT_RDWR)


async def async_open_websocket(
    url: str,
    *,
    headers: Mapping[str, str],
    context: ssl.SSLContext | None,
    proxy: str | None,
    seconds: float,
) -> AsyncWebSocket:
    """Open a WebSocket within so many seconds; `proxy` None is what the environment says."""
    from websockets.asyncio.client import connect

    with _told():
        return AsyncWebSocket(await connect(url, **_options(headers, context, proxy, seconds)))


def open_websocket(
    url: str,
    *,
    headers: Mapping[str, str],
    context: ssl.SSLContext | None,
    proxy: str | None,
    seconds: float,
) -> WebSocket:
    """Open a WebSocket within so many seconds; `proxy` None is what the environment says."""
    from websockets.sync.client import connect

    def connected() -> WebSocket:
        # In older versions of the library this is the connection, in newer ones it opens one.
        opened = ExitStack()
        connection = opened.enter_context(
            connect(url, **_options(headers, context, proxy, seconds))
        )
        return WebSocket(connection, opened)

    with _told():
        # The library leaves its socket and its thread to whoever is interrupted in here.
        return make(connected, unmake=WebSocket.close, seconds=_CLOSING)


def _options(
    headers: Mapping[str, str],
    context: ssl.SSLContext | None,
    proxy: str | None,
    seconds: float,
) -> dict[str, Any]:
    """What both colours of the library's `connect` take."""
    return {
        "additional_headers": {k: v for k, v in headers.items() if k.lower() != "user-agent"},
        "user_agent_header": headers.get("User-Agent"),
        "ssl": context,
        "proxy": True if proxy is None else proxy,
        "compression": None,  # what is typed and printed is short, and wants no delay
        "open_timeout": seconds,
        "close_timeout": _CLOSING,
        "max_size": LARGEST_FRAME,
    }


@contextmanager
def _told() -> Iterator[None]:
    """Turn the library's exceptions into ours and Python's."""
    from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

    try:
        yield
    except ConnectionClosed as error:
        close = error.rcvd or error.sent
        code, reason = (close.code, close.reason) if close is not None else (None, "")
        raise SocketClosed(code if error.rcvd is not None else None, reason) from error
    except InvalidStatus as error:
        response = error.response
        raise SocketRefused(
            response.status_code, dict(response.headers.raw_items()), bytes(response.body or b"")
        ) from error
    except (WebSocketException, EOFError) as error:
        raise ConnectionError(str(error) or type(error).__name__) from error
