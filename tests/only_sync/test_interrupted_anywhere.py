"""Whatever is called, and wherever it waits when Ctrl-C comes, nothing is left of it.

Every operation is made again and again: the first time KeyboardInterrupt comes where it waits
first, then where it waits next, and so on until it comes to its end. A wait for a socket counts
twice: the interrupt comes before anything is there, or just when it is.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import websockets.sync.connection

from tests._sync.operations import OPERATIONS, Operation, Scene, missing
from tests.peer import Step, answer, hang
from tests.sandbox_peer import info, sandbox_peer
from tests.whole_peer import WholePeer, whole_peer

#: An operation that waits more often than this is not looked at to its end; none does.
MOST_WAITS = 300


class Waits:
    """Counts where the main thread waits, and interrupts it at one of these places."""

    def __init__(self) -> None:
        self._count = self._wanted = 0

    def interrupted(self, call: Callable[[], object], *, at: int) -> bool:
        """Make the call; whether it was interrupted, at the wait of this number."""
        self._count, self._wanted = 0, at
        try:
            call()
        except KeyboardInterrupt:
            return True
        finally:
            self._reached, self._wanted = self._count >= at, 0
        return False

    @property
    def reached(self) -> bool:
        """Whether there was such a wait."""
        return self._reached

    def here(self) -> None:
        """One waits here."""
        if self._wanted and threading.current_thread() is threading.main_thread():
            self._count += 1
            if self._count == self._wanted:
                raise KeyboardInterrupt

    def at(self, patch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
        """Whoever calls this waits."""
        real = getattr(owner, name)

        def called(*args: Any, **more: Any) -> Any:
            self.here()
            return real(*args, **more)

        patch.setattr(owner, name, called)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    counted = Waits()

    class Socket(socket.socket):
        def connect(self, address: Any) -> None:
            counted.here()
            super().connect(address)
            counted.here()

        def recv(self, size: int, flags: int = 0) -> bytes:
            counted.here()
            data = super().recv(size, flags)
            counted.here()
            return data

        def send(self, data: Any, flags: int = 0) -> int:
            counted.here()
            sent = super().send(data, flags)
            counted.here()
            return sent

    monkeypatch.setattr(socket, "socket", Socket)
    counted.at(monkeypatch, time, "sleep")
    counted.at(monkeypatch, threading.Thread, "join")
    counted.at(monkeypatch, threading.Condition, "wait")
    counted.at(monkeypatch, websockets.sync.connection.Connection, "recv")
    return counted


@pytest.fixture(scope="module")
def peer() -> Iterator[WholePeer]:
    gc.collect()
    gc.freeze()  # what was there before is not gone through each time
    with whole_peer() as started:
        yield started
    gc.unfreeze()


def settled(here: Scene) -> None:
    """No connection is in use."""
    transport: Any = here.config.connection._own
    now = transport._here.get()
    waited_for(lambda: now.slots._slots._value == transport._max_connections)
    for pool in now.pools.values():
        assert pool.in_use == 0


def waited_for(come: Callable[[], bool], *, seconds: float = 2) -> None:
    """Wait for what other threads do a moment later."""
    for _ in range(int(seconds / 0.005)):
        if come():
            return
        time.sleep(0.005)
    raise AssertionError("it did not come to that")


def interrupted_everywhere(
    waits: Waits, operation: Operation, peer: WholePeer, folder: Path
) -> None:
    here = Scene(peer, folder).set()
    for at in range(1, MOST_WAITS):
        prepared = operation.prepare(here)
        before = set(peer.alive)
        if waits.interrupted(lambda: operation.act(prepared), at=at):  # noqa: B023
            assert peer.alive <= before, f"made, interrupted at wait {at}, and not ended"
        here.tidy()
        settled(here)
        if not waits.reached:
            break
    assert not waits.reached, "it waits more often than is looked at"
    here.clear()


@pytest.mark.parametrize("name", OPERATIONS)
def test_whatever_is_interrupted_leaves_nothing(
    name: str, waits: Waits, peer: WholePeer, tmp_path: Path
) -> None:
    descriptors, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
    interrupted_everywhere(waits, OPERATIONS[name], peer, tmp_path)
    gc.collect()
    waited_for(lambda: peer.open_connections == 0)
    waited_for(lambda: len(os.listdir("/proc/self/fd")) <= descriptors)
    waited_for(lambda: threading.active_count() <= threads)
    assert not [name for _, _, names in os.walk(tmp_path) for name in names if "incoming" in name]


def test_every_public_method_is_looked_at() -> None:
    assert missing() == set(), "say in tests/_async/operations.py how each of these is called"


# --- Ctrl-C itself

BEGINNING = """
import asyncio, signal, sys
from opensandbox import ConnectionConfig, ConnectionConfigSync, Sandbox, SandboxSync
signal.signal(signal.SIGINT, signal.default_int_handler)
"""
LIMITED = """
import opensandbox._sync.lifecycle
opensandbox._sync.lifecycle._ENDING_LIMIT = 0.1
"""
CREATES = """
SandboxSync.create("python:3.11", connection_config=ConnectionConfigSync(domain=sys.argv[1]))
"""
CREATES_WITH_A_CONFIG_OF_ITS_OWN = """
import os
os.environ["OPEN_SANDBOX_DOMAIN"] = sys.argv[1]
SandboxSync.create("python:3.11")
"""
RUNS_IN_A_BLOCK = """
config = ConnectionConfigSync(domain=sys.argv[1])
with SandboxSync.temporary("python:3.11", connection_config=config) as sandbox:
    sandbox.commands.run("sleep 60")
