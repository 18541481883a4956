"""A relay with faults, on real sockets, between clients and a runtime.

Rules:

* A `Door` is a port of the relay's own with a server behind it. The addresses of sandboxes that a
  server gives out are rewritten, so that what goes to them passes another door.
* A door does what it should until it is armed with a fault; then the requests that fit the pattern
  are struck, once or always.
* What happened is counted at the door: how many requests fitted, how many of them reached the
  server, how many were struck, how many connections are open.
* It runs on an event loop in a thread of its own, and serves both colours.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
import threading
from collections.abc import Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar

from tests.faults.fault import STATUSES, Fault, Kind, Point

_T = TypeVar("_T")
_AT = re.compile(r"/at/([^/]+)(/.*)?\Z", re.DOTALL)
_ENDPOINT = re.compile(r"/sandboxes/[^/]+/endpoints/\d+")
_HEAD_LIMIT = 256 * 2**10
#: How many bytes of a body come before it breaks off: more than the first event, which names the
#: command, and less than the end.
_BEFORE_THE_BREAK = 130
_DELAY = 0.03
#: Bytes that come one by one, of each piece: of thousands each is in time, and all take minutes.
_TRICKLED = 1024
#: How many seconds it refuses at most when it does so once.
_REFUSES = 0.5
PAGE = b"<!doctype html><html><head><title>Sign in to the network</title></head></html>"
WRONG = b'{"wrong": true}'
#: The id that the relay gives its own answers.
REQUEST_ID = "from-the-relay"


class Gone(Exception):
    """The connection has ended, in order or by the fault."""


class FaultProxy:
    """The relay; `door` opens ports of it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault proxy")
        self.tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self.run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        await _cancel(self.tasks)
        await self._loop.shutdown_asyncgens()

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do this on the relay's loop, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def door(self, server: str = "", behind: Door | None = None) -> Door:
        """A new port before `server`; addresses in its answers are rewritten to lead to `behind`.

        Without `server` it is itself such a door: the server is named in the path.
        """
        door = Door(self, server, behind)
        self.run(door.open())
        return door


