"""Connections that are kept and used again, and how many requests may be under way."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from ._later import asyncio, running_loop
from .calls import async_run_blocking
from .limits import async_time_limit, bounded
from .tasks import async_spawn

#: What a connection is asked for, by `get_extra_info`, to know whether the last bytes it read were
#: the end of a body in chunks: True for it looks like that, `SURELY`, or None.
CHUNKS_ENDED = "opensandbox.chunks_ended"
SURELY = "surely"
#: Among the extensions of a request, why nothing of it has been sent, as long as that is so.
NOT_SENT = "opensandbox.not_sent"
NOT_CONNECTED = "it was not connected yet"


class AsyncPool(Protocol):
    """Connections that are kept and used again."""

    @property
    def made_by(self) -> str:
        """What makes the connections, by name and version."""

    @property
    def in_use(self) -> int:
        """How many requests are under way."""

    @property
    def open(self) -> int:
        """How many connections are open, the idle ones among them."""

    async def handle_async_request(self, request: Any) -> Any:
        """Send one request of httpx, once, for a response of httpx; raises httpx's exceptions."""

    async def aclose(self) -> None:
        """Close the connections."""

    def abandon(self) -> None:
        """Let go of what cannot be closed in order: its event loop or its process is gone."""


class Pool(Protocol):
    """Connections that are kept and used again."""

    @property
    def made_by(self) -> str:
        """What makes the connections, by name and version."""

    @property
    def in_use(self) -> int:
        """How many requests are under way."""

    @property
    def open(self) -> int:
        """How many connections are open, the idle ones among them."""

    def handle_request(self, request: Any) -> Any:
        """Send one request of httpx, once, for a response of httpx; raises httpx's exceptions."""

    def close(self) -> None:
        """Close the connections."""

    def abandon(self) -> None:
        """Let go of what cannot be closed in order: its event loop or its process is gone."""


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


async def async_fast_pool(
    context: ssl.SSLContext | None, *, room: Callable[[], int], expiry: float
) -> AsyncPool | None:
    """Connections of aiohttp, which keeps `room()` idle ones for `expiry` seconds; None without the
    extra `fast`.
    """
    # In a thread: aiohttp takes a while to load.
    fast = await async_run_blocking(load_fast)
    return None if fast is None else fast.FastConnections(context, room=room, expiry=expiry)


def fast_pool(
    context: ssl.SSLContext | None, *, room: Callable[[], int], expiry: float
) -> Pool | None:
    """None: aiohttp is for event loops."""
    return None


def load_fast() -> Any:
    """The module of aiohttp's connections; None where the extra is not installed."""
    try:
        from .._sockets import fast
    except ImportError:
        return None
    return fast


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
            self._handle = running_loop().call_later(seconds, self._ring)

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
        #: How many wait, or were let in and will go on in a moment.
        self.waiting = 0

    async def take(self, seconds: float | None) -> bool:
        """Wait for a slot, for up to `seconds`; whether there was one."""
        if not self._slots.locked():
            await self._slots.acquire()
            return True
        self.waiting += 1
        try:
            async with async_time_limit(seconds):
                await self._slots.acquire()
        except TimeoutError:
            return False
        finally:
            self.waiting -= 1
        return True

    def give_back(self) -> None:
        """Let the next one in."""
        self._slots.release()


class Slots:
    """So many at a time; the others wait."""

    def __init__(self, count: int) -> None:
        self._slots = threading.Semaphore(count)
        self._guard = threading.Lock()
        #: How many wait, or were let in and will go on in a moment.
        self.waiting = 0

    def _count(self, more: int) -> None:
        with self._guard:
            self.waiting += more

    def take(self, seconds: float | None) -> bool:
        """Wait for a slot, for up to `seconds`; whether there was one."""
        if self._slots.acquire(blocking=False):
            return True
        self._count(1)
        try:
            return self._slots.acquire(timeout=bounded(seconds))
        except TimeoutError:
            return False
        finally:
            self._count(-1)

    def give_back(self) -> None:
        """Let the next one in."""
        self._slots.release()
