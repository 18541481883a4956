"""Finds the embedded runtime of this user, or starts it as a process of its own.

Rules:

* The runtime says where it is in `server.json` of its state directory. What is there counts only if
  that process still lives and answers: everything else is left over from one that died.
* Of many processes that want it at once, one starts it, holding `launch.lock`; the others wait.
* It outlives who started it, and gets nothing from it but the environment.
* Everything blocks; event loops call this in a thread. The runtime's code is never imported here.
"""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs

from ._concurrency import monotonic, sleep
from ._wire.headers import API_KEY
from .exceptions import SandboxConnectionException

#: How long a start may take, in seconds.
START_SECONDS = 30.0
#: Exit codes of `python -m opensandbox serve`.
_REFUSED, _ALREADY_RUNNING = 3, 4
#: The packages of the extra `local`.
_NEEDED = ("starlette", "uvicorn", "h11", "anyio")
#: Where a server's own output goes, in its state directory.
OUTPUT = "start.log"


class IsolationUnavailableException(SandboxConnectionException):
    """This machine cannot isolate sandboxes; `problems` says what it lacks, a sentence each."""

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.problems = list(problems)

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.message, self.problems))


@attrs.frozen(kw_only=True)
class Runtime:
    """A running runtime: where it listens, the key it wants, and which process it is."""

    url: str
    api_key: str = attrs.field(repr=False)
    pid: int
    #: In clock ticks since the machine's boot: with the pid it names one process.
    start_time: int


def state_directory(environ: Mapping[str, str] | None = None) -> Path:
    """Where the embedded runtime of this user keeps its state.

    OPEN_SANDBOX_LOCAL_DIR wins; else /var/lib/opensandbox for root, and for everybody else
    `opensandbox` below $XDG_STATE_HOME or ~/.local/state.
    """
    environ = os.environ if environ is None else environ
    if chosen := environ.get("OPEN_SANDBOX_LOCAL_DIR"):
        return Path(chosen).absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/opensandbox")
    state = environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "opensandbox"


