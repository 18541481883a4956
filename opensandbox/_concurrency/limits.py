"""How long things may take: limits around a caller that every wait inside keeps to.

asyncio cancels what is under way. A thread cannot be interrupted, so whatever waits there looks at
the limits around it; they nest, and the shortest one counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import time
from collections.abc import Iterator
from types import TracebackType

monotonic = time.monotonic

#: `async with async_time_limit(seconds)`: TimeoutError once they have passed; None for no limit.
async_time_limit = asyncio.timeout

_deadline: contextvars.ContextVar[float | None] = contextvars.ContextVar(
    "opensandbox_deadline", default=None
)


class time_limit:
    """`with time_limit(seconds)`: no wait inside goes on for longer; None for no limit.

    A thread cannot be interrupted, so the waits themselves look here: `sleep` raises TimeoutError,
    sockets of the pools raise httpcore's timeouts.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._token: contextvars.Token[float | None] | None = None

    def __enter__(self) -> time_limit:
        if self._seconds is not None:
            outer = _deadline.get()
            mine = monotonic() + self._seconds
            self._token = _deadline.set(mine if outer is None else min(mine, outer))
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._token is not None:
            _deadline.reset(self._token)


def bounded(seconds: float | None) -> float | None:
    """`seconds`, or what the limits around the caller leave of them; TimeoutError for nothing."""
    limit = _deadline.get()
    if limit is None:
        return seconds
    left = limit - monotonic()
    if left <= 0:
        raise TimeoutError("the time limit has passed")
    return left if seconds is None else min(seconds, left)


@contextlib.contextmanager
def no_limit() -> Iterator[None]:
    """What is inside is not under the limits around the caller."""
    token = _deadline.set(None)
    try:
        yield
    finally:
        _deadline.reset(token)


async_sleep = asyncio.sleep


def sleep(seconds: float) -> None:
    """Wait; TimeoutError as soon as a limit around the caller has passed."""
    allowed = bounded(seconds) or 0.0
    time.sleep(allowed)
    if allowed < seconds:
        raise TimeoutError("the time limit has passed")
