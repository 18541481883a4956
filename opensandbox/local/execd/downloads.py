"""Sending a file: whole, a range of bytes, or some of its lines.

A file is read in pieces while it is sent, so its size does not matter to memory.
"""

from __future__ import annotations

import errno
import os
import stat
from email.utils import formatdate
from typing import NamedTuple
from urllib.parse import quote

from starlette.types import Receive, Scope, Send

from .errors import RUNTIME_ERROR, Refusal
from .work import Workers

_PIECE = 1024 * 1024
_OCTETS = "application/octet-stream"
_TEXT = "text/plain; charset=utf-8"


class Span(NamedTuple):
    """Bytes from `start` up to, not including, `end`."""

    start: int
    end: int


def open_file(path: str) -> int:
    """A descriptor to read an ordinary file by. Raises OSError or, for a device or pipe, Refusal.

    Of those there may be no end, and no beginning.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    kind = os.fstat(descriptor).st_mode
    if stat.S_ISREG(kind):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(errno.EISDIR, "is a directory")
    raise Refusal(500, RUNTIME_ERROR, f"{path!r} is no ordinary file; read it by a command")


def size_of(descriptor: int) -> int:
    """The size of an open file in bytes."""
    return os.fstat(descriptor).st_size


def parse_range(header: str, size: int) -> Span | None:
    """The one range that a Range header asks for; None where the whole file answers it.

    Several ranges are answered by the whole file, which the protocol allows.
    Raises ValueError for a range that the file does not have.
    """
    unit, _, ranges = header.partition("=")
    if unit.strip().lower() != "bytes" or "," in ranges:
        return None
    first, dash, last = ranges.strip().partition("-")
    numbers = all(not part or (part.isascii() and part.isdecimal()) for part in (first, last))
    if not dash or not numbers or not (first or last) or len(ranges) > 60:
        raise ValueError("invalid range")
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
    if start >= size or start >= end:
        raise ValueError("invalid range: failed to overlap")
    return Span(start, end)


def find_lines(descriptor: int, first: int, count: int | None) -> Span:
    """Where `count` lines (None: all) from line `first` on are, counted from 1.

    The last line's ending is not part of it.
    """
    at, line, start = 0, 1, 0 if first <= 1 else -1
    last = None if count is None else first + count
    while piece := os.pread(descriptor, _PIECE, at):
        newline = piece.find(b"\n")
        while newline >= 0:
            line += 1
            if line == first:
                start = at + newline + 1
            if line == last:
                return Span(start, at + newline)
            newline = piece.find(b"\n", newline + 1)
        at += len(piece)
    if start < 0:
        return Span(at, at)
    ends_with_newline = at > start and os.pread(descriptor, 1, at - 1) == b"\n"
    return Span(start, at - ends_with_newline)


class FileAnswer:
    """An ASGI answer that sends a span of an open file and closes it."""

    def __init__(self, workers: Workers, descriptor: int, span: Span, *, status: int = 200) -> None:
        self._workers = workers
        self._descriptor = descriptor
        self._span = span
        self._status = status
        self.headers: list[tuple[bytes, bytes]] = []

    def describe(self, name: str, value: str) -> None:
        """Adds a header."""
        self.headers.append((name.encode(), value.encode("latin-1", "replace")))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the answer."""
        try:
            await self._send_all(scope["method"] == "HEAD", send)
        finally:
            os.close(self._descriptor)

    async def _send_all(self, head: bool, send: Send) -> None:
        length = str(self._span.end - self._span.start).encode()
        headers = [*self.headers, (b"content-length", length)]
        start = {"type": "http.response.start", "status": self._status, "headers": headers}
        await send(start)
        at = self._span.start
        while at < self._span.end and not head:
            wanted = min(_PIECE, self._span.end - at)
            piece = await self._workers.run(None, os.pread, self._descriptor, wanted, at)
            if not piece:
                raise OSError(errno.EIO, "the file became shorter while it was sent")
            at += len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def answer_bytes(workers: Workers, descriptor: int, path: str, wanted: str | None) -> FileAnswer:
    """The whole file or the range that the header `wanted` names. Takes the descriptor over.

    Raises ValueError for a range that the file does not have; the descriptor is then closed.
    """
    status = os.fstat(descriptor)
    try:
        span = parse_range(wanted, status.st_size) if wanted else None
    except ValueError:
        os.close(descriptor)
        raise
    whole = Span(0, status.st_size)
    answer = FileAnswer(workers, descriptor, span or whole, status=206 if span else 200)
    answer.describe("content-type", _OCTETS)
    answer.describe("content-disposition", disposition(path))
    answer.describe("accept-ranges", "bytes")
    answer.describe("last-modified", formatdate(status.st_mtime, usegmt=True))
    if span:
        answer.describe("content-range", f"bytes {span.start}-{span.end - 1}/{status.st_size}")
    return answer


def answer_lines(workers: Workers, descriptor: int, span: Span) -> FileAnswer:
    """Some lines of a file. Takes the descriptor over."""
    answer = FileAnswer(workers, descriptor, span)
    answer.describe("content-type", _TEXT)
    return answer


def disposition(path: str) -> str:
    """The Content-Disposition header for a file."""
    name = os.path.basename(path)
    if name.isascii() and name.isprintable() and not set(name) & set('"\\'):
        return f'attachment; filename="{name}"'
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"