def find(directory: Path) -> Runtime | None:
    """The runtime of this state directory, or None when none is running there."""
    try:
        said = json.loads((directory / "server.json").read_bytes())
        runtime = Runtime(
            url=str(said["url"]).rstrip("/"),
            api_key=str(said["api_key"]),
            pid=int(said["pid"]),
            start_time=int(said["start_time"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return runtime if _lives(runtime) and _answers(runtime) else None


def find_or_start(
    directory: Path | None = None,
    *,
    command: Sequence[str] | None = None,
    seconds: float = START_SECONDS,
) -> Runtime:
    """The runtime of this state directory, started when none is running there.

    `directory` None is this user's own; `command` None is the runtime of this package. Raises
    `SandboxConnectionException` saying what to do when it cannot run here, or is not ready within
    `seconds`; `IsolationUnavailableException` when this machine cannot isolate sandboxes.
    """
    check_machine()
    directory = state_directory() if directory is None else directory
    if (found := find(directory)) is not None:
        return found
    deadline = monotonic() + seconds
    try:
        directory.mkdir(mode=0o711, parents=True, exist_ok=True)
        with _starting(directory, deadline):
            if (found := find(directory)) is not None:
                return found
            return _start(directory, command or serve_command(directory, "--embedded"), deadline)
    except OSError as error:
        if isinstance(error, TimeoutError):
            raise
        raise SandboxConnectionException(
            f"the embedded runtime cannot keep its state in {directory}: {error}. Set"
            " OPEN_SANDBOX_LOCAL_DIR to a folder of yours.",
            cause=error,
        ) from error


def check_machine() -> None:
    """Raise `SandboxConnectionException` where the embedded runtime cannot run at all."""
    if sys.platform != "linux":
        raise SandboxConnectionException(
            "the embedded runtime needs Linux: name a server by ConnectionConfig(domain=...) or"
            " the environment variable OPEN_SANDBOX_DOMAIN"
        )
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise SandboxConnectionException(
            f"the embedded runtime needs {', '.join(missing)}: pip install 'opensandbox[local]'"
        )
    if not sys.executable:
        raise SandboxConnectionException(
            "the embedded runtime cannot be started: this Python does not know its own path;"
            " run `python -m opensandbox serve`, and name its address by"
            " ConnectionConfig(domain=...)"
        )


def serve_command(directory: Path, *options: str) -> list[str]:
    """The command that runs a server on any free port, with its state in `directory`."""
    # -P: nothing in the folder where the program was started may stand in for our modules.
    serve = [sys.executable, "-P", "-m", "opensandbox", "serve", "--port", "0"]
    return [*serve, "--directory", str(directory), *options]


def environment() -> dict[str, str]:
    """What a server of our own gets: not the key of some other server."""
    return {k: v for k, v in os.environ.items() if k != "OPEN_SANDBOX_API_KEY"}


def wait_until_ready(
    directory: Path, exit_code: Callable[[], int | None], deadline: float
) -> Runtime:
    """Wait until the server that was just started here, or one that was faster, answers.

    `exit_code` says how it ended, None while it runs. Raises `SandboxConnectionException` with the
    server's own reason when it ends instead.
    """
    pause, code = 0.01, None
    while True:
        if (found := find(directory)) is not None:
            return found
        if code is None and (code := exit_code()) not in (None, _ALREADY_RUNNING):
            raise _failure(directory, code)
        if monotonic() >= deadline:
            raise SandboxConnectionException(
                f"the embedded runtime is not ready in time; its log is"
                f" {directory / 'server.log'}. {_last_line(directory)}".rstrip()
            )
        sleep(pause)
        pause = min(0.1, pause * 1.5)


@contextmanager
def _starting(directory: Path, deadline: float) -> Iterator[None]:
    """Hold the right to start a runtime here; wait for whoever is starting one."""
    import fcntl

    lock = os.open(directory / "launch.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if monotonic() >= deadline:
                    raise SandboxConnectionException(
                        f"another process has been starting the embedded runtime in {directory}"
                        " for too long"
                    ) from None
                sleep(0.05)
        yield
    finally:
        os.close(lock)


#: Servers that this process started and that may have to be reaped.
_children: set[int] = set()


def _start(directory: Path, command: Sequence[str], deadline: float) -> Runtime:
    for child in list(_children):
        _exit_code(child)
    output = os.open(
        directory / OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600
    )
    try:
        # Not subprocess: its Popen warns about a process that lives on, as this one should.
        pid = os.posix_spawn(
            command[0],
            list(command),
            environment(),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, output, 1),
                (os.POSIX_SPAWN_DUP2, output, 2),
            ],
            setsid=True,
        )
    finally:
        os.close(output)
    _children.add(pid)
    try:
        return wait_until_ready(directory, lambda: _exit_code(pid), deadline)
    except SandboxConnectionException:
        # Given up: one that does not answer must not keep the directory locked.
        if pid in _children and _exit_code(pid) is None:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            _children.discard(pid)
        raise


def _lives(runtime: Runtime) -> bool:
    """Whether this very process still runs: not another with its pid, and not a zombie."""
    try:
        fields = Path(f"/proc/{runtime.pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return fields[0] not in ("Z", "X") and int(fields[19]) == runtime.start_time


def _answers(runtime: Runtime) -> bool:
    address = urlsplit(runtime.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=5)
    try:
        connection.request("GET", "/health", headers={API_KEY: runtime.api_key})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _exit_code(pid: int) -> int | None:
    """How our child ended, or None while it runs; one that was reaped elsewhere ended with 0."""
    try:
        ended, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        ended, status = pid, 0
    if ended == 0:
        return None
    _children.discard(pid)
    return os.waitstatus_to_exitcode(status)


def _failure(directory: Path, code: int | None) -> SandboxConnectionException:
    """Why the server did not start, in its own words."""
    said = _last_line(directory) or f"it ended with exit code {code}"
    if code == _REFUSED:
        try:
            refusal = json.loads((directory / "refused.json").read_bytes())
            return IsolationUnavailableException(
                f"the embedded runtime cannot isolate sandboxes on this machine:"
                f" {refusal['message']}",
                [str(problem) for problem in refusal["problems"]],
            )
        except (OSError, ValueError, KeyError, TypeError):
            return IsolationUnavailableException(
                f"the embedded runtime cannot isolate sandboxes on this machine: {said}"
            )
    return SandboxConnectionException(f"the embedded runtime did not start: {said}")


def _last_line(directory: Path) -> str:
    """The last thing the server said, where it said anything."""
    for name in (OUTPUT, "server.log"):
        try:
            with (directory / name).open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - 4096))
                lines = file.read().decode("utf-8", "replace").split("\n")
        except OSError:
            continue
        if said := [line.strip() for line in lines if line.strip()]:
            return said[-1]
    return ""
