"""The WebSocket of a terminal, and the door through which every WebSocket request comes in.

Rules:
- The library holds the protocol; here are only its bytes and what they mean for a terminal.
- A frame is limited, and so is what waits to be written in either direction.
- Who does not answer a close within `PATIENCE` seconds is cut off.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ProtocolError
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State as Phase
from websockets.server import ServerProtocol

from .app import authorize
from .errors import RUNTIME_ERROR, Refusal, invalid
from .state import State
from .terminals import Terminal, Terminals

LARGEST_FRAME = 1024 * 1024
PATIENCE = 5.0
_INPUT = 0
_AGAIN = 3
_PREFIX = b"/pty/"


class Door(asyncio.Protocol):
    """What uvicorn hands every WebSocket request to: looks at its path and lets it go there."""

    def __init__(
        self, proxied: Callable[[], asyncio.Protocol], terminal: Callable[[], asyncio.Protocol]
    ) -> None:
        self._proxied = proxied
        self._terminal = terminal
        self._inner: asyncio.Protocol | None = None
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Of asyncio."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Of asyncio; the first call brings the whole head of the request."""
        if self._inner is None:
            target = data.split(b" ", 2)[1]
            self._inner = self._terminal() if target.startswith(_PREFIX) else self._proxied()
            if self._transport is not None:
                self._inner.connection_made(self._transport)
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """Of asyncio."""
        return None if self._inner is None else self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Of asyncio."""
        if self._inner is not None:
            self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        """Of asyncio."""
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Of asyncio."""
        if self._inner is not None:
            self._inner.resume_writing()


class TerminalSocket(asyncio.Protocol):
    """One viewer of one terminal."""

    def __init__(self, state: State, terminals: Terminals) -> None:
        self._state = state
        self._terminals = terminals
        self._terminal: Terminal | None = None
        self._protocol = ServerProtocol(max_size=LARGEST_FRAME)
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._partial: tuple[Opcode, bytearray] | None = None
        self.slow = False

    # Of asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Of asyncio."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Of asyncio."""
        self._protocol.receive_data(data)
        self._hear()

    def eof_received(self) -> None:
        """Of asyncio."""
        self._protocol.receive_eof()
        self._hear()

    def connection_lost(self, exc: Exception | None) -> None:
        """Of asyncio."""
        if self._terminal is not None:
            self._terminal.detach(self)
        self._transport = None

    def pause_writing(self) -> None:
        """Of asyncio: the viewer reads slowly."""
        self.slow = True

    def resume_writing(self) -> None:
        """Of asyncio."""
        self.slow = False
        if self._terminal is not None:
            self._terminal.go_on()

    # The protocol

    def _hear(self) -> None:
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._task = asyncio.create_task(self._open(event))
            elif isinstance(event, Frame):
                self._take(event)
        self._flush()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if self._transport is None or self._transport.is_closing():
                return
            if data:
                self._transport.write(data)
            else:
                self._transport.close()

    async def _open(self, request: Request) -> None:
        try:
            terminal, since = await self._find(request)
        except Refusal as refused:
            self._refuse(refused)
            return
        self._protocol.send_response(self._protocol.accept(request))
        if self._protocol.state is Phase.OPEN and self._transport is not None:
            self._terminal = terminal
            self._say({"type": "connected", "session_id": terminal.id})
            terminal.attach(self, since)
        self._flush()

    async def _find(self, request: Request) -> tuple[Terminal, int | None]:
        """The terminal that the request is for, its shell started."""
        headers = {
            name.lower().encode(): value.encode("latin-1", "replace")
            for name, value in request.headers.raw_items()
        }
        address = urlsplit(request.path)
        authorize(self._state, headers, address.path)
        _, _, identity, *rest = address.path.split("/")
        if rest != ["ws"]:
            raise Refusal(404, RUNTIME_ERROR, "404 page not found")
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        terminal = self._terminals.get(identity)
        if terminal.taken and query.get("takeover") not in ("1", "true"):
            message = "somebody looks at this terminal already; takeover=1 sends them away"
            raise Refusal(409, RUNTIME_ERROR, message)
        since = _offset(query.get("since"))
        try:
            await terminal.start(self._terminals.processes, pipes=query.get("pty") == "0")
        except OSError as error:
            raise Refusal(500, RUNTIME_ERROR, f"cannot open a terminal: {error}") from error
        return terminal, since

    def _refuse(self, refused: Refusal) -> None:
        response = self._protocol.reject(HTTPStatus(refused.status), json.dumps(refused.body()))
        del response.headers["content-type"]
        response.headers["content-type"] = "application/json; charset=utf-8"
        self._protocol.send_response(response)
        self._flush()

    def _take(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._partial = frame.opcode, bytearray()
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT) or self._partial is None:
            return  # The library answers pings and closes.
        kind, content = self._partial
        content += frame.data
        if not frame.fin or self._terminal is None:
            return
        self._partial = None
        try:
            if kind is Opcode.TEXT:
                self._obey(self._terminal, bytes(content))
            elif content and content[0] == _INPUT:
                self._terminal.type(bytes(content[1:]))
            else:
                raise invalid("a binary frame begins with a zero byte: it is input")
        except Refusal as refused:
            self._say({"type": "error", **refused.body()})

    def _obey(self, terminal: Terminal, content: bytes) -> None:
        try:
            message = json.loads(content)
            kind = message["type"]
        except (ValueError, RecursionError, TypeError, KeyError):
            raise invalid("a text frame is a JSON object with a type") from None
        if kind == "resize":
            terminal.resize(message.get("cols"), message.get("rows"))
        elif kind == "signal":
            terminal.signal(message.get("signal"))
        elif kind == "ping":
            self._say({"type": "pong"})
        else:
            raise invalid(f"there is no message of type {kind!r}")

    # A viewer

    def _say(self, message: dict[str, object]) -> None:
        self._send(lambda: self._protocol.send_text(json.dumps(message).encode()))

    def _send(self, send: Callable[[], None]) -> None:
        try:
            send()
        except ProtocolError:
            return  # It is closing; whoever closes does not listen any more.
        self._flush()

    def show(self, kind: int, data: bytes) -> None:
        """Sends output."""
        self._send(lambda: self._protocol.send_binary(bytes([kind]) + data))

    def show_again(self, offset: int, data: bytes) -> None:
        """Sends output that was printed before."""
        head = bytes([_AGAIN]) + offset.to_bytes(8, "big")
        self._send(lambda: self._protocol.send_binary(head + data))

    def end(self, exit_code: int) -> None:
        """Says that the shell has ended, and closes."""
        self._say({"type": "exit", "exit_code": exit_code})
        self.send_away(CloseCode.NORMAL_CLOSURE, "the shell has ended")

    def send_away(self, code: int, reason: str) -> None:
        """Closes."""
        self._send(lambda: self._protocol.send_close(code, reason))
        if self._transport is not None:
            asyncio.get_running_loop().call_later(PATIENCE, self._transport.abort)

    def hold(self, *, full: bool) -> None:
        """Reads no more while `full`."""
        if self._transport is None or self._transport.is_closing():
            return
        if full:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()


def _offset(value: str | None) -> int | None:
    if value is None:
        return None
    if not (value.isascii() and value.isdecimal() and len(value) <= 18):
        raise invalid("since must be a byte offset")
    return int(value)
