"""The target itself: `python -m tests.fuzz.target` with libFuzzer's options. See `__main__`."""

from __future__ import annotations

import sys

import atheris  # type: ignore[import-untyped, import-not-found, unused-ignore]

with atheris.instrument_imports(include=["opensandbox._wire.sse", "opensandbox._wire.events"]):
    from tests.fuzz.invariants import HEAD, check, check_time

#: One input in so many is also timed.
_TIMED = 20_000
_seen = 0


def one(data: bytes) -> None:
    """Check one input."""
    global _seen
    _seen += 1
    check(data)
    if _seen % _TIMED == 0:
        check_time(data[HEAD:])


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
