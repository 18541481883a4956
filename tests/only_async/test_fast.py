"""What goes over the wire and what comes of it is the same with aiohttp as with httpcore."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from opensandbox._async.config import ConnectionConfig
from opensandbox._async.files import Filesystem
from opensandbox._async.http import Service
from opensandbox._async.transport import SENT_BY, PooledTransport, RetryAsyncTransport
from opensandbox.exceptions import SandboxConnectionException, SandboxTimeoutException
from opensandbox.transport.retry import JitterMode, RetryPolicy
from tests.peer import (
    Exchange,
    Peer,
    Request,
    answer,
    close,
    events_without_end,
    hang,
    head,
    raw,
    refused_address,
)

LIMITS = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), 5.0)}


async def send(peer: Peer, method: str = "GET", target: str = "/", **more: Any) -> Request:
    """Send one request, and give back what came of it at the peer."""
    extensions = {**LIMITS, **more.pop("extensions", {})}
    request = httpx.Request(method, f"http://{peer.address}{target}", extensions=extensions, **more)
    async with pooled() as transport:
        response = await transport.handle_async_request(request)
        await response.aread()
    return peer.requests[-1]


class pooled:
    """`async with pooled() as transport`."""

    def __init__(self, **more: Any) -> None:
        self._transport = PooledTransport(**more)

    async def __aenter__(self) -> PooledTransport:
        return self._transport

    async def __aexit__(self, *_: object) -> None:
        await self._transport.aclose()


async def test_it_is_the_one_that_was_asked_for(connections_by: str) -> None:
    with Peer(answer(200)) as peer:
        async with pooled() as transport:
            request = httpx.Request("GET", f"http://{peer.address}/")
            response = await transport.handle_async_request(request)
            await response.aclose()
    assert response.extensions[SENT_BY].startswith(connections_by)


# --- what goes out ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    ["/", "/a%2Fb", "/a%20b?x=%2F&y=a+b", "/%C3%A4/..%2f", "/a//b", "/a?x=[1]&x=2", "/a;b=c,d"],
)
async def test_a_path_arrives_as_it_was_written(target: str) -> None:
    with Peer(answer(200)) as peer:
        assert (await send(peer, target=target)).target == target


async def test_headers_arrive_in_order_as_often_as_they_were_given() -> None:
    names = ["Host", "X-One", "x-two", "X-Two", "x-three", "X-Two"]
    pairs = [(name, str(index)) for index, name in enumerate(names)]
    with Peer(answer(200)) as peer:
        request = await send(peer, headers=pairs, stream=httpx.ByteStream(b""))
    # How a name is spelt when it comes again means nothing.
    assert [line.lower() for line in request.lines] == [
        f"{name}: {value}".lower() for name, value in pairs
    ]
    assert request.lines[:3] == ["Host: 0", "X-One: 1", "x-two: 2"]


async def test_nothing_is_added_to_what_a_request_says() -> None:
    with Peer(answer(200)) as peer:
        request = await send(peer, "POST", content=b"{}")
    assert sorted(request.headers) == ["content-length", "host"]
    assert request.headers["host"] == peer.address


@pytest.mark.parametrize("size", [0, 1, 32_768, 32_769, 3_000_000])
async def test_a_body_of_any_size_arrives_whole(size: int) -> None:
    body = bytes(range(256)) * (size // 256 + 1)
    with Peer(answer(200)) as peer:
        request = await send(peer, "POST", content=body[:size])
    assert request.body == body[:size]
    assert request.headers["content-length"] == str(size)


async def pieces(*given: bytes | Exception) -> AsyncIterator[bytes]:
    for piece in given:
        if isinstance(piece, Exception):
            raise piece
        await asyncio.sleep(0)
        yield piece


async def test_a_body_in_pieces_arrives_whole() -> None:
    with Peer(answer(200)) as peer:
        request = await send(peer, "POST", content=pieces(b"a", b"", b"b" * 600_000, b"c"))
    assert request.body == b"a" + b"b" * 600_000 + b"c"
    assert request.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in request.headers


@pytest.mark.parametrize(("length", "given"), [(2, b"abc"), (4, b"abc")])
async def test_a_body_of_another_length_than_was_announced_is_no_request(
    length: int, given: bytes
) -> None:
    with Peer(answer(200)) as peer, pytest.raises(httpx.LocalProtocolError):
        await send(peer, "PUT", content=pieces(given), headers={"Content-Length": str(length)})


async def test_what_the_callers_body_raises_comes_out_as_it_is() -> None:
    cause = LookupError("cause")
    mine = LookupError("mine")
    mine.__cause__ = cause
    with Peer(answer(200)) as peer:
        with pytest.raises(LookupError, match="mine") as caught:
            await send(peer, "POST", content=pieces(b"a", mine))
        await gone(peer)
    assert caught.value is mine
    assert caught.value.__cause__ is cause


async def gone(peer: Peer) -> None:
    """Wait until every connection is closed."""
    while peer.open_connections:
        await asyncio.sleep(0.01)


# --- what is not sent again -------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
async def test_nothing_is_sent_again_but_by_the_policy(method: str) -> None:
    with Peer(answer(200), close()) as peer:
        async with pooled() as transport:
            url = f"http://{peer.address}/"
            request = httpx.Request(method, url, extensions=LIMITS)
            await (await transport.handle_async_request(request)).aread()
            with pytest.raises(httpx.RemoteProtocolError):
                await transport.handle_async_request(httpx.Request(method, url, extensions=LIMITS))
    assert len(peer.requests) == 2


async def test_a_kept_connection_that_closed_while_the_loop_was_busy_is_not_used() -> None:
    with Peer(raw(head(200, {"Content-Length": "0"})), answer(200)) as peer:
        async with pooled() as transport:
            for _ in range(2):
                request = httpx.Request("POST", f"http://{peer.address}/", extensions=LIMITS)
                response = await transport.handle_async_request(request)
                await response.aread()
                waiting = threading.Event()
                while peer.open_connections and not waiting.wait(0.01):
                    if len(peer.requests) == 2:
                        break  # blocking on purpose: the event loop must not see the end
    assert len(peer.requests) == 2


# --- limits -----------------------------------------------------------------------------------


def limits(**more: float) -> dict[str, Any]:
    return {"timeout": {**LIMITS["timeout"], **more}}


async def test_a_peer_that_does_not_answer_is_a_read_timeout() -> None:
    with Peer(hang()) as peer, pytest.raises(httpx.ReadTimeout):
        await send(peer, extensions=limits(read=0.05))


async def test_a_peer_that_takes_nothing_is_a_write_timeout() -> None:
    def deaf(exchange: Exchange) -> None:
        raise AssertionError("it got all of it")

    with DeafPeer(deaf) as peer, pytest.raises(httpx.WriteTimeout):
        await send(peer, "POST", content=b"x" * 50_000_000, extensions=limits(write=0.1))


class DeafPeer(Peer):
    """Takes connections and reads nothing."""

    def _serve(self, sock: Any) -> None:
        self._stopping.wait()
        sock.close()


async def test_nobody_there_is_no_connection_and_is_asked_again() -> None:
    address = refused_address()
    told: list[Any] = []
    policy = RetryPolicy(
        initial_backoff=timedelta(0), jitter=JitterMode.NONE, max_retries=2, on_retry=told.append
    )
    async with pooled() as transport:
        with pytest.raises(httpx.ConnectError, match=r"refused|failed"):
            await RetryAsyncTransport(transport, policy).handle_async_request(
                httpx.Request("POST", f"http://{address}/", content=b"x", extensions=LIMITS)
            )
        with pytest.raises(httpx.ConnectError):
            await transport.handle_async_request(
                httpx.Request("GET", "http://no-such-host.invalid/", extensions=LIMITS)
            )
    assert len(told) == 2


async def test_silence_counts_while_somebody_waits() -> None:
    body = head(200, {"Content-Length": "2"}) + b"x"

    def slow(exchange: Exchange) -> None:
        exchange.send(body)
        exchange.wait(0.4)
        exchange.send(b"y")
        exchange.wait()

    with Peer(slow) as peer:
        async with pooled() as transport:
            request = httpx.Request("GET", f"http://{peer.address}/", extensions=limits(read=0.2))
            response = await transport.handle_async_request(request)
            response.request = request
            chunks = response.aiter_raw()
            assert await anext(chunks) == b"x"
            await asyncio.sleep(0.6)  # longer than the limit, and nobody waited
            assert await anext(chunks) == b"y"
            await response.aclose()


# --- what comes back --------------------------------------------------------------------------


async def test_what_comes_back_is_what_was_sent() -> None:
    lines = (
        b"HTTP/1.1 418 I am\r\nX-One: 1\r\nx-two: \xe4\r\nX-One: 2\r\nContent-Length: 2\r\n\r\nab"
    )
    with Peer(raw(lines)) as peer:
        async with pooled() as transport:
            request = httpx.Request("GET", f"http://{peer.address}/", extensions=LIMITS)
            response = await transport.handle_async_request(request)
            await response.aread()
    assert response.status_code == 418
    assert response.headers.raw[:3] == [(b"X-One", b"1"), (b"x-two", b"\xe4"), (b"X-One", b"2")]
    assert response.extensions["reason_phrase"] == b"I am"
    assert response.extensions["http_version"] == b"HTTP/1.1"
    assert response.content == b"ab"


async def test_a_compressed_body_is_left_to_httpx() -> None:
    with Peer(raw(head(200, {"Content-Encoding": "gzip", "Content-Length": "3"}) + b"abc")) as peer:
        async with pooled() as transport:
            request = httpx.Request("GET", f"http://{peer.address}/", extensions=LIMITS)
            response = await transport.handle_async_request(request)
            assert b"".join([part async for part in response.aiter_raw()]) == b"abc"


async def test_a_header_may_be_long() -> None:
    long = head(200, {"X-Long": "x" * 50_000, "Content-Length": "0"})
    with Peer(raw(long)) as peer:
        async with pooled() as transport:
            request = httpx.Request("GET", f"http://{peer.address}/", extensions=LIMITS)
            response = await transport.handle_async_request(request)
            await response.aread()
    assert len(response.headers["x-long"]) == 50_000


@pytest.mark.parametrize("headers", [{}, {"Transfer-Encoding": "chunked"}])
async def test_a_head_without_end_is_refused(headers: dict[str, str]) -> None:
    endless = head(200, {"X-Long": "x" * 300_000, **headers})
    with Peer(raw(endless)) as peer:
        async with pooled() as transport:
            request = httpx.Request("GET", f"http://{peer.address}/", extensions=LIMITS)
            with pytest.raises(httpx.RemoteProtocolError):
                await transport.handle_async_request(request)


# --- the end ----------------------------------------------------------------------------------


async def test_an_answer_before_the_body_was_sent_ends_the_sending() -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 100_000
            await asyncio.sleep(0)

    def early(sock: Any) -> None:
        sock.recv(100_000)
        sock.sendall(head(413, {"Content-Length": "0"}))
        stop.wait(5)
        sock.close()

    stop = threading.Event()
    with Peer(answer(200)) as peer:
        peer._serve = early  # type: ignore[method-assign]
        async with pooled() as transport:
            request = httpx.Request(
                "POST", f"http://{peer.address}/", content=endless(), extensions=limits(write=0.2)
            )
            try:
                response = await transport.handle_async_request(request)
            except httpx.WriteTimeout:
                pass  # httpcore looks for an answer when it has sent all, or cannot
            else:
                assert response.status_code == 413
                await response.aclose()
            before = read
            await asyncio.sleep(0.05)
            assert read == before
        stop.set()


async def test_closing_does_not_wait_for_a_peer_that_takes_nothing() -> None:
    with DeafPeer(hang()) as peer:
        transport = PooledTransport()
        request = httpx.Request("POST", f"http://{peer.address}/", content=b"x" * 50_000_000)
        task = asyncio.create_task(transport.handle_async_request(request))
        await asyncio.sleep(0.1)
        await asyncio.wait_for(transport.aclose(), 5)
        with pytest.raises(httpx.TransportError):
            await asyncio.wait_for(task, 5)


async def test_our_exceptions_are_the_same() -> None:
    async def call(peer: Peer, act: Callable[[Service], Awaitable[object]]) -> Exception:
        config = ConnectionConfig(retry_policy=RetryPolicy.disabled())
        service = Service(config, f"http://{peer.address}", sandbox_id="sb-1")
        with pytest.raises((SandboxConnectionException, SandboxTimeoutException)) as caught:
            await act(service)
        await config.close()
        return caught.value

    async def upload(service: Service) -> None:
        await Filesystem(service).write_file("/a", io.BytesIO(b"x" * 1_000_000))

    async def events(service: Service) -> None:
        async with service.event_stream("POST", "/command", idle_timeout=0.1) as stream:
            async for _ in stream:
                pass

    with Peer(close()) as peer:
        assert "broke" in str(await call(peer, upload))
    with Peer(events_without_end(b"{}\n")) as peer:
        assert "0.1 s" in str(await call(peer, events))
    with Peer(events_without_end(b"{}\n", silent=False)) as peer:
        assert "broke" in str(await call(peer, events))
