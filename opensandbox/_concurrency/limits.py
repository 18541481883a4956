"""How long things may take: limits around a caller that every wait inside keeps to.

asyncio cancels what is under way. A thread cannot be interrupted, so whatever waits there looks at
the limits around it; they nest, and the shortest one counts.
"""

from __future__ import annotations

import contextlib
import contextvars
import time
from collections.abc import Awaitable, Callable, Iterator
from types import TracebackType

from ._later import asyncio, no_loop, running_loop

monotonic = time.monotonic


def async_time_limit(seconds: float | None) -> asyncio.Timeout:
    """`async with async_time_limit(seconds)`: TimeoutError once they have passed; None for no
    limit.
    """
    try:
        return asyncio.timeout(seconds)
    except RuntimeError as error:
        raise no_loop(error) from error


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


#: How many seconds it takes to see what is there already.
_AT_ONCE = 0.01


class AsyncSilence:
    """`async with AsyncSilence(seconds, more)`: TimeoutError once they have passed, unless `more()`
    then says for how many seconds more to wait; None for no more. What is waited for goes on.
    """

    def __init__(self, seconds: float, more: Callable[[], Awaitable[float | None]]) -> None:
        self._seconds, self._more = seconds, more
        self._limit = async_time_limit(None)
        self._alarm: asyncio.TimerHandle | None = None
        self._asking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        await self._limit.__aenter__()
        self._set(self._seconds)

    def _set(self, seconds: float) -> None:
        self._alarm = running_loop().call_later(seconds, self._ring)

    def _ring(self) -> None:
        self._asking = running_loop().create_task(self._ask())

    async def _ask(self) -> None:
        try:
            seconds = await self._more()
        except asyncio.CancelledError:
            raise  # what was waited for has come: nobody is to be told that time is up
        except BaseException:
            self._limit.reschedule(0)
            raise
        if seconds is None:
            self._limit.reschedule(0)
        else:
            self._set(seconds)

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        if self._asking is not None and not self._asking.done():
            self._asking.cancel()
            await asyncio.wait({self._asking})
        await self._limit.__aexit__(exc_type, exc, traceback)


class Silence:
    """`with Silence(seconds, more)`: sockets inside time out once they have passed, unless `more()`
    then says for how many seconds more to wait; None for no more. What is waited for goes on.
    """

    def __init__(self, seconds: float, more: Callable[[], float | None]) -> None:
        self._seconds, self._more = seconds, more
        self._outer: float | None = None
        self._over = False

    def __enter__(self) -> None:
        self._outer = _deadline.get()
        self._tokens = (_silence.set(self), _deadline.set(self._ends(self._seconds)))

    def _ends(self, seconds: float) -> float:
        mine = monotonic() + seconds
        return mine if self._outer is None else min(mine, self._outer)

    def goes_on(self) -> bool:
        """Whether to wait on, now that time is up."""
        if self._over or (self._outer is not None and monotonic() >= self._outer):
            return False
        silence, deadline = _silence.set(None), _deadline.set(self._outer)
        try:
            seconds = self._more()
        finally:
            _silence.reset(silence)
            _deadline.reset(deadline)
        self._over = seconds is None
        # What came while `more` was asking is there now.
        _deadline.set(self._ends(_AT_ONCE if seconds is None else seconds))
        return True

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        silence, deadline = self._tokens
        _silence.reset(silence)
        _deadline.reset(deadline)


_silence: contextvars.ContextVar[Silence | None] = contextvars.ContextVar(
    "opensandbox_silence", default=None
)


def goes_on() -> bool:
    """Whether a wait whose time is up goes on, because of a `Silence` around the caller."""
    silence = _silence.get()
    return silence is not None and silence.goes_on()


def bounded(seconds: float | None) -> float | None:
    """`seconds`, or what the limits around the caller leave of them; TimeoutError for nothing."""
    limit = _deadline.get()
    if limit is None:
        return seconds
    left = limit - monotonic()
    if left <= 0:
        raise TimeoutError("the time limit has passed")
    return left if seconds is None else min(seconds, left)


@contextlib.contextmanager
def no_limit() -> Iterator[None]:
    """What is inside is not under the limits around the caller."""
    token = _deadline.set(None)
    try:
        yield
    finally:
        _deadline.reset(token)


async def async_sleep(seconds: float) -> None:
    """Wait for so many seconds."""
    running_loop()
    await asyncio.sleep(seconds)


def sleep(seconds: float) -> None:
    """Wait; TimeoutError as soon as a limit around the caller has passed."""
    allowed = bounded(seconds) or 0.0
    time.sleep(allowed)
    if allowed < seconds:
        raise TimeoutError("the time limit has passed")
