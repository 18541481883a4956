"""Terminals and code where they really run: in a sandbox, confined like any command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.sync.client import connect

from opensandbox.local.isolation.probe import Machine
from tests.local.isolation.boxes import TOKEN, Box, box

pytestmark = pytest.mark.isolation

LOOK = "grep -hE '^(CapBnd|NoNewPrivs|Seccomp):' /proc/self/status"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory, machine: Machine) -> Iterator[Box]:
    with box(tmp_path_factory.mktemp("interactive"), machine) as running:
        yield running


def test_a_terminal_is_one_of_the_sandboxes_own(sandbox: Box) -> None:
    identity = json.loads(sandbox.ask("POST", "/pty", {})[1])["session_id"]
    url = f"ws://127.0.0.1:{sandbox.started.execd_port}/pty/{identity}/ws"
    printed = b""
    with connect(url, additional_headers={"X-EXECD-ACCESS-TOKEN": TOKEN}, proxy=None) as socket:
        socket.send(b"\0PS1=; stty -echo; tty; " + LOOK.encode() + b"; exit\n")
        for frame in socket:
            printed += frame[1:] if isinstance(frame, bytes) else b""
    text = printed.decode()
    assert "/dev/pts/0" in text
    assert "Seccomp:\t2" in text
    assert "NoNewPrivs:\t1" in text


def evaluate(sandbox: Box, code: str) -> list[dict[str, Any]]:
    status, said = sandbox.ask("POST", "/code", {"code": code})
    assert status == 200, said
    return [json.loads(frame) for frame in said.split("\n\n") if frame]


def test_an_interpreter_is_confined_like_a_command(sandbox: Box) -> None:
    code = "open('/proc/self/status').read()"
    (shown,) = [e for e in evaluate(sandbox, code) if e.get("type") == "result"]
    status = shown["results"]["text/plain"]
    assert "Seccomp:\\t2" in status
    assert "NoNewPrivs:\\t1" in status
    unshare = "import ctypes; ctypes.CDLL(None).unshare(0x10000000)"
    (refused,) = [e for e in evaluate(sandbox, unshare) if e.get("type") == "result"]
    assert refused["results"] == {"text/plain": "-1"}
