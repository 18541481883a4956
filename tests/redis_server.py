"""A Redis of a test's own: on a unix socket in its folder, without a port or a file left behind."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

NO_REDIS = "no redis-server here"


class RedisServer:
    """A server that can be stopped and started again, empty."""

    def __init__(self, folder: Path, program: str) -> None:
        self.socket = str(folder / "redis.sock")
        self._folder, self._program = folder, program
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run, once it takes connections."""
        self._process = subprocess.Popen(
            [
                self._program,
                *("--port", "0", "--unixsocket", self.socket, "--save", "", "--appendonly", "no"),
                *("--dir", str(self._folder), "--daemonize", "no"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        ends = time.monotonic() + 20
        while not self._answers():
            if time.monotonic() > ends or self._process.poll() is not None:
                raise RuntimeError("redis-server did not start")
            time.sleep(0.02)

    def _answers(self) -> bool:
        from redis import Redis
        from redis.exceptions import RedisError

        with contextlib.closing(Redis(unix_socket_path=self.socket)) as client:
            try:
                return bool(client.ping())
            except RedisError:
                return False

    def stop(self) -> None:
        """Be away."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        Path(self.socket).unlink(missing_ok=True)


@contextlib.contextmanager
def redis_server() -> Iterator[RedisServer]:
    """A running server; the test is skipped where redis-server is not installed."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip(f"{NO_REDIS}: install it, as root with apt-get install redis-server")
    # Not tmp_path: the path of a unix socket must be short.
    with tempfile.TemporaryDirectory(prefix="opensandbox-redis-") as folder:
        server = RedisServer(Path(folder), program)
        try:
            server.start()
            yield server
        finally:
            server.stop()
