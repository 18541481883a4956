# Written by scripts/unasync.py from opensandbox/_async/executions.py. Do not edit.
"""What the commands, code and isolated sessions of a sandbox have in common: an execution, its
events as they come, its end.

Rules:

* A command is over with its first terminal event; the rest of the stream is read by the drainer.
  Of code a result or count may come a moment later: that moment is waited for.
* Nothing that has come is lost: an exception raised while an execution was being read carries its
  id and the output so far, in `execution_id` and `execution`.
* A caller's handler that raises ends the call with its own exception, as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from typing import Any

from .._concurrency import call, monotonic
from .._wire import requests
from .._wire.events import ExecutionFold, end_from_status, sends_exact_output
from ..exceptions import (
    InvalidArgumentException,
    SandboxConnectionException,
    SandboxException,
)
from ..models._time import Seconds
from ..models.execd import (
    CommandStatus,
    Execution,
    ExecutionComplete,
    ExecutionError,
    ExecutionEvent,
    ExecutionInit,
    ExecutionResult,
    OutputMessage,
)
from ..models.execd_sync import ExecutionHandlersSync
from .http import ServiceSync
from .streams import EventStreamSync

#: The most that one call for the output of something in the background reads, in bytes.
LOGS_LIMIT = 64 * 2**20
#: How many seconds the end of code is followed by what is still on its way.
_LINGER = 0.25

#: Asks for the status of an execution.
AskStatus = Callable[[str, Seconds | None], CommandStatus]


class ExecutionsSync:
    """Runs things in one sandbox."""

    def __init__(self, service: ServiceSync) -> None:
        self._service = service

    def run(
        self,
        path: str,
        body: dict[str, Any],
        fold: ExecutionFold,
        told: HandlersSync,
        request_timeout: Seconds | None,
        ask_status: AskStatus | None = None,
    ) -> Execution:
        """Post this, tell the handlers what comes, and add it up."""
        started = monotonic()
        batches = self.events(path, body, fold, request_timeout, ask_status)
        with closing(batches):
            for events in batches:
                if told.any:
                    for event in events:
                        if (handler := told.of(event)) is not None:
                            call(handler, event)
        return fold.execution(elapsed=monotonic() - started)

    def events(
        self,
        path: str,
        body: dict[str, Any],
        fold: ExecutionFold,
        request_timeout: Seconds | None,
        ask_status: AskStatus | None = None,
    ) -> Generator[list[ExecutionEvent], None, None]:
        """The events of an execution, folded as well, in the lists that they arrive in.

        `ask_status` tells how it ended when the stream does not; None when nobody can tell.
        A generator, so that what its consumer does cannot be taken for a fault of the stream.
        """
        try:
            with self._service.event_stream(
                "POST", path, json=body, request_timeout=request_timeout
            ) as stream:
                fold.exact = sends_exact_output(stream.headers)
                for frames in stream:
                    events = fold.take(frames)
                    if fold.settled:
                        stream.leave()
                    yield events
                    if fold.ended:
                        break
                if fold.ended:
                    late = self._late(stream, fold)
                    with closing(late):
                        for events in late:
                            yield events
                    stream.leave()
                    return
            yield [self._missing_end(path, fold, request_timeout, ask_status)]
        except SandboxException as problem:
            if fold.begun:
                problem.execution_id = fold.id
                problem.execution = fold.execution()
            raise

    def _late(
        self, stream: EventStreamSync, fold: ExecutionFold
    ) -> Generator[list[ExecutionEvent], None, None]:
        """What comes shortly after the end, as long as something is missing."""
        ends = monotonic() + _LINGER
        while not fold.settled:
            frames = stream.more(ends - monotonic())
            if frames is None:
                return
            if events := fold.take(frames):
                yield events

    def _missing_end(
        self,
        path: str,
        fold: ExecutionFold,
        request_timeout: Seconds | None,
        ask_status: AskStatus | None,
    ) -> ExecutionEvent:
        """The end that the stream did not bring; raises when nobody knows it."""
        reason, cause = "", None
        if ask_status is not None and fold.id:
            try:
                status = ask_status(fold.id, request_timeout)
            except SandboxException as problem:
                reason, cause = f"; asking for its status failed too ({problem})", problem
            else:
                end = end_from_status(status)
                if end is not None:
                    fold.add(end)
                    return end
                reason = ": it is still running"
        raise SandboxConnectionException(
            f"POST {path}: the stream ended without the command's end{reason}."
            " The output so far is in `execution`.",
            cause=cause,
            sandbox_id=self._service.sandbox_id,
        )

    def logs(
        self,
        method: str,
        path: str,
        cursor: int | None,
        following_header: str,
        request_timeout: Seconds | None,
    ) -> tuple[bytes, str | None]:
        """Output from byte `cursor` on, `LOGS_LIMIT` of it at most, and where to read on."""
        start = requests.cursor(cursor)
        body = bytearray()
        with self._service.stream(
            method,
            path,
            params=None if start is None else {"cursor": start},
            request_timeout=request_timeout,
        ) as response:
            following = response.headers.get(following_header)
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > LOGS_LIMIT:
                    del body[LOGS_LIMIT:]
                    following = str((start or 0) + LOGS_LIMIT)
                    break
        return bytes(body), following


class HandlersSync:
    """The caller's functions by the kind of event they are called with."""

    def __init__(
        self,
        handlers: ExecutionHandlersSync | None,
        on_stdout: Callable[[Any], object] | None,
        on_stderr: Callable[[Any], object] | None,
        on_result: Callable[[Any], object] | None,
        on_error: Callable[[Any], object] | None,
        on_init: Callable[[Any], object] | None,
        on_execution_complete: Callable[[Any], object] | None,
    ) -> None:
        given = {
            "on_stdout": on_stdout,
            "on_stderr": on_stderr,
            "on_result": on_result,
            "on_error": on_error,
            "on_init": on_init,
            "on_execution_complete": on_execution_complete,
        }
        twice = [name for name, handler in given.items() if handler is not None]
        if handlers is not None and twice:
            raise InvalidArgumentException(
                f"give either handlers or {', '.join(twice)}, not both: put all into one place"
            )
        for name, handler in given.items():
            if handler is not None and not callable(handler):
                raise InvalidArgumentException(
                    f"{name} must be a function, got {type(handler).__name__}"
                )
        if handlers is not None:
            given = {name: getattr(handlers, name) for name in given}
        self.skip_accumulation = handlers is not None and handlers.skip_accumulation
        self.any = any(handler is not None for handler in given.values())
        self._stdout, self._stderr = given["on_stdout"], given["on_stderr"]
        self._others = {
            ExecutionResult: given["on_result"],
            ExecutionError: given["on_error"],
            ExecutionInit: given["on_init"],
            ExecutionComplete: given["on_execution_complete"],
        }

    def of(self, event: ExecutionEvent) -> Callable[[Any], object] | None:
        """The function to call with this event; None for none."""
        if isinstance(event, OutputMessage):
            return self._stderr if event.is_error else self._stdout
        return self._others.get(type(event))
