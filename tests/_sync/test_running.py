# Written by scripts/unasync.py from tests/_async/test_running.py. Do not edit.
"""A command that is held while it runs; and the load of a sandbox as a stream."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from opensandbox._sync.commands import CommandsSync
from opensandbox._sync.config import ConnectionConfigSync
from opensandbox._sync.http import ServiceSync
from opensandbox._sync.metrics import MetricsSync
from opensandbox.exceptions import (
    InvalidArgumentException,
    SandboxApiException,
    SandboxInternalException,
    SandboxTimeoutException,
)
from opensandbox.models.execd import ExecutionComplete, ExecutionInit, OutputMessage, RunCommandOpts
from opensandbox.transport.retry import RetryPolicy
from tests.peer import answer, events, events_without_end
from tests.sandbox_peer import SandboxPeer, refuses, sandbox_peer, says


@pytest.fixture
def peer() -> Iterator[SandboxPeer]:
    with sandbox_peer() as started:
        yield started


def config_of(peer: SandboxPeer) -> ConnectionConfigSync:
    return ConnectionConfigSync(domain=peer.address, retry_policy=RetryPolicy.disabled())


def commands_of(peer: SandboxPeer, config: ConnectionConfigSync) -> CommandsSync:
    return CommandsSync(ServiceSync(config, f"http://{peer.address}"))


def frame(kind: str, **more: Any) -> bytes:
    return json.dumps({"type": kind, "timestamp": 1, **more}).encode() + b"\n\n"


INIT = frame("init", text="x1")
OUT = frame("stdout", text="one\n")
END = frame("execution_complete", execution_time=5)


def test_a_command_is_held_once_it_runs(peer: SandboxPeer) -> None:
    peer.on("POST /command", events_without_end(INIT, OUT))
    peer.on("DELETE /command", answer(200))
    peer.on("GET /command/status/x1", says({"id": "x1", "running": True}))
    with (
        config_of(peer) as config,
        commands_of(peer, config).start("server", envs={"A": "1"}) as command,
    ):
        assert command.id == "x1"
        assert (command.get_status()).running
        command.interrupt()
    assert peer.body("POST /command") == {"command": "server", "envs": {"A": "1"}}
    assert peer.asked("DELETE .*") == ["DELETE /command?id=x1"]


def test_its_events_come_each_once_and_then_its_execution(peer: SandboxPeer) -> None:
    peer.on("POST /command", events(INIT, OUT, OUT, END))
    with config_of(peer) as config:
        command = commands_of(peer, config).start(["make"])
        seen = [type(event) for event in command]
        done = command.wait()
        again = [event for event in command]
    assert seen == [ExecutionInit, OutputMessage, OutputMessage, ExecutionComplete]
    assert again == []
    assert (done.stdout, done.exit_code) == ("one\none\n", 0)


def test_waiting_alone_gives_everything(peer: SandboxPeer) -> None:
    peer.on("POST /command", events(INIT, OUT, END, lingers=5))
    with (
        config_of(peer) as config,
        commands_of(peer, config).start("make") as command,
    ):
        done = command.wait(timeout=30)
    assert (done.id, done.stdout, done.exit_code) == ("x1", "one\n", 0)


def test_waiting_is_bounded_and_keeps_what_came(peer: SandboxPeer) -> None:
    peer.on("POST /command", events_without_end(INIT, OUT))
    with (
        config_of(peer) as config,
        commands_of(peer, config).start("sleep 100") as command,
    ):
        with pytest.raises(SandboxTimeoutException, match="still running") as late:
            command.wait(timeout=0.2)
    assert late.value.execution_id == "x1"
    assert late.value.execution is not None
    assert late.value.execution.stdout == "one\n"


def test_what_is_refused_is_not_held(peer: SandboxPeer) -> None:
    peer.on("POST /command", refuses(400, "INVALID_REQUEST_BODY"))
    with config_of(peer) as config:
        commands = commands_of(peer, config)
        with pytest.raises(SandboxApiException):
            commands.start("make", working_directory="/missing")
        with pytest.raises(InvalidArgumentException, match="background"):
            commands.start("make", opts=RunCommandOpts(background=True))
    assert len(peer.requests) == 1


# --- the load


def measured(used: float) -> bytes:
    load = {"cpu_count": 2, "cpu_used_pct": used, "mem_total_mib": 10, "mem_used_mib": 5}
    return json.dumps({**load, "timestamp": 7}).encode() + b"\n"


def test_the_load_comes_as_a_stream(peer: SandboxPeer) -> None:
    peer.on("GET /metrics/watch", events(measured(1.5), measured(2.5), b'{"type":"ping"}\n'))
    with config_of(peer) as config:
        metrics = MetricsSync(ServiceSync(config, f"http://{peer.address}"))
        seen = [one.cpu_used_percentage for one in metrics.watch()]
    assert seen == [1.5, 2.5]


def test_a_load_that_cannot_be_measured_says_why(peer: SandboxPeer) -> None:
    peer.on("GET /metrics/watch", events(b'{"error":"no cgroup"}\n'))
    with config_of(peer) as config:
        metrics = MetricsSync(ServiceSync(config, f"http://{peer.address}"))
        with pytest.raises(SandboxInternalException, match="no cgroup"):
            for _ in metrics.watch():
                pass
