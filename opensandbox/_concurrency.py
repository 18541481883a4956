"""The few primitives that differ between the two colours, in pairs of one signature.

Rules:

* `async_x` and `AsyncX` have the blocking halves `x` and `X`; scripts/unasync.py turns the first
  name into the second. Nothing else in the client imports asyncio, threading or time.
* A time limit ends what is under way in both colours: asyncio cancels it; a blocking call looks at
  the limits around it whenever it waits, so limits nest and the shortest one counts.
* Whoever started something ends it; what is cancelled leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import inspect
import os
import queue
import ssl
import threading
import time
import weakref
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, BinaryIO, Generic, Protocol, Self, TypeVar

from ._websockets import AsyncWebSocket, WebSocket, async_open_websocket, open_websocket
from .exceptions import SandboxInternalException

T = TypeVar("T")
P = TypeVar("P")

monotonic = time.monotonic

AsyncEvent = asyncio.Event
Event = threading.Event

AsyncLock = asyncio.Lock
Lock = threading.Lock

AsyncQueue = asyncio.Queue
Queue = queue.Queue

#: What makes an answer of type T out of one argument.
AsyncOperation = Callable[[P], Awaitable[T]]
Operation = Callable[[P], T]


class AsyncAwaitedOrNot:
    """What programs may await or not: either way they hold the same object."""

    def __await__(self) -> Generator[None, None, Self]:
        yield from ()
        return self


class AwaitedOrNot:
    """What nobody awaits."""


# --- time limits ------------------------------------------------------------------------------

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


async_sleep = asyncio.sleep


def sleep(seconds: float) -> None:
    """Wait; TimeoutError as soon as a limit around the caller has passed."""
    allowed = bounded(seconds) or 0.0
    time.sleep(allowed)
    if allowed < seconds:
        raise TimeoutError("the time limit has passed")


# --- side by side -----------------------------------------------------------------------------


async def async_gather(*calls: Callable[[], Awaitable[T]]) -> list[T]:
    """Make the calls side by side; raise the first error once all have ended."""
    outcomes = await asyncio.gather(*(call() for call in calls), return_exceptions=True)
    results: list[T] = []
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
        results.append(outcome)
    return results


def gather(*calls: Callable[[], T]) -> list[T]:
    """Make the calls side by side, each in a thread; raise the first error once all have ended."""
    if len(calls) < 2:
        return [call() for call in calls]
    with ThreadPoolExecutor(max_workers=min(32, len(calls))) as threads:
        # Each thread gets the caller's context, and with it the caller's time limits.
        contexts = [contextvars.copy_context() for _ in calls]
        pairs = zip(contexts, calls, strict=True)
        futures = [threads.submit(context.run, call) for context, call in pairs]
    return [future.result() for future in futures]


async def async_call(handler: Callable[[T], object], value: T) -> None:
    """Call a handler of either colour, and wait for one that is async."""
    result = handler(value)
    if inspect.isawaitable(result):
        await result


def call(handler: Callable[[T], object], value: T) -> None:
    """Call a handler."""
    handler(value)


async def async_answer(question: Callable[[P], T | Awaitable[T]], value: P) -> T:
    """What a function of either colour says about `value`."""
    result = question(value)
    return await result if inspect.isawaitable(result) else result


def answer(question: Callable[[P], T], value: P) -> T:
    """What a function says about `value`."""
    return question(value)


async def async_run_blocking(function: Callable[[], T]) -> T:
    """Call what blocks where it does not hold up the event loop: in a thread."""
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(
        None, functools.partial(context.run, function)
    )


def run_blocking(function: Callable[[], T]) -> T:
    """Call what blocks."""
    return function()


async def async_read(file: BinaryIO, size: int) -> bytes:
    """Up to `size` bytes of a file, read off the event loop."""
    return await async_run_blocking(lambda: file.read(size))


def read(file: BinaryIO, size: int) -> bytes:
    """Up to `size` bytes of a file."""
    return file.read(size)


async def async_shield(action: Callable[[], Awaitable[object]], *, seconds: float) -> None:
    """Do this to its end although the caller is cancelled, for `seconds` at most.

    Raises what `action` raises, TimeoutError when it took too long, and CancelledError after it has
    ended when the caller was cancelled meanwhile.
    """

    async def limited() -> None:
        async with asyncio.timeout(seconds):
            await action()

    task = asyncio.ensure_future(limited())
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.done():
            await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # looked at, so that nobody is told it was not
        raise


def shield(action: Callable[[], object], *, seconds: float) -> None:
    """Do this, for `seconds` at most, whatever limit the caller is under."""
    token = _deadline.set(None)
    try:
        with time_limit(seconds):
            action()
    finally:
        _deadline.reset(token)


async def async_make(
    action: Callable[[], Awaitable[T]],
    *,
    unmake: Callable[[T], Awaitable[object]],
    seconds: float,
) -> T:
    """What `action` makes. For a caller who is cancelled meanwhile it is made and unmade.

    That takes `seconds` at most; what is not made by then is given up.
    """
    making = asyncio.ensure_future(action())
    try:
        return await asyncio.shield(making)
    except asyncio.CancelledError as cancelled:

        async def undo() -> None:
            await unmake(await making)

        try:
            await async_shield(undo, seconds=seconds)
        except Exception as error:
            cancelled.add_note(f"what was being made could not be undone: {error!r}")
        raise


def make(action: Callable[[], T], *, unmake: Callable[[T], object], seconds: float) -> T:
    """What `action` makes. A thread is not cancelled, so there is nothing to unmake."""
    return action()


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

    task = asyncio.get_running_loop().create_task(run(), name=name)
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
        task = asyncio.get_running_loop().create_task(work, name="opensandbox errand")
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
            async with asyncio.timeout(seconds):
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


# --- one value for each event loop ------------------------------------------------------------


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
            raise SandboxInternalException(
                "The async client needs a running asyncio event loop (trio is not supported);"
                " without one, use the Sync classes.",
                cause=error,
            ) from error
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

    async def aclose(self) -> None:
        """Close the values of all loops; asking again makes new ones."""
        here = asyncio.get_running_loop()
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

    def close(self) -> None:
        """Close the value; asking again makes a new one."""
        with self._lock:
            value, self._value = self._value, None
            if value is None or self._finalizer is None:
                return
            self._finalizer.detach()
        (self._close if self._pid == os.getpid() else self._drop)(value)


def _finish(value: T, close: Callable[[T], None], drop: Callable[[T], None], pid: int) -> None:
    (close if pid == os.getpid() else drop)(value)


# --- sockets ----------------------------------------------------------------------------------


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
    from . import _sockets  # when the first request is made: httpcore takes a while to import

    return _sockets.async_pool(context, proxy, idle=idle, expiry=expiry)


def new_pool(
    context: ssl.SSLContext | None, proxy: str | None, *, idle: int, expiry: float
) -> Pool:
    """A pool that keeps `idle` unused connections for `expiry` seconds."""
    from . import _sockets

    return _sockets.blocking_pool(context, proxy, idle=idle, expiry=expiry)


def async_abandon(pool: AsyncPool) -> None:
    """Close connections at once, without waiting for their event loop."""
    from . import _sockets

    for connection in pool.connections:
        _sockets.abandon_async(connection)


def abandon(pool: Pool) -> None:
    """Close this end of the connections that a forked child got from its parent."""
    from . import _sockets

    for connection in pool.connections:
        _sockets.abandon_blocking(connection)


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


__all__ = [
    "CHUNKS_ENDED",
    "AsyncAwaitedOrNot",
    "AsyncErrands",
    "AsyncEvent",
    "AsyncHere",
    "AsyncLock",
    "AsyncOperation",
    "AsyncPool",
    "AsyncQueue",
    "AsyncSignal",
    "AsyncSlots",
    "AsyncTask",
    "AsyncWebSocket",
    "AsyncWorker",
    "AwaitedOrNot",
    "Errands",
    "Event",
    "Here",
    "Lock",
    "Operation",
    "Pool",
    "Queue",
    "Signal",
    "Slots",
    "Task",
    "WebSocket",
    "Worker",
    "abandon",
    "answer",
    "async_abandon",
    "async_answer",
    "async_call",
    "async_gather",
    "async_make",
    "async_new_pool",
    "async_open_websocket",
    "async_read",
    "async_run_blocking",
    "async_shield",
    "async_sleep",
    "async_spawn",
    "async_time_limit",
    "bounded",
    "call",
    "gather",
    "make",
    "monotonic",
    "new_pool",
    "open_websocket",
    "read",
    "run_blocking",
    "shield",
    "sleep",
    "spawn",
    "time_limit",
]
