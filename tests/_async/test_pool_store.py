"""What every store of pools does, in memory and in Redis, and how the latter lies there."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis import exceptions
from redis.asyncio import Redis

from opensandbox._async.pool_redis import AsyncRedisPoolStateStore
from opensandbox._async.pool_store import (
    AsyncPoolStateStore,
    InMemoryAsyncPoolStateStore,
    reap_expired_idle_with_min_ttl_async,
    try_take_idle_with_min_ttl_async,
)
from opensandbox._concurrency import async_gather, async_sleep
from opensandbox.exceptions import (
    InvalidArgumentException,
    PoolDestroyedException,
    PoolStateStoreUnavailableException,
)
from opensandbox.models.pooling import IdleEntry, PoolDestroyState, StoreCounters, TakeIdleResult
from tests.redis_server import RedisServer, redis_server

POOL = "my pool/ü"
ROOT = f"opensandbox:pool:{{{base64.urlsafe_b64encode(POOL.encode()).decode().rstrip('=')}}}:"
HOUR = timedelta(hours=1)

Store = InMemoryAsyncPoolStateStore | AsyncRedisPoolStateStore


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as started:
        yield started


@pytest.fixture
async def redis(server: RedisServer) -> AsyncIterator[Any]:
    client = Redis(unix_socket_path=server.socket)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture(params=["memory", "redis", "redis as text"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    if request.param == "memory":
        yield InMemoryAsyncPoolStateStore()
        return
    started: RedisServer = request.getfixturevalue("server")
    client = Redis(
        unix_socket_path=started.socket, decode_responses=request.param == "redis as text"
    )
    await client.flushall()
    yield AsyncRedisPoolStateStore(client)
    await client.aclose()


async def fill(store: Store, *ids: str, life: timedelta = HOUR) -> None:
    await store.set_idle_entry_ttl(POOL, life)
    for sandbox_id in ids:
        await store.put_idle(POOL, sandbox_id)


def about(entry: IdleEntry, life: timedelta) -> bool:
    return abs(entry.expires_at - datetime.now(UTC) - life) < timedelta(minutes=1)


async def test_it_is_a_store(store: Store) -> None:
    assert isinstance(store, AsyncPoolStateStore)


async def test_the_oldest_is_taken_first_and_once(store: Store) -> None:
    await fill(store, "a", "b")
    assert [await store.try_take_idle(POOL) for _ in range(3)] == ["a", "b", None]


async def test_one_that_waits_keeps_its_place(store: Store) -> None:
    await fill(store, "a", "b", "a")
    assert await store.snapshot_counters(POOL) == StoreCounters(2)
    assert await store.try_take_idle(POOL) == "a"


async def test_pools_know_nothing_of_each_other(store: Store) -> None:
    await fill(store, "a")
    assert await store.try_take_idle("other") is None
    assert await store.get_max_idle("other") is None


async def test_what_waits_is_told_oldest_first(store: Store) -> None:
    await fill(store, "a", life=2 * HOUR)
    await fill(store, "b", life=HOUR)
    first, second = await store.snapshot_idle_entries(POOL)
    assert (first.sandbox_id, second.sandbox_id) == ("a", "b")
    assert about(first, 2 * HOUR)
    assert about(second, HOUR)


async def test_a_day_is_how_long_one_waits_when_nobody_said(store: Store) -> None:
    await store.put_idle(POOL, "a")
    (entry,) = await store.snapshot_idle_entries(POOL)
    assert about(entry, timedelta(days=1))


async def test_one_is_taken_back(store: Store) -> None:
    await fill(store, "a", "b")
    await store.remove_idle(POOL, "a")
    await store.remove_idle(POOL, "never there")
    assert [entry.sandbox_id for entry in await store.snapshot_idle_entries(POOL)] == ["b"]


async def test_what_ends_too_soon_is_given_up_by_the_way(store: Store) -> None:
    await fill(store, "short", life=timedelta(minutes=1))
    await fill(store, "long")
    taken = await store.try_take_idle_min_ttl(POOL, timedelta(minutes=5))
    assert taken == TakeIdleResult("long", ("short",))
    assert await store.snapshot_counters(POOL) == StoreCounters(0)


async def test_what_has_expired_is_nobodys(store: Store) -> None:
    await fill(store, "a", "b", life=timedelta(milliseconds=1))
    await async_sleep(0.01)
    assert await store.try_take_idle(POOL) is None
    assert await store.try_take_idle_min_ttl(POOL, HOUR) == TakeIdleResult(None)


async def test_what_has_expired_can_be_put_in_anew(store: Store) -> None:
    await fill(store, "a", life=timedelta(milliseconds=1))
    await async_sleep(0.01)
    await fill(store, "a")
    assert await store.snapshot_counters(POOL) == StoreCounters(1)
    assert await store.try_take_idle(POOL) == "a"


async def test_reaping_takes_out_what_ends_soon_and_tells_what_lives(store: Store) -> None:
    await fill(store, "gone", life=timedelta(milliseconds=1))
    await fill(store, "short", life=timedelta(minutes=1))
    await fill(store, "long")
    await async_sleep(0.01)
    now = datetime.now(UTC)
    await store.reap_expired_idle(POOL, now)
    assert await store.snapshot_counters(POOL) == StoreCounters(2)
    assert await store.reap_expired_idle_min_ttl(POOL, now, timedelta(minutes=5)) == ("short",)
    assert [entry.sandbox_id for entry in await store.snapshot_idle_entries(POOL)] == ["long"]


async def test_a_size_is_kept(store: Store) -> None:
    assert await store.get_max_idle(POOL) is None
    await store.set_max_idle(POOL, 0)
    assert await store.get_max_idle(POOL) == 0


async def test_one_leads_until_he_stops_or_is_silent_for_too_long(store: Store) -> None:
    assert await store.try_acquire_primary_lock(POOL, "one", HOUR)
    assert not await store.try_acquire_primary_lock(POOL, "two", HOUR)
    assert not await store.renew_primary_lock(POOL, "two", HOUR)
    assert await store.renew_primary_lock(POOL, "one", HOUR)
    await store.release_primary_lock(POOL, "two")
    assert not await store.try_acquire_primary_lock(POOL, "two", HOUR)
    await store.release_primary_lock(POOL, "one")
    assert await store.try_acquire_primary_lock(POOL, "two", timedelta(milliseconds=1))
    await async_sleep(0.01)
    assert not await store.renew_primary_lock(POOL, "two", HOUR)
    assert await store.try_acquire_primary_lock(POOL, "one", HOUR)


async def test_one_who_leads_may_say_so_again(store: Store) -> None:
    assert await store.try_acquire_primary_lock(POOL, "one", timedelta(milliseconds=1))
    assert await store.try_acquire_primary_lock(POOL, "one", HOUR)
    await async_sleep(0.01)
    assert not await store.try_acquire_primary_lock(POOL, "two", HOUR)


async def test_what_is_being_destroyed_takes_nothing_in_and_is_led_by_nobody(
    store: Store,
) -> None:
    await fill(store, "a", "b")
    assert await store.try_acquire_primary_lock(POOL, "one", HOUR)
    await store.begin_destroy(POOL, "manager")
    assert await store.get_destroy_state(POOL) is PoolDestroyState.DESTROYING
    with pytest.raises(PoolDestroyedException, match="DESTROYING"):
        await store.put_idle(POOL, "c")
    with pytest.raises(PoolDestroyedException, match="DESTROYING"):
        await store.set_max_idle(POOL, 1)
    with pytest.raises(PoolDestroyedException, match="DESTROYING"):
        await store.set_idle_entry_ttl(POOL, HOUR)
    assert not await store.try_acquire_primary_lock(POOL, "one", HOUR)
    assert not await store.renew_primary_lock(POOL, "one", HOUR)
    assert await store.try_take_idle(POOL) == "a"
    assert await store.try_take_idle(POOL) == "b"


async def test_destroying_may_begin_twice_and_ends_once(store: Store) -> None:
    await fill(store, "a")
    await store.set_max_idle(POOL, 3)
    await store.begin_destroy(POOL, "one")
    await store.begin_destroy(POOL, "two")
    await store.clear_pool_state(POOL)
    assert await store.get_max_idle(POOL) is None
    assert await store.snapshot_counters(POOL) == StoreCounters(0)
    assert await store.get_destroy_state(POOL) is PoolDestroyState.DESTROYING
    await store.mark_destroyed(POOL, "two", None)
    assert await store.get_destroy_state(POOL) is PoolDestroyState.DESTROYED
    with pytest.raises(PoolDestroyedException, match="DESTROYED"):
        await store.begin_destroy(POOL, "one")


async def test_a_tombstone_expires(store: Store) -> None:
    await store.mark_destroyed(POOL, "one", timedelta(milliseconds=1))
    await async_sleep(0.01)
    assert await store.get_destroy_state(POOL) is PoolDestroyState.ACTIVE
    await store.put_idle(POOL, "a")


async def test_no_two_take_the_same(store: Store) -> None:
    await fill(store, *(f"s{number}" for number in range(20)))
    taken = await async_gather(*[lambda: store.try_take_idle(POOL)] * 20)
    assert sorted(str(sandbox_id) for sandbox_id in taken) == sorted(
        f"s{number}" for number in range(20)
    )


async def test_bad_arguments_are_refused(store: Store) -> None:
    with pytest.raises(InvalidArgumentException, match="pool_name"):
        await store.try_take_idle(" ")
    with pytest.raises(InvalidArgumentException, match="max_idle"):
        await store.set_max_idle(POOL, -1)
    with pytest.raises(InvalidArgumentException, match="idle_ttl"):
        await store.set_idle_entry_ttl(POOL, timedelta(0))
    with pytest.raises(InvalidArgumentException, match="ttl"):
        await store.try_acquire_primary_lock(POOL, "one", timedelta(0))


async def test_a_least_life_is_asked_for_only_where_it_is_known(store: Store) -> None:
    now = datetime.now(UTC)
    await fill(store, "a", "b", "c", life=timedelta(minutes=1))
    assert await try_take_idle_with_min_ttl_async(store, POOL, None) == TakeIdleResult("a")
    assert await reap_expired_idle_with_min_ttl_async(store, POOL, now, None) == ()
    assert await try_take_idle_with_min_ttl_async(store, POOL, HOUR) == TakeIdleResult(
        None, ("b", "c")
    )


class Simple(InMemoryAsyncPoolStateStore):
    """A store of a program's own, from before there was a least life."""

    try_take_idle_min_ttl = None  # type: ignore[assignment]
    reap_expired_idle_min_ttl = None  # type: ignore[assignment]

    async def try_take_idle(self, pool_name: str) -> str | None:
        return "from the simple store"

    async def reap_expired_idle(self, pool_name: str, now: datetime) -> None:
        raise LookupError("reaped simply")


