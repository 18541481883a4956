# Written by scripts/unasync.py from opensandbox/_async/pool_store.py. Do not edit.
"""Where a pool keeps what it knows: what such a store can do, and one in memory.

Rules:

* A store may be shared by several pools. Each method says one thing about one pool name.
* `destroy` is remembered here: what is being destroyed takes nothing in, and raises
  `PoolDestroyedException`.
* A store of a program's own may leave out the methods named `_min_ttl`; the functions below then do
  with the others.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol, runtime_checkable

from .._concurrency import Lock
from .._wire.pool_memory import Namespace, checked_max_idle, checked_pool_name
from ..models._time import seconds
from ..models.pooling import IdleEntry, PoolDestroyState, StoreCounters, TakeIdleResult

_NONE = timedelta(0)


@runtime_checkable
class PoolStateStore(Protocol):
    """Keeps the state of pools. Raises `PoolStateStoreUnavailableException` when it cannot."""

    def try_take_idle(self, pool_name: str) -> str | None:
        """Take out the oldest idle sandbox that lives; None when there is none."""
        ...

    def put_idle(self, pool_name: str, sandbox_id: str) -> None:
        """Let a sandbox wait to be acquired. One that waits already keeps its place."""
        ...

    def remove_idle(self, pool_name: str, sandbox_id: str) -> None:
        """Let it wait no more."""
        ...

    def try_acquire_primary_lock(self, pool_name: str, owner_id: str, ttl: timedelta) -> bool:
        """Lead the pool for `ttl`, or lead on; whether that is so."""
        ...

    def renew_primary_lock(self, pool_name: str, owner_id: str, ttl: timedelta) -> bool:
        """Lead on for `ttl`; False for who does not lead."""
        ...

    def release_primary_lock(self, pool_name: str, owner_id: str) -> None:
        """Stop leading, if one does."""
        ...

    def reap_expired_idle(self, pool_name: str, now: datetime) -> None:
        """Take out what has expired. A store with a clock of its own looks at that."""
        ...

    def snapshot_counters(self, pool_name: str) -> StoreCounters:
        """How many wait."""
        ...

    def snapshot_idle_entries(self, pool_name: str) -> list[IdleEntry]:
        """Which wait, oldest first."""
        ...

    def get_max_idle(self, pool_name: str) -> int | None:
        """How many are to wait; None when nobody said."""
        ...

    def set_max_idle(self, pool_name: str, max_idle: int) -> None:
        """Say how many are to wait."""
        ...

    def set_idle_entry_ttl(self, pool_name: str, idle_ttl: timedelta) -> None:
        """Say how long what is put in from now on may wait."""
        ...

    def get_destroy_state(self, pool_name: str) -> PoolDestroyState:
        """Whether the name may be used."""
        ...

    def begin_destroy(self, pool_name: str, owner_id: str) -> None:
        """Take nothing in any more. Raises `PoolDestroyedException` for what is destroyed."""
        ...

    def clear_pool_state(self, pool_name: str) -> None:
        """Forget all but whether the name may be used."""
        ...

    def mark_destroyed(
        self, pool_name: str, owner_id: str, tombstone_ttl: timedelta | None
    ) -> None:
        """Keep the name from being used for `tombstone_ttl`; None is for ever."""
        ...


class InMemoryPoolStateStore:
    """Keeps the state of pools in this process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._namespaces: dict[str, Namespace] = {}

    def _of(self, pool_name: str) -> Namespace:
        name = checked_pool_name(pool_name)
        return self._namespaces.setdefault(name, Namespace(name))

    def try_take_idle(self, pool_name: str) -> str | None:
        """Take out the oldest idle sandbox that lives; None when there is none."""
        return (self.try_take_idle_min_ttl(pool_name, _NONE)).sandbox_id

    def try_take_idle_min_ttl(self, pool_name: str, min_remaining_ttl: timedelta) -> TakeIdleResult:
        """Take out the oldest with more life left than that, and those before it."""
        with self._lock:
            return self._of(pool_name).take(min_remaining_ttl, datetime.now(UTC))

    def put_idle(self, pool_name: str, sandbox_id: str) -> None:
        """Let a sandbox wait to be acquired. One that waits already keeps its place."""
        with self._lock:
            self._of(pool_name).put(sandbox_id, datetime.now(UTC))

    def remove_idle(self, pool_name: str, sandbox_id: str) -> None:
        """Let it wait no more."""
        with self._lock:
            self._of(pool_name).idle.pop(sandbox_id, None)

    def try_acquire_primary_lock(self, pool_name: str, owner_id: str, ttl: timedelta) -> bool:
        """Lead the pool for `ttl`, or lead on; whether that is so."""
        seconds(ttl, "ttl")
        with self._lock:
            return self._of(pool_name).acquire_lock(owner_id, ttl, datetime.now(UTC))

    def renew_primary_lock(self, pool_name: str, owner_id: str, ttl: timedelta) -> bool:
        """Lead on for `ttl`; False for who does not lead."""
        seconds(ttl, "ttl")
        with self._lock:
            return self._of(pool_name).renew_lock(owner_id, ttl, datetime.now(UTC))

    def release_primary_lock(self, pool_name: str, owner_id: str) -> None:
        """Stop leading, if one does."""
        with self._lock:
            self._of(pool_name).release_lock(owner_id)

    def reap_expired_idle(self, pool_name: str, now: datetime) -> None:
        """Take out what has expired at `now`."""
        self.reap_expired_idle_min_ttl(pool_name, now, _NONE)

    def reap_expired_idle_min_ttl(
        self, pool_name: str, now: datetime, min_remaining_ttl: timedelta
    ) -> tuple[str, ...]:
        """Take out all without that much life left at `now`; those that still live."""
        with self._lock:
            return self._of(pool_name).reap(min_remaining_ttl, now)

    def snapshot_counters(self, pool_name: str) -> StoreCounters:
        """How many wait."""
        with self._lock:
            return StoreCounters(len(self._of(pool_name).idle))

    def snapshot_idle_entries(self, pool_name: str) -> list[IdleEntry]:
        """Which wait, oldest first."""
        with self._lock:
            return self._of(pool_name).entries()

    def get_max_idle(self, pool_name: str) -> int | None:
        """How many are to wait; None when nobody said."""
        with self._lock:
            return self._of(pool_name).max_idle

    def set_max_idle(self, pool_name: str, max_idle: int) -> None:
        """Say how many are to wait."""
        with self._lock:
            namespace = self._of(pool_name)
            namespace.require_active(datetime.now(UTC))
            namespace.max_idle = checked_max_idle(max_idle)

    def set_idle_entry_ttl(self, pool_name: str, idle_ttl: timedelta) -> None:
        """Say how long what is put in from now on may wait."""
        seconds(idle_ttl, "idle_ttl")
        with self._lock:
            namespace = self._of(pool_name)
            namespace.require_active(datetime.now(UTC))
            namespace.idle_ttl = idle_ttl

    def get_destroy_state(self, pool_name: str) -> PoolDestroyState:
        """Whether the name may be used."""
        with self._lock:
            return self._of(pool_name).destroy_state(datetime.now(UTC))

    def begin_destroy(self, pool_name: str, owner_id: str) -> None:
        """Take nothing in any more. Raises `PoolDestroyedException` for what is destroyed."""
        with self._lock:
            self._of(pool_name).begin_destroy(datetime.now(UTC))

    def clear_pool_state(self, pool_name: str) -> None:
        """Forget all but whether the name may be used."""
        with self._lock:
            self._of(pool_name).clear()

    def mark_destroyed(
        self, pool_name: str, owner_id: str, tombstone_ttl: timedelta | None
    ) -> None:
        """Keep the name from being used for `tombstone_ttl`; None is for ever."""
        with self._lock:
            self._of(pool_name).mark_destroyed(tombstone_ttl, datetime.now(UTC))


def try_take_idle_with_min_ttl(
    store: PoolStateStore, pool_name: str, min_remaining_ttl: timedelta | None
) -> TakeIdleResult:
    """Take out the oldest idle sandbox with more life left than that, and those before it.

    None for `min_remaining_ttl`, or a store that does not look at it: the oldest that lives.
    """
    take = getattr(store, "try_take_idle_min_ttl", None)
    if min_remaining_ttl is None or take is None:
        return TakeIdleResult(store.try_take_idle(pool_name))
    found: TakeIdleResult = take(pool_name, min_remaining_ttl)
    return found


def reap_expired_idle_with_min_ttl(
    store: PoolStateStore,
    pool_name: str,
    now: datetime,
    min_remaining_ttl: timedelta | None,
) -> tuple[str, ...]:
    """Take out all without that much life left; those that still live, for the caller to kill.

    None for `min_remaining_ttl`, or a store that does not look at it: what has expired.
    """
    reap = getattr(store, "reap_expired_idle_min_ttl", None)
    if min_remaining_ttl is None or reap is None:
        store.reap_expired_idle(pool_name, now)
        return ()
    found: tuple[str, ...] = reap(pool_name, now, min_remaining_ttl)
    return found
