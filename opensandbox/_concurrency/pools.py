"""Connections that are kept and used again, and how many requests may be under way."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Sequence
from typing import Any, Protocol

from .limits import bounded

#: What a connection is asked for, by `get_extra_info`, to know whether the last bytes it read were
#: the end of a body in chunks. None where that is not known.
CHUNKS_ENDED = "opensandbox.chunks_ended"


class AsyncPool(Protocol):
    """Connections that are kept and used again."""

    @property
    def connections(self) -> Sequence[object]: ...

    async def handle_async_request(self, request: Any) -> Any: ...

    async def aclose(self) -> None: ...


class Pool(Protocol):
    """Connections that are kept and used again."""

    @property
    def connections(self) -> Sequence[object]: ...

    def handle_request(self, request: Any) -> Any: ...

    def close(self) -> None: ...


def async_new_pool(
    context: ssl.SSLContext | None, proxy: str | None, *, idle: int, expiry: float
) -> AsyncPool:
    """A pool that keeps `idle` unused connections for `expiry` seconds."""
    from .. import _sockets  # when the first request is made: httpcore takes a while to import

    return _sockets.async_pool(context, proxy, idle=idle, expiry=expiry)


def new_pool(
    context: ssl.SSLContext | None, proxy: str | None, *, idle: int, expiry: float
) -> Pool:
    """A pool that keeps `idle` unused connections for `expiry` seconds."""
    from .. import _sockets

    return _sockets.blocking_pool(context, proxy, idle=idle, expiry=expiry)


def async_abandon(pool: AsyncPool) -> None:
    """Close connections at once, without waiting for their event loop."""
    from .. import _sockets

    for connection in pool.connections:
        _sockets.abandon_async(connection)


def abandon(pool: Pool) -> None:
    """Close this end of the connections that a forked child got from its parent."""
    from .. import _sockets

    for connection in pool.connections:
        _sockets.abandon_blocking(connection)


def async_sweep(pool: AsyncPool, answer: object = None) -> None:
    """Take out what was left by a request that was cancelled, or by the closing of its answer."""
    from .. import _sockets

    _sockets.sweep(pool, answer, _sockets.abandon_async)


def sweep(pool: Pool, answer: object = None) -> None:
    """Take out what was left by a request that was interrupted, or by the closing of its answer."""
    from .. import _sockets

    _sockets.sweep(pool, answer, _sockets.abandon_blocking)


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
