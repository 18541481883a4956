"""How pools lie in Redis, where programs in other processes and languages share them.

Rules:

* All keys of a pool begin `{prefix}:{{name in base64url}}:`; the braces keep them in one slot.
* `idle:list` is the order, oldest first; `idle:expires` maps ids to milliseconds since 1970 and
  says which of the list are there at all. `lock` holds the id of who leads, and expires.
* The clock is the server's. Where two clients could race, a script does it in one step.
* While `destroy:state` is there, nothing is put in, set or led, but the pool can be emptied.
* Answers may be bytes or text, as the client was told.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..models.pooling import IdleEntry, PoolDestroyState, TakeIdleResult
from .pool_memory import DEFAULT_IDLE_TTL, checked_pool_name

DEFAULT_PREFIX = "opensandbox:pool"

_NOW = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
"""

#: KEYS destroy:state, the key; ARGV value. Answers the state that forbids it, else nothing.
SET = """
local state = redis.call('GET', KEYS[1])
if not state then redis.call('SET', KEYS[2], ARGV[1]) end
return state
"""

#: KEYS destroy:state, idle:list, idle:expires, idleTtlMillis; ARGV id, life in ms when none is set.
PUT = (
    _NOW
    + """
local state = redis.call('GET', KEYS[1])
if state then return state end
local expires = tonumber(redis.call('HGET', KEYS[3], ARGV[1]) or '')
if expires and expires > now then return false end
local life = tonumber(redis.call('GET', KEYS[4]) or '') or tonumber(ARGV[2])
redis.call('LREM', KEYS[2], 0, ARGV[1])
redis.call('RPUSH', KEYS[2], ARGV[1])
redis.call('HSET', KEYS[3], ARGV[1], string.format('%.0f', now + life))
return false
"""
)

#: KEYS idle:list, idle:expires; ARGV least life in ms. Answers the id or '', then those given up.
TAKE = (
    _NOW
    + """
local alive = {}
local id = redis.call('LPOP', KEYS[1])
while id do
  local expires = tonumber(redis.call('HGET', KEYS[2], id) or '') or 0
  redis.call('HDEL', KEYS[2], id)
  if expires > now + ARGV[1] then return {id, alive} end
  if expires > now then table.insert(alive, id) end
  id = redis.call('LPOP', KEYS[1])
end
return {'', alive}
"""
)

#: KEYS idle:list, idle:expires; ARGV least life in ms. Answers those given up that still live.
REAP = (
    _NOW
    + """
local alive = {}
local entries = redis.call('HGETALL', KEYS[2])
for index = 1, #entries, 2 do
  local id, expires = entries[index], tonumber(entries[index + 1]) or 0
  if expires <= now + ARGV[1] then
    redis.call('HDEL', KEYS[2], id)
    redis.call('LREM', KEYS[1], 0, id)
    if expires > now then table.insert(alive, id) end
  end
end
return alive
"""
)

#: KEYS idle:list, idle:expires. Answers id, ms, id, ms, ...; oldest first.
ENTRIES = """
local found = {}
for _, id in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  local expires = redis.call('HGET', KEYS[2], id)
  if expires then
    table.insert(found, id)
    table.insert(found, expires)
  end
end
return found
"""

#: KEYS idle:list, idle:expires; ARGV id.
REMOVE = """
redis.call('LREM', KEYS[1], 0, ARGV[1])
return redis.call('HDEL', KEYS[2], ARGV[1])
"""

#: KEYS destroy:state, lock; ARGV owner, ms. Answers 1 for who leads.
LOCK = """
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 1
"""

#: KEYS destroy:state, lock; ARGV owner, ms. Answers 1 for who leads on.
RENEW = """
if redis.call('EXISTS', KEYS[1]) == 1 or redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[2], ARGV[2])
"""

#: KEYS lock; ARGV owner.
RELEASE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""

#: KEYS destroy:state, destroy:owner; ARGV owner. Answers 1 when it is destroyed already.
BEGIN_DESTROY = """
if redis.call('GET', KEYS[1]) == 'DESTROYED' then return 1 end
redis.call('SET', KEYS[1], 'DESTROYING')
redis.call('SET', KEYS[2], ARGV[1])
return 0
"""

#: KEYS destroy:state, destroy:owner; ARGV owner, ms or '' for ever.
MARK_DESTROYED = """
redis.call('SET', KEYS[1], 'DESTROYED')
redis.call('SET', KEYS[2], ARGV[1])
if ARGV[2] ~= '' then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
end
return 1
"""


@dataclass(frozen=True)
class Keys:
    """The names of a pool's keys."""

    idle: str
    expires: str
    lock: str
    max_idle: str
    idle_ttl: str
    destroy_state: str
    destroy_owner: str

    @classmethod
    def of(cls, prefix: str, pool_name: str) -> Keys:
        """The keys of one pool. Raises `InvalidArgumentException` for a blank name."""
        name = checked_pool_name(pool_name).encode()
        tag = base64.urlsafe_b64encode(name).rstrip(b"=").decode()
        root = f"{prefix}:{{{tag}}}:"
        return cls(
            idle=f"{root}idle:list",
            expires=f"{root}idle:expires",
            lock=f"{root}lock",
            max_idle=f"{root}maxIdle",
            idle_ttl=f"{root}idleTtlMillis",
            destroy_state=f"{root}destroy:state",
            destroy_owner=f"{root}destroy:owner",
        )

    @property
    def cleared(self) -> tuple[str, ...]:
        """Those that go when a pool is destroyed."""
        return (self.idle, self.expires, self.lock, self.max_idle, self.idle_ttl)


DEFAULT_IDLE_TTL_MS = DEFAULT_IDLE_TTL // timedelta(milliseconds=1)


def milliseconds(duration: timedelta) -> int:
    """A duration as Redis counts, rounded up: what is more than nothing stays that."""
    return math.ceil(duration / timedelta(milliseconds=1))


def text(answer: bytes | str | None) -> str | None:
    """What Redis holds as text."""
    return answer.decode() if isinstance(answer, bytes) else answer


def texts(answer: Sequence[bytes | str]) -> tuple[str, ...]:
    """A list of what Redis holds as text."""
    return tuple(item.decode() if isinstance(item, bytes) else item for item in answer)


def taken(answer: tuple[bytes | str, Sequence[bytes | str]]) -> TakeIdleResult:
    """What `TAKE` says."""
    sandbox_id, alive = answer
    return TakeIdleResult(text(sandbox_id) or None, texts(alive))


def entries(answer: Sequence[bytes | str]) -> list[IdleEntry]:
    """What `ENTRIES` says."""
    words = texts(answer)
    return [
        IdleEntry(sandbox_id, datetime.fromtimestamp(float(expires) / 1000, UTC))
        for sandbox_id, expires in zip(words[::2], words[1::2], strict=True)
    ]


def count(answer: bytes | str | None) -> int | None:
    """A whole number of 0 or more; None for nothing, and for what is no such number."""
    word = text(answer)
    return int(word) if word is not None and word.isascii() and word.isdigit() else None


def destroy_state(answer: bytes | str | None) -> PoolDestroyState:
    """What `destroy:state` says; a word of a later version keeps the pool from being used too."""
    word = text(answer)
    if word is None:
        return PoolDestroyState.ACTIVE
    known = {str(state): state for state in PoolDestroyState}
    return known.get(word, PoolDestroyState.DESTROYING)
