"""The state of one pool, held in memory: the same answers as the scripts in `pool_keys` give.

Rules:

* Every method that needs the time is told it; nothing waits.
* What is being destroyed takes nothing in and is led by nobody, but can be emptied.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..exceptions import InvalidArgumentException, PoolDestroyedException
from ..models.pooling import IdleEntry, PoolDestroyState, TakeIdleResult

#: How long a sandbox may wait to be acquired, when nobody said.
DEFAULT_IDLE_TTL = timedelta(days=1)


def checked_pool_name(pool_name: str) -> str:
    """A name that can be kept. Raises `InvalidArgumentException` for a blank one."""
    if not isinstance(pool_name, str) or not pool_name.strip():
        raise InvalidArgumentException(
            f"pool_name must be a string that is not blank, got {pool_name!r}"
        )
    return pool_name


def refused(pool_name: str, state: str) -> PoolDestroyedException:
    """The error for a pool that takes nothing in any more."""
    return PoolDestroyedException(
        f"Pool {pool_name!r} is {state}: use another name, or wait until its tombstone expires"
    )


@dataclass
class _Lock:
    owner_id: str
    until: datetime


@dataclass
class Namespace:
    """All that is known of one pool name."""

    name: str
    idle: dict[str, datetime] = field(default_factory=dict)
    max_idle: int | None = None
    idle_ttl: timedelta | None = None
    lock: _Lock | None = None
    destroyed: PoolDestroyState = PoolDestroyState.ACTIVE
    tombstone_until: datetime | None = None

    def destroy_state(self, now: datetime) -> PoolDestroyState:
        """Whether the name may be used; a tombstone that has expired is none."""
        if self.tombstone_until is not None and self.tombstone_until <= now:
            self.destroyed, self.tombstone_until = PoolDestroyState.ACTIVE, None
        return self.destroyed

    def require_active(self, now: datetime) -> None:
        """Raise `PoolDestroyedException` unless the name may be used."""
        state = self.destroy_state(now)
        if state is not PoolDestroyState.ACTIVE:
            raise refused(self.name, state)

    def put(self, sandbox_id: str, now: datetime) -> None:
        """Let a sandbox wait behind the others; one that waits already keeps its place."""
        self.require_active(now)
        if sandbox_id in self.idle and self.idle[sandbox_id] > now:
            return
        self.idle.pop(sandbox_id, None)
        self.idle[sandbox_id] = now + (self.idle_ttl or DEFAULT_IDLE_TTL)

    def take(self, min_remaining: timedelta, now: datetime) -> TakeIdleResult:
        """The oldest with more life left than that; those before it are taken out as well."""
        alive: list[str] = []
        for sandbox_id, expires in list(self.idle.items()):
            del self.idle[sandbox_id]
            if expires > now + min_remaining:
                return TakeIdleResult(sandbox_id, tuple(alive))
            if expires > now:
                alive.append(sandbox_id)
        return TakeIdleResult(None, tuple(alive))

    def reap(self, min_remaining: timedelta, now: datetime) -> tuple[str, ...]:
        """Take out all without that much life left; those that still live."""
        short = {key: at for key, at in self.idle.items() if at <= now + min_remaining}
        for sandbox_id in short:
            del self.idle[sandbox_id]
        return tuple(sandbox_id for sandbox_id, at in short.items() if at > now)

    def entries(self) -> list[IdleEntry]:
        """What waits, oldest first."""
        return [IdleEntry(sandbox_id, expires) for sandbox_id, expires in self.idle.items()]

    def acquire_lock(self, owner_id: str, ttl: timedelta, now: datetime) -> bool:
        """Lead, or go on leading, unless somebody else does."""
        if self.destroy_state(now) is not PoolDestroyState.ACTIVE:
            return False
        if self.lock is not None and self.lock.until > now and self.lock.owner_id != owner_id:
            return False
        self.lock = _Lock(owner_id, now + ttl)
        return True

    def renew_lock(self, owner_id: str, ttl: timedelta, now: datetime) -> bool:
        """Go on leading, if one does."""
        if self.lock is None or self.lock.until <= now or self.lock.owner_id != owner_id:
            return False
        return self.acquire_lock(owner_id, ttl, now)

    def release_lock(self, owner_id: str) -> None:
        """Stop leading, if one does."""
        if self.lock is not None and self.lock.owner_id == owner_id:
            self.lock = None

    def begin_destroy(self, now: datetime) -> None:
        """Take nothing in any more."""
        if self.destroy_state(now) is PoolDestroyState.DESTROYED:
            raise refused(self.name, PoolDestroyState.DESTROYED)
        self.destroyed = PoolDestroyState.DESTROYING

    def clear(self) -> None:
        """Forget all but whether the name may be used."""
        self.idle.clear()
        self.max_idle = self.idle_ttl = self.lock = None

    def mark_destroyed(self, tombstone_ttl: timedelta | None, now: datetime) -> None:
        """Keep the name from being used for that long; None is for ever."""
        self.destroyed = PoolDestroyState.DESTROYED
        self.tombstone_until = None if tombstone_ttl is None else now + tombstone_ttl


def checked_max_idle(max_idle: int) -> int:
    """A number of sandboxes. Raises `InvalidArgumentException` for anything else."""
    if isinstance(max_idle, bool) or not isinstance(max_idle, int) or max_idle < 0:
        raise InvalidArgumentException(
            f"max_idle must be a whole number of 0 or more, got {max_idle!r}"
        )
    return max_idle