"""
CREATES_ON_AN_EVENT_LOOP = """
async def main():
    async with ConnectionConfig(domain=sys.argv[1]) as config:
        await Sandbox.create("python:3.11", connection_config=config)
asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("program", "moment", "step"),
    [
        (CREATES, "POST /v1/sandboxes", answer(202, json.dumps(info()).encode(), after=0.2)),
        (
            CREATES_WITH_A_CONFIG_OF_ITS_OWN,
            "POST /v1/sandboxes",
            answer(202, json.dumps(info()).encode(), after=0.2),
        ),
        (CREATES, "GET /ping", hang()),
        (RUNS_IN_A_BLOCK, "POST /command", hang()),
        (
            CREATES_ON_AN_EVENT_LOOP,
            "POST /v1/sandboxes",
            answer(202, json.dumps(info()).encode(), after=0.2),
        ),
    ],
    ids=["the answer", "a config of its own", "readiness", "a block", "an event loop"],
)
def test_ctrl_c_leaves_no_sandbox(program: str, moment: str, step: Step) -> None:
    with sandbox_peer() as peer:
        peer.on(moment, step)
        with subprocess.Popen(
            [sys.executable, "-W", "error", "-c", BEGINNING + program, peer.address],
            stderr=subprocess.PIPE,
            text=True,
        ) as running:
            waited_for(lambda: bool(peer.asked(moment)), seconds=30)
            running.send_signal(signal.SIGINT)
            _, said = running.communicate(timeout=30)
        assert peer.asked("DELETE .*") == ["DELETE /v1/sandboxes/s1"]
    assert said.rstrip().endswith("KeyboardInterrupt"), said
    assert "Warning" not in said


def test_ctrl_c_is_not_held_up_for_long_by_a_server_that_does_not_answer() -> None:
    with sandbox_peer() as peer:
        peer.on("POST /v1/sandboxes", hang())
        with subprocess.Popen(
            [sys.executable, "-c", BEGINNING + LIMITED + CREATES, peer.address],
            stderr=subprocess.PIPE,
            text=True,
        ) as running:
            waited_for(lambda: bool(peer.asked("POST /v1/sandboxes")), seconds=30)
            running.send_signal(signal.SIGINT)
            _, said = running.communicate(timeout=25)
    assert "KeyboardInterrupt\nwhat was being made when this came could not be undone" in said
