"""Commands inside a sandbox: to their end, as a stream of events, in the background, in a session.

Rules:
* A command is over with its first terminal event; the rest of the stream is read by the drainer.
* Nothing that has come is lost: an exception raised while a command was being read carries its id
  and the output so far, in `execution_id` and `execution`.
* A caller's handler that raises ends the call with its own exception, as it is.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from opensandbox_api.execd.api.command import (
    create_session,
    delete_session,
    get_command_status,
    interrupt_command,
)
from opensandbox_api.execd.models import CreateSessionRequest
from opensandbox_api.types import UNSET

from .._concurrency import async_call, monotonic
from .._wire import requests, values
from .._wire.events import ExecutionFold, end_from_status, sends_exact_output
from .._wire.headers import LOGS_CURSOR
from .._wire.routes import STREAMED
from .._wire.urls import path_segment
from ..exceptions import (
    InvalidArgumentException,
    SandboxConnectionException,
    SandboxException,
    SandboxInternalException,
)
from ..models._time import Seconds, seconds
from ..models.execd import (
    CommandLogs,
    CommandStatus,
    Execution,
    ExecutionComplete,
    ExecutionError,
    ExecutionEvent,
    ExecutionHandlers,
    ExecutionInit,
    ExecutionResult,
    OutputMessage,
    RunCommandOpts,
)
from .http import Service

_COMMAND = STREAMED["run_command"].path()
#: The most that one call of `get_background_command_logs` reads, in bytes.
LOGS_LIMIT = 64 * 2**20


class Commands:
    """Runs commands in one sandbox; `sandbox.commands`.

    Example::

        result = await sandbox.commands.run("make", working_directory="/src", timeout=600)
        print(result.exit_code, result.stdout)

        async for event in sandbox.commands.stream("make test"):
            print(event)
    """

    def __init__(self, service: Service) -> None:
        self._service = service

    async def run(
        self,
        command: str | Sequence[str],
        *,
        opts: RunCommandOpts | None = None,
        handlers: ExecutionHandlers | None = None,
        background: bool = False,
        working_directory: str | None = None,
        timeout: Seconds | None = None,
        uid: int | None = None,
        gid: int | None = None,
        envs: Mapping[str, str] | None = None,
        on_stdout: Callable[[OutputMessage], object] | None = None,
        on_stderr: Callable[[OutputMessage], object] | None = None,
        on_result: Callable[[ExecutionResult], object] | None = None,
        on_error: Callable[[ExecutionError], object] | None = None,
        on_init: Callable[[ExecutionInit], object] | None = None,
        on_execution_complete: Callable[[ExecutionComplete], object] | None = None,
        request_timeout: Seconds | None = None,
    ) -> Execution:
        """Run a command and wait for its end.

        A non-zero exit is no exception: see `exit_code`, or call `check()` on the result.

        Args:
            command: A shell line, run by bash; or a list of words, run as it is (newer servers).
            opts: The options below in one value; not together with them.
            handlers: The functions below in one value; not together with them.
            background: Return at once, with the id and no exit code.
            working_directory: None for the sandbox's own; a missing one is refused by the server.
            timeout: Seconds after which the command is killed, and `timed_out` set; None for never.
            uid: The user to run as; None for the sandbox's own.
            gid: The group to run as; needs `uid`.
            envs: More environment variables.
            on_stdout, on_stderr: Called with each piece of output as it comes.
            on_result, on_error, on_init, on_execution_complete: Called with such an event.
            request_timeout: Seconds until the server must have begun to answer; None for the
                config's.

        Raises:
            InvalidArgumentException: An argument cannot be meant; nothing was sent.
            SandboxApiException: The server refused, or sent what is no event stream.
            SandboxConnectionException: The connection failed, or broke before the end: the command
                may still be running, `execution_id` and `execution` tell what is known.
            SandboxTimeoutException: The server did not begin to answer in time, or fell silent.
        """
        options = _options(
            opts,
            background=background,
            working_directory=working_directory,
            timeout=timeout,
            uid=uid,
            gid=gid,
            envs=envs,
        )
        told = _Handlers(
            handlers, on_stdout, on_stderr, on_result, on_error, on_init, on_execution_complete
        )
        fold = ExecutionFold(
            background=bool(options["background"]),
            limit=_limit(options["timeout"]),
            skip_accumulation=told.skip_accumulation,
        )
        body = requests.run_command(command, **options)
        return await self._run(_COMMAND, body, fold, told, request_timeout, has_status=True)

    async def stream(
        self,
        command: str | Sequence[str],
        *,
        opts: RunCommandOpts | None = None,
        background: bool = False,
        working_directory: str | None = None,
        timeout: Seconds | None = None,
        uid: int | None = None,
        gid: int | None = None,
        envs: Mapping[str, str] | None = None,
        request_timeout: Seconds | None = None,
    ) -> AsyncGenerator[ExecutionEvent, None]:
        """Run a command and hand out its events as they come; the last one says how it ended.

        Leaving early does not stop the command: `interrupt` does, with the id of the first event.
        Arguments and errors are those of `run`; what came before an error was handed out already.

        Example::

            async for event in sandbox.commands.stream("make"):
                if isinstance(event, OutputMessage):
                    print(event.text, end="")
        """
        options = _options(
            opts,
            background=background,
            working_directory=working_directory,
            timeout=timeout,
            uid=uid,
            gid=gid,
            envs=envs,
        )
        fold = ExecutionFold(skip_accumulation=True)
        body = requests.run_command(command, **options)
        batches = self._events(_COMMAND, body, fold, request_timeout, has_status=True)
        async with aclosing(batches):
            async for events in batches:
                for event in events:
                    yield event

    async def interrupt(self, execution_id: str, *, request_timeout: Seconds | None = None) -> None:
        """Stop a command. Raises SandboxApiException for an id that is not known."""
        path_segment(execution_id, "execution_id")
        await self._service.send(
            lambda client: interrupt_command.asyncio_detailed(client=client, id=execution_id),
            request_timeout=request_timeout,
        )

    async def get_command_status(
        self, execution_id: str, *, request_timeout: Seconds | None = None
    ) -> CommandStatus:
        """Whether a command is running, and its exit code once it is not.

        Raises SandboxApiException, with status 404, for an id that is not known.
        """
        path_segment(execution_id, "execution_id")
        return values.command_status(
            await self._service.call(
                lambda client: get_command_status.asyncio_detailed(execution_id, client=client),
                request_timeout=request_timeout,
            )
        )

    async def get_background_command_logs(
        self,
        execution_id: str,
        cursor: int | None = None,
        *,
        request_timeout: Seconds | None = None,
    ) -> CommandLogs:
        """The output of a background command so far, from byte `cursor` on (None: from the start).

        The result's own `cursor` is where to read on; None when the server does not say. One call
        reads 64 MiB at most. Raises SandboxApiException for an id that is not known.
        """
        route = STREAMED["get_command_logs"]
        path = route.path(id=path_segment(execution_id, "execution_id"))
        start = requests.cursor(cursor)
        body = bytearray()
        async with self._service.stream(
            route.method,
            path,
            params=None if start is None else {"cursor": start},
            request_timeout=request_timeout,
        ) as response:
            following = response.headers.get(LOGS_CURSOR)
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > LOGS_LIMIT:
                    del body[LOGS_LIMIT:]
                    following = str((start or 0) + LOGS_LIMIT)
                    break
        return values.command_logs(bytes(body), following)

    async def set_env(
        self, key: str, value: str, *, request_timeout: Seconds | None = None
    ) -> None:
        """Set an environment variable for the commands that follow.

        Raises:
            InvalidArgumentException: The name is none that a variable can have.
            SandboxInternalException: The sandbox keeps no variables, or could not write them.
        """
        done = await self.run(requests.set_env(key, value), request_timeout=request_timeout)
        if done.exit_code != 0:
            said = done.stderr.strip() or (done.error.value if done.error else "no reason given")
            raise SandboxInternalException(
                f"the variable {key} could not be set: {said}",
                sandbox_id=self._service.sandbox_id,
                execution_id=done.id,
                execution=done,
            )

    async def create_session(
        self, *, working_directory: str | None = None, request_timeout: Seconds | None = None
    ) -> str:
        """Start a bash that keeps directory, variables and functions between its runs.

        Gives back its id. `working_directory` is where it starts; None for the sandbox's own.
        """
        if working_directory is not None:
            requests.text(working_directory, "working_directory")
        body = UNSET if working_directory is None else CreateSessionRequest(cwd=working_directory)
        created = await self._service.call(
            lambda client: create_session.asyncio_detailed(client=client, body=body),
            request_timeout=request_timeout,
        )
        return created.session_id

    async def run_in_session(
        self,
        session_id: str,
        command: str,
        *,
        working_directory: str | None = None,
        timeout: Seconds | None = None,
        handlers: ExecutionHandlers | None = None,
        on_stdout: Callable[[OutputMessage], object] | None = None,
        on_stderr: Callable[[OutputMessage], object] | None = None,
        on_result: Callable[[ExecutionResult], object] | None = None,
        on_error: Callable[[ExecutionError], object] | None = None,
        on_init: Callable[[ExecutionInit], object] | None = None,
        on_execution_complete: Callable[[ExecutionComplete], object] | None = None,
        request_timeout: Seconds | None = None,
    ) -> Execution:
        """Run a shell line in a session and wait for its end.

        `exit` ends the line, not the session. Arguments and errors are those of `run`.
        The result's `id` is the session's.
        """
        path = STREAMED["run_in_session"].path(session_id=path_segment(session_id, "session_id"))
        told = _Handlers(
            handlers, on_stdout, on_stderr, on_result, on_error, on_init, on_execution_complete
        )
        fold = ExecutionFold(limit=_limit(timeout), skip_accumulation=told.skip_accumulation)
        body = requests.run_in_session(
            command, working_directory=working_directory, timeout=timeout
        )
        return await self._run(path, body, fold, told, request_timeout, has_status=False)

    async def delete_session(
        self, session_id: str, *, request_timeout: Seconds | None = None
    ) -> None:
        """End a session. Raises SandboxApiException, with status 404, for an unknown id."""
        path_segment(session_id, "session_id")
        await self._service.send(
            lambda client: delete_session.asyncio_detailed(session_id, client=client),
            request_timeout=request_timeout,
        )

    async def _run(
        self,
        path: str,
        body: dict[str, Any],
        fold: ExecutionFold,
        told: _Handlers,
        request_timeout: Seconds | None,
        *,
        has_status: bool,
    ) -> Execution:
        started = monotonic()
        batches = self._events(path, body, fold, request_timeout, has_status=has_status)
        async with aclosing(batches):
            async for events in batches:
                if told.any:
                    for event in events:
                        if (handler := told.of(event)) is not None:
                            await async_call(handler, event)
        return fold.execution(elapsed=monotonic() - started)

    async def _events(
        self,
        path: str,
        body: dict[str, Any],
        fold: ExecutionFold,
        request_timeout: Seconds | None,
        *,
        has_status: bool,
    ) -> AsyncGenerator[list[ExecutionEvent], None]:
        """The events of an execution, folded as well, in the lists that they arrive in.

        A generator, so that what its consumer does cannot be taken for a fault of the stream.
        """
        try:
            async with self._service.event_stream(
                "POST", path, json=body, request_timeout=request_timeout
            ) as stream:
                fold.exact = sends_exact_output(stream.headers)
                async for frames in stream:
                    events = fold.take(frames)
                    if fold.ended:
                        stream.leave()
                    yield events
                    if fold.ended:
                        return
            yield [await self._missing_end(path, fold, request_timeout, has_status=has_status)]
        except SandboxException as problem:
            if fold.begun:
                problem.execution_id = fold.id
                problem.execution = fold.execution()
            raise

    async def _missing_end(
        self, path: str, fold: ExecutionFold, request_timeout: Seconds | None, *, has_status: bool
    ) -> ExecutionEvent:
        """The end that the stream did not bring; raises when nobody knows it."""
        reason, cause = "", None
        if has_status and fold.id:
            try:
                status = await self.get_command_status(fold.id, request_timeout=request_timeout)
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


class _Handlers:
    """The caller's functions by the kind of event they are called with."""

    def __init__(
        self,
        handlers: ExecutionHandlers | None,
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


def _options(opts: RunCommandOpts | None, **given: Any) -> dict[str, Any]:
    """The options of a command, from the one place where they were given."""
    twice = [name for name, value in given.items() if value is not None and value is not False]
    if opts is None:
        return given
    if twice:
        raise InvalidArgumentException(
            f"give either opts or {', '.join(twice)}, not both: put all into one place"
        )
    if not isinstance(opts, RunCommandOpts):
        raise InvalidArgumentException(f"opts must be a RunCommandOpts, got {type(opts).__name__}")
    return {name: getattr(opts, name) for name in given}


def _limit(timeout: Seconds | None) -> float | None:
    return None if timeout is None else seconds(timeout, "timeout")
