"""The messages of a terminal's WebSocket: what is typed into bytes, bytes into what is printed.

Rules:

* A binary message begins with a byte that says what it is; a text message is JSON.
* Messages of other kinds say nothing to us and pass; one that cannot be read is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from attrs import frozen

from ..exceptions import InvalidArgumentException, SandboxInternalException
from ..models.terminal import TerminalOutput

#: The most of what is typed that goes into one message, in bytes.
PIECE = 64 * 2**10
#: The close code for whoever was replaced by another viewer.
TAKEN_OVER = 4001

_INPUT, _STDOUT, _STDERR, _REPLAY = 0, 1, 2, 3
_OFFSET_BYTES = 8
_SIGNAL = re.compile(r"SIG[A-Z0-9]{2,10}")


@frozen
class Printed:
    """Output, and where it ends in everything that was printed: None when that is not said."""

    output: TerminalOutput
    ends: int | None = None


@frozen
class Ended:
    """The shell has ended."""

    exit_code: int


@frozen
class Refused:
    """The daemon says that something went wrong."""

    message: str


Message = Printed | Ended | Refused


def query(*, pipes: bool, since: int | None, takeover: bool) -> dict[str, str]:
    """The query of `/pty/{id}/ws`."""
    found: dict[str, str] = {}
    if pipes:
        found["pty"] = "0"
    if since is not None:
        if isinstance(since, bool) or not isinstance(since, int) or since < 0:
            raise InvalidArgumentException(f"since must be a number of bytes, got {since!r}")
        found["since"] = str(since)
    if takeover:
        found["takeover"] = "1"
    return found


def typed(data: str | bytes) -> Iterator[bytes]:
    """The messages that type this."""
    if isinstance(data, str):
        data = data.encode()
    if not isinstance(data, bytes | bytearray | memoryview):
        raise InvalidArgumentException(f"data must be str or bytes, got {type(data).__name__}")
    for start in range(0, len(data), PIECE):
        yield bytes([_INPUT]) + bytes(data[start : start + PIECE])


def resized(columns: int, rows: int) -> str:
    """The message that tells how large the terminal is."""
    for name, value in (("columns", columns), ("rows", rows)):
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 65535:
            raise InvalidArgumentException(f"{name} must be from 1 to 65535, got {value!r}")
    return json.dumps({"type": "resize", "cols": columns, "rows": rows})


def signalled(name: str) -> str:
    """The message that sends a signal."""
    if not isinstance(name, str) or not _SIGNAL.fullmatch(name):
        raise InvalidArgumentException(f"signal must be a name such as 'SIGINT', got {name!r}")
    return json.dumps({"type": "signal", "signal": name})


def read(message: str | bytes) -> Message | None:
    """What a message says; None when it says nothing to us."""
    return _read_text(message) if isinstance(message, str) else _read_binary(message)


def _read_binary(message: bytes) -> Message | None:
    kind, data = (message[0], message[1:]) if message else (None, b"")
    if kind in (_STDOUT, _STDERR):
        return Printed(TerminalOutput(data=data, is_error=kind == _STDERR))
    if kind == _REPLAY:
        if len(data) < _OFFSET_BYTES:
            raise SandboxInternalException("the terminal sent output again without its offset")
        offset, again = int.from_bytes(data[:_OFFSET_BYTES], "big"), data[_OFFSET_BYTES:]
        return Printed(TerminalOutput(data=again, is_replay=True), offset + len(again))
    return None


def _read_text(message: str) -> Message | None:
    try:
        said: Any = json.loads(message)
        kind = said["type"]
    except (ValueError, TypeError, KeyError) as error:
        raise SandboxInternalException(
            "the terminal sent a text that is no JSON object with a type", cause=error
        ) from error
    if kind == "exit":
        code = said.get("exit_code")
        return Ended(code if isinstance(code, int) else -1)
    if kind == "error":
        return Refused(str(said.get("message") or said.get("error") or "no reason given"))
    return None
