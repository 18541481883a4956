"""Reads execution events, and folds them into an Execution.

Rules:
* The first `error` or `execution_complete` ends a command; a stream that ends without one has
  failed, and whoever reads it says so.
* Unknown event types pass through; a missing timestamp is 0, null is absent, numbers may stand
  where text belongs.  A bare `{"code", "message"}` is an error like any other.
* Where output is limited, the last characters of stdout and of stderr are kept, and those before
  them are counted.
* An error's value is the exit code when it is an integer: -1 after a signal.  Success is 0.  What
  runs in the background has no exit code yet.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from ..models.execd import (
    CommandStatus,
    Execution,
    ExecutionComplete,
    ExecutionError,
    ExecutionEvent,
    ExecutionInit,
    ExecutionLogs,
    ExecutionResult,
    OtherEvent,
    OutputMessage,
)
from .headers import OUTPUT_EXACT, OUTPUT_FORM
from .sse import Frame

_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)


def event_from_frame(frame: Frame) -> ExecutionEvent:
    """The event that a frame means."""
    kind = frame.get("type")
    make = _EVENTS.get(kind) if isinstance(kind, str) else None
    if make is not None:
        return make(frame)
    if kind is None and ("code" in frame or "message" in frame):
        return _failure(frame)
    return OtherEvent(type=_text(kind), timestamp=_timestamp(frame), data=frame)


def sends_exact_output(headers: Mapping[str, str]) -> bool:
    """Whether the answer says that its output texts carry their own line endings."""
    return any(
        name.lower() == OUTPUT_FORM.lower() and value.strip().lower() == OUTPUT_EXACT
        for name, value in headers.items()
    )


def end_from_status(status: CommandStatus) -> ExecutionEvent | None:
    """The event that would have ended a command, from its status; None while it is running."""
    if status.running is not False:
        return None
    if status.exit_code == 0:
        return ExecutionComplete(timestamp=0, execution_time_in_millis=_took(status))
    return ExecutionError(
        name="CommandExecError",
        value="" if status.exit_code is None else str(status.exit_code),
        timestamp=0,
        traceback=[status.error] if status.error else [],
    )


def _took(status: CommandStatus) -> int:
    if status.started_at is None or status.finished_at is None:
        return 0
    return max(0, round((status.finished_at - status.started_at).total_seconds() * 1000))


class ExecutionFold:
    """Adds events up to one Execution.

    `limit` is the execution's time limit in seconds, None for no limit.  Set `exact` once the
    answer's header says that the texts of the output carry their own line endings
    (`sends_exact_output`); without it the texts themselves tell.  `max_output` is how many
    characters of stdout, and of stderr, are kept, None for all.

    Of `code` there is no exit code, and a result or count may follow its end.
    """

    def __init__(
        self,
        *,
        background: bool = False,
        code: bool = False,
        limit: float | None = None,
        skip_accumulation: bool = False,
        max_output: int | None = None,
    ) -> None:
        self.exact = False
        self._background = background
        self._is_code = code
        self._evaluated = False
        self._limit = limit
        self._keep = not skip_accumulation
        self._begun = False
        self._id: str | None = None
        self._count: int | None = None
        self._stdout: list[OutputMessage] | _Tail = [] if max_output is None else _Tail(max_output)
        self._stderr: list[OutputMessage] | _Tail = [] if max_output is None else _Tail(max_output)
        self._results: list[ExecutionResult] = []
        self._error: ExecutionError | None = None
        self._complete: ExecutionComplete | None = None
        self._exit_code: int | None = None

    @property
    def id(self) -> str | None:
        """The execution's id once its first event was seen; a session's own id in a session."""
        return self._id

    @property
    def begun(self) -> bool:
        """Whether anything was seen."""
        return self._begun

    @property
    def ended(self) -> bool:
        """Whether the event that ends an execution was seen."""
        return self._error is not None or self._complete is not None

    @property
    def settled(self) -> bool:
        """Whether it has ended, and nothing that may follow its end is missing."""
        if not self.ended or not self._is_code:
            return self.ended
        return self._count is not None and (self._evaluated or self._error is not None)

    def take(self, frames: list[Frame]) -> list[ExecutionEvent]:
        """Add the events of these frames, up to the one that settles it, and give them back.

        A ping is a sign of life and no event.
        """
        self._begun = self._begun or bool(frames)
        events = []
        for frame in frames:
            event = event_from_frame(frame)
            if isinstance(event, OtherEvent) and event.type == "ping":
                continue
            self.add(event)
            events.append(event)
            if self.ended and not self._is_code:
                break
        return events

    def add(self, event: ExecutionEvent) -> None:
        """Take the next event."""
        if isinstance(event, OutputMessage):  # first, being by far the most frequent
            if self._keep:
                (self._stderr if event.is_error else self._stdout).append(event)
        elif isinstance(event, ExecutionInit):
            self._id = event.id or self._id
        elif isinstance(event, ExecutionResult):
            self._evaluated = True
            if self._keep:
                self._results.append(event)
        elif isinstance(event, ExecutionError):
            self._error = event
            is_exit_code = not self._is_code and _INTEGER.fullmatch(event.value)
            self._exit_code = int(event.value) if is_exit_code else None
        elif isinstance(event, ExecutionComplete):
            self._complete = event
            if self._error is None and not self._background and not self._is_code:
                self._exit_code = 0
        elif event.type == "execution_count":
            self._count = _optional_integer(event.data.get("execution_count"))

    def execution(self, *, elapsed: float | None = None) -> Execution:
        """What has come of it so far.

        `elapsed` is the seconds since the request was made.  The limit counts as reached when the
        execution was killed, or broken off by the daemon, after that long: our clock began before
        the daemon's, so it cannot be too early.
        """
        killed = self._error is not None and self._exit_code in (-1, None)
        late = self._limit is not None and elapsed is not None and elapsed >= self._limit
        (stdout, no_stdout), (stderr, no_stderr) = _kept(self._stdout), _kept(self._stderr)
        logs = ExecutionLogs(
            stdout=stdout, stderr=stderr, stdout_dropped=no_stdout, stderr_dropped=no_stderr
        )
        if self.exact:
            logs._know_line_endings(True)
        return Execution(
            id=self._id,
            execution_count=self._count,
            result=self._results,
            error=self._error,
            complete=self._complete,
            exit_code=self._exit_code,
            logs=logs,
            timed_out=killed and late,
        )


class _Tail:
    """The last messages of a stream: as many as hold `limit` characters."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._messages: deque[OutputMessage] = deque()
        self._size = self._dropped = 0

    def append(self, message: OutputMessage) -> None:
        """Take the next message, and let go of those that are not needed any more."""
        self._messages.append(message)
        self._size += len(message.text)
        while self._size - len(self._messages[0].text) >= self._limit:
            gone = len(self._messages.popleft().text)
            self._size -= gone
            self._dropped += gone

    def kept(self) -> tuple[list[OutputMessage], int]:
        """What is kept, and how many characters went before it."""
        messages, over = list(self._messages), max(0, self._size - self._limit)
        if over:
            first = messages[0]
            messages[0] = OutputMessage(
                text=first.text[over:], timestamp=first.timestamp, is_error=first.is_error
            )
        return messages, self._dropped + over


