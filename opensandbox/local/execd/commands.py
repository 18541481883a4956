"""Commands: run one, look at it later, interrupt it.

Rules:
- A command belongs to the daemon, not to the connection that started it.
- What ended is remembered, up to `REMEMBERED` commands; the oldest is forgotten first.
- Only background commands have logs: a nameless file that goes away with the command's entry.
- A command that reaches its time limit is killed with its whole process group.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import tempfile
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from . import environment, frames
from .errors import INVALID_REQUEST, RUNTIME_ERROR, Refusal, from_os, invalid
from .output import OutputPump, Send
from .processes import Process, Processes

REMEMBERED = 500
INTERRUPT_PATIENCE = 3.0
_LONGEST_ARGUMENT = 128 * 1024 - 1
_LONGEST_TIMEOUT_MS = 2**53


@dataclass(kw_only=True)
class CommandRequest:
    """What to run, checked."""

    argv: list[str]
    content: str
    cwd: str
    env: dict[str, str]
    uid: int | None
    gid: int | None
    timeout: float | None
    background: bool

    @classmethod
    def from_body(
        cls, body: Mapping[str, Any], *, env: Mapping[str, str], cwd: str
    ) -> CommandRequest:
        """Checks a request's body; `env` and `cwd` are the sandbox's own. Raises Refusal."""
        background = body.get("background") or False
        if not isinstance(background, bool):
            raise invalid("background must be true or false")
        argv, content = _what_to_run(body)
        uid, gid = environment.check_identity(body.get("uid"), body.get("gid"))
        own = environment.check_environment(body.get("envs"))
        return cls(
            argv=argv,
            content=content,
            cwd=environment.check_directory(body.get("cwd"), cwd),
            env={**env, **environment.user_environment(uid), **own},
            uid=uid,
            gid=gid,
            timeout=check_timeout(body.get("timeout")),
            background=background,
        )


def _what_to_run(body: Mapping[str, Any]) -> tuple[list[str], str]:
    command, argv = body.get("command"), body.get("argv")
    if command and argv:
        raise invalid("give command or argv, not both")
    if argv:
        if not isinstance(argv, list) or not all(isinstance(item, str) for item in argv):
            raise invalid("argv must be a list of strings")
        return [_check_argument(item, "argv") for item in argv], " ".join(argv)
    if not isinstance(command, str) or not command:
        raise invalid("give what to run: command, a shell line, or argv, a list of strings")
    return [environment.shell(), "-c", _check_argument(command, "command")], command


def _check_argument(value: str, name: str) -> str:
    environment.check_text(value, name)
    if len(value.encode()) > _LONGEST_ARGUMENT:
        raise invalid(
            f"{name} is longer than the {_LONGEST_ARGUMENT} bytes that a program can be given; "
            "write it to a file and run that"
        )
    return value


def check_timeout(value: object) -> float | None:
    """A request's "timeout" in seconds; None and 0 mean no limit. Raises Refusal."""
    if value is None or value == 0:
        return None
    number = isinstance(value, int) and not isinstance(value, bool)
    if not number or not 0 < value <= _LONGEST_TIMEOUT_MS:  # type: ignore[operator]
        raise invalid("timeout must be a positive whole number of milliseconds")
    return value / 1000  # type: ignore[operator]


@dataclass(kw_only=True)
class Command:
    """One command that was started."""

    id: str
    content: str
    process: Process
    log: int | None = None
    started: float = field(default_factory=time.monotonic)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    finished_at: datetime | None = None

    def status(self) -> dict[str, object]:
        """The answer of `/command/status/{id}`."""
        code = self.process.exit_code
        answer: dict[str, object] = {
            "id": self.id,
            "content": self.content,
            "running": code is None,
            "started_at": _moment(self.started_at),
        }
        if code is not None:
            answer["exit_code"] = max(code, -1)
            if code != 0:
                answer["error"] = frames.describe(code)
            answer["finished_at"] = _moment(self.finished_at or datetime.now(UTC))
        return answer


