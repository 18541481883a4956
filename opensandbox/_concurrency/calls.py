"""Calls that are made side by side, in a thread, or to their end whatever happens."""

from __future__ import annotations

import contextvars
import functools
import inspect
import threading
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, BinaryIO, Self, TypeVar

from ._later import asyncio, running_loop
from .limits import async_time_limit, bounded, no_limit, time_limit

T = TypeVar("T")
P = TypeVar("P")

#: How many seconds are waited for a file that is opened for nobody.
_OPENING_LIMIT = 5.0

#: What makes an answer of type T out of one argument.
AsyncOperation = Callable[[P], Awaitable[T]]
Operation = Callable[[P], T]


class AsyncAwaitedOrNot:
    """What programs may await, which opens it, or use at once: they hold the same object."""

    async def _open(self) -> None:
        """Do the first step, unless it is done. What goes wrong is raised here."""
        raise NotImplementedError

    def __await__(self) -> Generator[Any, Any, Self]:
        yield from self._open().__await__()
        return self

    def given_out(self) -> Self:
        """What the caller of a function gets: it may still be awaited."""
        return self


class AwaitedOrNot:
    """What nobody awaits, so that it is opened when it is given out."""

    def _open(self) -> None:
        """Do the first step, unless it is done. What goes wrong is raised here."""
        raise NotImplementedError

    def given_out(self) -> Self:
        """What the caller of a function gets: it is open."""
        self._open()
        return self


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
    return await running_loop().run_in_executor(None, functools.partial(context.run, function))


def run_blocking(function: Callable[[], T]) -> T:
    """Call what blocks."""
    return function()


async def async_read(file: BinaryIO, size: int) -> bytes:
    """Up to `size` bytes of a file, read off the event loop."""
    return await async_run_blocking(lambda: file.read(size))


def read(file: BinaryIO, size: int) -> bytes:
    """Up to `size` bytes of a file."""
    return file.read(size)


@functools.cache
def _kind_of_unstopped() -> type[asyncio.Task[Any]]:
    class Unstopped(asyncio.Task[T]):
        def cancel(self, msg: object | None = None) -> bool:
            # What cancels while the loop does not run is the loop's end.
            return self.get_loop().is_running() and super().cancel(msg)

    return Unstopped


def _unstopped(action: Callable[[], Awaitable[T]]) -> asyncio.Task[T]:
    """A task that goes on when its event loop is about to end.

    A loop that ends cancels everything that is on it, and then waits for it. Whoever started one of
    these waits for it too, for so long and no longer, and was cancelled as well.
    """

    async def run() -> T:
        return await action()

    loop = running_loop()
    return _kind_of_unstopped()(run(), loop=loop)


async def async_shield(action: Callable[[], Awaitable[object]], *, seconds: float) -> None:
    """Do this to its end although the caller is cancelled, for `seconds` at most.

    Raises what `action` raises, TimeoutError when it took too long, and CancelledError after it has
    ended when the caller was cancelled meanwhile.
    """

    async def limited() -> None:
        async with async_time_limit(seconds):
            await action()

    task = _unstopped(limited)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError as cancelled:
        if not task.done():
            await asyncio.wait({task})
        if not task.cancelled() and (failure := task.exception()) is not None:
            cancelled.add_note(_failed_meanwhile(failure))
        raise


def shield(action: Callable[[], object], *, seconds: float) -> None:
    """Do this to its end although the caller is interrupted, for `seconds` at most.

    Whatever limit the caller is under. Raises what `action` raises, and KeyboardInterrupt after it
    has ended when that came meanwhile.
    """

    def limited() -> None:
        with no_limit(), time_limit(seconds):
            action()

    doing: Future[None] = Future()
    try:
        _uninterrupted(limited, doing)
        doing.result()
    except BaseException as interrupted:
        if doing.done():
            raise
        try:
            if doing.cancel():  # it has not begun
                limited()
            else:
                doing.result(seconds)
        except Exception as failure:
            interrupted.add_note(_failed_meanwhile(failure))
        raise


def _failed_meanwhile(failure: BaseException) -> str:
    return f"what was being done when this came failed: {failure!r}"


def _uninterrupted(action: Callable[[], T], doing: Future[T]) -> None:
    """Do this where Ctrl-C does not come: only the main thread is ever interrupted."""
    context = contextvars.copy_context()

    def run() -> None:
        if doing.set_running_or_notify_cancel():
            try:
                doing.set_result(context.run(action))
            except BaseException as error:
                doing.set_exception(error)

    if threading.current_thread() is threading.main_thread():
        try:
            threading.Thread(target=run, name="opensandbox", daemon=True).start()
        except RuntimeError:  # the program is about to end
            run()
    else:
        run()


async def async_make(
    action: Callable[[], Awaitable[T]],
    *,
    unmake: Callable[[T], Awaitable[object]],
    seconds: float,
) -> T:
    """What `action` makes. For a caller who is cancelled meanwhile it is made and unmade.

    That takes `seconds` at most; what is not made by then is given up.
    """
    making = _unstopped(action)
    try:
        return await asyncio.shield(making)
    except asyncio.CancelledError as cancelled:

        async def undo() -> None:
            await unmake(await making)

        try:
            await async_shield(undo, seconds=seconds)
        except Exception as error:
            cancelled.add_note(_not_undone(error))
        raise


def make(action: Callable[[], T], *, unmake: Callable[[T], object], seconds: float) -> T:
    """What `action` makes. For a caller who is interrupted meanwhile it is made and unmade.

    That takes `seconds` at most; what is not made by then is given up.
    """
    making: Future[T] = Future()
    try:
        _uninterrupted(action, making)
        return making.result()
    except BaseException as error:
        if making.cancel() or (making.done() and making.exception() is error):
            raise
        try:
            shield(lambda: unmake(making.result(bounded(None))), seconds=seconds)
        except Exception as failure:
            error.add_note(_not_undone(failure))
        raise


def _not_undone(error: Exception) -> str:
    return f"what was being made when this came could not be undone: {error!r}"


async def async_open_file(action: Callable[[], T], close: Callable[[T], object]) -> T:
    """A file that `action` opens off the event loop; closed for a caller who is cancelled."""
    return await async_make(
        lambda: async_run_blocking(action),
        unmake=lambda opened: async_run_blocking(lambda: close(opened)),
        seconds=_OPENING_LIMIT,
    )


def open_file(action: Callable[[], T], close: Callable[[T], object]) -> T:
    """A file that `action` opens."""
    return action()
