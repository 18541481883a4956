"""A running sandbox as the server holds it: look, stop, go on, limit, end.

Rules:
- Everything is found again from `Started` alone; a pid counts only with its start time and boot.
- `kill` works in every state, twice, and leaves no process, group, mount or file.
- Nothing here follows a path that the sandbox could have made.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opensandbox.local.isolation import cgroups
from opensandbox.local.isolation.spec import Limits, Started

_END_TIMEOUT = 5.0
_ANSWER_LIMIT = 1 << 20


class Handle:
    """One running sandbox."""

    def __init__(self, started: Started) -> None:
        self.started = started

    def alive(self) -> bool:
        """Whether its first process runs (a frozen one does)."""
        _reap(self.started.outer_pid)
        return _is_running(self.started)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended; False: not within `timeout` seconds (None: for ever)."""
        fd = self.pidfd()
        if fd is None:
            return True
        try:
            ended = bool(select.select([fd], [], [], timeout)[0])
        finally:
            os.close(fd)
        _reap(self.started.outer_pid)
        return ended

    def pidfd(self) -> int | None:
        """A descriptor that becomes readable when it ends, for an event loop; the caller closes it.

        None: it has ended.
        """
        try:
            fd = os.pidfd_open(self.started.pid)
        except ProcessLookupError:
            return None
        if not _is_running(self.started):
            os.close(fd)
            return None
        return fd

    def request(self, message: Mapping[str, Any], *, timeout: float = 10.0) -> dict[str, Any]:
        """Ask the daemon over its control socket: one JSON line each way.

        Raises OSError when it does not answer within `timeout` seconds, ValueError when its answer
        is no JSON object.
        """
        with connect_control(Path(self.started.control_path), timeout=timeout) as connection:
            connection.sendall(json.dumps(message).encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n") and len(answer) < _ANSWER_LIMIT:
                piece = connection.recv(65536)
                if not piece:
                    break
                answer += piece
        if not answer:
            raise ConnectionResetError("the daemon closed the connection without an answer")
        said = json.loads(answer)
        if not isinstance(said, dict):
            raise ValueError(f"the daemon answered {said!r}")
        return said

    def set_limits(self, limits: Limits) -> None:
        """Change memory, cpu and process limits while it runs; the disk's stays as it is."""
        cgroups.set_limits(self.started.cgroups, limits)

    def freeze(self) -> None:
        """Stop all its processes where they are; by signal where there are no control groups."""
        if not cgroups.freeze(self.started.cgroups, frozen=True):
            self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let all its processes go on."""
        if not cgroups.freeze(self.started.cgroups, frozen=False):
            self._signal_all(signal.SIGCONT)

    def usage(self) -> dict[str, int]:
        """What it uses, as `cgroups.usage` says; empty where nothing measures it."""
        return cgroups.usage(self.started.cgroups)

    def kill(self) -> None:
        """End it and remove all it left; done when there is nothing to do.

        Raises OSError when something would not go.
        """
        started = self.started
        everything = _members(started)
        for pid in everything:
            _signal(pid, signal.SIGKILL)
        # A frozen process above would not notice, and version 1 holds even a killed one.
        cgroups.freeze(started.cgroups, frozen=False)
        self.wait(_END_TIMEOUT)
        # The process above reaps the first one and ends; killed, it would leave that to others.
        end_process(started.outer_pid, patience=_END_TIMEOUT)
        cgroups.kill(started.cgroups)
        cgroups.remove(started.cgroups)
        remove_directory(Path(started.directory))

    def _signal_all(self, number: signal.Signals) -> None:
        """Signal every process of the sandbox, until no new ones appear and all have noticed."""
        seen: set[int] = set()
        until = time.monotonic() + _END_TIMEOUT
        while time.monotonic() < until:
            members = _members(self.started)
            for pid in members - seen:
                _signal(pid, number)
            stopping = number == signal.SIGSTOP and not all(map(_is_stopped, members))
            if not members - seen and not stopping:
                return
            seen |= members
            time.sleep(0.001)


def adopt(started: Started) -> Handle | None:
    """The sandbox that `started` describes, by whichever server it was started; None: it has ended.

    What an ended one left is removed by ``Handle(started).kill()``.
    """
    found = Handle(started)
    return found if found.alive() else None


def connect_control(path: Path, *, timeout: float) -> socket.socket:
    """A connection to the control socket at `path`, however long that path is."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
        try:
            connection.connect(f"/proc/self/fd/{directory}/{path.name}")
        finally:
            os.close(directory)
    except BaseException:
        connection.close()
        raise
    return connection


def start_time(pid: int) -> int:
    """When the process was started, in the kernel's ticks since boot.

    Raises ProcessLookupError when there is none.
    """
    return int(_stat(pid)[19])


def boot_id() -> str:
    """What tells this boot of the machine from every other."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def end_process(pid: int, *, patience: float = 0.0) -> None:
    """Reap our own child `pid`; kill it when it has not ended within `patience` seconds.

    Nothing happens when it is not, or no more, our child.
    """
    with contextlib.suppress(ChildProcessError, ProcessLookupError):
        if int(_stat(pid)[1]) != os.getpid():
            return
        fd = os.pidfd_open(pid)
        try:
            if not select.select([fd], [], [], patience)[0]:
                signal.pidfd_send_signal(fd, signal.SIGKILL)
        finally:
            os.close(fd)
        os.waitpid(pid, 0)


def remove_directory(directory: Path) -> None:
    """Delete a sandbox's directory, also what it made unreadable for its own user."""
    for _ in range(3):
        shutil.rmtree(directory, ignore_errors=True)
        if not directory.exists():
            return
        _open_up(str(directory))
    shutil.rmtree(directory)


def _open_up(directory: str) -> None:
    for place, names, _ in os.walk(directory, followlinks=False):
        for name in names:
            path = os.path.join(place, name)
            if not os.path.islink(path):
                with contextlib.suppress(OSError):
                    os.chmod(path, 0o700)


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        raise ProcessLookupError(f"no process {pid}") from None
    return text.rpartition(")")[2].split()


def _is_running(started: Started) -> bool:
    try:
        fields = _stat(started.pid)
    except ProcessLookupError:
        return False
    same = int(fields[19]) == started.start_time and boot_id() == started.boot_id
    return same and fields[0] not in "ZX"


def _is_stopped(pid: int) -> bool:
    try:
        return _stat(pid)[0] in "TtZX"
    except ProcessLookupError:
        return True


def _members(started: Started) -> set[int]:
    if started.isolation == "none":
        return _descendants(started)
    if not _is_running(started):
        return set()
    inside = os.readlink(f"/proc/{started.pid}/ns/pid")
    found = set()
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{entry}/ns/pid") == inside:
                    found.add(int(entry))
    # Isolated sessions have processes of their own, all of them below the first one.
    return found | _descendants(started)


def _descendants(started: Started) -> set[int]:
    """The process and all below it, also those that left its session."""
    if not _is_running(started):
        return set()
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(ProcessLookupError):
                children.setdefault(int(_stat(int(entry))[1]), []).append(int(entry))
    found: set[int] = set()
    todo = [started.pid]
    while todo:
        pid = todo.pop()
        found.add(pid)
        todo += children.get(pid, [])
    return found


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
