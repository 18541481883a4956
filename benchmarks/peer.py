"""A canned OpenSandbox server, and the daemon of each sandbox, on one port.

    python benchmarks/peer.py [--certificate FILE]      prints its port, serves until it is ended

Rules:

* As little work per request as can be, so that what is measured is the client: answers are made
  once and found by the request line; a body is skipped, not kept, but for its first bytes.
* It reads HTTP properly all the same: head and body may come in any number of pieces.
* Who reads slowly is waited for, so that its memory stays flat too.
* What a command does stands in its text: `lines N` prints N lines, `event N` one line of N bytes
  in pieces of 4 KiB, `linger` keeps the stream open for a second after the end; any other prints
  one line. `/files/download?path=/sizeN` has N bytes. There are 10,000 sandboxes in the listing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import parse_qs

#: How many bytes of a body are looked at: the text of a command is there.
_BODY_SEEN = 4096
_LISTED = 10_000
_CREATED, _EXPIRES = "2026-01-02T03:04:05.678901Z", "2026-01-02T04:04:05.678901Z"

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.I)
_WORK = re.compile(rb"(lines|event|linger) ?(\d*)")
_SANDBOX = re.compile(r"/sandboxes/([^/?]+)(/endpoints/\d+|/renew-expiration)?$")


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _answer(
    body: bytes = b"", status: bytes = b"200 OK", kind: bytes = b"application/json"
) -> bytes:
    head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % (status, len(body)) + body


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _event(**fields: object) -> bytes:
    return _json({**fields, "timestamp": 1767323045678}) + b"\n\n"


_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_BEGIN = _event(type="init", text="0c8a2d54b1f64a1c9d5e7f3a6b2c1d0e") + _event(type="ping")
_LINE = _event(type="stdout", text="the quick brown fox jumps over the lazy dog")
_END = _event(type="execution_complete", execution_time=4)
_LAST = b"0\r\n\r\n"
_SHORT_COMMAND = _HEAD + _chunk(_BEGIN + _LINE + _END) + _LAST
_BLOCK = bytes(65536)


def _sandbox(sandbox_id: str) -> dict[str, Any]:
    return {
        "id": sandbox_id,
        "image": {"uri": "python:3.11"},
        "status": {
            "state": "Running",
            "reason": "CONTAINER_RUNNING",
            "message": "Sandbox is running",
            "lastTransitionAt": _CREATED,
        },
        "metadata": {"project": "benchmarks"},
        "entrypoint": ["tail", "-f", "/dev/null"],
        "expiresAt": _EXPIRES,
        "createdAt": _CREATED,
    }


def _page(query: str) -> dict[str, Any]:
    asked = parse_qs(query)
    page, size = (int(asked.get(name, [default])[0]) for name, default in _PAGING)
    first = (page - 1) * size
    return {
        "items": [_sandbox(f"sb-{n}") for n in range(first, min(first + size, _LISTED))],
        "pagination": {
            "page": page,
            "pageSize": size,
            "totalItems": _LISTED,
            "totalPages": -(-_LISTED // size),
            "hasNextPage": first + size < _LISTED,
        },
    }


_PAGING = (("page", "1"), ("pageSize", "20"))


def _file(path: str) -> dict[str, Any]:
    return {
        "path": path,
        "type": "file",
        "size": 3,
        "modified_at": _CREATED,
        "created_at": _CREATED,
        "owner": "root",
        "group": "root",
        "mode": 644,
    }


class Canned:
    """The answers that are always the same, by request line; made when first asked for."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._made: dict[bytes, bytes | None] = {}

    def find(self, line: bytes) -> bytes | None:
        """The whole answer to `METHOD TARGET`; None for what has none."""
        if line not in self._made:
            method, _, target = line.decode().partition(" ")
            self._made[line] = self._make(method, target)
        return self._made[line]

    def _make(self, method: str, target: str) -> bytes | None:
        path, _, query = target.removeprefix("/v1").partition("?")
        if path in ("/command", "/files/download"):
            return None
        if path == "/sandboxes":
            if method == "POST":
                return _answer(_json(_sandbox("sb-1")), b"202 Accepted")
            return _answer(_json(_page(query)))
        if path == "/files/search":
            return _answer(_json([_file(f"/tmp/{n}.txt") for n in range(1000)]))
        if path == "/files/upload" or path == "/ping":
            return _answer()
        if one := _SANDBOX.match(path):
            return self._of_sandbox(method, one[1], one[2] or "")
        return _answer(b"", b"204 No Content") if path == "/metrics/events" else None

    def _of_sandbox(self, method: str, sandbox_id: str, what: str) -> bytes:
        if what.startswith("/endpoints/"):
            return _answer(_json({"endpoint": self._address}))
        if what:
            return _answer(_json({"expiresAt": _EXPIRES}))
        if method == "DELETE":
            return b"HTTP/1.1 204 No Content\r\n\r\n"
        return _answer(_json(_sandbox(sandbox_id)))


