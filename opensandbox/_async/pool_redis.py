"""A pool's state in Redis, shared with pools in other processes and other languages.

Rules:

* The layout and the scripts are `_wire/pool_keys.py`; here they are sent.
* The client is the caller's: its connections, its limits, its close.
* redis is imported when a store is made, not before. Whatever goes wrong in it is a
  `PoolStateStoreUnavailableException` that says what was asked.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .._wire import pool_keys
from .._wire.pool_keys import DEFAULT_IDLE_TTL_MS, DEFAULT_PREFIX, Keys, milliseconds
from .._wire.pool_memory import checked_max_idle, refused
from ..exceptions import InvalidArgumentException, PoolStateStoreUnavailableException
from ..models._time import seconds
from ..models.pooling import IdleEntry, PoolDestroyState, StoreCounters, TakeIdleResult

if TYPE_CHECKING:
    from redis.asyncio import Redis

_NONE = timedelta(0)


class AsyncRedisPoolStateStore:
    """Keeps the state of pools in Redis (extra `redis`).

    Example::

        redis = Redis.from_url("redis://localhost:6379")
        store = AsyncRedisPoolStateStore(redis)

    `redis` stays the caller's to close. Pools with the same name and `key_prefix` share their idle
    sandboxes and elect one leader between them. Raises `PoolStateStoreUnavailableException` when
    Redis does not answer, or not as it should.
    """

    def __init__(self, redis: Redis, key_prefix: str = DEFAULT_PREFIX) -> None:
        if not isinstance(key_prefix, str) or not key_prefix.strip():
            raise InvalidArgumentException(
                f"key_prefix must be a string that is not blank, got {key_prefix!r}"
            )
        # Its commands have no types, or those of both colours at once.
        self._redis: Any = redis
        self._prefix = key_prefix
        self._failures = _failures()

    async def _ask(self, pool_name: str, *command: str | int) -> Any:
        try:
            return await self._redis.execute_command(*command)
        except self._failures as error:
            raise PoolStateStoreUnavailableException(
                f"Redis did not do {command[0]} for pool {pool_name!r}:"
                f" {type(error).__name__}: {error}",
                cause=error,
            ) from error

    async def _run(
        self, pool_name: str, script: str, keys: tuple[str, ...], *values: str | int
    ) -> Any:
        return await self._ask(pool_name, "EVAL", script, len(keys), *keys, *values)

    def _keys(self, pool_name: str) -> Keys:
        return Keys.of(self._prefix, pool_name)

    async def try_take_idle(self, pool_name: str) -> str | None:
        """Take out the oldest idle sandbox that lives; None when there is none."""
        return (await self.try_take_idle_min_ttl(pool_name, _NONE)).sandbox_id

    async def try_take_idle_min_ttl(
        self, pool_name: str, min_remaining_ttl: timedelta
    ) -> TakeIdleResult:
        """Take out the oldest with more life left than that, and those before it."""
        keys, least = self._keys(pool_name), milliseconds(min_remaining_ttl)
        answer = await self._run(pool_name, pool_keys.TAKE, (keys.idle, keys.expires), least)
        return pool_keys.taken(answer)

    async def put_idle(self, pool_name: str, sandbox_id: str) -> None:
        """Let a sandbox wait to be acquired. One that waits already keeps its place."""
        keys = self._keys(pool_name)
        places = (keys.destroy_state, keys.idle, keys.expires, keys.idle_ttl)
        state = await self._run(pool_name, pool_keys.PUT, places, sandbox_id, DEFAULT_IDLE_TTL_MS)
        _require_active(pool_name, state)

    async def remove_idle(self, pool_name: str, sandbox_id: str) -> None:
        """Let it wait no more."""
        keys = self._keys(pool_name)
        await self._run(pool_name, pool_keys.REMOVE, (keys.idle, keys.expires), sandbox_id)

    async def try_acquire_primary_lock(self, pool_name: str, owner_id: str, ttl: timedelta) -> bool:
        """Lead the pool for `ttl`, or lead on; whether that is so."""
        return await self._lead(pool_name, pool_keys.LOCK, owner_id, ttl)

    async def renew_primary_lock(self, pool_name: str, owner_id: str, ttl: timedelta) -> bool:
        """Lead on for `ttl`; False for who does not lead."""
        return await self._lead(pool_name, pool_keys.RENEW, owner_id, ttl)

    async def _lead(self, pool_name: str, script: str, owner_id: str, ttl: timedelta) -> bool:
        seconds(ttl, "ttl")
        keys = self._keys(pool_name)
        places = (keys.destroy_state, keys.lock)
        return bool(await self._run(pool_name, script, places, owner_id, milliseconds(ttl)))

    async def release_primary_lock(self, pool_name: str, owner_id: str) -> None:
        """Stop leading, if one does."""
        keys = self._keys(pool_name)
        await self._run(pool_name, pool_keys.RELEASE, (keys.lock,), owner_id)

    async def reap_expired_idle(self, pool_name: str, now: datetime) -> None:
        """Take out what has expired by Redis's clock."""
        await self.reap_expired_idle_min_ttl(pool_name, now, _NONE)

    async def reap_expired_idle_min_ttl(
        self, pool_name: str, now: datetime, min_remaining_ttl: timedelta
    ) -> tuple[str, ...]:
        """Take out all without that much life left by Redis's clock; those that still live."""
        keys, least = self._keys(pool_name), milliseconds(min_remaining_ttl)
        answer = await self._run(pool_name, pool_keys.REAP, (keys.idle, keys.expires), least)
        return pool_keys.texts(answer)

    async def snapshot_counters(self, pool_name: str) -> StoreCounters:
        """How many wait."""
        return StoreCounters(await self._ask(pool_name, "HLEN", self._keys(pool_name).expires))

    async def snapshot_idle_entries(self, pool_name: str) -> list[IdleEntry]:
        """Which wait, oldest first."""
        keys = self._keys(pool_name)
        answer = await self._run(pool_name, pool_keys.ENTRIES, (keys.idle, keys.expires))
        return pool_keys.entries(answer)

    async def get_max_idle(self, pool_name: str) -> int | None:
        """How many are to wait; None when nobody said."""
        return pool_keys.count(await self._ask(pool_name, "GET", self._keys(pool_name).max_idle))

    async def set_max_idle(self, pool_name: str, max_idle: int) -> None:
        """Say how many are to wait."""
        checked_max_idle(max_idle)
        await self._set(pool_name, self._keys(pool_name).max_idle, max_idle)

    async def set_idle_entry_ttl(self, pool_name: str, idle_ttl: timedelta) -> None:
        """Say how long what is put in from now on may wait."""
        seconds(idle_ttl, "idle_ttl")
        await self._set(pool_name, self._keys(pool_name).idle_ttl, milliseconds(idle_ttl))

    async def _set(self, pool_name: str, key: str, value: int) -> None:
        places = (self._keys(pool_name).destroy_state, key)
        _require_active(pool_name, await self._run(pool_name, pool_keys.SET, places, value))

    async def get_destroy_state(self, pool_name: str) -> PoolDestroyState:
        """Whether the name may be used."""
        key = self._keys(pool_name).destroy_state
        return pool_keys.destroy_state(await self._ask(pool_name, "GET", key))

    async def begin_destroy(self, pool_name: str, owner_id: str) -> None:
        """Take nothing in any more. Raises `PoolDestroyedException` for what is destroyed."""
        keys = self._keys(pool_name)
        places = (keys.destroy_state, keys.destroy_owner)
        if await self._run(pool_name, pool_keys.BEGIN_DESTROY, places, owner_id):
            raise refused(pool_name, PoolDestroyState.DESTROYED)

    async def clear_pool_state(self, pool_name: str) -> None:
        """Forget all but whether the name may be used."""
        await self._ask(pool_name, "DEL", *self._keys(pool_name).cleared)

    async def mark_destroyed(
        self, pool_name: str, owner_id: str, tombstone_ttl: timedelta | None
    ) -> None:
        """Keep the name from being used for `tombstone_ttl`; None is for ever."""
        keys = self._keys(pool_name)
        places = (keys.destroy_state, keys.destroy_owner)
        life = "" if tombstone_ttl is None else milliseconds(tombstone_ttl)
        await self._run(pool_name, pool_keys.MARK_DESTROYED, places, owner_id, life)


def _require_active(pool_name: str, answer: bytes | str | None) -> None:
    state = pool_keys.text(answer)
    if state is not None:
        raise refused(pool_name, state)


def _failures() -> tuple[type[Exception], ...]:
    """What a Redis client raises."""
    try:
        from redis.exceptions import RedisError
    except ImportError as error:
        raise InvalidArgumentException(
            "A pool's state in Redis needs the redis package: pip install 'opensandbox[redis]'",
            cause=error,
        ) from error
    return (RedisError, OSError, TimeoutError)
