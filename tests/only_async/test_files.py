"""What only the async files have: awaited streams, and an event loop that must not wait."""

from __future__ import annotations

import asyncio
import gc
import io
import threading

import httpx
import pytest

from opensandbox._async.config import ConnectionConfig
from opensandbox._async.files import Filesystem
from opensandbox._async.http import Service
from opensandbox.exceptions import SandboxApiException
from opensandbox.transport.retry import RetryPolicy
from tests import peer
from tests.peer import Peer


async def answer(request: httpx.Request) -> httpx.Response:
    await request.aread()
    return httpx.Response(200, content=b"abc")


def files() -> Filesystem:
    config = ConnectionConfig(transport=httpx.MockTransport(answer))
    return Filesystem(Service(config, "http://execd"))


async def test_a_stream_may_be_awaited_first() -> None:
    pieces = [piece async for piece in await files().read_bytes_stream("/a", chunk_size=2)]
    assert pieces == [b"ab", b"c"]


async def test_a_stream_that_is_not_awaited_sends_its_request_with_the_first_piece() -> None:
    asked: list[httpx.Request] = []

    async def refuse(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(404, json={"code": "FILE_NOT_FOUND", "message": "no /a"})

    config = ConnectionConfig(transport=httpx.MockTransport(refuse))
    stream = Filesystem(Service(config, "http://execd")).read_bytes_stream("/a")
    assert asked == []
    with pytest.raises(SandboxApiException, match="FILE_NOT_FOUND"):
        await anext(stream)


async def test_a_file_is_never_read_on_the_event_loop() -> None:
    loop_thread = threading.current_thread()
    readers = []

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            readers.append(threading.current_thread())
            return super().read(size)

    def pieces() -> object:
        for _ in range(3):
            readers.append(threading.current_thread())
            yield b"x"

    await files().write_file("/a", Watched(b"x" * 1_000_000))
    await files().write_file("/a", pieces())  # type: ignore[arg-type]
    assert len(readers) > 5
    assert loop_thread not in readers


async def test_a_collected_download_gives_its_connection_free() -> None:
    endless = peer.raw(peer.head(200, {"Content-Length": "1000000"}) + b"x" * 100_000, closes=False)
    with Peer(endless) as script:
        config = ConnectionConfig(retry_policy=RetryPolicy.disabled())
        stream = Filesystem(Service(config, f"http://{script.address}")).read_bytes_stream("/a")
        await anext(stream)
        assert script.open_connections == 1
        del stream
        gc.collect()
        while script.open_connections:
            await asyncio.sleep(0.01)
        await config.close()