async def test_a_store_that_knows_no_least_life_will_do() -> None:
    taken = await try_take_idle_with_min_ttl_async(Simple(), POOL, HOUR)
    assert taken == TakeIdleResult("from the simple store")
    with pytest.raises(LookupError, match="reaped simply"):
        await reap_expired_idle_with_min_ttl_async(Simple(), POOL, datetime.now(UTC), HOUR)


# --- in Redis


async def test_its_keys_are_those_that_other_programs_use(redis: Any) -> None:
    store = AsyncRedisPoolStateStore(redis)
    await fill(store, "a", "b")
    await store.set_max_idle(POOL, 3)
    await store.try_acquire_primary_lock(POOL, "me", HOUR)
    names = {"idle:list", "idle:expires", "idleTtlMillis", "maxIdle", "lock"}
    assert {key.decode() for key in await redis.keys()} == {ROOT + name for name in names}
    assert await redis.lrange(ROOT + "idle:list", 0, -1) == [b"a", b"b"]
    assert await redis.get(ROOT + "idleTtlMillis") == b"3600000"
    assert await redis.get(ROOT + "maxIdle") == b"3"
    assert await redis.get(ROOT + "lock") == b"me"
    assert 3_500_000 < await redis.pttl(ROOT + "lock") <= 3_600_000
    expires = int(await redis.hget(ROOT + "idle:expires", "a") or 0) / 1000
    assert about(IdleEntry("a", datetime.fromtimestamp(expires, UTC)), HOUR)