class Exchange(asyncio.Protocol):
    """One connection.

    Each state of the reading is a method: it gets what has come and where to go on in it, and gives
    back how far it came, or -1 when it has to see more.
    """

    def __init__(self, canned: Canned, counts: Counter[str]) -> None:
        self._canned = canned
        self._counts = counts
        self._state: Callable[[bytes, int], int] = self._head
        self._kept = b""
        self._line = b""
        self._body = b""
        self._missing = 0
        self._writable = asyncio.Event()
        self._writable.set()
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._counts["connections"] += 1

    def connection_lost(self, error: Exception | None) -> None:
        for task in self._tasks:
            task.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        if self._kept:
            data, self._kept = self._kept + data, b""
        at = 0
        while at < len(data):
            reached = self._state(data, at)
            if reached < 0:
                self._kept = data[at:]
                return
            at = reached

    # --- reading

    def _head(self, data: bytes, at: int) -> int:
        end = data.find(b"\r\n\r\n", at)
        if end < 0:
            return -1
        head = data[at : end + 2]
        self._line = head[: head.index(b" HTTP/")]
        self._body = b""
        length = _LENGTH.search(head)
        if length is not None and length[1] != b"0":
            self._missing, self._state = int(length[1]), self._sized_body
        elif _CHUNKED.search(head):
            self._state = self._chunk_size
        else:
            self._respond()
        return end + 4

    def _sized_body(self, data: bytes, at: int) -> int:
        taken = self._take(data, at)
        if not self._missing:
            self._state = self._head
            self._respond()
        return at + taken

    def _take(self, data: bytes, at: int) -> int:
        taken = min(self._missing, len(data) - at)
        if len(self._body) < _BODY_SEEN:
            self._body += data[at : at + min(taken, _BODY_SEEN)]
        self._missing -= taken
        return taken

    def _chunk_size(self, data: bytes, at: int) -> int:
        end = data.find(b"\r\n", at)
        if end < 0:
            return -1
        self._missing = int(data[at:end].partition(b";")[0], 16)
        self._state = self._chunk_data if self._missing else self._trailer
        return end + 2

    def _chunk_data(self, data: bytes, at: int) -> int:
        taken = self._take(data, at)
        if not self._missing:
            self._state = self._chunk_end
        return at + taken

    def _chunk_end(self, data: bytes, at: int) -> int:
        if len(data) < at + 2:
            return -1
        self._state = self._chunk_size
        return at + 2

    def _trailer(self, data: bytes, at: int) -> int:
        end = data.find(b"\r\n", at)
        if end < 0:
            return -1
        if end == at:
            self._state = self._head
            self._respond()
        return end + 2

    # --- answering

    def _respond(self) -> None:
        self._counts["requests"] += 1
        answer = self._canned.find(self._line)
        if answer is not None:
            self._transport.write(answer)
        elif self._line.endswith(b" /command"):
            self._command()
        elif b" /files/download?" in self._line:
            size = re.search(rb"size(\d+)", self._line)
            self._begin(self._download(int(size[1]) if size else 3))
        elif self._line == b"GET /counts":
            self._transport.write(_answer(_json(self._counts)))
            self._counts.clear()
        else:
            self._transport.write(_answer(_json({"code": "?"}), b"404 Not Found"))

    def _command(self) -> None:
        work = _WORK.search(self._body)
        if work is None:
            self._transport.write(_SHORT_COMMAND)
        elif work[1] == b"lines":
            self._begin(self._lines(int(work[2])))
        elif work[1] == b"event":
            self._begin(self._long_line(int(work[2])))
        else:
            self._begin(self._linger())

    def _begin(self, answering: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(answering)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _lines(self, count: int) -> None:
        self._transport.write(_HEAD + _chunk(_BEGIN))
        many = _chunk(_LINE * 200)
        while count > 0:
            self._transport.write(many if count >= 200 else _chunk(_LINE * count))
            count -= 200
            await self._writable.wait()
        self._transport.write(_chunk(_END) + _LAST)

    async def _long_line(self, size: int) -> None:
        self._transport.write(_HEAD + _chunk(_BEGIN))
        event = _event(type="stdout", text="x" * size)
        for at in range(0, len(event), 4096):
            self._transport.write(_chunk(event[at : at + 4096]))
            await self._writable.wait()
        self._transport.write(_chunk(_END) + _LAST)

    async def _linger(self) -> None:
        self._transport.write(_HEAD + _chunk(_BEGIN + _LINE + _END))
        await asyncio.sleep(1)
        self._transport.write(_LAST)

    async def _download(self, size: int) -> None:
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
            b"Content-Length: %d\r\n\r\n" % size
        )
        while size > 0:
            self._transport.write(_BLOCK if size >= len(_BLOCK) else _BLOCK[:size])
            size -= len(_BLOCK)
            await self._writable.wait()


async def serve(certificate: str | None) -> None:
    """Serve until ended."""
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    port = listener.getsockname()[1]
    canned, counts = Canned(f"127.0.0.1:{port}"), Counter[str]()
    server = await loop.create_server(lambda: Exchange(canned, counts), sock=listener, ssl=context)
    print(port, flush=True)
    await server.serve_forever()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--certificate", help="serve https, with the key and certificate in FILE")
    certificate = parser.parse_args().certificate
    try:
        import uvloop
    except ImportError:
        asyncio.run(serve(certificate))
    else:
        uvloop.run(serve(certificate))


if __name__ == "__main__":
    main()
