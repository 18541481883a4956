"""What goes on in the background, and what it waits for and tells by."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ._later import asyncio, running_loop
from .limits import async_time_limit, bounded

T = TypeVar("T")

if TYPE_CHECKING:
    AsyncLock = asyncio.Lock
else:

    def AsyncLock() -> asyncio.Lock:
        """A lock of the event loop; no alias, so that naming it does not load asyncio."""
        return asyncio.Lock()


class Lock:
    """A lock that may be held for a while: waiting for it keeps to the limits around the caller."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def acquire(self) -> None:
        """Wait for it; TimeoutError as soon as a limit around the caller has passed."""
        seconds = bounded(None)
        if not self._lock.acquire(timeout=-1 if seconds is None else seconds):
            raise TimeoutError("the time limit has passed")

    def release(self) -> None:
        """Let the next one in."""
        self._lock.release()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *exc: object) -> None:
        self.release()


class AsyncTask:
    """A task of ours: `cancel()` ends it and waits until it has ended."""

    def __init__(self, task: asyncio.Task[None]) -> None:
        self._task = task

    def done(self) -> bool:
        """Whether it has ended."""
        return self._task.done()

    async def cancel(self, *, seconds: float = 5.0) -> None:
        """End it, and wait for that for up to `seconds`."""
        self._task.cancel()
        await asyncio.wait({self._task}, timeout=seconds)


class Task:
    """A thread of ours: `cancel()` waits until it has ended by itself."""

    def __init__(self, thread: threading.Thread) -> None:
        self._thread = thread

    def done(self) -> bool:
        """Whether it has ended."""
        return not self._thread.is_alive()

    def cancel(self, *, seconds: float = 5.0) -> None:
        """Wait for its end for up to `seconds`; who needs it sooner tells it by an event."""
        if self._thread is not threading.current_thread():
            self._thread.join(seconds)


_tasks: set[asyncio.Task[None]] = set()


def async_spawn(action: Callable[[], Awaitable[None]], *, name: str) -> AsyncTask:
    """Start this in the background of the running loop. `action` handles its own errors."""

    async def run() -> None:
        await action()

    task = running_loop().create_task(run(), name=name)
    _tasks.add(task)  # the loop itself keeps weak references only
    task.add_done_callback(_tasks.discard)
    return AsyncTask(task)


def spawn(action: Callable[[], None], *, name: str) -> Task:
    """Start this in a thread that does not keep the program alive."""
    thread = threading.Thread(target=action, name=name, daemon=True)
    thread.start()
    return Task(thread)


class AsyncErrands:
    """Short things that are done on one event loop and nobody waits for, but for `close`.

    A generator that nobody holds any more can leave something to be done here: the loop may cancel
    its end before that has begun, and close it twice over, so it must not wait by itself.
    """

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[None]] = set()

    def do(self, action: Callable[[], Awaitable[None]]) -> None:
        """Do this soon, also when the loop is about to end. `action` handles its own errors."""

        async def run() -> None:
            await action()

        def ended(task: asyncio.Task[None]) -> None:
            self._under_way.discard(task)
            if task.cancelled() and not task.get_loop().is_closed():
                self._start(run())  # a loop that ends cancels all once, even what has not begun

        self._start(run()).add_done_callback(ended)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = running_loop().create_task(work, name="opensandbox errand")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def close(self) -> None:
        """Wait until everything is done."""
        await asyncio.sleep(0)  # generators that the loop closes along with this one come first
        while self._under_way:
            await asyncio.wait(self._under_way)


class Errands:
    """Short things that are done at once."""

    def do(self, action: Callable[[], None]) -> None:
        """Do this. `action` handles its own errors."""
        action()

    def close(self) -> None:
        """Nothing: everything is done."""


class AsyncSignal:
    """Given once; whoever waits for it goes on."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def give(self) -> None:
        """Let everyone go on."""
        self._event.set()

    def given(self) -> bool:
        """Whether it was given."""
        return self._event.is_set()

    async def wait(self, seconds: float) -> bool:
        """Wait for it, for up to `seconds`; whether it was given."""
        with contextlib.suppress(TimeoutError):
            async with async_time_limit(seconds):
                await self._event.wait()
        return self._event.is_set()


class Signal:
    """Given once; whoever waits for it goes on."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def give(self) -> None:
        """Let everyone go on."""
        self._event.set()

    def given(self) -> bool:
        """Whether it was given."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait for it, for up to `seconds`; whether it was given."""
        return self._event.wait(bounded(seconds))


class AsyncWorker(Generic[T]):
    """Works through items in the background of one event loop, in turn; none waits for it.

    `work` handles an item and its own errors; `discard` gets what is not worked on any more.
    It holds `room` items at most. Its task ends with the last item.
    """

    def __init__(
        self,
        work: Callable[[T], Awaitable[None]],
        discard: Callable[[T], Awaitable[None]],
        interrupt: Callable[[T], None],
        *,
        room: int,
        name: str,
    ) -> None:
        self._work, self._discard, self._room, self._name = work, discard, room, name
        self._items: deque[T] = deque()
        self._task: AsyncTask | None = None

    def offer(self, item: T) -> bool:
        """Leave an item here; False when there is no room for it."""
        if len(self._items) >= self._room:
            return False
        self._items.append(item)
        if self._task is None or self._task.done():
            self._task = async_spawn(self._run, name=self._name)
        return True

    async def _run(self) -> None:
        while self._items:
            await self._work(self._items[0])
            self._items.popleft()

    async def close(self) -> None:
        """Stop at once, and discard what is left."""
        if self._task is not None:
            await self._task.cancel()
        while self._items:
            await self._discard(self._items.popleft())


class Worker(Generic[T]):
    """Works through items in a background thread, in turn; none waits for it.

    `work` handles an item and its own errors; `discard` gets what is not worked on any more;
    `interrupt` makes the work on an item end soon, from another thread. It holds `room` items at
    most. The thread starts with the first item and lingers for a while after the last.
    """

    _LINGER = 2.0

    def __init__(
        self,
        work: Callable[[T], None],
        discard: Callable[[T], None],
        interrupt: Callable[[T], None],
        *,
        room: int,
        name: str,
    ) -> None:
        self._work, self._discard, self._interrupt = work, discard, interrupt
        self._room, self._name = room, name
        self._changed = threading.Condition()
        self._items: deque[T] = deque()
        self._task: Task | None = None
        self._closed = False

    def offer(self, item: T) -> bool:
        """Leave an item here; False when there is no room for it."""
        with self._changed:
            if self._closed or len(self._items) >= self._room:
                return False
            self._items.append(item)
            if self._task is None:
                self._task = spawn(self._run, name=self._name)
            else:
                self._changed.notify()
            return True

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._items and not self._closed:
                    self._changed.wait(self._LINGER)
                if not self._items or self._closed:
                    self._task = None
                    return
                item = self._items[0]
            self._work(item)
            with self._changed:
                self._items.popleft()

    def close(self) -> None:
        """Stop soon, and discard what is left."""
        with self._changed:
            self._closed = True
            task = self._task
            if self._items:
                self._interrupt(self._items[0])
            self._changed.notify()
        if task is not None:
            task.cancel()
        while self._items:
            self._discard(self._items.popleft())
