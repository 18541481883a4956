"""Connections that are kept and used again, and how many requests may be under way."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from ._later import asyncio
from .limits import bounded
from .tasks import async_spawn

#: What a connection is asked for, by `get_extra_info`, to know whether the last bytes it read were
#: the end of a body in chunks. None where that is not known.
CHUNKS_ENDED = "opensandbox.chunks_ended"


class AsyncConnector(Protocol):
    """Makes connections, and knows which of them are open."""

    def new(self, origin: Any) -> Any:
        """A connection that opens with its first request: one of httpcore's."""

    def abandon(self) -> None:
        """Close all connections at once, without waiting for their event loop."""


class Connector(Protocol):
    """Makes connections, and knows which of them are open."""

    def new(self, origin: Any) -> Any:
        """A connection that opens with its first request: one of httpcore's."""

    def abandon(self) -> None:
        """Close this end of the connections that a forked child got from its parent."""


def async_connector(
    context: ssl.SSLContext | None, proxy: str | None, *, expiry: float
) -> AsyncConnector:
    """What makes connections that may be used again for `expiry` seconds."""
    from .._sockets import looped  # when the first request is made: httpcore takes a while to load

    return looped.AsyncConnector(context, proxy, expiry=expiry)


def connector(context: ssl.SSLContext | None, proxy: str | None, *, expiry: float) -> Connector:
    """What makes connections that may be used again for `expiry` seconds."""
    from .._sockets import blocking

    return blocking.Connector(context, proxy, expiry=expiry)


#: `with AsyncGuard():` nobody else is inside; nothing there may be awaited.
AsyncGuard = contextlib.nullcontext
Guard = threading.Lock


class AsyncAlarm:
    """Has something done after a while."""

    def __init__(self, action: Callable[[], Awaitable[None]]) -> None:
        self._action = action
        self._handle: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """Do it in so many seconds, unless it is to be done already."""
        if self._handle is None:
            self._handle = asyncio.get_running_loop().call_later(seconds, self._ring)

    def _ring(self) -> None:
        self._handle = None
        async_spawn(self._action, name="opensandbox alarm")

    def stop(self) -> None:
        """Do not do it."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


class Alarm:
    """Has nothing done: a thread that waits for it would cost more than it saves."""

    def __init__(self, action: Callable[[], None]) -> None:
        pass

    def set(self, seconds: float) -> None:
        """Nothing."""

    def stop(self) -> None:
        """Nothing."""


class AsyncSlots:
    """So many at a time; the others wait in line."""

    def __init__(self, count: int) -> None:
        self._slots = asyncio.Semaphore(count)

    async def take(self, seconds: float | None) -> bool:
        """Wait for a slot, for up to `seconds`; whether there was one."""
        if not self._slots.locked():
            await self._slots.acquire()
            return True
        try:
            async with asyncio.timeout(seconds):
                await self._slots.acquire()
        except TimeoutError:
            return False
        return True

    def give_back(self) -> None:
        """Let the next one in."""
        self._slots.release()


class Slots:
    """So many at a time; the others wait."""

    def __init__(self, count: int) -> None:
        self._slots = threading.Semaphore(count)

    def take(self, seconds: float | None) -> bool:
        """Wait for a slot, for up to `seconds`; whether there was one."""
        try:
            return self._slots.acquire(timeout=bounded(seconds))
        except TimeoutError:
            return False

    def give_back(self) -> None:
        """Let the next one in."""
        self._slots.release()
