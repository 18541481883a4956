"""A runtime of one's own: a private server on this machine, for a test or a script.

Most programs do not need it: `ConnectionConfig(domain="local")` finds or starts the one that all
programs of a user share.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from . import _launch
from ._concurrency import async_run_blocking, async_shield, monotonic, sleep
from ._launch import IsolationUnavailableException
from .exceptions import InvalidArgumentException, SandboxConnectionException
from .models._time import Seconds, seconds

if TYPE_CHECKING:
    from ._async.config import ConnectionConfig
    from ._sync.config import ConnectionConfigSync

#: How long the server has to end itself, or at least one more of its sandboxes, in seconds.
_STOP_SECONDS = 30.0
#: Without a sandbox and a request for this long, in seconds, the server ends by itself: the program
#: that started it was killed before it could do that.
_ABANDONED_SECONDS = 3600.0


class LocalRuntime:
    """A private embedded runtime, for as long as the block lasts.

    Example::

        with LocalRuntime() as runtime:
            with SandboxSync.create("python:3.11", connection_config=runtime.config_sync()) as box:
                print(box.commands.run("echo hello").stdout)

    `async with` works too. At the end its sandboxes are killed and its folder is removed.

    Args:
        isolation: "bubblewrap", "none" for plain processes without any isolation, or "auto": the
            best there is, and a refusal where there is none.
        spares: How many daemons wait ready for the next sandbox.
        allow_volumes: Folders of this machine below which host volumes may lie.
        start_timeout: How long the start may take, in seconds.
        host_aliases: Names that sandboxes reach at these addresses of this machine's network,
            instead of where the resolver says; an address that is not public needs a rule of the
            sandbox's network policy all the same.

    Entering raises `IsolationUnavailableException`, with the reasons in `problems`, when this
    machine cannot isolate sandboxes, and `SandboxConnectionException` when the runtime cannot start
    for any other reason.
    """

    def __init__(
        self,
        *,
        isolation: Literal["auto", "bubblewrap", "none"] = "auto",
        spares: int = 1,
        allow_volumes: Sequence[str | Path] = (),
        start_timeout: Seconds = _launch.START_SECONDS,
        host_aliases: Mapping[str, str] | None = None,
    ) -> None:
        if isolation not in ("auto", "bubblewrap", "none"):
            raise InvalidArgumentException(
                f"isolation must be auto, bubblewrap or none, got {isolation!r}"
            )
        if isinstance(spares, bool) or not isinstance(spares, int) or spares < 0:
            raise InvalidArgumentException(f"spares must be 0 or more, got {spares!r}")
        self._options = [f"--isolation={isolation}", f"--spares={spares}"]
        self._options += [f"--allow-volumes={Path(folder).absolute()}" for folder in allow_volumes]
        self._options += [
            f"--host-alias={name}={address}" for name, address in (host_aliases or {}).items()
        ]
        self._start_seconds = seconds(start_timeout, "start_timeout")
        self._directory: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._runtime: _launch.Runtime | None = None

    @property
    def domain(self) -> str:
        """`host:port` of the server."""
        return self._running().url.partition("://")[2]

    @property
    def api_key(self) -> str:
        """The key of the server."""
        return self._running().api_key

    @property
    def directory(self) -> Path:
        """The folder that holds all it keeps; its log is `server.log` there."""
        self._running()
        assert self._directory is not None  # noqa: S101  it runs, so it has one
        return self._directory

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._running().pid

    def config(self) -> ConnectionConfig:
        """A config for the async client, new each time."""
        from ._async.config import ConnectionConfig

        return ConnectionConfig(domain=self.domain, api_key=self.api_key)

    def config_sync(self) -> ConnectionConfigSync:
        """A config for the blocking client, new each time."""
        from ._sync.config import ConnectionConfigSync

        return ConnectionConfigSync(domain=self.domain, api_key=self.api_key)

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        if self._directory is not None:
            raise InvalidArgumentException("this LocalRuntime has been started already")
        _launch.check_machine()
        # Its own folder below /tmp: the paths of sockets in there have to be short.
        self._directory = Path(tempfile.mkdtemp(prefix="opensandbox-"))
        try:
            self._serve(self._directory, *self._options)
        except BaseException:
            self.stop()
            raise

    def _serve(self, directory: Path, *options: str) -> None:
        deadline = monotonic() + self._start_seconds
        command = _launch.serve_command(
            directory,
            "--embedded",
            f"--idle-timeout={_ABANDONED_SECONDS}",
            "--kill-on-exit",
            *options,
        )
        with (directory / _launch.OUTPUT).open("wb") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=_launch.environment(),
                start_new_session=True,  # Ctrl-C is for the program; we stop the server
            )
        self._runtime = _launch.wait_until_ready(directory, self._process.poll, deadline)

    def stop(self) -> None:
        """Kill its sandboxes, stop the server and remove its folder; again does nothing.

        Raises `SandboxConnectionException` when sandboxes of it could not be ended.
        """
        directory, self._directory = self._directory, None
        if directory is None:
            return
        self._end_server(directory)
        if _sandboxes_in(directory):
            self._end_sandboxes(directory)
        _remove(directory)

    def _end_server(self, directory: Path) -> None:
        process, self._process = self._process, None
        self._runtime = None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        while True:
            before = _sandboxes_in(directory)
            try:
                process.wait(_STOP_SECONDS)
                return
            except subprocess.TimeoutExpired:
                if not before > _sandboxes_in(directory):  # It does not get on.
                    process.kill()

    def _end_sandboxes(self, directory: Path) -> None:
        """Of a server that was killed: the next one finds them, and takes them along."""
        try:
            self._serve(directory, self._options[0], "--spares=0")
        finally:
            self._end_server(directory)
        if left := len(_sandboxes_in(directory)):
            raise SandboxConnectionException(
                f"{left} sandboxes of this LocalRuntime could not be ended; what they are is in"
                f" {directory}, and why in its server.log"
            )

    def _running(self) -> _launch.Runtime:
        if self._runtime is None:
            raise SandboxConnectionException(
                "this LocalRuntime is not running: use it as `with LocalRuntime() as runtime:`"
            )
        return self._runtime

    def __enter__(self) -> LocalRuntime:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    async def __aenter__(self) -> LocalRuntime:
        try:
            # Shielded: a start that goes on in its thread could not be stopped.
            await async_shield(
                lambda: async_run_blocking(self.start), seconds=2 * self._start_seconds
            )
        except BaseException:
            await self._stop_for_certain()
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stop_for_certain()

    async def _stop_for_certain(self) -> None:
        await async_shield(lambda: async_run_blocking(self.stop), seconds=2 * _STOP_SECONDS)


def _sandboxes_in(directory: Path) -> set[str]:
    """What has not been ended of them."""
    try:
        return {place.name for place in (directory / "sandboxes").iterdir()}
    except FileNotFoundError:
        return set()


def _remove(directory: Path) -> None:
    """Remove the folder, though something that just ended may still be leaving it."""
    for _ in range(10):
        with contextlib.suppress(OSError):
            shutil.rmtree(directory)
        if not directory.exists():
            return
        sleep(0.1)
    shutil.rmtree(directory)


__all__ = ["IsolationUnavailableException", "LocalRuntime"]
