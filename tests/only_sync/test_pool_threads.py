"""A blocking pool is used from many threads, and leaves none."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from opensandbox._sync.config import ConnectionConfigSync
from opensandbox._sync.pool import SandboxPoolSync
from opensandbox._sync.pool_redis import RedisPoolStateStore
from opensandbox._sync.pool_store import InMemoryPoolStateStore
from opensandbox.exceptions import PoolDestroyedException, SandboxException
from opensandbox.models.pooling import PoolCreationSpec
from opensandbox.transport.retry import RetryPolicy
from tests.cloud import Cloud
from tests.redis_server import RedisServer, redis_server


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as started:
        yield started


def pool_of(cloud: Cloud, max_idle: int) -> SandboxPoolSync:
    return SandboxPoolSync(
        pool_name="workers",
        max_idle=max_idle,
        state_store=InMemoryPoolStateStore(),
        connection_config=ConnectionConfigSync(
            domain="cloud", transport=cloud.transport, retry_policy=RetryPolicy.disabled()
        ),
        creation_spec=PoolCreationSpec("python:3.11"),
    )


def test_every_thread_gets_one_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opensandbox._sync.pool_leader._TICK", 0.01)
    cloud = Cloud()
    with pool_of(cloud, 5) as pool, ThreadPoolExecutor(16) as threads:
        taken = [done.result() for done in [threads.submit(pool.acquire) for _ in range(40)]]
        ids = [sandbox.id for sandbox in taken]
        for sandbox in taken:
            sandbox.close()
    assert len(set(ids)) == 40


def test_no_thread_is_left() -> None:
    before = set(threading.enumerate())
    cloud = Cloud()
    with pool_of(cloud, 3) as pool:
        pool.acquire().close()
        assert any(thread.name.startswith("opensandbox-pool") for thread in threading.enumerate())
    pool.release_all_idle()
    assert set(threading.enumerate()) <= before
    assert len(cloud.alive) == 1


IDS = st.sampled_from(["a", "b", "c"])
OWNERS = st.sampled_from(["one", "two"])
STEPS = st.one_of(
    st.tuples(st.just("put_idle"), IDS),
    st.tuples(st.just("remove_idle"), IDS),
    st.tuples(st.just("try_take_idle")),
    st.tuples(st.just("set_max_idle"), st.integers(0, 3)),
    st.tuples(st.just("get_max_idle")),
    st.tuples(st.just("snapshot_counters")),
    st.tuples(st.just("release_primary_lock"), OWNERS),
    st.tuples(st.just("begin_destroy"), OWNERS),
    st.tuples(st.just("get_destroy_state")),
    st.tuples(st.just("clear_pool_state")),
)


def outcome(store: InMemoryPoolStateStore | RedisPoolStateStore, step: tuple[object, ...]) -> str:
    name, *arguments = step
    try:
        return repr(getattr(store, str(name))("p", *arguments))
    except PoolDestroyedException as error:
        return f"{type(error).__name__}: {error}"
    except SandboxException as error:
        raise AssertionError(f"{step} failed") from error


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEPS, max_size=30))
def test_both_stores_say_the_same_whatever_happens(
    server: RedisServer, steps: list[tuple[object, ...]]
) -> None:
    with Redis(unix_socket_path=server.socket) as client:
        client.flushall()
        memory, redis = InMemoryPoolStateStore(), RedisPoolStateStore(client)
        for step in steps:
            assert outcome(memory, step) == outcome(redis, step), step
        waiting = [entry.sandbox_id for entry in memory.snapshot_idle_entries("p")]
        assert waiting == [entry.sandbox_id for entry in redis.snapshot_idle_entries("p")]
