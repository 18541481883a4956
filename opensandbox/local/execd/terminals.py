"""Terminals: shells that are typed at, over a pseudo-terminal or over pipes, and that live on
while nobody looks.

Rules:
- The shell starts with the first viewer, who says which of the two it is.
- One viewer at a time; another one is refused, or takes over and the first is sent away.
- Every byte that was printed has an offset. The last `KEPT` bytes are kept and can be sent again.
- A viewer who reads slowly slows the shell down; without a viewer its output is read and kept.
- What was printed before the end is sent before the end.
- Of those whose shell has ended, all are forgotten when there is no room for a new one.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import struct
import termios
import uuid
from collections.abc import Callable, Mapping
from typing import Protocol

from . import environment
from .errors import CONTEXT_NOT_FOUND, RUNTIME_ERROR, Refusal, invalid
from .processes import Process, Processes

MOST_TERMINALS = 200
KEPT = 1024 * 1024
STDOUT, STDERR = 1, 2
TAKEN_OVER = 4001

_PIECE = 65536
_MUCH_INPUT = 256 * 1024
_LITTLE_INPUT = 32 * 1024
_FAREST = 65535


class Viewer(Protocol):
    """Whoever looks at a terminal."""

    @property
    def slow(self) -> bool:
        """Whether it has not yet read what it was sent before."""

    def show(self, kind: int, data: bytes) -> None:
        """Output as it comes; `kind` is STDOUT or STDERR."""

    def show_again(self, offset: int, data: bytes) -> None:
        """Output that was printed before, from byte `offset` on."""

    def end(self, exit_code: int) -> None:
        """The shell has ended."""

    def send_away(self, code: int, reason: str) -> None:
        """The viewer is one no more."""

    def hold(self, *, full: bool) -> None:
        """Take no more input while `full`."""


class Terminal:
    """One shell, started or not, ended or not."""

    def __init__(self, identity: str, cwd: str, env: Mapping[str, str]) -> None:
        self.id = identity
        self.process: Process | None = None
        self._cwd = cwd
        self._env = env
        self._input = -1
        self._outputs: dict[int, int] = {}
        self._typed = bytearray()
        self._printed = bytearray()
        self._count = 0
        self._viewer: Viewer | None = None
        self._starting = asyncio.Lock()

    @property
    def taken(self) -> bool:
        """Whether somebody looks."""
        return self._viewer is not None

    @property
    def ended(self) -> bool:
        """Whether its shell has run and ended."""
        return self.process is not None and self.process.exit_code is not None

    async def start(self, processes: Processes, *, pipes: bool) -> None:
        """Starts the shell unless it was started before. Raises Refusal and OSError."""
        async with self._starting:
            if self.process is not None:
                return
            if pipes:
                self.process = await self._start_on_pipes(processes)
            else:
                self.process = await self._start_on_terminal(processes)
        for descriptor in {self._input, *self._outputs}:
            os.set_blocking(descriptor, False)
        self._listen()
        self.process.when_ended(self._finish)

    async def _start_on_terminal(self, processes: Processes) -> Process:
        master, slave = os.openpty()
        try:
            process = await processes.start(
                [environment.shell()],
                env={"TERM": "xterm-256color", **self._env},
                cwd=self._cwd,
                out=slave,
                err=os.dup(slave),
                stdin=os.dup(slave),
                terminal=True,
            )
        except BaseException:
            os.close(master)
            raise
        self._input, self._outputs = master, {master: STDOUT}
        return process

    async def _start_on_pipes(self, processes: Processes) -> Process:
        in_read, in_write = os.pipe2(os.O_CLOEXEC)
        out_read, out_write = os.pipe2(os.O_CLOEXEC)
        err_read, err_write = os.pipe2(os.O_CLOEXEC)
        try:
            process = await processes.start(
                [environment.shell()],
                env=self._env,
                cwd=self._cwd,
                out=out_write,
                err=err_write,
                stdin=in_read,
            )
        except BaseException:
            for descriptor in (in_write, out_read, err_read):
                os.close(descriptor)
            raise
        self._input, self._outputs = in_write, {out_read: STDOUT, err_read: STDERR}
        return process

    # Looking

    def attach(self, viewer: Viewer, since: int | None) -> None:
        """Shows everything from now on to `viewer`, after what was printed from `since` on.

        Who looked before is sent away.
        """
        if self._viewer is not None:
            self._viewer.send_away(TAKEN_OVER, "another one has taken over")
        self._viewer = viewer
        if since is not None:
            self._replay(viewer, since)
        if self.process is not None and self.process.exit_code is not None:
            viewer.end(max(self.process.exit_code, -1))
        else:
            self._listen()

    def _replay(self, viewer: Viewer, since: int) -> None:
        first = self._count - len(self._printed)
        since = min(max(since, first), self._count)
        for offset in range(since, self._count, _PIECE):
            piece = self._printed[offset - first : offset - first + _PIECE]
            viewer.show_again(offset, bytes(piece))

    def detach(self, viewer: Viewer) -> None:
        """`viewer` has left."""
        if self._viewer is viewer:
            self._viewer = None
            self._listen()

    def go_on(self) -> None:
        """The viewer has read what it was sent."""
        self._listen()

    # Output

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for descriptor in self._outputs:
            loop.add_reader(descriptor, self._read, descriptor)

    def _read(self, descriptor: int) -> bool:
        """Passes on what there is; False when there was nothing."""
        loop = asyncio.get_running_loop()
        if self._viewer is not None and self._viewer.slow:
            for each in self._outputs:
                loop.remove_reader(each)
            return False
        data = _read_some(descriptor)
        if data is None:
            return False
        if not data:
            loop.remove_reader(descriptor)
            if descriptor != self._input:
                os.close(descriptor)
                del self._outputs[descriptor]
            return False
        self._keep(data)
        if self._viewer is not None:
            self._viewer.show(self._outputs[descriptor], data)
        return True

    def _keep(self, data: bytes) -> None:
        self._printed += data
        self._count += len(data)
        if len(self._printed) > 2 * KEPT:
            del self._printed[:-KEPT]

    def _finish(self) -> None:
        """The shell has ended: its last words, then the news."""
        loop = asyncio.get_running_loop()
        for descriptor in list(self._outputs):
            # At most what fits into a pipe: who still writes is not waited for.
            for _ in range(_FAREST // 1024):
                data = _read_some(descriptor)
                if not data:
                    break
                self._keep(data)
                if self._viewer is not None:
                    self._viewer.show(self._outputs[descriptor], data)
        for descriptor in {self._input, *self._outputs}:
            loop.remove_reader(descriptor)
            loop.remove_writer(descriptor)
            os.close(descriptor)
        self._outputs.clear()
        self._input = -1
        if self._viewer is not None and self.process is not None:
            self._viewer.end(max(self.process.exit_code or 0, -1))

    # Input

    def type(self, data: bytes) -> None:
        """Gives the shell something to read."""
        if self._input < 0:
            return
        self._typed += data
        self._write()

    def _write(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._typed:
                del self._typed[: os.write(self._input, self._typed[:_PIECE])]
        except BlockingIOError:
            loop.add_writer(self._input, self._write)
        except OSError:
            self._typed.clear()  # Nobody reads there any more.
        if not self._typed:
            loop.remove_writer(self._input)
        if self._viewer is not None:
            if len(self._typed) > _MUCH_INPUT:
                self._viewer.hold(full=True)
            elif len(self._typed) <= _LITTLE_INPUT:
                self._viewer.hold(full=False)

    def resize(self, columns: object, rows: object) -> None:
        """Changes the size of the terminal; pipes have none. Raises Refusal."""
        for value in (columns, rows):
            whole = isinstance(value, int) and not isinstance(value, bool)
            if not whole or not 0 < value <= _FAREST:  # type: ignore[operator]
                raise invalid("cols and rows must be numbers from 1 to 65535")
        if self._input in self._outputs:
            size = struct.pack("HHHH", rows, columns, 0, 0)
            fcntl.ioctl(self._input, termios.TIOCSWINSZ, size)

    def signal(self, name: object) -> None:
        """Signals what runs in the foreground. Raises Refusal for a name that is no signal."""
        number = _signals().get(name) if isinstance(name, str) else None
        if number is None:
            raise invalid(f"{name!r} is not the name of a signal, such as SIGINT")
        if self.process is None or self.process.exit_code is not None:
            return
        if self._input not in self._outputs:
            self.process.signal(number)
            return
        with contextlib.suppress(OSError):
            group = os.tcgetpgrp(self._input)
            # There is none before the shell has taken the terminal; 0 would be our own.
            os.killpg(group if group > 0 else self.process.pid, number)

    def close(self) -> None:
        """Ends the shell and all that was started from it."""
        if self.process is not None and self.process.exit_code is None:
            for pid in _session(self.process.pid):
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            self.process.signal(signal.SIGKILL, sweep=True)


def _read_some(descriptor: int) -> bytes | None:
    """What there is to read, None when there is nothing yet, b"" at the end."""
    try:
        return os.read(descriptor, _PIECE)
    except BlockingIOError:
        return None
    except OSError:
        return b""  # A terminal whose other side is closed.


def _signals() -> dict[str, int]:
    return {each.name: int(each) for each in signal.Signals}


def _session(leader: int) -> list[int]:
    """The processes of a session but its leader; those with jobs of their own too."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdecimal() and int(name) != leader:
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
                if int(file.read().rpartition(b")")[2].split()[3]) == leader:
                    found.append(int(name))
    return found


class Terminals:
    """All terminals of the sandbox."""

    def __init__(self, processes: Processes, env: Callable[[], Mapping[str, str]]) -> None:
        self.processes = processes
        self._env = env
        self._all: dict[str, Terminal] = {}

    def create(self, cwd: str) -> Terminal:
        """A new terminal whose shell will start in `cwd`. Raises Refusal."""
        if len(self._all) >= MOST_TERMINALS:
            self._all = {t.id: t for t in self._all.values() if not t.ended}
        if len(self._all) >= MOST_TERMINALS:
            raise Refusal(503, RUNTIME_ERROR, f"a sandbox has at most {MOST_TERMINALS} terminals")
        terminal = Terminal(str(uuid.uuid4()), cwd, self._env())
        self._all[terminal.id] = terminal
        return terminal

    def get(self, identity: str) -> Terminal:
        """Raises Refusal (404) for one that does not exist."""
        try:
            return self._all[identity]
        except KeyError:
            raise Refusal(404, CONTEXT_NOT_FOUND, f"there is no terminal {identity!r}") from None

    def delete(self, identity: str) -> None:
        """Ends a terminal. Raises Refusal (404)."""
        terminal = self.get(identity)
        del self._all[identity]
        terminal.close()
