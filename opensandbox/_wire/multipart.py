"""Plans the body of an upload: pairs of metadata and content, streamed, nothing read into memory.

Rules:
* A plan holds bytes and sources; reading the sources is the caller's work, in its own colour.
* When every size is known so is the body's, and it goes with a Content-Length; else it is chunked.
* Paths travel in the JSON metadata alone, so that no header carries a name from outside.
"""

from __future__ import annotations

import io
import json
import re
import secrets
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from ..exceptions import InvalidArgumentException

#: The most that is handed to the connection, or read from a source, at once, in bytes.
PIECE = 256 * 2**10


@frozen
class Source:
    """Content that is still to be read: a file object, an iterable or an async iterable."""

    path: str
    data: Any
    encoding: str
    #: The bytes it will give, from where it stands.  None when that cannot be known.
    size: int | None

    @property
    def is_file(self) -> bool:
        return not isinstance(self.data, AsyncIterable) and hasattr(self.data, "read")

    def piece(self, piece: Any) -> bytes:
        """One piece of the content as bytes; text is encoded.

        Raises InvalidArgumentException for what is neither.
        """
        if isinstance(piece, str):
            return encoded(piece, self.encoding, self.path)
        if isinstance(piece, bytes | bytearray | memoryview):
            return bytes(piece)
        raise InvalidArgumentException(
            f"the content for {self.path!r} gave {type(piece).__name__}, not bytes or text"
        )

    def short(self, got: int) -> InvalidArgumentException:
        """The error for a file that has fewer bytes than it had when the upload began."""
        return InvalidArgumentException(
            f"the content for {self.path!r} ended after {got} of {self.size} bytes:"
            " it was changed while it was sent"
        )


@frozen
class UploadPlan:
    """The body of one upload, in order: bytes as they are, sources to be read."""

    boundary: str
    segments: Sequence[bytes | memoryview | Source]

    @property
    def content_length(self) -> int | None:
        """The body's length in bytes; None when a source does not know its own."""
        total = 0
        for segment in self.segments:
            size = segment.size if isinstance(segment, Source) else len(segment)
            if size is None:
                return None
            total += size
        return total

    @property
    def headers(self) -> dict[str, str]:
        headers = {"Content-Type": f"multipart/form-data; boundary={self.boundary}"}
        if (length := self.content_length) is not None:
            headers["Content-Length"] = str(length)
        return headers

    @property
    def sources(self) -> list[Source]:
        """What has to be read; empty when the body can be sent again."""
        return [segment for segment in self.segments if isinstance(segment, Source)]

    def whole(self) -> bytes | None:
        """The body as one small piece, which can be sent again; None for any other."""
        length = self.content_length
        if self.sources or length is None or length > PIECE:
            return None
        return b"".join(s for s in self.segments if not isinstance(s, Source))


def plan_upload(
    entries: Iterable[tuple[Mapping[str, Any], Any, str]], *, boundary: str | None = None
) -> UploadPlan:
    """Plan an upload of (metadata, content, encoding) each.

    Content is str (encoded), bytes or alike, a binary or text file object (read from where it
    stands), or an iterable or async iterable of bytes or str.  `boundary` is random unless given.
    Raises InvalidArgumentException for any other content, and for an encoding that is unknown or
    cannot hold the text.
    """
    boundary = boundary or f"opensandbox-{secrets.token_hex(16)}"
    segments: list[bytes | memoryview | Source] = []
    between = ""
    for metadata, data, encoding in entries:
        content, kind = _content(str(metadata.get("path")), data, encoding)
        head = (
            f"{between}--{boundary}\r\n"
            'Content-Disposition: form-data; name="metadata"; filename="metadata"\r\n'
            "Content-Type: application/json\r\n\r\n"
            f"{json.dumps(dict(metadata))}\r\n--{boundary}\r\n"
            'Content-Disposition: form-data; name="file"; filename="file"\r\n'
            f"Content-Type: {kind}\r\n\r\n"
        )
        segments += [head.encode("ascii"), content]
        between = "\r\n"
    segments.append(f"{between}--{boundary}--\r\n".encode("ascii"))
    return UploadPlan(boundary, segments)


def pieces(segment: bytes | memoryview) -> Iterator[bytes]:
    """Cut what is in memory into what a connection takes at once, so that no write takes long."""
    for start in range(0, len(segment), PIECE):
        yield bytes(segment[start : start + PIECE])


def encoded(text: str, encoding: str, path: str) -> bytes:
    """`text` in `encoding`; raises InvalidArgumentException where that is not possible."""
    if not re.fullmatch(r"[\w.:-]+", encoding, re.ASCII):  # it goes into a header as well
        raise InvalidArgumentException(f"unknown encoding {encoding!r}")
    try:
        return text.encode(encoding)
    except LookupError as problem:
        raise InvalidArgumentException(f"unknown encoding {encoding!r}", problem) from problem
    except UnicodeEncodeError as problem:
        raise InvalidArgumentException(
            f"the text for {path!r} cannot be written as {encoding}: {problem.reason}"
            f" at character {problem.start}",
            problem,
        ) from problem


def _content(path: str, data: Any, encoding: str) -> tuple[bytes | memoryview | Source, str]:
    """The content as it is sent, and its type."""
    octets = "application/octet-stream"
    if isinstance(data, str):
        return encoded(data, encoding, path), f"text/plain; charset={encoding}"
    if isinstance(data, bytes):
        return data, octets
    if isinstance(data, bytearray | memoryview):
        view = memoryview(data)
        return (view.cast("B") if view.c_contiguous else view.tobytes()), octets
    if isinstance(data, AsyncIterable | Iterable) or hasattr(data, "read"):
        encoded("", encoding, path)
        return Source(path, data, encoding, _size(data)), octets
    raise InvalidArgumentException(
        f"the content for {path!r} must be text, bytes, a file object or an iterable of bytes,"
        f" got {type(data).__name__}"
    )


def _size(data: Any) -> int | None:
    """How many bytes a file object has left; None when only reading would tell."""
    if isinstance(data, AsyncIterable) or hasattr(data, "encoding"):
        return None  # text: its length in bytes is known once it is encoded
    try:
        if not data.seekable():
            return None
        here = data.tell()
        end = data.seek(0, io.SEEK_END)
        data.seek(here)
    except (AttributeError, OSError, ValueError):
        return None
    return max(0, end - here) if isinstance(end, int) else None
