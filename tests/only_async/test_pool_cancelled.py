"""Cancelling what a pool does leaves no sandbox and no task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from opensandbox._async.config import ConnectionConfig
from opensandbox._async.pool import SandboxPoolAsync
from opensandbox._async.pool_store import InMemoryAsyncPoolStateStore
from opensandbox._async.sandbox import Sandbox
from opensandbox.models.pooling import PoolCreationSpec, TakeIdleResult
from opensandbox.transport.retry import RetryPolicy
from tests.cloud import Cloud

NAME = "workers"


@pytest.fixture(autouse=True)
async def no_task_is_left() -> AsyncIterator[None]:
    yield
    # The one that runs the tests is not ours.
    left = [task for task in asyncio.all_tasks() if "TestRunner" not in repr(task.get_coro())]
    assert left == []


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opensandbox._async.pool_leader._TICK", 0.01)


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def make(cloud: Cloud) -> Callable[..., SandboxPoolAsync]:
    def make(**options: Any) -> SandboxPoolAsync:
        settings: dict[str, Any] = {
            "pool_name": NAME,
            "max_idle": 0,
            "state_store": InMemoryAsyncPoolStateStore(),
            "connection_config": ConnectionConfig(
                domain="cloud", transport=cloud.transport, retry_policy=RetryPolicy.disabled()
            ),
            "creation_spec": PoolCreationSpec("python:3.11"),
            **options,
        }
        return SandboxPoolAsync(**settings)

    return make


class Reached:
    """Something that is reached, and then never ends."""

    def __init__(self) -> None:
        self.event = asyncio.Event()

    async def __call__(self, *_: object) -> bool:
        self.event.set()
        await asyncio.Event().wait()
        return True


async def cancel(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_acquire_cancelled_while_it_waits_for_health_kills_what_it_took(
    make: Callable[..., SandboxPoolAsync], cloud: Cloud
) -> None:
    reached, store = Reached(), InMemoryAsyncPoolStateStore()
    await store.try_acquire_primary_lock(NAME, "somebody else", timedelta(hours=1))
    async with make(state_store=store, acquire_health_check=reached) as pool:
        cloud.created.append("taken")
        await store.put_idle(NAME, "taken")
        task = asyncio.create_task(pool.acquire())
        await reached.event.wait()
        await cancel(task)
        assert cloud.killed == ["taken"]


async def test_an_acquire_cancelled_while_it_makes_one_kills_that(
    make: Callable[..., SandboxPoolAsync], cloud: Cloud
) -> None:
    reached = Reached()
    async with make(acquire_health_check=reached) as pool:
        task = asyncio.create_task(pool.acquire())
        await reached.event.wait()
        await cancel(task)
    assert cloud.created == cloud.killed == ["s1"]


class Slow(InMemoryAsyncPoolStateStore):
    """A store that has given something out long before it says so."""

    def __init__(self) -> None:
        super().__init__()
        self.given, self.say = asyncio.Event(), asyncio.Event()

    async def try_take_idle_min_ttl(
        self, pool_name: str, min_remaining_ttl: timedelta
    ) -> TakeIdleResult:
        taken = await super().try_take_idle_min_ttl(pool_name, min_remaining_ttl)
        self.given.set()
        await self.say.wait()
        return taken


async def test_what_the_store_gave_out_to_one_who_is_gone_is_killed(
    make: Callable[..., SandboxPoolAsync], cloud: Cloud
) -> None:
    store = Slow()
    await store.try_acquire_primary_lock(NAME, "somebody else", timedelta(hours=1))
    async with make(state_store=store) as pool:
        cloud.created.append("taken")
        await store.put_idle(NAME, "taken")
        task = asyncio.create_task(pool.acquire())
        await store.given.wait()
        task.cancel()
        store.say.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert cloud.killed == ["taken"]


@pytest.mark.parametrize("graceful", [True, False])
async def test_a_warm_up_that_never_ends_is_ended(
    make: Callable[..., SandboxPoolAsync], cloud: Cloud, graceful: bool
) -> None:
    reached = Reached()
    pool = make(max_idle=1, warmup_sandbox_preparer=reached, drain_timeout=0.05)
    await pool.start()
    await reached.event.wait()
    await pool.shutdown(graceful=graceful)
    assert cloud.created == cloud.killed == ["s1"]
    assert (await pool.snapshot()).in_flight_operations == 0


async def test_a_shutdown_that_is_cancelled_is_one_all_the_same(
    make: Callable[..., SandboxPoolAsync], cloud: Cloud
) -> None:
    reached = Reached()
    pool = make(max_idle=1, warmup_sandbox_preparer=reached, drain_timeout=3600)
    await pool.start()
    await reached.event.wait()
    task = asyncio.create_task(pool.shutdown())
    await asyncio.sleep(0.05)
    await cancel(task)
    assert cloud.created == cloud.killed == ["s1"]
    assert (await pool.snapshot()).lifecycle_state == "STOPPED"


async def test_a_block_that_is_cancelled_shuts_its_pool_down(
    make: Callable[..., SandboxPoolAsync], cloud: Cloud
) -> None:
    inside = Reached()
    pool = make(max_idle=2)

    async def block() -> None:
        async with pool:
            await inside()

    task = asyncio.create_task(block())
    await inside.event.wait()
    await cancel(task)
    assert (await pool.snapshot()).lifecycle_state == "STOPPED"
    await pool.release_all_idle()
    assert cloud.alive == set()


async def test_health_checks_and_preparers_may_be_plain_functions(
    make: Callable[..., SandboxPoolAsync], cloud: Cloud
) -> None:
    prepared: list[str] = []

    def prepare(sandbox: Sandbox) -> None:
        prepared.append(sandbox.id)

    async with make(
        max_idle=1,
        warmup_health_check=lambda sandbox: True,
        warmup_sandbox_preparer=prepare,
        warmup_post_prepare_health_check=lambda sandbox: True,
        acquire_health_check=lambda sandbox: True,
    ) as pool:
        while (await pool.snapshot()).idle_count != 1:
            await asyncio.sleep(0.01)
        await (await pool.acquire()).close()
    assert "s1" in prepared
