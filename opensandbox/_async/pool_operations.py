"""What a pool has under way: counted, waited for, ended.

Calls are what somebody waits for; the rest is done in the background.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial

from .._concurrency import AsyncTask, Lock, async_gather, async_sleep, async_spawn, monotonic

#: How often `drain` looks, in seconds.
_LOOK = 0.02


class Operations:
    """Calls, or work in the background, of one kind."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._calls = 0
        self._tasks: list[AsyncTask] = []

    @property
    def count(self) -> int:
        """How many are under way."""
        with self._lock:
            self._tasks = [task for task in self._tasks if not task.done()]
            return self._calls + len(self._tasks)

    @contextmanager
    def call(self) -> Iterator[None]:
        """Count what is done inside."""
        with self._lock:
            self._calls += 1
        try:
            yield
        finally:
            with self._lock:
                self._calls -= 1

    def spawn(self, action: Callable[[], Awaitable[None]], *, name: str) -> None:
        """Do this in the background. It handles its own errors."""
        with self._lock:
            self._tasks.append(async_spawn(action, name=name))

    async def drain(self, seconds: float) -> bool:
        """Wait until nothing is under way, for up to `seconds`; whether that is so."""
        ends = monotonic() + seconds
        while self.count:
            if monotonic() >= ends:
                return False
            await async_sleep(_LOOK)
        return True

    async def cancel(self, *, seconds: float) -> None:
        """End what is done in the background, and wait for that for up to `seconds`."""
        with self._lock:
            tasks = list(self._tasks)
        await async_gather(*(partial(task.cancel, seconds=seconds) for task in tasks))