class Door:
    """One port of the relay."""

    def __init__(self, proxy: FaultProxy, server: str, behind: Door | None) -> None:
        self._proxy, self._server, self._behind = proxy, server, behind
        # Holds the port while nothing listens.
        self._place = _socket(0)
        self.port: int = self._place.getsockname()[1]
        self._listener: asyncio.Server | None = None
        self._opening = asyncio.Lock()
        self._connections: dict[asyncio.StreamWriter, asyncio.StreamReader] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._fault: Fault | None = None
        self.disarm()

    @property
    def address(self) -> str:
        """`host:port`."""
        return f"127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        """How many connections of clients are open."""
        return sum(not reader.at_eof() for reader in list(self._connections.values()))

    async def open(self) -> None:
        """Listen."""
        async with self._opening:
            if self._listener is None:
                self._listener = await asyncio.start_server(
                    self._accept, sock=_socket(self.port), limit=_HEAD_LIMIT
                )

    async def _shut(self) -> None:
        """Refuse connections from now on."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def close(self) -> None:
        """End what goes through it, and give the port back."""

        async def closed() -> None:
            await self._shut()
            await _cancel(self._tasks)

        self._proxy.run(closed())
        self._place.close()

    # --- the fault

    def arm(self, fault: Fault, method: str, path: re.Pattern[str]) -> None:
        """From now on `fault` strikes the requests that fit."""

        async def armed() -> None:
            self._method, self._path, self._fault = method, path, fault
            self._spent = False
            self.fitted = self.reached = self.struck = 0
            if fault.point is Point.CONNECT:
                idle = list(self._connections)
                for writer in idle:
                    writer.close()
                for writer in idle:
                    with suppress(OSError):
                        await writer.wait_closed()
            if fault.kind is Kind.CLOSE_IDLE:
                self.struck += 1
            if fault.kind is Kind.REFUSE:
                self.struck += 1
                await self._shut()
                if not fault.always:
                    # For who looks again by himself, and tells nobody.
                    asyncio.get_running_loop().call_later(_REFUSES, self._relent)

        self._proxy.run(armed())

    def disarm(self) -> None:
        """No fault any more."""
        self._fault = None
        self._method, self._path = "", re.compile(r"\Z.")
        self._spent = False
        self.fitted = self.reached = self.struck = 0

    def relent(self) -> None:
        """What refused once listens again."""
        if self._relents:
            self._proxy.run(self.open())

    @property
    def _relents(self) -> bool:
        fault = self._fault
        return fault is not None and fault.kind is Kind.REFUSE and not fault.always

    def _relent(self) -> None:
        if self._relents:
            task = asyncio.ensure_future(self.open())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def restore(self) -> None:
        """No fault any more, and it listens."""
        self.disarm()
        self._proxy.run(self.open())

    def _strike(self) -> Fault | None:
        """The fault, if it strikes now."""
        fault = self._fault
        if fault is None or self._spent:
            return None
        self._spent = not fault.always
        self.struck += 1
        return fault

    # --- one connection

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        for tasks in (self._proxy.tasks, self._tasks):
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        self._connections[writer] = reader
        upstream = _Upstream()
        try:
            await self._at_connect(reader, writer)
            while await self._one(reader, writer, upstream):
                pass
        except (Gone, OSError, EOFError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            upstream.close()
            writer.close()
            self._connections.pop(writer, None)

    async def _at_connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fault = self._fault
        if fault is None or fault.point is not Point.CONNECT:
            return
        if fault.kind in (Kind.RESET, Kind.STALL) and (struck := self._strike()) is not None:
            await _break(struck, reader, writer)

    async def _one(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upstream: _Upstream
    ) -> bool:
        """Serve one request; whether another may come on this connection."""
        head = await reader.readuntil(b"\r\n\r\n")
        first, headers = _parsed(head)
        method, target, _ = first.split(" ", 2)
        server, target = self._where(target)
        body = await _request_body(reader, headers)
        path = target.partition("?")[0]
        fits = self._method in ("", method) and bool(self._path.search(path))
        self.fitted += fits
        fault = self._fault if fits else None
        if fault is not None and fault.point is Point.CONNECT:
            fault = None
        if fault is not None:
            fault = self._strike()
        if fault is not None and fault.status is not None:
            writer.write(_own_answer(fault))
            await writer.drain()
            return True
        self.reached += fits
        lines = head.split(b"\r\n", 1)[1]
        await upstream.send(server, f"{method} {target} HTTP/1.1\r\n".encode() + lines + body)
        await self._answer(method, path, reader, writer, upstream, fault)
        return upstream.kept

    def _where(self, target: str) -> tuple[str, str]:
        found = _AT.fullmatch(target)
        if found is None:
            return self._server, target
        return found[1], found[2] or "/"

    async def _answer(
        self,
        method: str,
        path: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upstream: _Upstream,
        fault: Fault | None,
    ) -> None:
        head = await upstream.head()
        first, headers = _parsed(head)
        status = int(first.split(" ")[1])
        if status == 101:
            await self._socket(head, reader, writer, upstream, fault)
            return
        replaced = None
        if fault is not None and fault.kind in (Kind.EMPTY, Kind.WRONG):
            async for _ in upstream.body(method, status, headers):
                pass
            replaced = b"" if fault.kind is Kind.EMPTY or status == 204 else WRONG
        elif self._behind is not None and status == 200 and _ENDPOINT.search(path):
            whole = b"".join([part async for part in upstream.body(method, status, headers)])
            replaced = self._behind_door(whole)
        if replaced is not None:
            if status != 204:
                head = _with_length(head, len(replaced))
            parts, length, chunked = _once(replaced), len(replaced), False
        else:
            parts = upstream.body(method, status, headers)
            chunked = "chunked" in headers.get("transfer-encoding", "")
            length = int(headers.get("content-length", "0"))
        if fault is not None and fault.point is Point.BODY and not (chunked or length):
            self.struck -= 1  # there is no body to strike
        await _send_head(head, fault, reader, writer)
        await _send_body(parts, chunked, length, fault, reader, writer)

    def _behind_door(self, whole: bytes) -> bytes:
        answer = json.loads(whole)
        assert self._behind is not None
        answer["endpoint"] = f"{self._behind.address}/at/{answer['endpoint']}"
        return json.dumps(answer).encode()

    async def _socket(
        self,
        head: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upstream: _Upstream,
        fault: Fault | None,
    ) -> None:
        """Relay a WebSocket's bytes both ways, to the end of either."""
        await _send_head(head, fault, reader, writer)
        inward = asyncio.ensure_future(_pour(reader, upstream.writer))
        try:
            if fault is not None and fault.point is Point.BODY:
                writer.write(await upstream.reader.read(1))
                await writer.drain()
                if fault.kind in (Kind.RESET, Kind.CUT, Kind.STALL):
                    inward.cancel()
                    await asyncio.wait({inward})
                    await _break(fault, reader, writer)
                while data := await upstream.reader.read(65536):
                    if fault.kind is Kind.DELAY:
                        await asyncio.sleep(_DELAY)
                        await _flush(writer, data)
                    else:
                        await _byte_by_byte(writer, data)
            else:
                await _pour(upstream.reader, writer)
        finally:
            inward.cancel()
        raise Gone


class _Upstream:
    """The connection to the server behind, for one connection of a client."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def __init__(self) -> None:
        self._server: str | None = None
        self.kept = True

    async def send(self, server: str, request: bytes) -> None:
        if self._server != server or self.reader.at_eof():
            self.close()
            host, _, port = server.rpartition(":")
            self.reader, self.writer = await asyncio.open_connection(
                host, int(port), limit=_HEAD_LIMIT
            )
            self._server = server
        self.kept = True
        self.writer.write(request)
        await self.writer.drain()

    async def head(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def body(self, method: str, status: int, headers: dict[str, str]) -> Any:
        """The pieces of the body, as they come."""
        self.kept = "close" not in headers.get("connection", "").lower()
        if method == "HEAD" or status in (204, 304):
            return
        if "chunked" in headers.get("transfer-encoding", ""):
            while size := int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16):
                yield await self.reader.readexactly(size)
                await self.reader.readexactly(2)
            await self.reader.readuntil(b"\r\n")
        elif "content-length" in headers:
            left = int(headers["content-length"])
            while left:
                part = await self.reader.read(min(left, 65536))
                if not part:
                    raise Gone
                left -= len(part)
                yield part
        else:
            self.kept = False
            while part := await self.reader.read(65536):
                yield part

    def close(self) -> None:
        if self._server is not None:
            self.writer.close()


# --- what is sent -------------------------------------------------------------------------------


async def _send_head(
    head: bytes,
    fault: Fault | None,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    if fault is None or fault.point not in (Point.ANSWER, Point.HEAD):
        await _flush(writer, head)
        return
    breaks = fault.kind in (Kind.RESET, Kind.CUT, Kind.STALL)
    if fault.point is Point.ANSWER:
        if breaks:
            await _break(fault, reader, writer)
        if fault.kind is Kind.DELAY:
            await asyncio.sleep(_DELAY)
        await _flush(writer, head)
    elif breaks:
        await _flush(writer, head[: len(head) // 2])
        await _break(fault, reader, writer)
    else:
        await _byte_by_byte(writer, head)


async def _send_body(
    parts: Any,
    chunked: bool,
    length: int,
    fault: Fault | None,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    if fault is not None and fault.point is Point.EVENTS and chunked:  # what has a length is a file
        parts = _tampered(parts, fault.kind)
    left = min(_BEFORE_THE_BREAK, length // 2) if length else _BEFORE_THE_BREAK
    in_body = fault is not None and fault.point is Point.BODY
    async for part in parts:
        if fault is not None and in_body:
            if fault.kind in (Kind.RESET, Kind.CUT, Kind.STALL):
                some = part[:left]
                left -= len(some)
                if some:
                    await _flush(writer, _chunk(some) if chunked else some)
                if not left:
                    await _break(fault, reader, writer)
                continue
            if fault.kind is Kind.TRICKLE:
                await _byte_by_byte(writer, _chunk(part) if chunked else part)
                continue
            await asyncio.sleep(_DELAY)
        await _flush(writer, _chunk(part) if chunked else part)
    if fault is not None and in_body and length == 0 and chunked and left < _BEFORE_THE_BREAK:
        # It was shorter than that: it breaks off before its end.
        await _break(fault, reader, writer)
    if chunked:
        await _flush(writer, b"0\r\n\r\n")


async def _once(body: bytes) -> Any:
    if body:
        yield body


async def _tampered(parts: Any, kind: Kind) -> Any:
    """The events of a body, without the last one, each twice, or each late."""
    kept = b""
    async for part in parts:
        kept += part
        while (end := kept.find(b"\n")) >= 0:
            line, kept = kept[: end + 1], kept[end + 1 :]
            if not line.strip():
                yield line
                continue
            if kind is Kind.DROP and (b"execution_complete" in line or b'"error"' in line):
                continue
            if kind is Kind.DELAY:
                await asyncio.sleep(_DELAY)
            yield line
            if kind is Kind.REPEAT:
                yield b"\n" + line
    if kept:
        yield kept


async def _break(fault: Fault, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """End the connection as the fault wants it."""
    if fault.kind is Kind.STALL:
        with suppress(OSError):
            while await reader.read(65536):
                pass  # until the client goes
    elif fault.kind is Kind.RESET:
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    raise Gone


async def _cancel(tasks: set[asyncio.Task[None]]) -> None:
    while tasks:
        for task in tasks:
            task.cancel()
        await asyncio.wait(set(tasks))


async def _flush(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


async def _byte_by_byte(writer: asyncio.StreamWriter, data: bytes) -> None:
    for index in range(len(data[:_TRICKLED])):
        await _flush(writer, data[index : index + 1])
        await asyncio.sleep(0)
    await _flush(writer, data[_TRICKLED:])


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            await _flush(writer, data)
        if writer.can_write_eof():
            writer.write_eof()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _own_answer(fault: Fault) -> bytes:
    if fault.kind is Kind.HTML:
        kind, body, status = "text/html; charset=utf-8", PAGE, 200
    else:
        status = STATUSES[fault.kind]
        kind, body = "application/json", b'{"code": "RELAY::SAYS_NO", "message": "not now"}'
    lines = [
        f"HTTP/1.1 {status} x",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        f"X-Request-ID: {REQUEST_ID}",
    ]
    if fault.kind is Kind.S429:
        lines.append("Retry-After: 0")
    return "\r\n".join([*lines, "", ""]).encode() + body


def _with_length(head: bytes, length: int) -> bytes:
    lines = [
        line
        for line in head.split(b"\r\n")
        if not line.lower().startswith((b"content-length:", b"transfer-encoding:"))
    ]
    return b"\r\n".join([lines[0], b"Content-Length: %d" % length, *lines[1:]])


# --- what comes ---------------------------------------------------------------------------------


def _parsed(head: bytes) -> tuple[str, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    return first, {name.strip().lower(): value.strip() for name, _, value in pairs}


async def _request_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    """A request's body as it came, framing and all."""
    if "chunked" in headers.get("transfer-encoding", ""):
        whole = b""
        while True:
            line = await reader.readuntil(b"\r\n")
            size = int(line, 16)
            whole += line + await reader.readexactly(size + 2)
            if not size:
                return whole
    return await reader.readexactly(int(headers.get("content-length", "0")))


def _socket(port: int) -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.bind(("127.0.0.1", port))
    return sock


__all__ = ["PAGE", "REQUEST_ID", "Door", "FaultProxy"]
