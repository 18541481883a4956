"""`/proxy/{port}/{path}`: whatever listens on a port inside, by way of the API's own port.

Rules:
- Bodies stream both ways; nothing is buffered but what is on its way.
- The daemon's tokens stay here: the program behind the port never sees them.
- A WebSocket is not taken apart: once its request is let through, bytes go both ways as they are.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Sequence
from typing import Any

import h11
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from opensandbox._wire import headers as names

from .app import authorize
from .errors import Refusal
from .relay import Leg, connect
from .state import State

_PIECE = 65536
_LARGEST_HEAD = 64 * 1024
_CONNECT_TIMEOUT = 10.0
_TARGET = re.compile(rb"/proxy/([0-9]{1,5})(?=[/?]|$)(.*)", re.DOTALL)
_TOKENS = {names.EXECD_ACCESS_TOKEN.lower().encode(), names.SECURE_ACCESS.lower().encode()}
_HOP_BY_HOP = {
    b"connection",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"upgrade",
}

Headers = list[tuple[bytes, bytes]]


def _split_target(target: bytes) -> tuple[int, bytes] | None:
    """The port and what the program behind it is asked for; None for another path."""
    found = _TARGET.fullmatch(target)
    if found is None or not 0 < int(found[1]) < 65536:
        return None
    rest = found[2]
    return int(found[1]), rest if rest.startswith(b"/") else b"/" + rest


async def proxy(request: Request) -> ProxiedAnswer | PlainTextResponse:
    """Passes one HTTP request on."""
    scope = request.scope
    query = scope["query_string"]
    split = _split_target(scope["raw_path"] + (b"?" + query if query else b""))
    if split is None:
        return PlainTextResponse("404 page not found", 404)
    port, target = split
    try:
        reader, writer = await _open(port)
    except (OSError, TimeoutError):
        return _bad_gateway()
    return ProxiedAnswer(reader, writer, target)


async def _open(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(_CONNECT_TIMEOUT):
        try:
            return await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            return await asyncio.open_connection("::1", port)


def _bad_gateway() -> PlainTextResponse:
    return PlainTextResponse("Bad Gateway\n", 502)


class ProxiedAnswer:
    """An ASGI answer that is another server's."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        target: bytes,
        own: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._target = target
        self._own = own
        """Headers that go in whatever the request has under these names."""
        self._connection = h11.Connection(h11.CLIENT, _LARGEST_HEAD)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the request in and the answer out, at the same time."""
        upload = asyncio.create_task(self._upload(scope, receive))
        started = False
        try:
            while (event := await self._next_event()) is not None:
                started |= isinstance(event, h11.Response)
                await _pass_on(event, send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except (OSError, h11.ProtocolError, KeyError):
            if started:
                raise
            await _bad_gateway()(scope, receive, send)
        finally:
            upload.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError, h11.ProtocolError):
                await upload
            self._writer.close()

    async def _upload(self, scope: Scope, receive: Receive) -> None:
        request = h11.Request(
            method=scope["method"],
            target=self._target,
            headers=_inward(scope["headers"], self._own),
        )
        self._write(self._connection.send(request))
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self._writer.close()
                return
            if body := message.get("body"):
                self._write(self._connection.send(h11.Data(data=body)))
                await self._writer.drain()
            more = message.get("more_body", False)
        self._write(self._connection.send(h11.EndOfMessage()))
        # From here on the only message is that the reader has left; then the inner one may stop.
        while (await receive())["type"] != "http.disconnect":
            pass
        self._writer.close()

    def _write(self, data: bytes | None) -> None:
        if data:
            self._writer.write(data)

    async def _next_event(self) -> Any:
        """The next piece of the answer, None at its end."""
        while True:
            event = self._connection.next_event()
            if event is h11.NEED_DATA:
                self._connection.receive_data(await self._reader.read(_PIECE))
            elif isinstance(event, h11.EndOfMessage):
                return None
            elif event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                raise ConnectionResetError("the connection ended before the answer did")
            elif not isinstance(event, h11.InformationalResponse):
                return event


async def _pass_on(event: Any, send: Send) -> None:
    if isinstance(event, h11.Response):
        headers = [(name, value) for name, value in event.headers if name not in _HOP_BY_HOP]
        headers = [pair for pair in headers if pair[0] not in (b"transfer-encoding", b"date")]
        status = event.status_code
        await send({"type": "http.response.start", "status": status, "headers": headers})
    elif isinstance(event, h11.Data):
        await send({"type": "http.response.body", "body": bytes(event.data), "more_body": True})


def _inward(headers: Headers, own: Sequence[tuple[bytes, bytes]]) -> Headers:
    """A request's headers without what is only between the client and this daemon."""
    left_out = _HOP_BY_HOP | _TOKENS | {name for name, _ in own}
    kept = [pair for pair in headers if pair[0] not in left_out]
    return [*kept, *own, (b"connection", b"close")]


class Tunnel(Leg):
    """What uvicorn hands a WebSocket request to: checks it and lets its bytes through."""

    def __init__(self, state: State) -> None:
        super().__init__()
        self._state = state
        self._inner: Leg | None = None
        self._task: asyncio.Task[None] | None = None

    def data_received(self, data: bytes) -> None:
        """Of asyncio; the first call brings the whole head of the request."""
        if self._inner is not None:
            super().data_received(data)
            return
        self._inner = Leg()
        if self.transport is not None:
            self.transport.pause_reading()
        self._task = asyncio.create_task(self._open(data, self._inner))

    async def _open(self, request: bytes, inner: Leg) -> None:
        head, _, rest = request.partition(b"\r\n\r\n")
        line, *fields = head.split(b"\r\n")
        method, target, _ = line.split(b" ", 2)
        headers = [(name, value) for name, _, value in (each.partition(b": ") for each in fields)]
        try:
            authorize(self._state, dict(headers), target.decode("ascii", "replace"))
        except Refusal as refused:
            self._refuse(b"%d Refused" % refused.status, refused.message)
            return
        split = _split_target(target)
        if split is None:
            self._refuse(b"404 Not Found", "404 page not found")
            return
        port, path = split
        inner.join(self)
        try:
            await connect(port, inner)
        except OSError:
            self._refuse(b"502 Bad Gateway", "Bad Gateway\n")
            return
        kept = [name + b": " + value for name, value in headers if name not in _TOKENS]
        inward = b"\r\n".join([method + b" " + path + b" HTTP/1.1", *kept, b"", rest])
        if inner.transport is not None and self.transport is not None:
            inner.transport.write(inward)
            self.transport.resume_reading()

    def _refuse(self, status: bytes, text: str) -> None:
        body = text.encode()
        head = b"HTTP/1.1 %s\r\ncontent-type: text/plain; charset=utf-8\r\n" % status
        if self.transport is not None:
            self.transport.write(head + b"content-length: %d\r\n" % len(body))
            self.transport.write(b"connection: close\r\n\r\n" + body)
            self.transport.close()