async def test_a_tombstone_lies_where_other_programs_look(redis: Any) -> None:
    store = AsyncRedisPoolStateStore(redis)
    await fill(store, "a")
    await store.begin_destroy(POOL, "me")
    assert await redis.get(ROOT + "destroy:state") == b"DESTROYING"
    assert await redis.get(ROOT + "destroy:owner") == b"me"
    await store.clear_pool_state(POOL)
    await store.mark_destroyed(POOL, "me", HOUR)
    names = {"destroy:state", "destroy:owner"}
    assert {key.decode() for key in await redis.keys()} == {ROOT + name for name in names}
    assert await redis.get(ROOT + "destroy:state") == b"DESTROYED"
    for name in names:
        assert 3_500_000 < await redis.pttl(ROOT + name) <= 3_600_000


async def test_what_others_wrote_is_read(redis: Any) -> None:
    store = AsyncRedisPoolStateStore(redis, "mine")
    root = ROOT.replace("opensandbox:pool", "mine")
    later = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 1000)
    await redis.rpush(root + "idle:list", "no expiry", "theirs")
    await redis.hset(root + "idle:expires", "theirs", str(later))
    await redis.set(root + "maxIdle", "7")
    assert await store.snapshot_idle_entries(POOL) == [
        IdleEntry("theirs", datetime(2100, 1, 1, tzinfo=UTC))
    ]
    assert await store.try_take_idle(POOL) == "theirs"
    assert await store.get_max_idle(POOL) == 7


