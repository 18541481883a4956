"""A command that was started, and is watched while it runs."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from types import TracebackType
from typing import Self

from .._concurrency import async_time_limit, monotonic
from .._wire.events import ExecutionFold
from ..exceptions import InvalidArgumentException, SandboxTimeoutException
from ..models._time import Seconds, optional_seconds
from ..models.execd import CommandStatus, Execution, ExecutionEvent

#: What is done with an id, and the limit of the call.
Interrupt = Callable[[str, Seconds | None], Awaitable[None]]
AskStatus = Callable[[str, Seconds | None], Awaitable[CommandStatus]]


class RunningCommand:
    """A command that runs; `commands.start` makes it.

    Example::

        async with await sandbox.commands.start("make") as command:
            async for event in command:
                print(event)
            result = await command.wait()

    Its events come as they are asked for, by iterating or by `wait`, each once; a command whose
    output nobody asks for stands still once there is much of it. Leaving `async with`, or `close`,
    ends the watching and not the command: `interrupt` does that.
    """

    def __init__(
        self,
        batches: AsyncGenerator[list[ExecutionEvent], None],
        fold: ExecutionFold,
        interrupt: Interrupt,
        ask_status: AskStatus,
    ) -> None:
        self._batches = batches
        self._fold = fold
        self._interrupt = interrupt
        self._ask_status = ask_status
        self._events: deque[ExecutionEvent] = deque()
        self._started = monotonic()
        self._over = False

    @property
    def id(self) -> str:
        """The command's id."""
        if self._fold.id is None:
            raise InvalidArgumentException("the daemon did not say this command's id")
        return self._fold.id

    async def begin(self) -> Self:
        """Wait until it has started."""
        try:
            while self._fold.id is None and await self._more():
                pass
        except BaseException:
            await self._batches.aclose()
            raise
        return self

    async def __aiter__(self) -> AsyncGenerator[ExecutionEvent, None]:
        while self._events or await self._more():
            while self._events:
                yield self._events.popleft()

    async def wait(self, timeout: Seconds | None = None) -> Execution:
        """Wait for its end, and give back everything that came of it.

        `timeout` is how long, None for as long as it takes; it ends the watching: after it, only
        `get_status` and `interrupt` tell more. Raises what `commands.run` raises, and
        `SandboxTimeoutException`, which carries the output so far, after `timeout`.
        """
        limit = optional_seconds(timeout, "timeout")
        began = monotonic()
        try:
            async with async_time_limit(limit):
                while await self._more():
                    self._events.clear()
        except TimeoutError as error:
            raise self._too_late(limit, error) from error
        except SandboxTimeoutException as error:
            if limit is None or monotonic() - began < limit:
                raise  # of another limit: the daemon has fallen silent
            raise self._too_late(limit, error) from error
        return self._fold.execution(elapsed=monotonic() - self._started)

    async def interrupt(self, *, request_timeout: Seconds | None = None) -> None:
        """Stop it. Raises `SandboxApiException` when it has ended already."""
        await self._interrupt(self.id, request_timeout)

    async def get_status(self, *, request_timeout: Seconds | None = None) -> CommandStatus:
        """Whether it is running, and its exit code once it is not."""
        return await self._ask_status(self.id, request_timeout)

    async def close(self) -> None:
        """Stop watching; the command goes on."""
        self._over = True
        await self._batches.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await self.close()

    async def _more(self) -> bool:
        """Take the next events; whether there were any."""
        if self._over:
            return False
        events = await anext(self._batches, None)
        if events is None:
            self._over = True
            return False
        self._events.extend(events)
        return True

    def _too_late(self, limit: float | None, error: BaseException) -> SandboxTimeoutException:
        self._over = True
        return SandboxTimeoutException(
            f"the command was still running after {limit:g} s; its output so far is in `execution`",
            cause=error,
            execution_id=self._fold.id,
            execution=self._fold.execution(),
        )
