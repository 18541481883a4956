"""A server made of a script: real sockets that refuse, hang, reset, trickle and cut.

For every test that needs a misbehaving peer. Use it like this::

    with Peer(answer(200, b"{}"), hang()) as peer:
        config = ConnectionConfig(domain=peer.address)

Rules:

* Each step of the script serves one request, in the order in which they arrive; the last step
  serves all that follow. A step is a function of the `Exchange` it serves.
* A connection is kept for the next request unless the step closed it.
* `peer.requests` holds what arrived, `peer.connections` counts how many connections were made.
* It runs in threads of its own, so it serves both colours, and leaves nothing behind.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType

Step = Callable[["Exchange"], None]


class Request:
    """One request as it came."""

    def __init__(self, method: str, target: str, lines: list[str], body: bytes = b"") -> None:
        self.method, self.target, self.body = method, target, body
        #: The headers as they came, and the last of each name by that in lower case.
        self.lines = lines
        pairs = (line.partition(":") for line in lines)
        self.headers = {name.strip().lower(): value.strip() for name, _, value in pairs}

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


class Exchange:
    """A request and the socket to answer on."""

    def __init__(self, request: Request, sock: socket.socket, stopping: threading.Event) -> None:
        self.request = request
        self.stopping = stopping
        self.open = True
        self._sock = sock

    @property
    def client_port(self) -> int:
        """The port at the client's end, which tells one connection from another."""
        port: int = self._sock.getpeername()[1]
        return port

    def send(self, data: bytes) -> None:
        """Send these bytes as they are; a client that has gone is none of the script's trouble."""
        with suppress(OSError):
            self._sock.sendall(data)

    def receive(self) -> bytes:
        """What the client sends next, as it comes; nothing once it has gone."""
        while not self.stopping.is_set():
            self._sock.settimeout(0.02)
            with suppress(TimeoutError):
                try:
                    return self._sock.recv(65536)
                except ConnectionError:
                    return b""
        return b""

    def wait(self, seconds: float | None = None) -> None:
        """Do nothing for a while, or for ever; until the client goes or the peer is stopped."""
        ends = time.monotonic() + (seconds if seconds is not None else 3600)
        while not self.stopping.is_set():
            left = ends - time.monotonic()
            if left <= 0:
                self._sock.settimeout(None)  # or the next send would have as little time as this
                return
            self._sock.settimeout(min(0.02, left))
            try:
                if not self._sock.recv(1):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        self.open = False

    def close(self) -> None:
        """End the connection in good order."""
        self.open = False

    def reset(self) -> None:
        """End the connection with a reset."""
        with suppress(OSError):
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.open = False


