# Written by scripts/unasync.py from tests/_async/test_pool_store.py. Do not edit.
"""What every store of pools does, in memory and in Redis, and how the latter lies there."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis import Redis, exceptions

from opensandbox._concurrency import gather, sleep
from opensandbox._sync.pool_redis import RedisPoolStateStore
from opensandbox._sync.pool_store import (
    InMemoryPoolStateStore,
    PoolStateStore,
    reap_expired_idle_with_min_ttl,
    try_take_idle_with_min_ttl,
)
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

Store = InMemoryPoolStateStore | RedisPoolStateStore


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as started:
        yield started


@pytest.fixture
def redis(server: RedisServer) -> Iterator[Any]:
    client = Redis(unix_socket_path=server.socket)
    client.flushall()
    yield client
    client.close()


@pytest.fixture(params=["memory", "redis", "redis as text"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        yield InMemoryPoolStateStore()
        return
    started: RedisServer = request.getfixturevalue("server")
    client = Redis(
        unix_socket_path=started.socket, decode_responses=request.param == "redis as text"
    )
    client.flushall()
    yield RedisPoolStateStore(client)
    client.close()


def fill(store: Store, *ids: str, life: timedelta = HOUR) -> None:
    store.set_idle_entry_ttl(POOL, life)
    for sandbox_id in ids:
        store.put_idle(POOL, sandbox_id)


def about(entry: IdleEntry, life: timedelta) -> bool:
    return abs(entry.expires_at - datetime.now(UTC) - life) < timedelta(minutes=1)


def test_it_is_a_store(store: Store) -> None:
    assert isinstance(store, PoolStateStore)


def test_the_oldest_is_taken_first_and_once(store: Store) -> None:
    fill(store, "a", "b")
    assert [store.try_take_idle(POOL) for _ in range(3)] == ["a", "b", None]


def test_one_that_waits_keeps_its_place(store: Store) -> None:
    fill(store, "a", "b", "a")
    assert store.snapshot_counters(POOL) == StoreCounters(2)
    assert store.try_take_idle(POOL) == "a"


def test_pools_know_nothing_of_each_other(store: Store) -> None:
    fill(store, "a")
    assert store.try_take_idle("other") is None
    assert store.get_max_idle("other") is None


def test_what_waits_is_told_oldest_first(store: Store) -> None:
    fill(store, "a", life=2 * HOUR)
    fill(store, "b", life=HOUR)
    first, second = store.snapshot_idle_entries(POOL)
    assert (first.sandbox_id, second.sandbox_id) == ("a", "b")
    assert about(first, 2 * HOUR)
    assert about(second, HOUR)


def test_a_day_is_how_long_one_waits_when_nobody_said(store: Store) -> None:
    store.put_idle(POOL, "a")
    (entry,) = store.snapshot_idle_entries(POOL)
    assert about(entry, timedelta(days=1))


def test_one_is_taken_back(store: Store) -> None:
    fill(store, "a", "b")
    store.remove_idle(POOL, "a")
    store.remove_idle(POOL, "never there")
    assert [entry.sandbox_id for entry in store.snapshot_idle_entries(POOL)] == ["b"]


def test_what_ends_too_soon_is_given_up_by_the_way(store: Store) -> None:
    fill(store, "short", life=timedelta(minutes=1))
    fill(store, "long")
    taken = store.try_take_idle_min_ttl(POOL, timedelta(minutes=5))
    assert taken == TakeIdleResult("long", ("short",))
    assert store.snapshot_counters(POOL) == StoreCounters(0)


def test_what_has_expired_is_nobodys(store: Store) -> None:
    fill(store, "a", "b", life=timedelta(milliseconds=1))
    sleep(0.01)
    assert store.try_take_idle(POOL) is None
    assert store.try_take_idle_min_ttl(POOL, HOUR) == TakeIdleResult(None)


def test_what_has_expired_can_be_put_in_anew(store: Store) -> None:
    fill(store, "a", life=timedelta(milliseconds=1))
    sleep(0.01)
    fill(store, "a")
    assert store.snapshot_counters(POOL) == StoreCounters(1)
    assert store.try_take_idle(POOL) == "a"


def test_reaping_takes_out_what_ends_soon_and_tells_what_lives(store: Store) -> None:
    fill(store, "gone", life=timedelta(milliseconds=1))
    fill(store, "short", life=timedelta(minutes=1))
    fill(store, "long")
    sleep(0.01)
    now = datetime.now(UTC)
    store.reap_expired_idle(POOL, now)
    assert store.snapshot_counters(POOL) == StoreCounters(2)
    assert store.reap_expired_idle_min_ttl(POOL, now, timedelta(minutes=5)) == ("short",)
    assert [entry.sandbox_id for entry in store.snapshot_idle_entries(POOL)] == ["long"]


def test_a_size_is_kept(store: Store) -> None:
    assert store.get_max_idle(POOL) is None
    store.set_max_idle(POOL, 0)
    assert store.get_max_idle(POOL) == 0


def test_one_leads_until_he_stops_or_is_silent_for_too_long(store: Store) -> None:
    assert store.try_acquire_primary_lock(POOL, "one", HOUR)
    assert not store.try_acquire_primary_lock(POOL, "two", HOUR)
    assert not store.renew_primary_lock(POOL, "two", HOUR)
    assert store.renew_primary_lock(POOL, "one", HOUR)
    store.release_primary_lock(POOL, "two")
    assert not store.try_acquire_primary_lock(POOL, "two", HOUR)
    store.release_primary_lock(POOL, "one")
    assert store.try_acquire_primary_lock(POOL, "two", timedelta(milliseconds=1))
    sleep(0.01)
    assert not store.renew_primary_lock(POOL, "two", HOUR)
    assert store.try_acquire_primary_lock(POOL, "one", HOUR)


def test_one_who_leads_may_say_so_again(store: Store) -> None:
    assert store.try_acquire_primary_lock(POOL, "one", timedelta(milliseconds=1))
    assert store.try_acquire_primary_lock(POOL, "one", HOUR)
    sleep(0.01)
    assert not store.try_acquire_primary_lock(POOL, "two", HOUR)


def test_what_is_being_destroyed_takes_nothing_in_and_is_led_by_nobody(
    store: Store,
) -> None:
    fill(store, "a", "b")
    assert store.try_acquire_primary_lock(POOL, "one", HOUR)
    store.begin_destroy(POOL, "manager")
    assert store.get_destroy_state(POOL) is PoolDestroyState.DESTROYING
    with pytest.raises(PoolDestroyedException, match="DESTROYING"):
        store.put_idle(POOL, "c")
    with pytest.raises(PoolDestroyedException, match="DESTROYING"):
        store.set_max_idle(POOL, 1)
    with pytest.raises(PoolDestroyedException, match="DESTROYING"):
        store.set_idle_entry_ttl(POOL, HOUR)
    assert not store.try_acquire_primary_lock(POOL, "one", HOUR)
    assert not store.renew_primary_lock(POOL, "one", HOUR)
    assert store.try_take_idle(POOL) == "a"
    assert store.try_take_idle(POOL) == "b"


def test_destroying_may_begin_twice_and_ends_once(store: Store) -> None:
    fill(store, "a")
    store.set_max_idle(POOL, 3)
    store.begin_destroy(POOL, "one")
    store.begin_destroy(POOL, "two")
    store.clear_pool_state(POOL)
    assert store.get_max_idle(POOL) is None
    assert store.snapshot_counters(POOL) == StoreCounters(0)
    assert store.get_destroy_state(POOL) is PoolDestroyState.DESTROYING
    store.mark_destroyed(POOL, "two", None)
    assert store.get_destroy_state(POOL) is PoolDestroyState.DESTROYED
    with pytest.raises(PoolDestroyedException, match="DESTROYED"):
        store.begin_destroy(POOL, "one")


def test_a_tombstone_expires(store: Store) -> None:
    store.mark_destroyed(POOL, "one", timedelta(milliseconds=1))
    sleep(0.01)
    assert store.get_destroy_state(POOL) is PoolDestroyState.ACTIVE
    store.put_idle(POOL, "a")


def test_no_two_take_the_same(store: Store) -> None:
    fill(store, *(f"s{number}" for number in range(20)))
    taken = gather(*[lambda: store.try_take_idle(POOL)] * 20)
    assert sorted(str(sandbox_id) for sandbox_id in taken) == sorted(
        f"s{number}" for number in range(20)
    )


def test_bad_arguments_are_refused(store: Store) -> None:
    with pytest.raises(InvalidArgumentException, match="pool_name"):
        store.try_take_idle(" ")
    with pytest.raises(InvalidArgumentException, match="max_idle"):
        store.set_max_idle(POOL, -1)
    with pytest.raises(InvalidArgumentException, match="idle_ttl"):
        store.set_idle_entry_ttl(POOL, timedelta(0))
    with pytest.raises(InvalidArgumentException, match="ttl"):
        store.try_acquire_primary_lock(POOL, "one", timedelta(0))


def test_a_least_life_is_asked_for_only_where_it_is_known(store: Store) -> None:
    now = datetime.now(UTC)
    fill(store, "a", "b", "c", life=timedelta(minutes=1))
    assert try_take_idle_with_min_ttl(store, POOL, None) == TakeIdleResult("a")
    assert reap_expired_idle_with_min_ttl(store, POOL, now, None) == ()
    assert try_take_idle_with_min_ttl(store, POOL, HOUR) == TakeIdleResult(None, ("b", "c"))


class Simple(InMemoryPoolStateStore):
    """A store of a program's own, from before there was a least life."""

    try_take_idle_min_ttl = None  # type: ignore[assignment]
    reap_expired_idle_min_ttl = None  # type: ignore[assignment]

    def try_take_idle(self, pool_name: str) -> str | None:
        return "from the simple store"

    def reap_expired_idle(self, pool_name: str, now: datetime) -> None:
        raise LookupError("reaped simply")


