"""Calls that are made side by side, in a thread, or to their end whatever happens."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO, Self, TypeVar

from .limits import no_limit, time_limit

T = TypeVar("T")
P = TypeVar("P")

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
    with no_limit(), time_limit(seconds):
        action()


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
