"""One value for each event loop or for the process, whoever asks for it there.

It is closed on its own loop; a dead loop's is let go of; a forked child makes its own and closes
nothing of its parent's.
"""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, Generic, TypeVar

from ._later import asyncio, no_loop, running_loop
from .limits import no_limit

T = TypeVar("T")


class _Entry(Generic[T]):
    """A value and the generator by which its event loop closes it."""

    def __init__(self, value: T, close: Callable[[T], Awaitable[None]]) -> None:
        self.value: T = value
        self.pid = os.getpid()
        self._held = [value]
        self._keeper = _keep(self._held, close)
        # One step, by hand because this is no coroutine: it makes the keeper known to the loop.
        with contextlib.suppress(StopIteration):
            self._keeper.__anext__().__await__().__next__()

    async def close(self) -> None:
        """Close the value on its loop."""
        await self._keeper.aclose()

    def disarm(self) -> None:
        """Leave the loop nothing to do: the keeper ends in one step, without waiting."""
        self._held.clear()
        with contextlib.suppress(StopIteration, RuntimeError):
            self._keeper.aclose().__await__().__next__()


async def _keep(held: list[T], close: Callable[[T], Awaitable[None]]) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        if held:
            await close(held.pop())


def _let_go(
    loop: weakref.ref[asyncio.AbstractEventLoop], entry: _Entry[T], drop: Callable[[T], None]
) -> None:
    """Nobody holds the value any more: close it now, for the loop may be about to end."""
    there = loop()
    if entry.pid != os.getpid():
        _inherited.append((entry, there))
        return
    entry.disarm()
    if there is None or there.is_closed() or asyncio._get_running_loop() is there:
        drop(entry.value)
    else:
        with contextlib.suppress(RuntimeError):  # it was closed just now
            there.call_soon_threadsafe(drop, entry.value)


#: What belonged to event loops of the process before a fork. Closing it would speak to selectors
#: and peers that are the parent's, so it is only kept from being collected.
_inherited: list[object] = []


class AsyncHere(Generic[T]):
    """A value for each event loop, made when first asked for there.

    `close` closes one on its loop: when asked to, and when the loop shuts its generators down, as
    `asyncio.run` does at its end. `drop` does it without waiting, where nobody can wait: the loop
    was closed without that, or nobody holds this any more. After a fork the child makes its own.
    """

    def __init__(
        self,
        make: Callable[[], T],
        close: Callable[[T], Awaitable[None]],
        drop: Callable[[T], None],
    ) -> None:
        self._make, self._close, self._drop = make, close, drop
        self._lock = threading.Lock()
        # By the loop itself, weakly: a later loop may well get the id() of a dead one.
        self._entries: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Entry[T]] = (
            weakref.WeakKeyDictionary()
        )
        self._finalizers: weakref.WeakKeyDictionary[
            asyncio.AbstractEventLoop, weakref.finalize[Any, AsyncHere[T]]
        ] = weakref.WeakKeyDictionary()

    def get(self) -> T:
        """The value of the running loop."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError as error:
            raise no_loop(error) from error
        entry = self._entries.get(loop)
        if entry is None or entry.pid != os.getpid():
            entry = self._open(loop)
        return entry.value

    def _open(self, loop: asyncio.AbstractEventLoop) -> _Entry[T]:
        with self._lock:
            for other, old in list(self._entries.items()):
                if old.pid != os.getpid():
                    _inherited.append((self._taken(other), other))
                elif other.is_closed():
                    self._drop(self._taken(other).value)
            entry = self._entries[loop] = _Entry(self._make(), self._close)
            self._finalizers[loop] = weakref.finalize(
                self, _let_go, weakref.ref(loop), entry, self._drop
            )
            self._finalizers[loop].atexit = False  # by then there is no loop
            return entry

    def _taken(self, loop: asyncio.AbstractEventLoop) -> _Entry[T]:
        self._finalizers.pop(loop).detach()
        return self._entries.pop(loop)

    def made(self) -> list[T]:
        """The values of this process that are there."""
        return [entry.value for entry in self._entries.values() if entry.pid == os.getpid()]

    async def aclose(self) -> None:
        """Close the values of all loops; asking again makes new ones."""
        here = running_loop()
        with self._lock:
            entries = [(loop, self._taken(loop)) for loop in list(self._entries)]
        for loop, entry in entries:
            if entry.pid != os.getpid():
                _inherited.append((entry, loop))
            elif loop is here:
                await entry.close()
            elif loop.is_closed():
                self._drop(entry.value)
            else:
                asyncio.run_coroutine_threadsafe(entry.close(), loop)


class Here(Generic[T]):
    """A value for the process, made when first asked for, shared by its threads.

    It is closed when asked to, when nobody holds it any more and when the program ends. After a
    fork the child makes its own, and lets go of the parent's with `drop`.
    """

    def __init__(
        self, make: Callable[[], T], close: Callable[[T], None], drop: Callable[[T], None]
    ) -> None:
        self._make, self._close, self._drop = make, close, drop
        self._open_lock()
        self._finalizer: weakref.finalize[Any, Here[T]] | None = None

    def _open_lock(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._value: T | None = None

    def get(self) -> T:
        """The value of this process."""
        value = self._value
        if value is None or self._pid != os.getpid():
            value = self._make_once()
        return value

    def _make_once(self) -> T:
        if self._pid != os.getpid():
            # A thread of the parent may have held the lock at the fork: take a new one.
            inherited, finalizer = self._value, self._finalizer
            self._open_lock()
            if finalizer is not None:
                finalizer.detach()
            if inherited is not None:
                self._drop(inherited)
        with self._lock:
            if self._value is None:
                self._value = self._make()
                self._finalizer = weakref.finalize(
                    self, _finish, self._value, self._close, self._drop, self._pid
                )
            return self._value

    def made(self) -> list[T]:
        """The value of this process, if it is there."""
        return [] if self._value is None or self._pid != os.getpid() else [self._value]

    def close(self) -> None:
        """Close the value; asking again makes a new one."""
        with self._lock:
            value, self._value = self._value, None
            if value is None or self._finalizer is None:
                return
            self._finalizer.detach()
        (self._close if self._pid == os.getpid() else self._drop)(value)


def _finish(value: T, close: Callable[[T], None], drop: Callable[[T], None], pid: int) -> None:
    # Garbage is collected in the middle of anything: its limits are not meant for this.
    with no_limit():
        (close if pid == os.getpid() else drop)(value)
