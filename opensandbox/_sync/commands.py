# Written by scripts/unasync.py from opensandbox/_async/commands.py. Do not edit.
"""Commands inside a sandbox: to their end, as a stream of events, in the background, in a session.

Rules:
* How a command's events are read, and what is done when they break off: see `executions`.
* Options are given as keywords, or as one value that holds them; not both.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from typing import Any

from opensandbox_api.execd import models as api
from opensandbox_api.execd.api import command as calls
from opensandbox_api.types import UNSET

from .._concurrency import make
from .._wire import commands as wire
from .._wire import requests
from .._wire.events import ExecutionFold
from .._wire.headers import LOGS_CURSOR
from .._wire.routes import STREAMED
from .._wire.urls import path_segment
from ..exceptions import (
    InvalidArgumentException,
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
    ExecutionInit,
    ExecutionResult,
    OutputMessage,
    RunCommandOpts,
)
from ..models.execd_sync import ExecutionHandlersSync
from .endings import CLEAN_UP_LIMIT
from .executions import ExecutionsSync, HandlersSync
from .http import ServiceSync
from .running import RunningCommandSync

_COMMAND = STREAMED["run_command"].path()


class CommandsSync:
    """Runs commands in one sandbox; `sandbox.commands`.

    Example::

        result = sandbox.commands.run("make", working_directory="/src", timeout=600)
        print(result.exit_code, result.stdout)

        for event in sandbox.commands.stream("make test"):
            print(event)
    """

    def __init__(self, service: ServiceSync) -> None:
        self._service = service
        self._executions = ExecutionsSync(service)

    def run(
        self,
        command: str | Sequence[str],
        *,
        opts: RunCommandOpts | None = None,
        handlers: ExecutionHandlersSync | None = None,
        background: bool = False,
        working_directory: str | None = None,
        timeout: Seconds | None = None,
        uid: int | None = None,
        gid: int | None = None,
        envs: Mapping[str, str] | None = None,
        max_output: int | None = None,
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
            max_output: How many characters of stdout, and of stderr, are kept in the result: the
                last ones. None for all. `logs.stdout_dropped` and `logs.stderr_dropped` say how
                many were not; functions are called with all output.
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
        told = HandlersSync(
            handlers, on_stdout, on_stderr, on_result, on_error, on_init, on_execution_complete
        )
        fold = ExecutionFold(
            background=bool(options["background"]),
            limit=_limit(options["timeout"]),
            skip_accumulation=told.skip_accumulation,
            max_output=requests.max_output(max_output),
        )
        body = requests.run_command(command, **options)
        return self._executions.run(_COMMAND, body, fold, told, request_timeout, self._status)

    def stream(
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
    ) -> Generator[ExecutionEvent, None, None]:
        """Run a command and hand out its events as they come; the last one says how it ended.

        Leaving early does not stop the command: `interrupt` does, with the id of the first event.
        Arguments and errors are those of `run`; what came before an error was handed out already.

        Example::

            for event in sandbox.commands.stream("make"):
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
        batches = self._executions.events(_COMMAND, body, fold, request_timeout, self._status)
        with closing(batches):
            for events in batches:
                for event in events:
                    yield event

    def start(
        self,
        command: str | Sequence[str],
        *,
        opts: RunCommandOpts | None = None,
        working_directory: str | None = None,
        timeout: Seconds | None = None,
        uid: int | None = None,
        gid: int | None = None,
        envs: Mapping[str, str] | None = None,
        max_output: int | None = None,
        request_timeout: Seconds | None = None,
    ) -> RunningCommandSync:
        """Start a command and give back a hold on it, as soon as it runs.

        Unlike one in the background it is watched: its events, its output and its end come from
        the hold. Arguments and errors are those of `run`.

        Example::

            with sandbox.commands.start("python server.py") as server:
                for event in server:
                    if isinstance(event, OutputMessage) and "ready" in event.text:
                        break
                server.interrupt()
        """
        options = _options(
            opts,
            background=False,
            working_directory=working_directory,
            timeout=timeout,
            uid=uid,
            gid=gid,
            envs=envs,
        )
        if options["background"]:
            raise InvalidArgumentException(
                "start watches the command: run(..., background=True) leaves it alone"
            )
        fold = ExecutionFold(
            limit=_limit(options["timeout"]), max_output=requests.max_output(max_output)
        )
        body = requests.run_command(command, **options)
        batches = self._executions.events(_COMMAND, body, fold, request_timeout, self._status)
        running = RunningCommandSync(batches, fold, self._stop, self._status)
        return running.begin()

    def interrupt(self, execution_id: str, *, request_timeout: Seconds | None = None) -> None:
        """Stop a command. Raises SandboxApiException for an id that is not known."""
        path_segment(execution_id, "execution_id")
        self._service.send(
            lambda client: calls.interrupt_command.sync_detailed(client=client, id=execution_id),
            request_timeout=request_timeout,
        )

    def get_command_status(
        self, execution_id: str, *, request_timeout: Seconds | None = None
    ) -> CommandStatus:
        """Whether a command is running, and its exit code once it is not.

        Raises SandboxApiException, with status 404, for an id that is not known.
        """
        path_segment(execution_id, "execution_id")
        return self._service.read(
            lambda client: calls.get_command_status.sync_detailed(execution_id, client=client),
            wire.command_status,
            request_timeout=request_timeout,
        )

    def _stop(self, execution_id: str, request_timeout: Seconds | None) -> None:
        self.interrupt(execution_id, request_timeout=request_timeout)

    def _status(self, execution_id: str, request_timeout: Seconds | None) -> CommandStatus:
        return self.get_command_status(execution_id, request_timeout=request_timeout)

    def get_background_command_logs(
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
        content, following = self._executions.logs(
            route.method, path, cursor, LOGS_CURSOR, request_timeout
        )
        return wire.command_logs(content, following)

    def set_env(self, key: str, value: str, *, request_timeout: Seconds | None = None) -> None:
        """Set an environment variable for the commands that follow.

        Raises:
            InvalidArgumentException: The name is none that a variable can have.
            SandboxInternalException: The sandbox keeps no variables, or could not write them.
        """
        done = self.run(requests.set_env(key, value), request_timeout=request_timeout)
        if done.exit_code != 0:
            said = done.stderr.strip() or (done.error.value if done.error else "no reason given")
            raise SandboxInternalException(
                f"the variable {key} could not be set: {said}",
                sandbox_id=self._service.sandbox_id,
                execution_id=done.id,
                execution=done,
            )

    def create_session(
        self, *, working_directory: str | None = None, request_timeout: Seconds | None = None
    ) -> str:
        """Start a bash that keeps directory, variables and functions between its runs.

        Gives back its id. `working_directory` is where it starts; None for the sandbox's own.
        """
        if working_directory is not None:
            requests.text(working_directory, "working_directory")
        body = (
            UNSET if working_directory is None else api.CreateSessionRequest(cwd=working_directory)
        )

        def ask() -> str:
            created = self._service.call(
                lambda client: calls.create_session.sync_detailed(client=client, body=body),
                request_timeout=request_timeout,
            )
            return created.session_id

        return make(ask, unmake=self.delete_session, seconds=CLEAN_UP_LIMIT)

    def run_in_session(
        self,
        session_id: str,
        command: str,
        *,
        working_directory: str | None = None,
        timeout: Seconds | None = None,
        handlers: ExecutionHandlersSync | None = None,
        max_output: int | None = None,
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
        told = HandlersSync(
            handlers, on_stdout, on_stderr, on_result, on_error, on_init, on_execution_complete
        )
        fold = ExecutionFold(
            limit=_limit(timeout),
            skip_accumulation=told.skip_accumulation,
            max_output=requests.max_output(max_output),
        )
        body = requests.run_in_session(
            command, working_directory=working_directory, timeout=timeout
        )
        # A session's id is not a command's: nobody could be asked how it ended.
        return self._executions.run(path, body, fold, told, request_timeout)

    def delete_session(self, session_id: str, *, request_timeout: Seconds | None = None) -> None:
        """End a session. Raises SandboxApiException, with status 404, for an unknown id."""
        path_segment(session_id, "session_id")
        self._service.send(
            lambda client: calls.delete_session.sync_detailed(session_id, client=client),
            request_timeout=request_timeout,
        )


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