async def test_what_others_wrote_and_nobody_understands_is_not_used(redis: Any) -> None:
    store = AsyncRedisPoolStateStore(redis)
    await redis.set(ROOT + "destroy:state", "ARCHIVING")
    await redis.set(ROOT + "maxIdle", "many")
    assert await store.get_destroy_state(POOL) is PoolDestroyState.DESTROYING
    assert await store.get_max_idle(POOL) is None
    with pytest.raises(PoolDestroyedException, match="ARCHIVING"):
        await store.put_idle(POOL, "a")


async def test_a_prefix_must_say_something(redis: Any) -> None:
    with pytest.raises(InvalidArgumentException, match="key_prefix"):
        AsyncRedisPoolStateStore(redis, " ")


class Away:
    """A Redis that has gone."""

    async def execute_command(self, *command: object) -> None:
        raise exceptions.ConnectionError("nobody there")


async def test_a_redis_that_is_away_is_said_so() -> None:
    away: Any = Away()
    store = AsyncRedisPoolStateStore(away)
    said = "my pool.*ConnectionError: nobody there"
    with pytest.raises(PoolStateStoreUnavailableException, match=said):
        await store.try_take_idle(POOL)
    with pytest.raises(PoolStateStoreUnavailableException, match=said):
        await store.get_max_idle(POOL)


async def test_a_key_of_another_kind_is_no_answer(redis: Any) -> None:
    await redis.set(ROOT + "idle:list", "a word")
    with pytest.raises(PoolStateStoreUnavailableException, match="WRONGTYPE") as failure:
        await AsyncRedisPoolStateStore(redis).try_take_idle(POOL)
    assert failure.value.cause is not None
