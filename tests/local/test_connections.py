"""What a connection may cost: the same limits for both servers, here small ones."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from opensandbox.local.connections import BoundedProtocol
from opensandbox.local.execd.serving import ApiServer
from opensandbox.local.server.serve import make_server
from opensandbox.local.settings import Settings

SOON = 0.1
NEVER = 1000.0
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
UPLOAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the whole body and answers; echoes on a WebSocket."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
        return
    while (message := await receive()).get("more_body"):
        pass
    if message["type"] == "http.disconnect":
        return
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
    )
    await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def serving(server: uvicorn.Server) -> AsyncIterator[int]:
    """The server's port, for the length of a block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        task = asyncio.create_task(server.serve([listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await task


def server_of(**limits: Any) -> uvicorn.Server:
    """One with the limits of the test's own."""
    protocol = cast(Any, partial(BoundedProtocol, **limits))
    config = uvicorn.Config(
        cast(Any, application),
        http=protocol,
        ws="websockets-sansio",
        lifespan="off",
        log_config=None,
        timeout_keep_alive=int(NEVER),
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


async def is_closed(reader: asyncio.StreamReader) -> bool:
    """Waits for the end of a connection."""
    try:
        return await asyncio.wait_for(reader.read(), 20) == b""
    except ConnectionResetError:
        return True


async def answer(reader: asyncio.StreamReader) -> bytes:
    """One answer of the application."""
    return await asyncio.wait_for(reader.readuntil(b"\r\n\r\nok"), 20)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost:", UPLOAD + b"a"])
async def test_a_request_that_is_never_whole_ends(sent: bytes) -> None:
    async with serving(server_of(head_timeout=SOON, body_timeout=SOON)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        assert await is_closed(reader)
        writer.close()


async def test_a_second_request_that_is_never_whole_ends_too() -> None:
    async with serving(server_of(head_timeout=SOON)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST)
        assert await answer(reader)
        writer.write(REQUEST[:9])
        assert await is_closed(reader)
        writer.close()


async def test_a_head_that_comes_byte_by_byte_has_no_more_time() -> None:
    async with serving(server_of(head_timeout=SOON)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: ")

        async def drip() -> None:
            while True:
                writer.write(b"x")
                await asyncio.sleep(SOON / 10)

        dripping = asyncio.create_task(drip())
        assert await is_closed(reader)
        dripping.cancel()
        writer.close()


async def test_what_is_whole_stays_open() -> None:
    """Idle, within a body that goes on, and as a WebSocket."""
    async with serving(server_of(head_timeout=SOON, body_timeout=NEVER)) as port:
        idle, idle_writer = await asyncio.open_connection("127.0.0.1", port)
        idle_writer.write(REQUEST)
        assert await answer(idle)
        slow, slow_writer = await asyncio.open_connection("127.0.0.1", port)
        slow_writer.write(UPLOAD + b"a")
        await asyncio.sleep(3 * SOON)
        idle_writer.write(REQUEST)
        assert await answer(idle)
        slow_writer.write(b"bc")
        assert await answer(slow)
        for writer in (idle_writer, slow_writer):
            writer.close()


async def test_a_websocket_has_no_limit() -> None:
    from websockets.asyncio.client import connect

    async with (
        serving(server_of(head_timeout=SOON, body_timeout=SOON)) as port,
        connect(f"ws://127.0.0.1:{port}/", proxy=None) as door,
    ):
        await asyncio.sleep(3 * SOON)
        await door.send("still here")
        assert await door.recv() == "still here"


async def test_there_are_so_many_connections_and_no_more() -> None:
    async with serving(server_of(head_timeout=NEVER, connections=2)) as port:
        open_ones = []
        for _ in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(REQUEST)
            assert await answer(reader)
            open_ones.append((reader, writer))
        refused, refused_writer = await asyncio.open_connection("127.0.0.1", port)
        assert await is_closed(refused)
        for reader, writer in open_ones:
            writer.write(REQUEST)
            assert await answer(reader)
            writer.close()
        refused_writer.close()


def lifecycle_server() -> uvicorn.Server:
    return make_server(application, Settings(head_timeout=SOON))


def daemon_server() -> uvicorn.Server:
    return ApiServer(application, None, head_timeout=SOON)


@pytest.mark.parametrize("make", [lifecycle_server, daemon_server])
async def test_both_servers_have_the_limits(make: Callable[[], uvicorn.Server]) -> None:
    server = make()
    async with serving(server) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST[:9])
        assert await is_closed(reader)
        writer.close()
        if isinstance(server, ApiServer):
            server.stop()
