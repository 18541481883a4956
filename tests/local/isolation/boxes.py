"""A started sandbox as these tests hold it: run a line in it, look at what it says, end it."""

from __future__ import annotations

import base64
import contextlib
import http.client
import itertools
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from opensandbox.local.isolation import handle, starter
from opensandbox.local.isolation.probe import Machine
from opensandbox.local.isolation.spec import (
    ImageRoot,
    Isolation,
    Limits,
    SandboxSpec,
    Started,
    VolumeMount,
)

TOKEN = "the-token-of-this-sandbox"
MACHINE_ROOT = ImageRoot(name="", note="the machine's own root")
_numbers = itertools.count()


@frozen(kw_only=True)
class Outcome:
    """What a line run inside came to."""

    stdout: str
    stderr: str
    error: str | None


@frozen(kw_only=True)
class Box:
    """A running sandbox whose daemon is configured."""

    started: Started
    handle: handle.Handle

    def run(self, command: str) -> Outcome:
        """Run a shell line and read all it says."""
        status, body = self.ask("POST", "/command", {"command": command})
        assert status == 200, body
        events = [json.loads(line) for line in body.splitlines() if line.startswith("{")]
        joined = {
            kind: "".join(event["text"] for event in events if event["type"] == kind)
            for kind in ("stdout", "stderr")
        }
        errors = [json.dumps(event) for event in events if event["type"] == "error"]
        return Outcome(**joined, error=errors[0] if errors else None)

    def run_python(self, program: str) -> Outcome:
        """Run a Python program with the sandbox's own ``python3``."""
        encoded = base64.b64encode(program.encode()).decode()
        return self.run(f"echo {encoded} | base64 -d > /tmp/program.py; python3 /tmp/program.py")

    def answers(self) -> bool:
        """Whether the daemon answers."""
        return self.ask("GET", "/ping")[0] == 200

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, str]:
        """Send a request to the daemon."""
        connection = http.client.HTTPConnection("127.0.0.1", self.started.execd_port, timeout=60)
        headers = {"X-EXECD-ACCESS-TOKEN": TOKEN, "Content-Type": "application/json"}
        with contextlib.closing(connection):
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()


@contextlib.contextmanager
def box(
    directory: Path,
    machine: Machine,
    *,
    limits: Limits | None = None,
    root: ImageRoot = MACHINE_ROOT,
    mounts: tuple[VolumeMount, ...] = (),
    isolation: Isolation = "bubblewrap",
    snapshot: Path | None = None,
) -> Iterator[Box]:
    """A sandbox for the block; ends and is cleaned away with it."""
    name = f"test-{os.getpid()}-{next(_numbers)}"
    spec = SandboxSpec(
        id=name,
        directory=directory / name,
        root=root,
        isolation=isolation,
        limits=limits or Limits(),
        mounts=mounts,
        snapshot=snapshot,
    )
    started = starter.start(spec, machine)
    held = handle.Handle(started)
    try:
        settings: dict[str, object] = {
            "op": "configure",
            "sandbox_id": name,
            "token": TOKEN,
            "env": {},
            "entrypoint": [],
            "hostname": None,
            "limits": {},
            "secure_access_token": None,
            "lifecycle": None,
        }
        assert held.request(settings)["ok"] is True
        yield Box(started=started, handle=held)
    finally:
        held.kill()


@contextlib.contextmanager
def listener_on_loopback() -> Iterator[int]:
    """A port on the machine's 127.0.0.1 where somebody listens."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]
