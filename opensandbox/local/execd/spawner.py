"""The small process that starts every program of the sandbox.

Why it exists: a command needs prctl calls, identity and limits between fork and exec. In the daemon
that would be a fork of a large process with threads; a wrapper program would be a second exec. This
process is forked from the daemon before the web server is imported, stays small and
single-threaded, and has already given up what commands may not have, so a command costs one fork
of a few megabytes and one exec.

Rules:
- It knows no secret and keeps no descriptor but the socket to the daemon.
- It alone waits for what it starts, so the process it is asked to signal is never a stranger.
- When the daemon is gone it kills what it started and ends.

The protocol, on a stream socket: frames of four bytes of length and that much JSON. In: "spawn"
(with the descriptors for standard output and error, and with "stdin" one for that), "signal",
"limits". Out: "started" or "failed" for every "spawn", in order, and "ended" once for each started
process.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import select
import signal
import socket
import struct
import termios
from typing import Any, NoReturn

from . import privileges
from .passing import receive

LENGTH = struct.Struct("!I")
_RESET = (
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGPIPE,
    signal.SIGCHLD,
    signal.SIGXFSZ,
    signal.SIGTSTP,
    signal.SIGTTIN,
    signal.SIGTTOU,
)


def fork(*, confined: bool) -> tuple[int, socket.socket]:
    """Starts the spawner as a child of this process.

    Returns its process number and the daemon's end of the socket. With `confined` it gives up what
    commands may not have.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            _prepare(theirs, confined=confined)
            _Spawner(theirs).run()
            status = 0
        finally:
            os._exit(status)
    theirs.close()
    return pid, ours


def _prepare(theirs: socket.socket, *, confined: bool) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    keep = theirs.fileno()
    os.closerange(3, keep)
    os.closerange(keep + 1, 1 << 20)
    os.setsid()
    if confined:
        privileges.confine()


class _Spawner:
    def __init__(self, daemon: socket.socket) -> None:
        self._daemon = daemon
        self._null = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
        self._received = bytearray()
        self._descriptors: list[int] = []
        self._sweep: dict[int, bool] = {}

    def run(self) -> None:
        wake_read, wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        poll = select.poll()
        poll.register(self._daemon, select.POLLIN)
        poll.register(wake_read, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll()}
            if wake_read in ready:
                os.read(wake_read, 4096)
                self._reap()
            if self._daemon.fileno() in ready and not self._receive():
                break
        for pid in self._sweep:
            _signal_group(pid, signal.SIGKILL)

    def _receive(self) -> bool:
        data, descriptors = receive(self._daemon, 16)
        self._received += data
        self._descriptors += descriptors
        while len(self._received) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._received)
            if len(self._received) < LENGTH.size + length:
                break
            message = json.loads(self._received[LENGTH.size : LENGTH.size + length])
            del self._received[: LENGTH.size + length]
            self._obey(message)
        return bool(data)

    def _obey(self, message: dict[str, Any]) -> None:
        match message["op"]:
            case "spawn":
                self._spawn(message)
            case "signal":
                self._signal(message)
            case "limits":
                privileges.limit(message["limits"])

    def _spawn(self, message: dict[str, Any]) -> None:
        count = 3 if message["stdin"] else 2
        given = self._descriptors[:count]
        del self._descriptors[:count]
        out, err, stdin = given if message["stdin"] else (*given, self._null)
        try:
            pid = os.fork()
        except OSError as error:
            self._tell({"op": "failed", "errno": error.errno})
        else:
            if pid == 0:
                _become(message, stdin, out, err)
            self._sweep[pid] = False
            self._tell({"op": "started", "pid": pid})
        finally:
            for descriptor in given:
                os.close(descriptor)

    def _signal(self, message: dict[str, Any]) -> None:
        pid = message["pid"]
        if pid in self._sweep:
            self._sweep[pid] = self._sweep[pid] or message["sweep"]
            _signal_group(pid, message["signal"])

    def _reap(self) -> None:
        while self._sweep:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            # Still a zombie: its number cannot have been given to anyone else yet.
            if self._sweep.pop(ended.si_pid, False):
                _signal_group(ended.si_pid, signal.SIGKILL)
            _, status = os.waitpid(ended.si_pid, 0)
            code = os.waitstatus_to_exitcode(status)
            self._tell({"op": "ended", "pid": ended.si_pid, "code": code})

    def _tell(self, message: dict[str, Any]) -> None:
        encoded = json.dumps(message).encode()
        self._daemon.sendall(LENGTH.pack(len(encoded)) + encoded)


def _signal_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        pass
    except PermissionError:
        # A group of another user's processes only; without CAP_KILL nothing more can be done.
        pass


def _become(message: dict[str, Any], stdin: int, out: int, err: int) -> NoReturn:
    """In the new process: turn into the program, or say on standard error why not."""
    argv: list[str] = message["argv"]
    status = 126
    what = "cannot start"
    try:
        os.setsid()
        _reset_signals()
        os.dup2(stdin, 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        if message["terminal"]:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        _offer_to_the_oom_killer()
        what = f"user {message['uid']}, group {message['gid']}"
        if message["gid"] is not None:
            os.setgroups([])
            os.setresgid(message["gid"], message["gid"], message["gid"])
        if message["uid"] is not None:
            os.setresuid(message["uid"], message["uid"], message["uid"])
        what = message["cwd"]
        os.chdir(message["cwd"])
        os.umask(0o022)
        what = argv[0]
        _execute(argv, message["env"])
    except OSError as error:
        text = os.strerror(error.errno or 0)
        if what == argv[0] and error.errno in (errno.ENOENT, errno.ENOTDIR):
            status, text = 127, "command not found"
        os.write(2, f"{what}: {text}\n".encode("utf-8", "surrogateescape"))
    finally:
        os._exit(status)


def _reset_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in _RESET:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _offer_to_the_oom_killer() -> None:
    """Commands die of memory before the daemon does."""
    try:
        score = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    except OSError:
        return  # No /proc, or not ours to write: outside a sandbox, as an ordinary user.
    try:
        os.write(score, b"1000")
    except OSError:
        pass
    finally:
        os.close(score)


def _execute(argv: list[str], env: dict[str, str]) -> NoReturn:
    """Like os.execvpe, but silent about imports: this process may not load code any more."""
    if "/" in argv[0]:
        os.execve(argv[0], argv, env)
    failure = FileNotFoundError(errno.ENOENT, "not found")
    for directory in env.get("PATH", os.defpath).split(":"):
        try:
            os.execve(f"{directory or '.'}/{argv[0]}", argv, env)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            failure = error  # type: ignore[assignment]
    raise failure
