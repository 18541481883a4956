"""Blocking work off the event loop, as the daemon's user or as another.

The threads are started once: a sandbox at its limit of processes still serves its files.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import NamedTuple, ParamSpec, TypeVar

from .privileges import acting_as

_THREADS = 4
_Arguments = ParamSpec("_Arguments")
_Answer = TypeVar("_Answer")


class Identity(NamedTuple):
    """A user and a group that files are reached as."""

    uid: int
    gid: int


class Workers:
    """A few threads."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="files")
        everyone_is_here = Barrier(_THREADS)
        for _ in range(_THREADS):
            self._pool.submit(everyone_is_here.wait)

    async def run(
        self,
        identity: Identity | None,
        function: Callable[_Arguments, _Answer],
        *args: _Arguments.args,
        **kwargs: _Arguments.kwargs,
    ) -> _Answer:
        """Calls `function` in a thread; as `identity`, or as the daemon's own user for None.

        Raises what the function raises, and PermissionError if the daemon may not be that user.
        """

        def call() -> _Answer:
            if identity is None:
                return function(*args, **kwargs)
            with acting_as(*identity):
                return function(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def close(self) -> None:
        """Waits for nothing: what runs goes on until the process ends."""
        self._pool.shutdown(wait=False, cancel_futures=True)
