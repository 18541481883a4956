"""Pools are destroyed whole, and their names stay unusable for a while."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from opensandbox._async.config import ConnectionConfig
from opensandbox._async.manager import SandboxManager
from opensandbox._async.pool import SandboxPoolAsync
from opensandbox._async.pool_manager import SandboxPoolManagerAsync
from opensandbox._async.pool_redis import AsyncRedisPoolStateStore
from opensandbox._async.pool_store import InMemoryAsyncPoolStateStore
from opensandbox._concurrency import async_sleep, monotonic
from opensandbox.exceptions import (
    InvalidArgumentException,
    PoolDestroyedException,
    PoolDestroyIncompleteException,
    PoolStateStoreUnavailableException,
)
from opensandbox.models.pooling import (
    PoolCreationSpec,
    PoolDestroyOptions,
    PoolDestroyResult,
    PoolDestroyState,
    PoolDestroyStrategy,
    StoreCounters,
)
from opensandbox.transport.retry import RetryPolicy
from tests.cloud import Cloud
from tests.redis_server import RedisServer, redis_server

NAME = "workers"
Store = InMemoryAsyncPoolStateStore | AsyncRedisPoolStateStore


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as started:
        yield started


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    if request.param == "memory":
        yield InMemoryAsyncPoolStateStore()
        return
    started: RedisServer = request.getfixturevalue("server")
    client = Redis(unix_socket_path=started.socket)
    await client.flushall()
    yield AsyncRedisPoolStateStore(client)
    await client.aclose()


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
async def config(cloud: Cloud) -> AsyncIterator[ConnectionConfig]:
    async with ConnectionConfig(
        domain="cloud", transport=cloud.transport, retry_policy=RetryPolicy.disabled()
    ) as made:
        yield made


async def fill(store: Store, cloud: Cloud, *ids: str) -> None:
    cloud.created.extend(ids)
    for sandbox_id in ids:
        await store.put_idle(NAME, sandbox_id)


async def test_what_is_idle_is_killed_and_the_name_stays_unusable(
    store: Store, cloud: Cloud, config: ConnectionConfig
) -> None:
    ids = [f"s{number}" for number in range(40)]
    await fill(store, cloud, *ids)
    await store.set_max_idle(NAME, 40)
    manager = SandboxPoolManagerAsync(state_store=store, connection_config=config)
    assert await manager.destroy(NAME) == PoolDestroyResult(
        NAME, PoolDestroyState.DESTROYED, 40, 40, persistent_state_cleared=True
    )
    assert sorted(cloud.killed) == sorted(ids)
    assert await store.get_max_idle(NAME) is None
    assert await store.get_destroy_state(NAME) is PoolDestroyState.DESTROYED
    with pytest.raises(PoolDestroyedException):
        await store.put_idle(NAME, "another")


async def test_destroying_again_changes_nothing(
    store: Store, cloud: Cloud, config: ConnectionConfig
) -> None:
    manager = SandboxPoolManagerAsync(state_store=store, connection_config=config)
    await manager.destroy(NAME)
    assert await manager.destroy(NAME) == PoolDestroyResult(
        NAME, PoolDestroyState.DESTROYED, 0, 0, persistent_state_cleared=False
    )


async def test_a_name_may_be_used_again_when_its_tombstone_has_expired(
    store: Store, cloud: Cloud, config: ConnectionConfig
) -> None:
    manager = SandboxPoolManagerAsync(state_store=store, connection_config=config)
    await manager.destroy(NAME, PoolDestroyOptions(tombstone_ttl=timedelta(milliseconds=1)))
    await async_sleep(0.01)
    await store.put_idle(NAME, "another")


async def test_a_pool_that_runs_stops_making_more(
    store: Store, cloud: Cloud, config: ConnectionConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opensandbox._async.pool_leader._TICK", 0.01)
    async with SandboxPoolAsync(
        pool_name=NAME,
        max_idle=3,
        state_store=store,
        connection_config=config,
        creation_spec=PoolCreationSpec("python:3.11"),
    ) as pool:
        ends = monotonic() + 20
        while await store.snapshot_counters(NAME) != StoreCounters(3):
            assert monotonic() < ends
            await async_sleep(0.01)
        mine = await pool.acquire()
        await SandboxPoolManagerAsync(state_store=store, connection_config=config).destroy(NAME)
        with pytest.raises(PoolDestroyedException):
            await pool.acquire()
    # What comes too late is killed as well; what was acquired stays.
    await mine.close()
    assert cloud.alive == {mine.id}


async def test_what_cannot_be_killed_leaves_it_half_done_to_be_done_again(
    store: Store, cloud: Cloud, config: ConnectionConfig
) -> None:
    await fill(store, cloud, "a", "b", "stuck")
    cloud.immortal = {"stuck"}
    manager = SandboxPoolManagerAsync(state_store=store, connection_config=config)
    with pytest.raises(PoolDestroyIncompleteException, match="stuck") as failure:
        await manager.destroy(NAME, PoolDestroyOptions(drain_timeout=timedelta(seconds=0.1)))
    assert "CANNOT_KILL" in failure.value.__notes__[0]
    assert await store.get_destroy_state(NAME) is PoolDestroyState.DESTROYING
    with pytest.raises(PoolDestroyedException):
        await store.put_idle(NAME, "another")
    result = await manager.destroy(NAME)
    assert (result.state, result.persistent_state_cleared) == (PoolDestroyState.DESTROYED, True)


async def test_what_can_be_killed_a_little_later_is(
    store: Store, cloud: Cloud, config: ConnectionConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opensandbox._async.pool_manager._PAUSE", 0.01)
    await fill(store, cloud, "stuck")
    cloud.immortal = {"stuck"}

    class Patient(SandboxManager):
        async def close(self) -> None:
            cloud.immortal = set()
            await super().close()

    manager = SandboxPoolManagerAsync(
        state_store=store, connection_config=config, sandbox_manager_factory=Patient.create
    )
    result = await manager.destroy(NAME)
    assert (result.drained_idle_count, result.killed_idle_count) == (1, 1)
    assert cloud.killed == ["stuck"]


async def test_it_makes_a_config_of_its_own_when_none_is_given(store: Store) -> None:
    assert (await SandboxPoolManagerAsync(state_store=store).destroy(NAME)).drained_idle_count == 0


async def test_bad_arguments_are_refused(store: Store) -> None:
    manager = SandboxPoolManagerAsync(state_store=store)
    with pytest.raises(InvalidArgumentException, match="pool_name"):
        await manager.destroy("")
    options: Any = {"strategy": "FORCE"}
    with pytest.raises(InvalidArgumentException, match="PoolDestroyOptions"):
        await manager.destroy(NAME, options)
    strategy: Any = "GENTLE"
    with pytest.raises(InvalidArgumentException, match="strategy"):
        PoolDestroyOptions(strategy=strategy)
    with pytest.raises(InvalidArgumentException, match="tombstone_ttl"):
        PoolDestroyOptions(tombstone_ttl=timedelta(0))


def test_options_may_be_words_and_numbers() -> None:
    words: Any = {"strategy": "FORCE", "tombstone_ttl": None, "drain_timeout": 5}
    options = PoolDestroyOptions(**words)
    assert options.strategy is PoolDestroyStrategy.FORCE
    assert (options.tombstone_ttl, options.drain_timeout) == (None, timedelta(seconds=5))


async def test_a_redis_that_goes_away_is_said_so_and_is_found_again(
    cloud: Cloud, config: ConnectionConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opensandbox._async.pool_leader._TICK", 0.01)
    with redis_server() as server:
        once: Any = None  # no second attempts: they take seconds
        client = Redis(unix_socket_path=server.socket, retry=once)
        store = AsyncRedisPoolStateStore(client)
        async with SandboxPoolAsync(
            pool_name=NAME,
            max_idle=1,
            state_store=store,
            connection_config=config,
            creation_spec=PoolCreationSpec("python:3.11"),
        ) as pool:
            ends = monotonic() + 20
            while await store.snapshot_counters(NAME) != StoreCounters(1):
                assert monotonic() < ends
                await async_sleep(0.01)
            server.stop()
            with pytest.raises(PoolStateStoreUnavailableException):
                await pool.acquire()
            server.start()
            while (await pool.snapshot()).idle_count != 1:
                assert monotonic() < ends
                await async_sleep(0.01)
            mine = await pool.acquire()
        await mine.close()
        assert mine.id in cloud.alive
        await client.aclose()
