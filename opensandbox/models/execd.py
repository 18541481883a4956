"""What came of running something in a sandbox, and how it is to be run.

Rules:

* Values are what the daemon sent; times in them are milliseconds since 1970, 0 where it gave none.
* `stdout` and `stderr` give back what was printed. Daemons differ: some send each line without its
  line ending, newer ones send text as it was. Whoever read the stream says which, where it knows;
  else the texts themselves tell.
* The fields of `Execution` and `ExecutionLogs` are fixed; the lists in them grow.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from ..exceptions import CommandFailedException, InvalidArgumentException
from ._checks import at_least, not_empty
from ._model import Model, field, model
from ._time import Seconds, optional_seconds


@model(received=True)
class OutputMessage(Model):
    """A piece of output, as the daemon sent it."""

    text: str
    timestamp: int = 0
    is_error: bool = False


@model(received=True)
class ExecutionResult(Model):
    """What a piece of code evaluated to, in one or more forms."""

    #: The form `text/plain`. None when there is none.
    text: str | None = None
    timestamp: int = 0
    #: Every other form, by its mime type: `text/html`, `image/png` (base64), ...
    extra_properties: dict[str, str] = field(factory=dict)


@model(received=True)
class ExecutionError(Model):
    """Why it failed. For a command `value` is the exit code, -1 after a signal."""

    name: str
    value: str
    timestamp: int = 0
    traceback: list[str] = field(factory=list)


@model(received=True)
class ExecutionComplete(Model):
    """That it succeeded, and how long that took."""

    timestamp: int = 0
    execution_time_in_millis: int


@model(received=True)
class ExecutionInit(Model):
    """That it began, and under which id."""

    id: str
    timestamp: int = 0


@model(received=True)
class OtherEvent(Model):
    """Anything else that a stream of events holds, such as `execution_count` and `status`."""

    type: str
    timestamp: int = 0
    #: The event as it was sent.
    data: dict[str, Any]


#: What `stream()` hands out.
ExecutionEvent = (
    ExecutionInit
    | OutputMessage
    | ExecutionResult
    | ExecutionError
    | ExecutionComplete
    | OtherEvent
)


@model(received=True)
class ExecutionLogs(Model):
    """What was printed, piece by piece."""

    stdout: list[OutputMessage] = field(factory=list)
    stderr: list[OutputMessage] = field(factory=list)
    #: How many characters before those were not kept: more than `max_output` came.
    stdout_dropped: int = 0
    stderr_dropped: int = 0
    #: Whether texts hold their own line endings. None where only the texts themselves can tell.
    _own_line_endings: bool | None = field(default=None, init=False)

    def add_stdout(self, message: OutputMessage) -> None:
        """Add to what was printed."""
        self.stdout.append(message)

    def add_stderr(self, message: OutputMessage) -> None:
        """Add to what was printed to stderr."""
        self.stderr.append(message)

    def _know_line_endings(self, own: bool) -> None:
        """For whoever reads the stream and knows its form."""
        object.__setattr__(self, "_own_line_endings", own)

    def _joined(self, messages: list[OutputMessage]) -> str:
        own = self._own_line_endings
        if own is None:
            own = any(_ends_its_line(message.text) for message in (*self.stdout, *self.stderr))
        if own:
            return "".join([message.text for message in messages])
        # Each text is a line; the text "\n" stands for a line with nothing on it.
        return "".join([f"{message.text.removesuffix(_LINE_END)}\n" for message in messages])


_LINE_END = "\n"


def _ends_its_line(text: str) -> bool:
    return text.endswith(("\n", "\r")) and text != _LINE_END


@model(received=True)
class Execution(Model):
    """What came of a command or a piece of code."""

    #: None when the daemon did not say.
    id: str | None = None
    #: The how many-th piece of code in its context. None for commands.
    execution_count: int | None = None
    result: list[ExecutionResult] = field(factory=list)
    #: None when it did not fail.
    error: ExecutionError | None = None
    #: None unless it succeeded.
    complete: ExecutionComplete | None = None
    #: None for code, for what runs in the background, and while it is not over.
    exit_code: int | None = None
    logs: ExecutionLogs = field(factory=ExecutionLogs)
    #: Whether it was ended because it reached the `timeout` that was given for it.
    timed_out: bool = False

    def add_result(self, result: ExecutionResult) -> None:
        """Add to what it evaluated to."""
        self.result.append(result)

    @property
    def stdout(self) -> str:
        """Everything it printed that was kept, exactly."""
        return self.logs._joined(self.logs.stdout)

    @property
    def stderr(self) -> str:
        """Everything it printed to stderr that was kept, exactly."""
        return self.logs._joined(self.logs.stderr)

    @property
    def text(self) -> str:
        """What to show: its output and what it evaluated to, its lines divided by "\\n".

        Where output was not kept, that is said in its place.
        """
        output = _shown(self.stdout, self.logs.stdout_dropped)
        parts = [output, *(_shown(result.text or "") for result in self.result)]
        return "\n".join(part for part in parts if part)

    def check(self) -> Execution:
        """This execution, if it succeeded.

        Raises `CommandFailedException`, which carries it, for an exit code other than 0, an error,
        or a limit that was reached.
        """
        failure = self._failure()
        if failure is None:
            return self
        tail = self.stderr.strip()[-_SHOWN_STDERR:]
        raise CommandFailedException(f"{failure}: {tail}" if tail else failure, execution=self)

    def _failure(self) -> str | None:
        if self.timed_out:
            return "The command was ended because it reached its timeout"
        if self.exit_code:
            return f"The command ended with exit code {self.exit_code}"
        if self.error is not None:
            return f"It failed with {self.error.name}: {self.error.value}"
        return None

    def __str__(self) -> str:
        parts = [self.text]
        if stderr := _shown(self.stderr, self.logs.stderr_dropped):
            parts.append(f"[stderr]\n{stderr}")
        if self.error is not None:
            parts.append(f"[error] {self.error.name}: {self.error.value}")
        return "\n".join(part for part in parts if part)


def _shown(text: str, dropped: int = 0) -> str:
    told = f"[{dropped} characters before this were not kept]\n" if dropped else ""
    return told + text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


#: How much of stderr an error shows.
_SHOWN_STDERR = 500


@model
class ExecutionHandlers(Model):
    """What is called while something runs. What a handler raises ends the call that it is for.

    Functions of either colour will do: an async one is awaited before anything more is read.
    """

    on_stdout: Callable[[OutputMessage], object] | None = None
    on_stderr: Callable[[OutputMessage], object] | None = None
    on_result: Callable[[ExecutionResult], object] | None = None
    on_execution_complete: Callable[[ExecutionComplete], object] | None = None
    on_error: Callable[[ExecutionError], object] | None = None
    on_init: Callable[[ExecutionInit], object] | None = None
    #: Leave the output and the results out of the `Execution`, where the handlers have them.
    skip_accumulation: bool = False


@model
class RunCommandOpts(Model):
    """How a command is run."""

    #: Return at once, while it goes on.
    background: bool = False
    #: None for where the daemon was started.
    working_directory: str | None = field(default=None, check=not_empty)
    #: Seconds or a timedelta, kept as a timedelta, after which the command is ended. None for no
    #: limit.
    timeout: Seconds | None = None
    #: Whom it runs as. None for the daemon's own user.
    uid: int | None = field(default=None, check=at_least(0))
    gid: int | None = field(default=None, check=at_least(0))
    #: Added to the environment of the sandbox.
    envs: dict[str, str] | None = field(default=None, secret=True)

    def __attrs_post_init__(self) -> None:
        limit = optional_seconds(self.timeout, "RunCommandOpts.timeout")
        if limit is not None:
            object.__setattr__(self, "timeout", timedelta(seconds=limit))
        if self.gid is not None and self.uid is None:
            raise InvalidArgumentException("RunCommandOpts.gid needs uid as well")


@model(received=True)
class CommandStatus(Model):
    """How a command stands."""

    id: str | None = None
    #: The command itself.
    content: str | None = None
    running: bool | None = None
    #: None while it runs.
    exit_code: int | None = None
    error: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


@model(received=True)
class CommandLogs(Model):
    """What a background command has printed since a cursor."""

    content: str
    #: Where to read on. None when the daemon did not say.
    cursor: int | None = None


__all__ = [
    "CommandLogs",
    "CommandStatus",
    "Execution",
    "ExecutionComplete",
    "ExecutionError",
    "ExecutionEvent",
    "ExecutionHandlers",
    "ExecutionInit",
    "ExecutionLogs",
    "ExecutionResult",
    "OtherEvent",
    "OutputMessage",
    "RunCommandOpts",
]
