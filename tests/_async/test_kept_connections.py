"""Connections are used again, no more of them wait than may, and none for longer than it may."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator

import httpx
import pytest

from opensandbox._async.transport import PooledTransport
from opensandbox._concurrency import async_gather, async_sleep
from tests.peer import Exchange, Peer, answer, chunk, head, raw


@pytest.fixture
async def peers() -> AsyncIterator[list[Peer]]:
    """Three places that answer at once."""
    three = [Peer(answer(200, b"{}")) for _ in range(3)]
    for peer in three:
        peer.__enter__()
    yield three
    for peer in three:
        peer.__exit__(None, None, None)


async def ask(pooled: PooledTransport, peer: Peer, *, method: str = "GET") -> httpx.Response:
    """Send a request, and read all of the answer."""
    request = httpx.Request(method, f"http://{peer.address}/x")
    response = await pooled.handle_async_request(request)
    response.request = request
    await response.aread()
    return response


async def settle(peers: list[Peer], *counts: int) -> None:
    """Wait until so many connections are open."""
    for _ in range(500):
        if [peer.open_connections for peer in peers] == list(counts):
            return
        await async_sleep(0.01)
    pytest.fail(f"open: {[peer.open_connections for peer in peers]}, expected {counts}")


async def test_one_place_after_another_uses_one_connection_each(peers: list[Peer]) -> None:
    pooled = PooledTransport()
    for _ in range(4):
        for peer in peers:
            await ask(pooled, peer)
    assert [peer.connections for peer in peers] == [1, 1, 1]
    await pooled.aclose()
    await settle(peers, 0, 0, 0)


async def test_no_more_wait_than_there_is_room_for() -> None:
    with Peer(answer(200, b"{}", after=0.05)) as peer:
        pooled = PooledTransport(max_keepalive_connections=2)
        await async_gather(*[lambda: ask(pooled, peer) for _ in range(6)])
        assert peer.connections == 6
        await settle([peer], 2)
        await pooled.aclose()


async def test_what_comes_back_is_kept_for_those_who_wait() -> None:
    with Peer(answer(200, b"{}", after=0.05)) as peer:
        pooled = PooledTransport(max_connections=6, max_keepalive_connections=1)
        await async_gather(*[lambda: ask(pooled, peer) for _ in range(24)])
        assert peer.connections < 12  # 6, but for threads that are late; else five more each time
        await settle([peer], 1)
        await pooled.aclose()


async def test_the_place_that_was_asked_longest_ago_makes_room(peers: list[Peer]) -> None:
    pooled = PooledTransport(max_keepalive_connections=2)
    for peer in (*peers, peers[0], peers[2]):
        await ask(pooled, peer)
    await settle(peers, 1, 0, 1)
    assert [peer.connections for peer in peers] == [2, 1, 1]
    await pooled.aclose()


async def test_what_waits_too_long_is_closed_when_another_comes_back(peers: list[Peer]) -> None:
    pooled = PooledTransport(keepalive_expiry=0.1)
    await ask(pooled, peers[0])
    await async_sleep(0.2)
    await ask(pooled, peers[1])
    await settle(peers, 0, 1, 0)
    await pooled.aclose()


async def test_what_is_in_use_serves_nobody_else() -> None:
    body = head(200, {"Transfer-Encoding": "chunked"}) + chunk(b"x")
    with Peer(raw(body, closes=False), answer(200, b"{}")) as peer:
        pooled = PooledTransport()
        first = await pooled.handle_async_request(httpx.Request("GET", f"http://{peer.address}/"))
        await ask(pooled, peer)
        assert peer.connections == 2
        await first.aclose()
        await settle([peer], 1)
        await pooled.aclose()


async def test_closing_it_closes_what_is_in_use() -> None:
    with Peer(raw(head(200, {"Content-Length": "9"}), closes=False)) as peer:
        pooled = PooledTransport()
        response = await pooled.handle_async_request(
            httpx.Request("GET", f"http://{peer.address}/")
        )
        await pooled.aclose()
        await settle([peer], 0)
        await response.aclose()


async def test_an_answer_that_nobody_asked_for_ends_the_connection() -> None:
    def twice(exchange: Exchange) -> None:
        exchange.send(head(200, {"Content-Length": "0"}))
        exchange.wait(0.05)
        exchange.send(head(200, {"Content-Length": "0"}))
        said.set()
        exchange.wait()

    said = threading.Event()
    with Peer(twice, answer(200, b"{}")) as peer:
        pooled = PooledTransport()
        await ask(pooled, peer)
        while not said.is_set():
            await async_sleep(0.01)
        assert (await ask(pooled, peer)).content == b"{}"
        assert peer.connections == 2
        await pooled.aclose()


@pytest.mark.parametrize("url", ["ftp://box.example/x", "box.example/x"])
async def test_what_is_not_http_is_refused(url: str) -> None:
    pooled = PooledTransport()
    with pytest.raises(httpx.UnsupportedProtocol):
        await pooled.handle_async_request(httpx.Request("GET", url))
    await pooled.aclose()
