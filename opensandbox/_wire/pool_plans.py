"""What a pool decides, without a clock, a store or a server.

Rules:

* Whoever asks says what is known and what time it is; the answer is a value.
* A failing server is asked ever less: the waits double up to a limit and are jittered, and after
  one a single warm-up goes ahead of the others. The first that succeeds ends it.
* Warm-ups that were under way when one failed tell nothing new: they neither lengthen a wait nor
  end it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from ..models.pooling import PoolLifecycleState, PoolState

#: The first wait after a failed warm-up, and the longest, in seconds.
FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0
#: How much life an idle sandbox needs to be handed out, when nobody said.
_ENOUGH_LIFE = timedelta(seconds=60)


@dataclass(frozen=True)
class Tick:
    """What the leader does now."""

    create: int = 0
    remove: int = 0


def plan_tick(*, idle: int, warming: int, max_idle: int, concurrency: int, allowance: int) -> Tick:
    """How many sandboxes to warm up or to remove.

    `idle` are in the store and `warming` on their way there; `concurrency` may be on their way at
    once, `allowance` may be begun now.
    """
    if idle > max_idle:
        return Tick(remove=idle - max_idle)
    missing = max_idle - idle - warming
    return Tick(create=max(0, min(missing, concurrency - warming, allowance)))


@dataclass(frozen=True)
class Backoff:
    """Whether warm-ups may begin, seen from those that have ended.

    Times are seconds on one clock of the caller's.
    """

    failures: int = 0
    """How many have failed since one succeeded."""
    rounds: int = 0
    """How many waits that came to."""
    began: float = float("-inf")
    """When the latest wait began."""
    until: float = float("-inf")
    """When it ends."""

    def failed(
        self, started: float, now: float, *, jitter: float, at_least: float = 0.0
    ) -> Backoff:
        """After a warm-up that was begun at `started` has failed.

        `jitter` is a random number from 0 to 1. `at_least` is how long the server asked to wait.
        """
        if started < self.began:
            asked = max(self.until, now + min(at_least, LONGEST_WAIT))
            return replace(self, failures=self.failures + 1, until=asked)
        # More doublings than this are beyond the longest wait.
        full = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(self.rounds, 16))
        wait = max(full * (0.5 + jitter / 2), min(at_least, LONGEST_WAIT))
        return Backoff(self.failures + 1, self.rounds + 1, now, now + wait)

    def succeeded(self, started: float) -> Backoff:
        """After a warm-up that was begun at `started` has put its sandbox into the store."""
        return self if started < self.began else Backoff()

    def active(self, now: float) -> bool:
        """Whether no warm-up may begin."""
        return now < self.until

    def allowance(self, now: float, per_tick: int, warming: int) -> int:
        """How many may begin: none while waiting, then one alone, else `per_tick`."""
        if self.active(now):
            return 0
        if self.rounds:
            return 1 if warming == 0 else 0
        return per_tick


def pool_state(lifecycle: PoolLifecycleState, failures: int, degraded_threshold: int) -> PoolState:
    """How a pool is doing."""
    if lifecycle in (PoolLifecycleState.NOT_STARTED, PoolLifecycleState.STOPPED):
        return PoolState.STOPPED
    if lifecycle is PoolLifecycleState.DRAINING:
        return PoolState.DRAINING
    return PoolState.DEGRADED if failures >= degraded_threshold else PoolState.HEALTHY


def enough_life(asked: timedelta | None, idle_timeout: timedelta) -> timedelta:
    """How much life an idle sandbox needs to be handed out; None leaves that to us."""
    return min(_ENOUGH_LIFE, idle_timeout / 2) if asked is None else asked


#: What a warm-up goes through, by the names that errors and traces use.
WARMUP_CREATE_SPAN = "pool.warmup.create"
WARMUP_READINESS_CHECK_SPAN = "pool.warmup.readiness"
WARMUP_PREPARE_SPAN = "pool.warmup.prepare"
WARMUP_POST_PREPARE_CHECK_SPAN = "pool.warmup.post_prepare_readiness"
WARMUP_RENEW_SPAN = "pool.warmup.renew"
WARMUP_COMMIT_SPAN = "pool.warmup.commit"
