"""Taking files in: a multipart body is parsed while it arrives and written while it is parsed.

Rules:
- The body is pairs of parts: "metadata", a small JSON object, then "file", the bytes.
- A file is written beside its target and takes its place when its part is complete; a request that
  breaks off leaves no half a file.
- What is in memory at any time is one piece of at most a few megabytes.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from .errors import INVALID_FILE, INVALID_METADATA, Refusal, from_os, invalid
from .files import Permission, Replacement, check_path
from .work import Identity, Workers

LARGEST_METADATA = 64 * 1024
_MOST_PARTS = 10_000
_LARGEST_HEADERS = 16 * 1024
_PIECE = 1024 * 1024


def boundary_of(content_type: str) -> bytes:
    """The boundary in a Content-Type header. Raises Refusal if there is none."""
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise invalid("an upload must be multipart/form-data with a boundary")
    return boundary


class _Events:
    """What the parser has found since it was last asked: (what, bytes) pairs."""

    def __init__(self, boundary: bytes) -> None:
        self._found: list[tuple[str, bytes]] = []
        self._header = bytearray()
        self._value = bytearray()
        self._disposition = b""
        self._parts = 0
        self.ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begins,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_ends,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._data,
                "on_part_end": lambda: self._found.append(("end", b"")),
                "on_end": self._body_ends,
            },
        )

    def feed(self, data: bytes) -> list[tuple[str, bytes]]:
        """Parses a piece of the body. Raises Refusal."""
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise invalid(f"the upload is not valid multipart: {error}") from None
        found, self._found = self._found, []
        return found

    def _part_begins(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise invalid(f"an upload has at most {_MOST_PARTS} parts")
        self._disposition = b""

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]
        self._check_headers()

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._check_headers()

    def _check_headers(self) -> None:
        if len(self._header) + len(self._value) > _LARGEST_HEADERS:
            raise invalid("a part of the upload has too long a header")

    def _header_ends(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._found.append(("begin", options.get(b"name", b"")))

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._found.append(("data", data[start:end]))

    def _body_ends(self) -> None:
        self.ended = True


class Upload:
    """One upload request on its way to the disk."""

    def __init__(self, workers: Workers, identity: Identity | None) -> None:
        self._workers = workers
        self._identity = identity
        self._part = b""
        self._metadata: bytearray | None = None
        self._replacement: Replacement | None = None
        self._path = ""
        self._gathered = bytearray()
        self._files = 0

    async def take(self, boundary: bytes, body: AsyncIterator[bytes]) -> None:
        """Reads the body to its end and writes every file of it. Raises Refusal."""
        events = _Events(boundary)
        try:
            async for piece in body:
                for what, data in events.feed(piece):
                    await self._handle(what, data)
            if not events.ended or self._replacement is not None:
                raise invalid("the upload broke off before its end")
            if not self._files:
                raise Refusal(400, INVALID_FILE, "the upload contains no file")
        finally:
            if self._replacement is not None:
                await self._workers.run(self._identity, self._replacement.close)

    async def _handle(self, what: str, data: bytes) -> None:
        if what == "begin":
            self._part = data
            if data == b"metadata":
                self._metadata = bytearray()
            elif data == b"file":
                await self._begin_file()
        elif what == "end":
            if self._part == b"file":
                await self._end_file()
        elif self._part == b"file":
            self._gathered += data
            if len(self._gathered) >= _PIECE:
                await self._flush()
        elif self._part == b"metadata" and self._metadata is not None:
            self._metadata += data
            if len(self._metadata) > LARGEST_METADATA:
                raise _bad_metadata(f"it has at most {LARGEST_METADATA} bytes")

    async def _begin_file(self) -> None:
        path, permission = _read_metadata(self._metadata)
        self._metadata = None
        self._path = path
        try:
            self._replacement = await self._workers.run(
                self._identity, Replacement, path, permission
            )
        except OSError as error:
            raise self._failed(error) from error

    async def _flush(self) -> None:
        if self._replacement is None or not self._gathered:
            return
        gathered, self._gathered = self._gathered, bytearray()
        try:
            await self._workers.run(None, self._replacement.write, gathered)
        except OSError as error:
            raise self._failed(error) from error

    async def _end_file(self) -> None:
        await self._flush()
        if self._replacement is None:
            return
        try:
            await self._workers.run(self._identity, self._replacement.commit)
        except OSError as error:
            raise self._failed(error) from error
        self._replacement.close()
        self._replacement = None
        self._files += 1

    def _failed(self, error: OSError) -> Refusal:
        refused = from_os(error, f"write {self._path!r}")
        return Refusal(500, "RUNTIME_ERROR", refused.message)


def _read_metadata(raw: bytearray | None) -> tuple[str, Permission]:
    if raw is None:
        raise _bad_metadata("every file needs a part of that name before it")
    try:
        given: Any = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _bad_metadata(f"it is not valid JSON: {error}") from None
    if not isinstance(given, dict):
        raise _bad_metadata("it must be a JSON object")
    try:
        return check_path(given.get("path")), Permission(given)
    except Refusal as refused:
        raise _bad_metadata(refused.message) from None


def _bad_metadata(reason: str) -> Refusal:
    return Refusal(400, INVALID_METADATA, f"the upload's metadata cannot be used: {reason}")
