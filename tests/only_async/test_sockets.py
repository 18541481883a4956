"""Sockets on an event loop wait as long as they may, hold no more than they may, and close."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator

import httpcore
import httpx
import pytest
import uvloop

from opensandbox._async.transport import PooledTransport
from opensandbox._sockets import looped
from opensandbox._sockets.looped import LoopNetwork, LoopStream
from tests.peer import Peer, answer, raw, refused_address


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A listening socket whose connections nobody serves."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


async def connect(listener: socket.socket) -> tuple[LoopStream, socket.socket]:
    """Both ends of a connection."""
    host, port = listener.getsockname()
    stream = await LoopNetwork().connect_tcp(host, port, timeout=5)
    assert isinstance(stream, LoopStream)
    other, _ = listener.accept()
    return stream, other


async def test_reading_and_writing_have_limits(listener: socket.socket) -> None:
    stream, other = await connect(listener)
    with other:
        with pytest.raises(httpcore.ReadTimeout):
            await stream.read(1, timeout=0.05)
        with pytest.raises(httpcore.WriteTimeout):
            await stream.write(b"x" * 50_000_000, timeout=0.05)
        await stream.aclose()
        await asyncio.sleep(0)


async def test_what_nobody_reads_stays_with_the_peer(listener: socket.socket) -> None:
    stream, other = await connect(listener)
    with other:
        other.setblocking(False)
        sent = 0
        for _ in range(200):
            try:
                sent += other.send(b"x" * 1_000_000)
            except BlockingIOError:
                await asyncio.sleep(0.005)
        assert len(stream._unread) <= looped._MUCH + 256 * 2**10
        assert sent < 60_000_000
        received = 0
        while received < sent:
            received += len(await stream.read(100_000, timeout=5))
        await stream.aclose()
        await asyncio.sleep(0)


async def test_the_end_comes_after_the_rest(listener: socket.socket) -> None:
    stream, other = await connect(listener)
    other.sendall(b"abc")
    other.close()
    while not stream._unread:
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.01)
    assert [await stream.read(2), await stream.read(2), await stream.read(2)] == [b"ab", b"c", b""]
    with pytest.raises(httpcore.WriteError):
        await stream.write(b"x")


async def test_the_next_address_is_tried_beside_one_that_is_slow(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looped, "_NEXT_ADDRESS", 0.01)
    tried: list[object] = []
    plain = looped._connect

    async def slow_at_first(loop: asyncio.AbstractEventLoop, address: object) -> socket.socket:
        tried.append(address)
        if len(tried) == 1:
            await asyncio.sleep(60)
        return await plain(loop, address)  # type: ignore[arg-type]

    monkeypatch.setattr(looped, "_connect", slow_at_first)
    loop = asyncio.get_running_loop()
    [address] = await looped.addresses(loop, *listener.getsockname())
    sock = await asyncio.wait_for(looped._connected(loop, [address, address]), 10)
    assert len(tried) == 2
    sock.close()


async def test_one_address_that_refuses_is_no_failure_of_the_others(
    listener: socket.socket,
) -> None:
    loop = asyncio.get_running_loop()
    host, port = refused_address().split(":")
    [refuses] = await looped.addresses(loop, host, int(port))
    [answers] = await looped.addresses(loop, *listener.getsockname())
    sock = await looped._connected(loop, [refuses, answers])
    sock.close()
    with pytest.raises(ConnectionRefusedError):
        await looped._connected(loop, [refuses, refuses])


async def test_connecting_cancelled_at_any_moment_leaves_no_socket(
    listener: socket.socket,
) -> None:
    loop = asyncio.get_running_loop()
    [address] = await looped.addresses(loop, *listener.getsockname())
    for step in range(30):
        for addresses in ([address], [address, address]):
            task = loop.create_task(looped._connected(loop, addresses))
            for _ in range(step % 10):
                await asyncio.sleep(0)
            task.cancel()
            sockets = await asyncio.gather(task, return_exceptions=True)
            for sock in sockets:
                if isinstance(sock, socket.socket):
                    sock.close()
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_idle_connections_close_by_themselves(run: Callable[[Awaitable[None]], None]) -> None:
    async def ask_and_wait() -> None:
        pooled = PooledTransport(keepalive_expiry=0.1)
        response = await pooled.handle_async_request(
            httpx.Request("GET", f"http://{peer.address}/")
        )
        await response.aread()
        assert peer.open_connections == 1
        while peer.open_connections:
            await asyncio.sleep(0.01)
        await pooled.aclose()

    with Peer(answer(200)) as peer:
        run(asyncio.wait_for(ask_and_wait(), 10))


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_a_handshake_that_fails_leaves_no_connection(
    run: Callable[[Awaitable[None]], None],
) -> None:
    async def shake() -> None:
        for context in (ssl.create_default_context(), ssl.create_default_context()):
            network = LoopNetwork()
            stream = await network.connect_tcp("127.0.0.1", peer.port)
            with pytest.raises((httpcore.ConnectError, httpcore.ConnectTimeout)):
                await stream.start_tls(context, "box.example", timeout=0.5)
        await asyncio.to_thread(gone.wait, 0.1)
        while peer.open_connections:
            await asyncio.sleep(0.01)

    gone = threading.Event()
    # A client's greeting never holds a blank line, so the peer is silent until it is left.
    with Peer(raw(b"")) as peer:
        run(asyncio.wait_for(shake(), 10))