class Peer:
    """A listening socket on 127.0.0.1 and a script for what it answers."""

    def __init__(self, *script: Step) -> None:
        self._script = list(script)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        #: The port it listens on.
        self.port: int = self._listener.getsockname()[1]
        self.requests: list[Request] = []
        self.connections = 0

    @property
    def address(self) -> str:
        """`host:port`, fit for `ConnectionConfig(domain=...)`."""
        return f"127.0.0.1:{self.port}"

    @property
    def open_connections(self) -> int:
        """How many connections are open now."""
        with self._lock:
            return len(self._sockets)

    def __enter__(self) -> Peer:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopping.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for sock in self._sockets:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                self._sockets.add(sock)
            self._start(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        try:
            buffer = bytearray()
            while not self._stopping.is_set():
                request = _receive(sock, buffer)
                if request is None:
                    return
                exchange = Exchange(request, sock, self._stopping)
                self._next(request)(exchange)
                sock.settimeout(None)
                if not exchange.open:
                    return
        except OSError:
            return
        finally:
            with self._lock:
                self._sockets.discard(sock)
            sock.close()

    def _next(self, request: Request) -> Step:
        with self._lock:
            self.requests.append(request)
            return self._script.pop(0) if len(self._script) > 1 else self._script[0]


def refused_address() -> str:
    """`host:port` where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


def _receive(sock: socket.socket, buffer: bytearray) -> Request | None:
    while b"\r\n\r\n" not in buffer:
        if not _more(sock, buffer):
            return None
    head, _, rest = bytes(buffer).partition(b"\r\n\r\n")
    buffer[:] = rest
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    request = Request(method, target, lines)
    if request.headers.get("transfer-encoding") == "chunked":
        request.body = _chunked_body(sock, buffer)
        return request
    length = int(request.headers.get("content-length", "0"))
    while len(buffer) < length and _more(sock, buffer):
        pass
    request.body = bytes(buffer[:length])
    del buffer[:length]
    return request


def _chunked_body(sock: socket.socket, buffer: bytearray) -> bytes:
    body = bytearray()
    while True:
        while b"\r\n" not in buffer:
            if not _more(sock, buffer):
                return bytes(body)
        line, _, rest = bytes(buffer).partition(b"\r\n")
        size = int(line, 16)
        buffer[:] = rest
        while len(buffer) < size + 2:
            if not _more(sock, buffer):
                return bytes(body)
        body += buffer[:size]
        del buffer[: size + 2]
        if size == 0:
            return bytes(body)


def _more(sock: socket.socket, buffer: bytearray) -> bool:
    data = sock.recv(65536)
    buffer += data
    return bool(data)


# --- steps ------------------------------------------------------------------------------------


def head(status: int, headers: Mapping[str, str]) -> bytes:
    """A status line and headers, as they go over the wire."""
    lines = [f"HTTP/1.1 {status} x", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def chunk(data: bytes) -> bytes:
    """One piece of a body in the chunked form; an empty one ends the body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def answer(
    status: int = 200,
    body: bytes = b"",
    *,
    headers: Mapping[str, str] | None = None,
    after: float = 0.0,
) -> Step:
    """Answer in good order, after so many seconds."""
    named = {"Content-Type": "application/json", "Content-Length": str(len(body))}

    def step(exchange: Exchange) -> None:
        if after:
            exchange.wait(after)
        exchange.send(head(status, {**named, **(headers or {})}) + body)

    return step


def events(*frames: bytes, headers: Mapping[str, str] | None = None, lingers: float = 0.0) -> Step:
    """Answer with an event stream, a frame in a piece; it ends `lingers` seconds after them."""
    named = {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"}

    def step(exchange: Exchange) -> None:
        exchange.send(head(200, {**named, **(headers or {})}))
        for frame in frames:
            exchange.send(chunk(frame))
        if lingers:
            exchange.wait(lingers)
        exchange.send(chunk(b""))

    return step


def events_without_end(*frames: bytes, silent: bool = True) -> Step:
    """Send these events, then stay `silent`, or cut the connection in the middle of the body."""

    def step(exchange: Exchange) -> None:
        named = {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"}
        exchange.send(head(200, named) + b"".join(chunk(frame) for frame in frames))
        if silent:
            exchange.wait()
        else:
            exchange.close()

    return step


def hang() -> Step:
    """Read the request and never answer."""
    return Exchange.wait


def close() -> Step:
    """Read the request and close the connection."""
    return Exchange.close


def reset() -> Step:
    """Read the request and reset the connection."""
    return Exchange.reset


def raw(data: bytes, *, closes: bool = True) -> Step:
    """Send exactly these bytes, then close or stay silent."""

    def step(exchange: Exchange) -> None:
        exchange.send(data)
        if closes:
            exchange.close()
        else:
            exchange.wait()

    return step


def truncated(body: bytes, *, of: int) -> Step:
    """Promise a body of `of` bytes, send these, and close."""
    return raw(head(200, {"Content-Type": "application/json", "Content-Length": str(of)}) + body)


def trickle(data: bytes, *, every: float) -> Step:
    """Send these bytes one at a time, one each `every` seconds, and then stay silent."""

    def step(exchange: Exchange) -> None:
        for index in range(len(data)):
            if exchange.stopping.is_set():
                break
            exchange.send(data[index : index + 1])
            exchange.wait(every)
        exchange.wait()

    return step
