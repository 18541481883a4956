"""Events as the bytes that go over the wire: one bare JSON object each, a blank line after it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from json.encoder import encode_basestring
from signal import strsignal

from .errors import Refusal

HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]


def now() -> int:
    """The time as events carry it: milliseconds since 1970."""
    return int(time.time() * 1000)


def _frame(event: Mapping[str, object]) -> bytes:
    return (
        json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
        + b"\n\n"
    )


def init(identity: str) -> bytes:
    """The first event of every stream."""
    return _frame({"type": "init", "text": identity, "timestamp": now()})


def ping() -> bytes:
    """A sign of life."""
    return _frame({"type": "ping", "text": "pong", "timestamp": now()})


def output(kind: str, text: str) -> bytes:
    """A piece of "stdout" or "stderr", with its own line endings; `text` holds no surrogates."""
    # The hot one: two concatenations instead of a dictionary and a general encoder.
    body = f'{{"type":"{kind}","text":{encode_basestring(text)},"timestamp":{now()}}}\n\n'
    return body.encode()


def complete(seconds: float) -> bytes:
    """Success, after `seconds`."""
    return _frame(
        {"type": "execution_complete", "execution_time": int(seconds * 1000), "timestamp": now()}
    )


def failure(exit_code: int) -> bytes:
    """A program that ended with `exit_code` (negative: by that signal)."""
    value = str(exit_code) if exit_code >= 0 else "-1"
    error = {"ename": "CommandExecError", "evalue": value, "traceback": [describe(exit_code)]}
    return _frame({"type": "error", "timestamp": now(), "error": error})


def exception(said: object) -> bytes:
    """What code raised: its "ename", "evalue" and "traceback", as an interpreter says them."""
    given = said if isinstance(said, Mapping) else {}
    lines = given.get("traceback")
    error = {
        "ename": str(given.get("ename")),
        "evalue": str(given.get("evalue")),
        "traceback": [str(line) for line in lines] if isinstance(lines, list) else [],
    }
    return _frame({"type": "error", "timestamp": now(), "error": error})


def result(forms: Mapping[str, str]) -> bytes:
    """A value, by mime type."""
    return _frame({"type": "result", "timestamp": now(), "results": forms})


def count(number: int) -> bytes:
    """How many pieces of code the context has run."""
    return _frame({"type": "execution_count", "execution_count": number, "timestamp": now()})


def refusal(refused: Refusal) -> bytes:
    """A failure of the daemon's in the middle of a stream."""
    return _frame(refused.body())


def describe(exit_code: int) -> str:
    """How a program ended, in words: "exit status 3" or "signal: killed"."""
    if exit_code >= 0:
        return f"exit status {exit_code}"
    return f"signal: {(strsignal(-exit_code) or str(-exit_code)).lower()}"