def _moment(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")


class Commands:
    """All commands of the sandbox."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._all: dict[str, Command] = {}

    async def run(self, request: CommandRequest) -> RunningCommand:
        """Starts a foreground command. Raises Refusal."""
        out_read, out_write = os.pipe2(os.O_CLOEXEC)
        err_read, err_write = os.pipe2(os.O_CLOEXEC)
        try:
            command = await self._start(request, out_write, err_write)
        except BaseException:
            os.close(out_read)
            os.close(err_read)
            raise
        return RunningCommand(command, out_read, err_read)

    async def run_in_background(self, request: CommandRequest) -> Command:
        """Starts a command whose output goes to its log. Raises Refusal."""
        try:
            log = nameless_file()
        except OSError as error:
            raise from_os(error, "make a file for the command's output") from error
        try:
            command = await self._start(request, os.dup(log), os.dup(log))
        except BaseException:
            os.close(log)
            raise
        command.log = log
        return command

    async def _start(self, request: CommandRequest, out: int, err: int) -> Command:
        process = await self._processes.start(
            request.argv,
            env=request.env,
            cwd=request.cwd,
            out=out,
            err=err,
            uid=request.uid,
            gid=request.gid,
        )
        command = Command(id=uuid.uuid4().hex, content=request.content, process=process)
        self._all[command.id] = command
        self._forget_the_oldest()
        limit = TimeLimit(process, request.timeout)
        process.when_ended(lambda: _finish(command, limit))
        return command

    def _forget_the_oldest(self) -> None:
        excess = len(self._all) - REMEMBERED
        if excess <= 0:
            return
        ended = (each for each in self._all.values() if each.process.exit_code is not None)
        for command in [each for _, each in zip(range(excess), ended, strict=False)]:
            del self._all[command.id]
            if command.log is not None:
                os.close(command.log)
                command.log = None

    def get(self, identity: str) -> Command:
        """Raises Refusal (404) for an id that is unknown or forgotten."""
        try:
            return self._all[identity]
        except KeyError:
            raise Refusal(404, INVALID_REQUEST, f"there is no command {identity!r}") from None

    async def interrupt(self, identity: str) -> None:
        """Interrupts a command's process group and waits, for a bounded time, until it has ended.

        First politely, as Ctrl-C does; what is left after that is killed.
        Raises Refusal (500) for an unknown id.
        """
        command = self._all.get(identity)
        if command is None:
            raise Refusal(500, RUNTIME_ERROR, f"there is no command {identity!r} to interrupt")
        await end_process(command.process)

    def log(self, identity: str) -> int:
        """The descriptor of a background command's log. Raises Refusal (400)."""
        command = self._all.get(identity)
        if command is None:
            raise invalid(f"there is no command {identity!r}")
        if command.log is None:
            raise invalid(f"command {identity!r} was not run in the background and has no logs")
        return command.log


async def end_process(process: Process) -> None:
    """Interrupts the process group, and kills it after `INTERRUPT_PATIENCE` seconds."""
    process.signal(signal.SIGINT, sweep=True)
    try:
        async with asyncio.timeout(INTERRUPT_PATIENCE):
            await process.ended.wait()
    except TimeoutError:
        process.signal(signal.SIGKILL)
        await process.ended.wait()


def _finish(command: Command, limit: TimeLimit) -> None:
    limit.cancel()
    command.finished_at = datetime.now(UTC)


class TimeLimit:
    """Kills a process and its group after `timeout` seconds; None means never."""

    def __init__(self, process: Process, timeout: float | None) -> None:
        self.reached = False
        self._process = process
        self._timer: asyncio.TimerHandle | None = None
        if timeout is not None:
            self._timer = asyncio.get_running_loop().call_later(timeout, self._reach)

    def _reach(self) -> None:
        if self._process.exit_code is None:
            self.reached = True
            self._process.signal(signal.SIGKILL, sweep=True)

    def cancel(self) -> None:
        """The process has ended by itself."""
        if self._timer is not None:
            self._timer.cancel()


@dataclass
class RunningCommand:
    """A foreground command whose output is still to be carried."""

    command: Command
    out: int
    err: int

    async def follow(self, send: Send) -> None:
        """Sends all events of the command, the terminal one last."""
        process = self.command.process
        pump = OutputPump(process, self.out, self.err)
        await send(frames.init(self.command.id) + frames.ping())
        await pump.run(send)
        await send(last_event(process, self.command.started))


def last_event(process: Process, started: float) -> bytes:
    """The terminal event of a process that has ended."""
    code = process.exit_code
    if code == 0:
        return frames.complete(time.monotonic() - started)
    return frames.failure(-signal.SIGKILL if code is None else code)


def read_log(descriptor: int, cursor: int, most: int) -> bytes:
    """At most `most` bytes of a log, from byte `cursor`."""
    return os.pread(descriptor, most, cursor)


def nameless_file() -> int:
    """A new file for output, to append to; it goes with its last descriptor. Raises OSError."""
    with tempfile.TemporaryFile(buffering=0) as file:
        # Appending only: the program's standard output and error share the file.
        fcntl.fcntl(file, fcntl.F_SETFL, fcntl.fcntl(file, fcntl.F_GETFL) | os.O_APPEND)
        return os.dup(file.fileno())
