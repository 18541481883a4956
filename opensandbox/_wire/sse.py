"""Takes the frames of an event stream out of bytes that were cut anywhere.

Three spellings are on the wire and all are read: bare JSON objects, one on a line, with or without
blank lines between them (execd, /metrics/watch), and the `data:` fields of server-sent events.

Rules:
* A line ends at CR, LF or CRLF and nowhere else; U+0085 and U+2028 occur inside JSON.
* A frame is a JSON object.  What is neither a frame nor part of a server-sent event is an error,
  raised once everything before it was handed out.
* Work is linear in the bytes fed, however they are cut, and what is kept has a limit.
* Bytes that are not UTF-8 become U+FFFD, as server-sent events prescribe: the output of one program
  must not end a stream.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

Frame = dict[str, Any]

#: The longest frame that is read, in bytes, and the most that is kept between two chunks.
MAX_FRAME = 64 * 2**20

# The C scanner behind json.loads, without the two searches for white space that json.loads makes
# around each text: half the time for a short frame.
_scan: Callable[[str, int], tuple[Any, int]]
_scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # typeshed leaves it out

_FIELDS = frozenset({"event", "id", "retry"})
_FIELD = re.compile(r"[A-Za-z][\w-]*\Z")


class MalformedStream(Exception):
    """The bytes are not an event stream; `data` is the line in question, shortened."""

    def __init__(self, problem: str, data: str = "") -> None:
        self.problem = problem
        self.data = data if len(data) <= 200 else data[:200] + "…"
        super().__init__(f"{problem}: {self.data}" if data else problem)


class FrameDecoder:
    """Feed it bytes; each call gives back the frames that are complete by then.

    `max_frame` limits one frame and what is kept for it, in bytes.
    """

    def __init__(self, *, max_frame: int = MAX_FRAME) -> None:
        self._max_frame = max_frame
        self._partial: list[bytes] = []  # pieces of a line that has not ended
        self._kept = 0  # bytes in _partial and _data together
        self._data: list[str] = []  # the data fields of an event that has not ended
        self._after_cr = False
        self._started = False
        self._fault: MalformedStream | None = None

    @property
    def within_line(self) -> bool:
        """Whether the bytes so far end in the middle of a line."""
        return bool(self._partial)

    @property
    def unfinished(self) -> bool:
        """Whether the bytes so far end in the middle of a frame."""
        return bool(self._partial or self._data)

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take the next bytes; raises MalformedStream for what is no event stream."""
        if self._fault is not None:
            raise self._fault
        frames: list[Frame] = []
        try:
            self._take(chunk, frames)
        except MalformedStream as fault:
            self._fault = fault
            self._partial.clear()
            self._data.clear()
            self._kept = 0
            if not frames:
                raise
        return frames

    def _take(self, chunk: bytes, frames: list[Frame]) -> None:
        """Add the frames that are complete with these bytes."""
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk[0] == 0x0A:
                chunk = chunk[1:]
        # Only the new bytes are searched for a line's end: a long line costs its length, once.
        end = max(chunk.rfind(b"\n"), chunk.rfind(b"\r")) + 1
        if not end:
            self._keep(chunk)
            return
        self._after_cr = end == len(chunk) and chunk[-1] == 0x0D
        block = b"".join((*self._partial, chunk[:end]))
        self._kept -= sum(map(len, self._partial))
        self._partial.clear()
        self._read(block, frames)
        self._keep(chunk[end:])

    def close(self) -> list[Frame]:
        """Take what a stream without a final line ending has left behind.

        Half a frame is not an error here: `unfinished` then stays true, and who reads the stream
        knows whether its end was due.
        """
        if self._fault is not None:
            raise self._fault
        tail = b"".join(self._partial).decode("utf-8", "replace")
        value = tail.partition(":")[2] if tail.startswith("data:") else tail
        text = "\n".join([*self._data, *([value] if value.strip() else [])])
        try:
            frames = [_frame(text)] if text.strip() else []
        except MalformedStream:
            return []
        self._partial.clear()
        self._data.clear()
        return frames

    def _keep(self, piece: bytes) -> None:
        if piece:
            self._partial.append(piece)
            self._count(len(piece))

    def _count(self, size: int) -> None:
        self._kept += size
        if self._kept > self._max_frame:
            raise MalformedStream(f"a frame is longer than {self._max_frame} bytes")

    def _read(self, block: bytes, frames: list[Frame]) -> None:
        text = block.decode("utf-8", "replace")
        if not self._started:
            self._started = True
            text = text.removeprefix("\ufeff")
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        lines = text.split("\n")  # not splitlines: that cuts at U+0085 and U+2028
        lines.pop()
        for line in lines:
            if line.startswith("{"):
                # What _frame does, here without its call: this is the hot line of the package.
                try:
                    frame, end = _scan(line, 0)
                except (StopIteration, ValueError, RecursionError):
                    frame, end = {}, -1
                frames.append(frame if end == len(line) else _frame(line))
            elif line or self._data:
                self._field(line, frames)

    def _field(self, line: str, frames: list[Frame]) -> None:
        """One line of a server-sent event; an empty one ends the event."""
        if not line:
            self._kept -= sum(map(len, self._data))
            text = "\n".join(self._data)
            self._data.clear()
            if text.strip():
                frames.append(_frame(text))
            return
        name, colon, value = line.partition(":")
        if name == "data":
            value = value.removeprefix(" ")
            self._data.append(value)
            self._count(len(value))
        elif name.strip() and name not in _FIELDS and not (colon and _FIELD.match(name)):
            frames.append(_frame(line))  # with white space before it, or no part of a stream
        # Else a comment (no name), or event:, id:, retry: and whatever else may come to exist.


def _frame(text: str) -> Frame:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise MalformedStream("not a JSON object", text) from None
    if not isinstance(value, dict):
        raise MalformedStream("not a JSON object", text)
    return value
