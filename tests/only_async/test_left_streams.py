"""Who leaves a stream in the middle and ends the program is told of nothing, and leaves nothing."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from opensandbox._async.commands import Commands
from opensandbox._async.config import ConnectionConfig
from opensandbox._async.files import Filesystem
from opensandbox._async.http import Service
from opensandbox._async.metrics import Metrics
from tests.peer import Exchange, Peer, Step, chunk, events, events_without_end, head

_held: list[object] = []


def frame(kind: str, text: str, **more: object) -> bytes:
    return json.dumps({"type": kind, "text": text, "timestamp": 1, **more}).encode() + b"\n\n"


OUTPUT = [frame("init", "c-1"), *(frame("stdout", str(line)) for line in range(500))]
LOAD = b'data: {"cpu_count": 1, "cpu_used_pct": 1, "mem_total_mib": 1, "mem_used_mib": 1,'
LOAD += b' "timestamp": 1}\n\n'


def endless() -> Step:
    def step(exchange: Exchange) -> None:
        exchange.send(head(200, {"Transfer-Encoding": "chunked"}) + chunk(b"x" * 100_000))
        exchange.wait()

    return step


async def a_command(service: Service) -> AsyncIterator[object]:
    return Commands(service).stream("seq 100000; sleep 60")


async def a_held_command(service: Service) -> AsyncIterator[object]:
    return aiter(await Commands(service).start("seq 100000; sleep 60"))


async def a_file(service: Service) -> AsyncIterator[object]:
    return await Filesystem(service).read_bytes_stream("/big")


async def the_load(service: Service) -> AsyncIterator[object]:
    return Metrics(service).watch()


@pytest.mark.parametrize(
    ("answer", "opened"),
    [
        (events_without_end(*OUTPUT), a_command),
        (events(*OUTPUT, frame("execution_complete", ""), lingers=30), a_command),
        (events_without_end(*OUTPUT), a_held_command),
        (events_without_end(LOAD), the_load),
        (endless(), a_file),
    ],
    ids=["running", "over", "started", "load", "file"],
)
@pytest.mark.parametrize("held", ["by main", "by the module", "until a moment before"])
@pytest.mark.parametrize("closed", [True, False])
def test_a_stream_that_is_left(
    answer: Step,
    opened: Callable[[Service], Awaitable[AsyncIterator[object]]],
    held: str,
    closed: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    unraisable: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda told: unraisable.append(told.exc_value))
    complaints: list[object] = []

    async def main(peer: Peer) -> None:
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: complaints.append(context)
        )
        config = ConnectionConfig()
        stream = await opened(Service(config, f"http://{peer.address}", sandbox_id="sb-1"))
        async for _ in stream:
            break
        if held == "by the module":
            _held.append(stream)
        if held == "until a moment before":
            del stream
        if closed:
            await config.close()

    with Peer(answer) as peer, caplog.at_level(logging.ERROR, "asyncio"):
        asyncio.run(main(peer))
        _held.clear()
        gc.collect()
    # Who closes nothing at all is told of that, if he asks Python for such warnings, as tests do.
    forgotten = [told for told in unraisable if "ConnectionConfig" in str(told)]
    assert not (closed and forgotten)
    assert unraisable == forgotten
    assert complaints == []
    assert caplog.records == []


async def test_a_stream_that_is_left_gives_its_connection_up() -> None:
    with Peer(events_without_end(*OUTPUT)) as peer:
        async with ConnectionConfig() as config:
            service = Service(config, f"http://{peer.address}")
            async for _ in Commands(service).stream("seq 100000; sleep 60"):
                break
            for _ in range(500):
                gc.collect()
                if not peer.open_connections:
                    return
                await asyncio.sleep(0.01)
    pytest.fail("the connection is still open")
