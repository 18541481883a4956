"""Who is cancelled leaves nothing behind, and takes nobody along."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from opensandbox._async.config import ConnectionConfig
from opensandbox._async.lifecycle import Sandboxes
from opensandbox._async.sandbox import Sandbox
from opensandbox.exceptions import SandboxApiException
from opensandbox.transport.retry import RetryPolicy
from tests.peer import answer, hang
from tests.sandbox_peer import SandboxPeer, info, refuses, sandbox_peer

DELETE = "DELETE /v1/sandboxes/s1"
ENDPOINT = r"GET /v1/sandboxes/s1/endpoints/\d+"


@pytest.fixture
def peer() -> Iterator[SandboxPeer]:
    with sandbox_peer() as started:
        yield started


def config_of(peer: SandboxPeer) -> ConnectionConfig:
    return ConnectionConfig(domain=peer.address, retry_policy=RetryPolicy.disabled())


async def asked(peer: SandboxPeer, request: str) -> None:
    while not peer.asked(request):
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("request_", [ENDPOINT, "GET /ping"])
async def test_a_cancelled_create_deletes_the_sandbox(peer: SandboxPeer, request_: str) -> None:
    peer.on(request_, hang())
    async with config_of(peer) as config:
        task = asyncio.create_task(Sandbox.create("python:3.11", connection_config=config))
        await asked(peer, request_)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(peer.asked(DELETE)) == 1


async def test_a_create_cancelled_before_its_answer_deletes_what_the_answer_names(
    peer: SandboxPeer,
) -> None:
    peer.on("POST /v1/sandboxes", answer(202, json.dumps(info()).encode(), after=0.2))
    async with config_of(peer) as config:
        task = asyncio.create_task(Sandbox.create("python:3.11", connection_config=config))
        await asked(peer, "POST /v1/sandboxes")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(peer.asked(DELETE)) == 1
        assert not peer.asked("GET /ping")


async def test_a_create_that_is_cancelled_while_it_cleans_up_still_deletes(
    peer: SandboxPeer,
) -> None:
    peer.on("GET /ping", refuses(401))
    peer.on(DELETE, answer(204, after=0.1))
    async with config_of(peer) as config:
        task = asyncio.create_task(Sandbox.create("python:3.11", connection_config=config))
        await asked(peer, DELETE)
        task.cancel()
        with pytest.raises((asyncio.CancelledError, SandboxApiException)):
            await task
        assert len(peer.asked(DELETE)) == 1


async def test_a_cancelled_block_kills_its_temporary_sandbox(peer: SandboxPeer) -> None:
    inside = asyncio.Event()

    async def block(config: ConnectionConfig) -> None:
        async with Sandbox.temporary("python:3.11", connection_config=config):
            inside.set()
            await asyncio.sleep(60)

    async with config_of(peer) as config:
        task = asyncio.create_task(block(config))
        await inside.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(peer.asked(DELETE)) == 1


async def test_who_is_cancelled_leaves_a_shared_look_up_to_the_others(peer: SandboxPeer) -> None:
    peer.on(ENDPOINT, hang(), answer(200, b'{"endpoint":"h:1"}'))
    async with config_of(peer) as config:
        sandboxes = Sandboxes(config)
        first, *others = [
            asyncio.create_task(sandboxes.get_sandbox_endpoint("s1", 8000)) for _ in range(3)
        ]
        await asked(peer, ENDPOINT)
        first.cancel()
        found = await asyncio.gather(*others)
        with pytest.raises(asyncio.CancelledError):
            await first
    assert [endpoint.endpoint for endpoint in found] == ["h:1", "h:1"]
    assert len(peer.asked(ENDPOINT)) == 2
