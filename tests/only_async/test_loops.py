"""One config works on one event loop after another, on several at once, and after a fork."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
from collections.abc import Awaitable, Callable

import pytest
import uvloop

from opensandbox._async.config import ConnectionConfig
from opensandbox._async.http import Service
from opensandbox._concurrency import (
    AsyncHere,
    async_call,
    async_gather,
    async_run_blocking,
    async_shield,
)
from opensandbox.exceptions import InvalidArgumentException
from opensandbox_api.lifecycle.api.sandboxes import list_sandboxes
from tests.peer import Peer, answer, events, events_without_end, hang

NOTHING = (
    b'{"items":[],"pagination":{"page":1,"pageSize":20,"totalItems":0,"totalPages":0,'
    b'"hasNextPage":false}}'
)


async def list_all(config: ConnectionConfig) -> None:
    await Service(config).call(lambda client: list_sandboxes.asyncio_detailed(client=client))


def gone(peer: Peer) -> bool:
    """Whether all connections to the peer are closed, given a moment."""
    waiting = threading.Event()
    for _ in range(500):
        if not peer.open_connections:
            return True
        waiting.wait(0.01)
    return False


async def all_gone(peer: Peer) -> bool:
    """The same, while the event loop runs on."""
    return await asyncio.to_thread(gone, peer)


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_three_event_loops_in_a_row(run: Callable[[Awaitable[None]], None]) -> None:
    async def twice() -> None:
        await list_all(config)
        await list_all(config)

    with Peer(answer(200, NOTHING)) as peer:
        config = ConnectionConfig(domain=peer.address)
        for _ in range(3):
            run(twice())
            # No close(): the loop closes what belongs to it when it ends.
            assert gone(peer)
        assert peer.connections == 3
        gc.collect()


def test_a_loop_that_was_closed_without_ceremony_leaves_no_connection() -> None:
    with Peer(answer(200, NOTHING)) as peer:
        config = ConnectionConfig(domain=peer.address)
        loop = asyncio.new_event_loop()
        loop.run_until_complete(list_all(config))
        loop.close()
        del loop
        asyncio.run(list_all(config))
        assert gone(peer)
        gc.collect()


def test_an_event_loop_in_each_thread() -> None:
    errors: list[BaseException] = []

    def work() -> None:
        async def several() -> None:
            for _ in range(3):
                await list_all(config)

        try:
            asyncio.run(several())
        except BaseException as error:
            errors.append(error)

    with Peer(answer(200, NOTHING)) as peer:
        config = ConnectionConfig(domain=peer.address)
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert errors == []
        assert gone(peer)
    assert peer.connections == 8


def test_a_forked_child_opens_connections_of_its_own() -> None:
    with Peer(answer(200, NOTHING)) as peer:
        config = ConnectionConfig(domain=peer.address)
        loop = asyncio.new_event_loop()
        loop.run_until_complete(list_all(config))
        child = os.fork()
        if child == 0:
            code = 1
            try:
                asyncio.run(list_all(config))
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        loop.run_until_complete(list_all(config))
        assert peer.connections == 2
        loop.run_until_complete(config.close())
        loop.close()


def test_a_config_nobody_holds_any_more_closes_its_connections() -> None:
    async def use_and_forget() -> None:
        with pytest.warns(
            ResourceWarning, match=f"ConnectionConfig for {peer.address} was dropped"
        ):
            await list_all(ConnectionConfig(domain=peer.address))
        assert await all_gone(peer)

    with Peer(answer(200, NOTHING)) as peer:
        asyncio.run(use_and_forget())


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
@pytest.mark.parametrize("lingers", [0.0, 0.05, 30.0])
def test_a_loop_that_ends_while_streams_are_still_drained_ends_quietly(
    run: Callable[[Awaitable[None]], None], lingers: float
) -> None:
    async def five_streams() -> None:
        service = Service(config)
        for _ in range(5):
            async with service.event_stream("POST", "/command") as stream:
                async for _ in stream:
                    stream.leave()
                    break

    with Peer(events(b'{"type":"execution_complete"}\n', lingers=lingers)) as peer:
        config = ConnectionConfig(domain=peer.address)
        run(five_streams())
        gc.collect()  # what was not closed would warn here
        assert gone(peer)


def test_without_an_event_loop_of_asyncio_it_says_so() -> None:
    async def nothing(value: object) -> None:
        return

    with pytest.raises(InvalidArgumentException, match="asyncio"):
        AsyncHere(object, nothing, lambda value: None).get()


async def test_cancelling_a_call_leaves_no_connection() -> None:
    with Peer(hang()) as peer:
        config = ConnectionConfig(domain=peer.address)
        task = asyncio.create_task(list_all(config))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await all_gone(peer)
        await config.close()


async def test_cancelling_who_waits_in_line_leaves_the_line_in_order() -> None:
    with Peer(events_without_end(b"{}\n"), answer(200, NOTHING)) as peer:
        config = ConnectionConfig(domain=peer.address).with_transport_if_missing(max_connections=1)
        service = Service(config)
        async with service.event_stream("POST", "/command"):
            waiting = [asyncio.create_task(list_all(config)) for _ in range(5)]
            await asyncio.sleep(0.02)
            for task in waiting[:3]:
                task.cancel()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        cancelled = [isinstance(outcome, asyncio.CancelledError) for outcome in outcomes]
        assert cancelled == [True, True, True, False, False]
        await config.close()


async def test_calls_cancelled_at_any_moment_leave_no_connection_in_use() -> None:
    with Peer(answer(200, NOTHING, after=0.002)) as peer:
        config = ConnectionConfig(domain=peer.address).with_transport_if_missing(max_connections=2)
        for step in range(40):
            tasks = [asyncio.create_task(list_all(config)) for _ in range(4)]
            await asyncio.sleep(step * 0.0002)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.wait_for(list_all(config), 5)
        await config.close()


async def test_a_call_beside_a_hundred_others_does_not_look_at_them_all() -> None:
    """Counted in calls of functions on the event loop's thread: a thousand here, and tens of
    thousands where each request and answer goes through the list of all connections.
    """
    calls = 0

    def count(code: object, event: str, _: object) -> None:
        nonlocal calls
        calls += event == "call"

    with Peer(answer(200, NOTHING)) as peer:
        config = ConnectionConfig(domain=peer.address)
        await asyncio.gather(*[list_all(config) for _ in range(100)])
        before = sys.getprofile()
        sys.setprofile(count)
        try:
            await asyncio.gather(*[list_all(config) for _ in range(100)])
        finally:
            sys.setprofile(before)
        await config.close()
    assert 0 < calls < 100 * 5000


# --- the primitives ---------------------------------------------------------------------------


async def test_a_handler_may_be_of_either_colour() -> None:
    seen: list[int] = []

    async def later(value: int) -> None:
        await asyncio.sleep(0)
        seen.append(value)

    await async_call(seen.append, 1)
    await async_call(later, 2)
    assert seen == [1, 2]


async def test_gather_lets_all_end_before_it_raises() -> None:
    ended: list[str] = []

    async def fails() -> None:
        raise LookupError("first")

    async def ends() -> None:
        await asyncio.sleep(0.01)
        ended.append("second")

    with pytest.raises(LookupError, match="first"):
        await async_gather(fails, ends)
    assert ended == ["second"]


async def test_a_shielded_action_ends_although_its_caller_is_cancelled() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def action() -> None:
        begun.set()
        await asyncio.sleep(0.05)
        ended.set()

    task = asyncio.create_task(async_shield(action, seconds=5))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_a_shielded_action_is_bounded() -> None:
    with pytest.raises(TimeoutError):
        await async_shield(lambda: asyncio.sleep(60), seconds=0.01)


async def test_blocking_work_leaves_the_event_loop_free() -> None:
    release = threading.Event()
    waiting = asyncio.create_task(async_run_blocking(lambda: release.wait(10)))
    await asyncio.sleep(0)
    release.set()
    assert await waiting
