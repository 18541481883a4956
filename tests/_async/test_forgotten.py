"""What nobody closes, and nobody can close any more, says so and leaves no socket."""

from __future__ import annotations

import gc
import os
import threading
import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from opensandbox._async.config import ConnectionConfig
from opensandbox._async.manager import SandboxManager
from opensandbox._async.pool import SandboxPoolAsync
from opensandbox._async.pool_store import InMemoryAsyncPoolStateStore
from opensandbox._async.sandbox import Sandbox
from opensandbox._concurrency import async_sleep
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


def config_of(peer: SandboxPeer) -> ConnectionConfig:
    return ConnectionConfig(
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


async def nothing_left(peer: SandboxPeer, descriptors: int) -> None:
    """No connection and no descriptor, given the moment that others take."""
    for _ in range(500):
        gc.collect()
        left = len(os.listdir("/proc/self/fd"))
        if not peer.open_connections and left <= descriptors:
            return
        await async_sleep(0.01)
    pytest.fail(f"{peer.open_connections} connections, {left} descriptors after {descriptors}")


async def descriptors_now(peer: SandboxPeer) -> int:
    """How many descriptors are open once everything was used that stays."""
    async with ConnectionConfig() as config:
        await (await Sandbox.connect("s1", config)).close()
    await nothing_left(peer, len(os.listdir("/proc/self/fd")))
    return len(os.listdir("/proc/self/fd"))


async def made(config: ConnectionConfig) -> Sandbox:
    """One that nobody else knows of."""
    return await Sandbox.create("python:3.11", connection_config=config)


# --- with connections of its own


async def make() -> None:
    await Sandbox.create("python:3.11")


async def connect() -> None:
    await Sandbox.connect("s1")


async def resume() -> None:
    await Sandbox.resume("s1")


@pytest.mark.parametrize("use", [make, connect, resume])
async def test_a_sandbox_says_its_id_and_leaves_no_socket(
    peer: SandboxPeer, use: Callable[[], Awaitable[None]]
) -> None:
    before = await descriptors_now(peer)
    with told() as said:
        await use()
        await nothing_left(peer, before)
    assert len(said) == 1
    assert said[0].startswith("Sandbox s1 was dropped, neither closed nor killed")
    assert "kill()" in said[0]


async def test_a_manager_says_so_and_leaves_no_socket(peer: SandboxPeer) -> None:
    before = await descriptors_now(peer)
    with told() as said:
        await (await SandboxManager.create()).get_sandbox_info("s1")
        await nothing_left(peer, before)
    assert len(said) == 1
    assert said[0].startswith(f"A SandboxManager for {peer.address} was dropped")


async def test_a_config_says_so_and_leaves_no_socket(peer: SandboxPeer) -> None:
    before = await descriptors_now(peer)
    with told() as said:
        await (await SandboxManager.create(config_of(peer))).get_sandbox_info("s1")
        await nothing_left(peer, before)
    assert len(said) == 1
    assert said[0].startswith(f"A ConnectionConfig for {peer.address} was dropped")


async def test_what_is_part_of_a_cycle_says_so_as_well(peer: SandboxPeer) -> None:
    before = await descriptors_now(peer)
    with told() as said:
        config, sandbox = config_of(peer), await Sandbox.connect("s1")
        await (await SandboxManager.create(config)).get_sandbox_info("s1")
        cycle: list[Any] = [config, sandbox]
        cycle.append(cycle)
        del config, sandbox, cycle
        await nothing_left(peer, before)
    assert len(said) == 2


# --- of what is shared


async def test_a_forgotten_sandbox_closes_nothing_that_others_use(peer: SandboxPeer) -> None:
    async with config_of(peer) as config:
        other = await Sandbox.connect("s1", config)
        before = peer.connections
        with told() as said:
            await made(config)
            gc.collect()
        assert [text.split(",")[0] for text in said] == ["Sandbox s1 was dropped"]
        assert "nothing was closed" in said[0]
        await other.get_info()
        assert peer.connections == before


async def test_who_connects_for_a_moment_with_a_config_that_he_keeps_forgets_nothing(
    peer: SandboxPeer,
) -> None:
    async with config_of(peer) as config:
        with told() as said:
            await (await Sandbox.connect("s1", config)).get_info()
            await Sandbox.resume("s1", config)
            gc.collect()
        assert said == []


async def test_who_closed_the_config_is_done_with_its_sandboxes(peer: SandboxPeer) -> None:
    with told() as said:
        async with config_of(peer) as config:
            kept = await made(config)
        del kept
    assert said == []


@pytest.mark.parametrize("end", ["close", "kill", "destroy", "block", "temporary", "resume"])
async def test_whatever_ends_it_is_enough(peer: SandboxPeer, end: str) -> None:
    async with config_of(peer) as config:
        with told() as said:
            if end == "temporary":
                async with Sandbox.temporary("python:3.11", connection_config=config):
                    pass
            else:
                sandbox = await made(config)
                if end == "block":
                    async with sandbox:
                        pass
                elif end == "resume":
                    await (await sandbox.resume()).close()
                else:
                    await getattr(sandbox, end)()
                del sandbox
            gc.collect()
        assert said == []


async def test_one_that_was_resumed_is_to_be_ended_in_place_of_the_one_before(
    peer: SandboxPeer,
) -> None:
    async with config_of(peer) as config:
        with told() as said:
            await (await made(config)).resume()
            gc.collect()
        assert len(said) == 1


async def test_a_sandbox_that_could_not_be_killed_is_still_to_be_ended(peer: SandboxPeer) -> None:
    peer.on("DELETE /v1/sandboxes/s1", refuses(500))
    async with config_of(peer) as config:
        with told() as said:
            sandbox = await made(config)
            try:
                await sandbox.kill()
            except SandboxException:
                del sandbox
        assert len(said) == 1


async def test_what_was_never_handed_over_says_nothing(peer: SandboxPeer) -> None:
    peer.on("GET /ping", refuses(500))
    async with config_of(peer) as config:
        with told() as said:
            with pytest.raises(SandboxException):
                await Sandbox.create("python:3.11", ready_timeout=0.2, connection_config=config)
            gc.collect()
        assert said == []


async def test_a_config_that_was_never_used_says_nothing(peer: SandboxPeer) -> None:
    with told() as said:
        config_of(peer)
        await SandboxManager.create()
        gc.collect()
    assert said == []


# --- what else is held


async def test_a_pool_says_its_name_and_makes_no_more(
    peer: SandboxPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opensandbox._async.pool_leader._TICK", 0.01)
    store = InMemoryAsyncPoolStateStore()
    async with config_of(peer) as config:
        with told() as said:
            pool = SandboxPoolAsync(
                pool_name="workers",
                max_idle=1,
                state_store=store,
                connection_config=config,
                creation_spec=PoolCreationSpec("python:3.11"),
            )
            await pool.start()
            while (await pool.snapshot()).idle_count < 1:
                await async_sleep(0.01)
            looks = pool._looks
            del pool
            gc.collect()
            assert await looks.drain(10)
        assert len(said) == 1
        assert said[0].startswith("The pool 'workers' was dropped while it ran")
        asked = len(peer.requests)
        await store.set_max_idle("workers", 3)
        await async_sleep(0.1)
        assert len(peer.requests) == asked


async def test_a_terminal_says_its_id_and_leaves_no_socket(peer: SandboxPeer) -> None:
    before, threads = await descriptors_now(peer), threading.active_count()
    with websocket_server(lambda socket: socket.recv()) as server:
        at = {"endpoint": server.url.removeprefix("http://"), "headers": {}}
        peer.on(r"GET /v1/sandboxes/s1/endpoints/\d+", says(at))
        async with config_of(peer) as config:
            sandbox = await Sandbox.connect("s1", config, skip_health_check=True)
            with told() as said:
                terminal = sandbox.terminal(session_id="t1")
                await terminal.__aenter__()
                del terminal
                gc.collect()
            assert len(said) == 1
            assert said[0].startswith("Terminal t1 of sandbox s1 was dropped while it was open")
    await nothing_left(peer, before)
    assert threading.active_count() <= threads
