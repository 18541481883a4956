# Written by scripts/unasync.py from tests/_async/test_forgotten.py. Do not edit.
"""What nobody closes, and nobody can close any more, says so and leaves no socket."""

from __future__ import annotations

import gc
import os
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from opensandbox._concurrency import sleep
from opensandbox._sync.config import ConnectionConfigSync
from opensandbox._sync.manager import SandboxManagerSync
from opensandbox._sync.pool import SandboxPoolSync
from opensandbox._sync.pool_store import InMemoryPoolStateStore
from opensandbox._sync.sandbox import SandboxSync
from opensandbox.exceptions import SandboxException
from opensandbox.models.pooling import PoolCreationSpec
from opensandbox.transport.retry import RetryPolicy
from tests.sandbox_peer import SandboxPeer, refuses, sandbox_peer, says
from tests.terminal_peer import websocket_server

SECRET = "key-that-nobody-may-see"


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxPeer]:
    with sandbox_peer() as started:
        monkeypatch.setenv("OPEN_SANDBOX_DOMAIN", started.address)
        monkeypatch.setenv("OPEN_SANDBOX_API_KEY", SECRET)
        yield started


def config_of(peer: SandboxPeer) -> ConnectionConfigSync:
    return ConnectionConfigSync(
        domain=peer.address, api_key=SECRET, retry_policy=RetryPolicy.disabled()
    )


@contextmanager
def told() -> Iterator[list[str]]:
    """What warnings said in here, and nothing of it shows a key."""
    said: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield said
        gc.collect()
        assert {warning.category for warning in caught} <= {ResourceWarning}
        said += [str(warning.message) for warning in caught]
    assert SECRET not in "".join(said)


def nothing_left(peer: SandboxPeer, descriptors: int) -> None:
    """No connection and no descriptor, given the moment that others take."""
    for _ in range(500):
        gc.collect()
        left = len(os.listdir("/proc/self/fd"))
        if not peer.open_connections and left <= descriptors:
            return
        sleep(0.01)
    pytest.fail(f"{peer.open_connections} connections, {left} descriptors after {descriptors}")


def descriptors_now(peer: SandboxPeer) -> int:
    """How many descriptors are open once everything was used that stays."""
    with ConnectionConfigSync() as config:
        (SandboxSync.connect("s1", config)).close()
    nothing_left(peer, len(os.listdir("/proc/self/fd")))
    return len(os.listdir("/proc/self/fd"))


def made(config: ConnectionConfigSync) -> SandboxSync:
    """One that nobody else knows of."""
    return SandboxSync.create("python:3.11", connection_config=config)


# --- with connections of its own


def make() -> None:
    SandboxSync.create("python:3.11")


def connect() -> None:
    SandboxSync.connect("s1")


def resume() -> None:
    SandboxSync.resume("s1")


@pytest.mark.parametrize("use", [make, connect, resume])
def test_a_sandbox_says_its_id_and_leaves_no_socket(
    peer: SandboxPeer, use: Callable[[], None]
) -> None:
    before = descriptors_now(peer)
    with told() as said:
        use()
        nothing_left(peer, before)
    assert len(said) == 1
    assert said[0].startswith("Sandbox s1 was dropped, neither closed nor killed")
    assert "kill()" in said[0]


def test_a_manager_says_so_and_leaves_no_socket(peer: SandboxPeer) -> None:
    before = descriptors_now(peer)
    with told() as said:
        (SandboxManagerSync.create()).get_sandbox_info("s1")
        nothing_left(peer, before)
    assert len(said) == 1
    assert said[0].startswith(f"A SandboxManagerSync for {peer.address} was dropped")


def test_a_config_says_so_and_leaves_no_socket(peer: SandboxPeer) -> None:
    before = descriptors_now(peer)
    with told() as said:
        (SandboxManagerSync.create(config_of(peer))).get_sandbox_info("s1")
        nothing_left(peer, before)
    assert len(said) == 1
    assert said[0].startswith(f"A ConnectionConfigSync for {peer.address} was dropped")


def test_what_is_part_of_a_cycle_says_so_as_well(peer: SandboxPeer) -> None:
    before = descriptors_now(peer)
    with told() as said:
        config, sandbox = config_of(peer), SandboxSync.connect("s1")
        (SandboxManagerSync.create(config)).get_sandbox_info("s1")
        cycle: list[Any] = [config, sandbox]
        cycle.append(cycle)
        del config, sandbox, cycle
        nothing_left(peer, before)
    assert len(said) == 2


# --- of what is shared


