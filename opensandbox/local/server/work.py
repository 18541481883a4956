"""Where the work of the registry is done: in threads, and in tasks that no caller can cut short."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from . import control
from .host import Body
from .values import JSON

T = TypeVar("T")

_CONTROL_TIMEOUT = 10.0
_THREADS = 16


class Work:
    """Threads and tasks of one server, until closed."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="sandbox")
        self._tasks: set[asyncio.Task[object]] = set()

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Runs what blocks."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, work)

    async def control(
        self, body: Body, message: Mapping[str, JSON], timeout: float = _CONTROL_TIMEOUT
    ) -> Mapping[str, JSON]:
        """Asks a sandbox's daemon. Raises ControlError."""
        path = body.control_path
        return await self.in_thread(lambda: control.request(path, message, timeout=timeout))

    async def to_its_end(self, work: Coroutine[object, object, T]) -> T:
        """Runs `work` to its end even when the caller goes away."""
        return await asyncio.shield(self.background(work))

    def background(self, work: Coroutine[object, object, T]) -> asyncio.Task[T]:
        """Begins `work`, for which `finish` waits."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def finish(self) -> None:
        """Waits for all that was begun."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def close(self) -> None:
        """Ends the threads."""
        self.threads.shutdown()
