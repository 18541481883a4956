"""A daemon of the test's own: a plain process without isolation, with real sockets."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx

START = Path(__file__).parents[3] / "opensandbox" / "local" / "execd" / "start.py"
TOKEN = "a token of the test's"
HEADERS = {"X-EXECD-ACCESS-TOKEN": TOKEN}

Event = dict[str, Any]


class Daemon:
    """A running daemon; leaving the context ends it and all that it started."""

    def __init__(self, arguments: Sequence[str] = ()) -> None:
        self._arguments = arguments

    def __enter__(self) -> Self:
        self.directory = Path(tempfile.mkdtemp(prefix="execd-test-"))
        self.directory.chmod(0o711)
        self._control = self.directory / "control.sock"
        self.files = self.directory / "files"
        self.files.mkdir()
        with (
            socket.create_server(("127.0.0.1", 0)) as listener,
            socket.socket(socket.AF_UNIX) as control,
        ):
            self.port: int = listener.getsockname()[1]
            control.bind(str(self._control))
            control.listen()
            descriptors = (listener.fileno(), control.fileno())
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-I", str(START)),
                    *("--listen", str(descriptors[0]), "--control", str(descriptors[1])),
                    *self._arguments,
                ],
                pass_fds=descriptors,
                env={"LANG": "C.UTF-8", "FROM_THE_IMAGE": "1"},
                cwd=self.files,
                # A group of its own to lose when it acts for somebody else.
                extra_groups=[os.getgid()] if os.getuid() == 0 else None,
            )
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}", headers=HEADERS, timeout=30, trust_env=False
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.process.terminate()
        self.process.wait(timeout=20)
        shutil.rmtree(self.directory)

    def ask(self, message: Mapping[str, Any], *, passing: socket.socket | None = None) -> Any:
        """One request on the control socket."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(20)
            connection.connect(str(self._control))
            line = json.dumps(message).encode() + b"\n"
            if passing is None:
                connection.sendall(line)
            else:
                socket.send_fds(connection, [line], [passing.fileno()])
            with connection.makefile() as answer:
                return json.loads(answer.readline())

    def configure(self, **changes: Any) -> Any:
        """Hands the sandbox over."""
        settings = {"sandbox_id": "test", "token": TOKEN, "env": {}, "entrypoint": []}
        return self.ask({"op": "configure", **settings, **changes})

    @contextmanager
    def stream(self, path: str, body: Mapping[str, Any]) -> Iterator[httpx.Response]:
        """A request whose answer is read by the test."""
        with self.client.stream("POST", path, json=body) as response:
            yield response

    def run(self, command: str | None = None, **options: Any) -> Run:
        """Runs a command to its end."""
        body = options if command is None else {"command": command, **options}
        return Run(self.client.post("/command", json=body))

    def run_in(self, session: str, command: str, **options: Any) -> Run:
        """Runs a line in a session to its end."""
        body = {"command": command, **options}
        return Run(self.client.post(f"/session/{session}/run", json=body))

    def new_session(self) -> str:
        """A session's id."""
        answer: str = self.client.post("/session", json={}).json()["session_id"]
        return answer

    def memory(self) -> int:
        """Bytes of memory the daemon itself has in use."""
        return _status(self.process.pid, "VmRSS") * 1024

    def descriptors(self) -> int:
        """How many descriptors the daemon itself has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise AssertionError(f"no {name} in the status of {pid}")


class Run:
    """The answer to a command, taken apart."""

    def __init__(self, response: httpx.Response) -> None:
        assert response.status_code == 200, response.text
        self.events = parse(response.text)
        self.kinds = [event.get("type") for event in self.events]

    @property
    def id(self) -> str:
        """What the first event says."""
        text: str = self.events[0]["text"]
        return text

    @property
    def stdout(self) -> str:
        """All of it."""
        return joined(self.events, "stdout")

    @property
    def stderr(self) -> str:
        """All of it."""
        return joined(self.events, "stderr")

    @property
    def exit_code(self) -> int:
        """From the terminal event."""
        last = self.events[-1]
        return 0 if last["type"] == "execution_complete" else int(last["error"]["evalue"])


def parse(text: str) -> list[Event]:
    """A stream's events."""
    return [json.loads(frame) for frame in text.split("\n\n") if frame]


def joined(events: Sequence[Event], kind: str) -> str:
    """What was printed, from events of the exact form."""
    return "".join(event["text"] for event in events if event.get("type") == kind)