def test_a_forgotten_sandbox_closes_nothing_that_others_use(peer: SandboxPeer) -> None:
    with config_of(peer) as config:
        other = SandboxSync.connect("s1", config)
        before = peer.connections
        with told() as said:
            made(config)
            gc.collect()
        assert [text.split(",")[0] for text in said] == ["Sandbox s1 was dropped"]
        assert "nothing was closed" in said[0]
        other.get_info()
        assert peer.connections == before


def test_who_connects_for_a_moment_with_a_config_that_he_keeps_forgets_nothing(
    peer: SandboxPeer,
) -> None:
    with config_of(peer) as config:
        with told() as said:
            (SandboxSync.connect("s1", config)).get_info()
            SandboxSync.resume("s1", config)
            gc.collect()
        assert said == []


def test_who_closed_the_config_is_done_with_its_sandboxes(peer: SandboxPeer) -> None:
    with told() as said:
        with config_of(peer) as config:
            kept = made(config)
        del kept
    assert said == []


@pytest.mark.parametrize("end", ["close", "kill", "destroy", "block", "temporary", "resume"])
def test_whatever_ends_it_is_enough(peer: SandboxPeer, end: str) -> None:
    with config_of(peer) as config:
        with told() as said:
            if end == "temporary":
                with SandboxSync.temporary("python:3.11", connection_config=config):
                    pass
            else:
                sandbox = made(config)
                if end == "block":
                    with sandbox:
                        pass
                elif end == "resume":
                    (sandbox.resume()).close()
                else:
                    getattr(sandbox, end)()
                del sandbox
            gc.collect()
        assert said == []


def test_one_that_was_resumed_is_to_be_ended_in_place_of_the_one_before(
    peer: SandboxPeer,
) -> None:
    with config_of(peer) as config:
        with told() as said:
            (made(config)).resume()
            gc.collect()
        assert len(said) == 1


def test_a_sandbox_that_could_not_be_killed_is_still_to_be_ended(peer: SandboxPeer) -> None:
    peer.on("DELETE /v1/sandboxes/s1", refuses(500))
    with config_of(peer) as config:
        with told() as said:
            sandbox = made(config)
            try:
                sandbox.kill()
            except SandboxException:
                del sandbox
        assert len(said) == 1


def test_what_was_never_handed_over_says_nothing(peer: SandboxPeer) -> None:
    peer.on("GET /ping", refuses(500))
    with config_of(peer) as config:
        with told() as said:
            with pytest.raises(SandboxException):
                SandboxSync.create("python:3.11", ready_timeout=0.2, connection_config=config)
            gc.collect()
        assert said == []


def test_a_config_that_was_never_used_says_nothing(peer: SandboxPeer) -> None:
    with told() as said:
        config_of(peer)
        SandboxManagerSync.create()
        gc.collect()
    assert said == []


# --- what else is held


def test_a_pool_says_its_name_and_makes_no_more(
    peer: SandboxPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opensandbox._sync.pool_leader._TICK", 0.01)
    store = InMemoryPoolStateStore()
    with config_of(peer) as config:
        with told() as said:
            pool = SandboxPoolSync(
                pool_name="workers",
                max_idle=1,
                state_store=store,
                connection_config=config,
                creation_spec=PoolCreationSpec("python:3.11"),
            )
            pool.start()
            while (pool.snapshot()).idle_count < 1:
                sleep(0.01)
            looks = pool._looks
            del pool
            gc.collect()
            assert looks.drain(10)
        assert len(said) == 1
        assert said[0].startswith("The pool 'workers' was dropped while it ran")
        asked = len(peer.requests)
        store.set_max_idle("workers", 3)
        sleep(0.1)
        assert len(peer.requests) == asked


def test_a_terminal_says_its_id_and_leaves_no_socket(peer: SandboxPeer) -> None:
    before, threads = descriptors_now(peer), threading.active_count()
    with websocket_server(lambda socket: socket.recv()) as server:
        at = {"endpoint": server.url.removeprefix("http://"), "headers": {}}
        peer.on(r"GET /v1/sandboxes/s1/endpoints/\d+", says(at))
        with config_of(peer) as config:
            sandbox = SandboxSync.connect("s1", config, skip_health_check=True)
            with told() as said:
                terminal = sandbox.terminal(session_id="t1")
                terminal.__enter__()
                del terminal
                gc.collect()
            assert len(said) == 1
            assert said[0].startswith("Terminal t1 of sandbox s1 was dropped while it was open")
    nothing_left(peer, before)
    assert threading.active_count() <= threads