def test_a_store_that_knows_no_least_life_will_do() -> None:
    taken = try_take_idle_with_min_ttl(Simple(), POOL, HOUR)
    assert taken == TakeIdleResult("from the simple store")
    with pytest.raises(LookupError, match="reaped simply"):
        reap_expired_idle_with_min_ttl(Simple(), POOL, datetime.now(UTC), HOUR)


# --- in Redis


def test_its_keys_are_those_that_other_programs_use(redis: Any) -> None:
    store = RedisPoolStateStore(redis)
    fill(store, "a", "b")
    store.set_max_idle(POOL, 3)
    store.try_acquire_primary_lock(POOL, "me", HOUR)
    names = {"idle:list", "idle:expires", "idleTtlMillis", "maxIdle", "lock"}
    assert {key.decode() for key in redis.keys()} == {ROOT + name for name in names}
    assert redis.lrange(ROOT + "idle:list", 0, -1) == [b"a", b"b"]
    assert redis.get(ROOT + "idleTtlMillis") == b"3600000"
    assert redis.get(ROOT + "maxIdle") == b"3"
    assert redis.get(ROOT + "lock") == b"me"
    assert 3_500_000 < redis.pttl(ROOT + "lock") <= 3_600_000
    expires = int(redis.hget(ROOT + "idle:expires", "a") or 0) / 1000
    assert about(IdleEntry("a", datetime.fromtimestamp(expires, UTC)), HOUR)


