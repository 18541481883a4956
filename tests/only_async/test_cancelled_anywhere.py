"""Whatever is called, and wherever it waits when it is cancelled, nothing is left of it.

Every operation is made again and again: the first time it is cancelled where it waits first, then
where it waits next, and so on until it comes to its end. What tasks of its own wait for counts too.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from opensandbox._async.config import ConnectionConfig
from opensandbox._async.sandbox import Sandbox
from opensandbox.transport.retry import RetryPolicy
from tests._async.operations import IMAGE, OPERATIONS, Operation, Scene, missing
from tests.peer import answer
from tests.sandbox_peer import info, sandbox_peer
from tests.whole_peer import WholePeer, whole_peer

#: An operation that waits more often than this is not looked at to its end; none does.
MOST_WAITS = 200


class Waits:
    """Counts what is waited for on one event loop, and cancels an operation at one of them.

    `late`: just when what was waited for has come, which is the worst of moments; otherwise while
    it is waited for.
    """

    def __init__(self, *, late: bool) -> None:
        self._late = late
        self._operation: asyncio.Task[object] | None = None
        self._count = self._wanted = 0
        #: The tasks there were before anything was called.
        self.before = asyncio.all_tasks()
        asyncio.get_running_loop().set_task_factory(self._make)

    async def cancelled(self, call: Awaitable[object], *, at: int) -> bool:
        """Make the call; whether it was cancelled, at the wait of this number."""
        self._count, self._wanted = 0, at

        async def run() -> object:
            return await call

        self._operation = asyncio.get_running_loop().create_task(run(), name="the operation")
        try:
            await self._operation
        except asyncio.CancelledError:
            return True
        finally:
            self._operation = None
        return False

    @property
    def reached(self) -> bool:
        """Whether there was such a wait."""
        return self._count >= self._wanted

    def _make(self, loop: Any, work: Any, **more: Any) -> asyncio.Task[Any]:
        async def counted() -> object:
            return await _Counted(work, self._waits)

        task = asyncio.Task(counted(), loop=loop, **more)
        task.add_done_callback(lambda _: work.close())  # it may have been cancelled before it began
        return task

    def _waits(self, future: Any) -> None:
        self._count += 1
        operation = self._operation
        if operation is None or self._count != self._wanted:
            return
        if self._late and future is not None:
            future.add_done_callback(lambda _: operation.cancel())
        else:
            asyncio.get_running_loop().call_soon(operation.cancel)


class _Counted:
    """What `work` is, and `waits` is told of everything that it waits for."""

    def __init__(self, work: Any, waits: Callable[[Any], None]) -> None:
        self._work, self._waits = work, waits

    def __await__(self) -> Generator[Any, Any, Any]:
        steps = self._work.__await__()
        given = None
        while True:
            try:
                future = steps.send(given)
            except StopIteration as end:
                return end.value
            self._waits(future)
            while True:
                try:
                    given = yield future
                except BaseException as error:
                    try:
                        future = steps.throw(error)
                    except StopIteration as end:
                        return end.value
                    self._waits(future)
                else:
                    break


@pytest.fixture(scope="module")
def peer() -> Iterator[WholePeer]:
    gc.collect()
    gc.freeze()  # what was there before is not gone through each time
    with whole_peer() as started:
        yield started
    gc.unfreeze()


async def settled(here: Scene, waits: Waits) -> None:
    """Nothing of an operation is under way any more, and no connection is in use."""
    for _ in range(400):
        others = asyncio.all_tasks() - waits.before
        if not others:
            break
        await asyncio.sleep(0.005)
    assert not others
    transport: Any = here.config.connection._own
    now = transport._here.get()
    assert now.slots._slots._value == transport._max_connections
    for pool in now.pools.values():
        assert pool.in_use == 0


async def cancelled_everywhere(
    operation: Operation, peer: WholePeer, folder: Path, *, late: bool
) -> None:
    waits = Waits(late=late)
    here = await Scene(peer, folder).set()
    for at in range(1, MOST_WAITS):
        prepared = await operation.prepare(here)
        before = set(peer.alive)
        cancelled = await waits.cancelled(operation.act(prepared), at=at)
        if cancelled:
            assert peer.alive <= before, f"made, cancelled at wait {at}, and not ended"
        await here.tidy()
        await settled(here, waits)
        if not waits.reached:
            break
    assert not waits.reached, "it waits more often than is looked at"
    await here.clear()


@pytest.mark.parametrize("late", [False, True], ids=["while it waits", "as it comes"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_whatever_is_cancelled_leaves_nothing(
    name: str, late: bool, peer: WholePeer, tmp_path: Path
) -> None:
    descriptors, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
    asyncio.run(cancelled_everywhere(OPERATIONS[name], peer, tmp_path, late=late))
    gc.collect()
    waited_for(lambda: peer.open_connections == 0)
    waited_for(lambda: len(os.listdir("/proc/self/fd")) <= descriptors)
    waited_for(lambda: threading.active_count() <= threads)
    assert not [name for _, _, names in os.walk(tmp_path) for name in names if "incoming" in name]


def waited_for(come: Callable[[], bool]) -> None:
    """Wait for what the threads of the peer see a moment later."""
    for _ in range(400):
        if come():
            return
        time.sleep(0.005)
    raise AssertionError("it did not come to that")


def test_every_public_method_is_looked_at() -> None:
    assert missing() == set(), "say in tests/_async/operations.py how each of these is called"


async def first_of(here: Scene, others: list[asyncio.Future[object]]) -> None:
    """Ask where a port is before the others, who then wait for the same answer."""
    others += [asyncio.ensure_future(here.sandbox.get_endpoint(8000)) for _ in range(3)]
    await here.sandbox.get_endpoint(8000)


async def test_who_is_cancelled_anywhere_leaves_a_shared_look_up_to_the_others(
    peer: WholePeer, tmp_path: Path
) -> None:
    waits = Waits(late=False)
    here = await Scene(peer, tmp_path, endpoint_cache_disabled=True).set()
    for at in range(1, MOST_WAITS):
        others: list[asyncio.Future[object]] = []
        await waits.cancelled(first_of(here, others), at=at)
        assert len(await asyncio.gather(*others)) == 3
        if not waits.reached:
            break
    await here.clear()


@pytest.mark.parametrize("late", [False, True], ids=["while it waits", "as it comes"])
async def test_who_is_cancelled_while_old_connections_are_closed_leaves_none(
    peer: WholePeer, tmp_path: Path, late: bool
) -> None:
    waits = Waits(late=late)
    here = Scene(peer, tmp_path)
    here.config = here.config.with_transport_if_missing(keepalive_expiry=0.02)
    await here.set()
    for at in range(1, MOST_WAITS):
        await asyncio.gather(*(here.sandbox.get_info() for _ in range(5)))
        await asyncio.sleep(0.03)
        await waits.cancelled(here.sandbox.get_info(), at=at)
        await settled(here, waits)
        gc.collect()  # what was not closed would warn here
        if not waits.reached:
            break
    await here.clear()


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_a_loop_that_ends_while_a_sandbox_is_made_leaves_none(
    run: Callable[[Awaitable[None]], None],
) -> None:
    async def main() -> None:
        task = asyncio.ensure_future(Sandbox.create(IMAGE, connection_config=config))
        while not peer.asked("POST /v1/sandboxes"):
            await asyncio.sleep(0.005)
        assert not task.done()

    with sandbox_peer() as peer:
        peer.on("POST /v1/sandboxes", answer(202, json.dumps(info()).encode(), after=0.1))
        config = ConnectionConfig(domain=peer.address, retry_policy=RetryPolicy.disabled())
        run(main())
        assert peer.asked("DELETE .*") == ["DELETE /v1/sandboxes/s1"]