def _kept(output: list[OutputMessage] | _Tail) -> tuple[list[OutputMessage], int]:
    return output.kept() if isinstance(output, _Tail) else (output, 0)


def _init(frame: Frame) -> ExecutionEvent:
    return ExecutionInit(id=_text(frame.get("text")), timestamp=_timestamp(frame))


def _stdout(frame: Frame) -> ExecutionEvent:
    return _output(frame, False)


def _stderr(frame: Frame) -> ExecutionEvent:
    return _output(frame, True)


def _output(frame: Frame, is_error: bool) -> OutputMessage:
    # Not by the constructor: see `Model.__attrs_init__`. There may be 100,000 of these.
    message = object.__new__(OutputMessage)
    message.__attrs_init__(
        text=_text(frame.get("text")), timestamp=_timestamp(frame), is_error=is_error
    )
    return message


def _result(frame: Frame) -> ExecutionEvent:
    results = frame.get("results")
    found = dict(results) if isinstance(results, Mapping) else {}
    text = found.pop("text", None)
    plain = found.pop("text/plain", None)
    best = plain if plain is not None else text if text is not None else frame.get("text")
    return ExecutionResult(
        text=None if best is None else _text(best),
        timestamp=_timestamp(frame),
        extra_properties={mime: _text(data) for mime, data in found.items() if data is not None},
    )


def _error(frame: Frame) -> ExecutionEvent:
    error = frame.get("error")
    if not isinstance(error, Mapping):
        error = {"ename": "error", "evalue": error if error is not None else frame.get("text")}
    traceback = error.get("traceback")
    lines = traceback if isinstance(traceback, list) else [] if traceback is None else [traceback]
    return ExecutionError(
        name=_text(error.get("ename")),
        value=_text(error.get("evalue")),
        timestamp=_timestamp(frame),
        traceback=[_text(line) for line in lines],
    )


def _failure(frame: Frame) -> ExecutionEvent:
    return ExecutionError(
        name=_text(frame.get("code")),
        value=_text(frame.get("message")),
        timestamp=_timestamp(frame),
    )


def _complete(frame: Frame) -> ExecutionEvent:
    return ExecutionComplete(
        timestamp=_timestamp(frame),
        execution_time_in_millis=_optional_integer(frame.get("execution_time")) or 0,
    )


_EVENTS: dict[str, Callable[[Frame], ExecutionEvent]] = {
    "init": _init,
    "stdout": _stdout,
    "stderr": _stderr,
    "result": _result,
    "error": _error,
    "execution_complete": _complete,
}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _timestamp(frame: Frame) -> int:
    value = frame.get("timestamp")
    return value if type(value) is int else _optional_integer(value) or 0


def _optional_integer(value: Any) -> int | None:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value) if value == value and abs(value) < 2**63 else None
    return None
