"""Starting and stopping real servers, each with a state directory of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[3]
STANDIN = [sys.executable, str(Path(__file__).with_name("standin.py"))]
REAL = [sys.executable, "-m", "opensandbox"]
KEY = "a key of the tests"
WAIT = 60.0


def environment(**more: str) -> dict[str, str]:
    """The environment of a server: nothing of the tester's own settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return kept | {"PYTHONPATH": f"{ROOT}:{ROOT / 'generated'}"} | more


def eventually(true: Any) -> Any:
    """Waits until `true()` is, and returns it; gives up after `WAIT` seconds."""
    until = time.monotonic() + WAIT
    while not (found := true()):
        assert time.monotonic() < until, f"never came true: {true}"
        time.sleep(0.01)
    return found


class Server:
    """A server process, and a client that has its key."""

    def __init__(self, process: subprocess.Popen[str], directory: Path) -> None:
        self.process = process
        self.directory = directory
        eventually(lambda: self._announced() or process.poll() is not None)
        assert process.poll() is None, process.communicate()[1]
        known = json.loads((directory / "server.json").read_text())
        self.url: str = known["url"]
        self.key: str = known["api_key"]
        self.client = httpx.Client(
            base_url=f"{self.url}/v1",
            headers={"OPEN-SANDBOX-API-KEY": self.key},
            trust_env=False,
            timeout=WAIT,
        )

    def _announced(self) -> bool:
        try:
            known = json.loads((self.directory / "server.json").read_text())
        except FileNotFoundError:
            return False
        return bool(known["pid"] == self.process.pid)

    def create(self, **more: Any) -> dict[str, Any]:
        """A new sandbox; fails the test when the server refuses."""
        answer = self.client.post("/sandboxes", json={"image": {"uri": "any:1"}, **more})
        assert answer.status_code == 202, answer.text
        created: dict[str, Any] = answer.json()
        return created

    def get(self, sandbox_id: str) -> dict[str, Any]:
        """The sandbox as the server shows it."""
        answer = self.client.get(f"/sandboxes/{sandbox_id}")
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    def snapshot(self, sandbox_id: str, **body: Any) -> str:
        """A new snapshot's id, once it is ready."""
        answer = self.client.post(f"/sandboxes/{sandbox_id}/snapshots", json=body)
        assert answer.status_code == 202, answer.text
        assert answer.json()["status"]["state"] == "Creating"
        snapshot_id: str = answer.json()["id"]
        self.snapshot_ready(snapshot_id)
        return snapshot_id

    def snapshot_ready(self, snapshot_id: str) -> None:
        """Waits until a snapshot is made."""
        path = f"/snapshots/{snapshot_id}"
        status = eventually(
            lambda: (
                found
                if (found := self.client.get(path).json()["status"])["state"] != "Creating"
                else None
            )
        )
        assert status["state"] == "Ready", status

    def records(self) -> list[dict[str, Any]]:
        """What the database holds."""
        import sqlite3

        connection = sqlite3.connect(self.directory / "state.sqlite")
        try:
            rows = connection.execute("SELECT record FROM sandboxes").fetchall()
        finally:
            connection.close()
        return [json.loads(text) for (text,) in rows]

    def pid_of(self, sandbox_id: str) -> int:
        """The sandbox's first process."""
        (record,) = (r for r in self.records() if r["id"] == sandbox_id)
        return int(record["started"]["pid"])

    def stop(self) -> int:
        """Asks it to stop, and returns its exit code."""
        self.client.close()
        self.process.terminate()
        self.process.communicate(timeout=WAIT)
        return self.process.returncode

    def kill(self) -> None:
        """Ends it the hard way."""
        self.client.close()
        self.process.kill()
        self.process.communicate(timeout=WAIT)


def launch(
    directory: Path, *options: str, program: list[str] | None = None, key: str | None = KEY
) -> subprocess.Popen[str]:
    """A server process that is just starting."""
    given = {} if key is None else {"OPEN_SANDBOX_API_KEY": key}
    return subprocess.Popen(
        [*(program or STANDIN), "serve", "--port=0", f"--directory={directory}", *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**given),
    )


@contextmanager
def running(
    directory: Path, *options: str, program: list[str] | None = None, key: str | None = KEY
) -> Iterator[Server]:
    """A server for the length of a block; then it and all its sandboxes are ended."""
    server = Server(launch(directory, *options, program=program, key=key), directory)
    try:
        yield server
    finally:
        server.stop()
        clean(directory, program=program)


def clean(directory: Path, *, program: list[str] | None = None) -> None:
    """Ends what a server left running in `directory`: the next one finds it and takes it along."""
    if any((directory / "sandboxes").iterdir()):
        options = ("--spares=0", "--kill-on-exit", "--isolation=none")
        last = Server(launch(directory, *options, program=program), directory)
        last.stop()
    assert list((directory / "sandboxes").iterdir()) == []