def test_a_tombstone_lies_where_other_programs_look(redis: Any) -> None:
    store = RedisPoolStateStore(redis)
    fill(store, "a")
    store.begin_destroy(POOL, "me")
    assert redis.get(ROOT + "destroy:state") == b"DESTROYING"
    assert redis.get(ROOT + "destroy:owner") == b"me"
    store.clear_pool_state(POOL)
    store.mark_destroyed(POOL, "me", HOUR)
    names = {"destroy:state", "destroy:owner"}
    assert {key.decode() for key in redis.keys()} == {ROOT + name for name in names}
    assert redis.get(ROOT + "destroy:state") == b"DESTROYED"
    for name in names:
        assert 3_500_000 < redis.pttl(ROOT + name) <= 3_600_000


def test_what_others_wrote_is_read(redis: Any) -> None:
    store = RedisPoolStateStore(redis, "mine")
    root = ROOT.replace("opensandbox:pool", "mine")
    later = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 1000)
    redis.rpush(root + "idle:list", "no expiry", "theirs")
    redis.hset(root + "idle:expires", "theirs", str(later))
    redis.set(root + "maxIdle", "7")
    assert store.snapshot_idle_entries(POOL) == [
        IdleEntry("theirs", datetime(2100, 1, 1, tzinfo=UTC))
    ]
    assert store.try_take_idle(POOL) == "theirs"
    assert store.get_max_idle(POOL) == 7


def test_what_others_wrote_and_nobody_understands_is_not_used(redis: Any) -> None:
    store = RedisPoolStateStore(redis)
    redis.set(ROOT + "destroy:state", "ARCHIVING")
    redis.set(ROOT + "maxIdle", "many")
    assert store.get_destroy_state(POOL) is PoolDestroyState.DESTROYING
    assert store.get_max_idle(POOL) is None
    with pytest.raises(PoolDestroyedException, match="ARCHIVING"):
        store.put_idle(POOL, "a")


def test_a_prefix_must_say_something(redis: Any) -> None:
    with pytest.raises(InvalidArgumentException, match="key_prefix"):
        RedisPoolStateStore(redis, " ")


class Away:
    """A Redis that has gone."""

    def execute_command(self, *command: object) -> None:
        raise exceptions.ConnectionError("nobody there")


def test_a_redis_that_is_away_is_said_so() -> None:
    away: Any = Away()
    store = RedisPoolStateStore(away)
    said = "my pool.*ConnectionError: nobody there"
    with pytest.raises(PoolStateStoreUnavailableException, match=said):
        store.try_take_idle(POOL)
    with pytest.raises(PoolStateStoreUnavailableException, match=said):
        store.get_max_idle(POOL)


def test_a_key_of_another_kind_is_no_answer(redis: Any) -> None:
    redis.set(ROOT + "idle:list", "a word")
    with pytest.raises(PoolStateStoreUnavailableException, match="WRONGTYPE") as failure:
        RedisPoolStateStore(redis).try_take_idle(POOL)
    assert failure.value.cause is not None
