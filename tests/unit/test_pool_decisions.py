"""What a pool decides: how many to make or remove, when to wait, and when it is degraded."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensandbox._wire.pool_plans import (
    FIRST_WAIT,
    LONGEST_WAIT,
    Backoff,
    Tick,
    enough_life,
    plan_tick,
    pool_state,
)
from opensandbox.models.pooling import (
    AcquirePolicy,
    PoolLifecycleState,
    PoolState,
    effective_max_idle_attempts,
    policy_falls_through_to_direct_create,
)

COUNT = st.integers(0, 50)
MOMENT = st.floats(0, 1000)
SHARE = st.floats(0, 1)
ROUNDING = 1e-6


def plan(
    idle: int,
    warming: int = 0,
    *,
    max_idle: int = 10,
    concurrency: int = 128,
    allowance: int = 10,
) -> Tick:
    return plan_tick(
        idle=idle,
        warming=warming,
        max_idle=max_idle,
        concurrency=concurrency,
        allowance=allowance,
    )


def test_what_is_missing_is_made() -> None:
    assert plan(7) == Tick(create=3)


def test_what_is_on_its_way_counts() -> None:
    assert plan(7, 2) == Tick(create=1)
    assert plan(7, 3) == Tick()


def test_no_more_begin_at_once_than_are_allowed() -> None:
    assert plan(0, allowance=4) == Tick(create=4)
    assert plan(0, allowance=0) == Tick()


def test_no_more_are_on_their_way_than_may_be() -> None:
    assert plan(0, 3, concurrency=5) == Tick(create=2)
    assert plan(0, 5, concurrency=5) == Tick()


def test_what_is_too_many_is_removed() -> None:
    assert plan(12, 1) == Tick(remove=2)
    assert plan(3, max_idle=0) == Tick(remove=3)


@given(COUNT, COUNT, COUNT, COUNT, COUNT)
def test_a_look_never_overshoots(
    idle: int, warming: int, max_idle: int, concurrency: int, allowance: int
) -> None:
    tick = plan(idle, warming, max_idle=max_idle, concurrency=concurrency, allowance=allowance)
    assert 0 <= tick.create <= allowance
    assert tick.create == 0 or idle + warming + tick.create <= max_idle
    assert tick.create == 0 or warming + tick.create <= concurrency
    assert idle - tick.remove == min(idle, max_idle)
    assert not (tick.create and tick.remove)


def test_a_pool_that_works_makes_so_many_a_second() -> None:
    assert Backoff().allowance(0.0, 10, 0) == 10


def test_after_a_failure_nothing_begins_for_a_while_and_then_one_alone() -> None:
    backoff = Backoff().failed(0.0, 100.0, jitter=1.0)
    assert (backoff.failures, backoff.active(100.0)) == (1, True)
    assert backoff.allowance(100.0, 10, 0) == 0
    after = 100.0 + FIRST_WAIT
    assert not backoff.active(after)
    assert backoff.allowance(after, 10, 0) == 1
    assert backoff.allowance(after, 10, 1) == 0


def test_the_first_that_succeeds_ends_it() -> None:
    backoff = Backoff().failed(0.0, 100.0, jitter=1.0)
    assert backoff.succeeded(102.0) == Backoff()


def test_waits_double_up_to_a_limit() -> None:
    backoff, now, waits = Backoff(), 0.0, []
    for _ in range(10):
        backoff = backoff.failed(now, now, jitter=1.0)
        waits.append(backoff.until - now)
        now = backoff.until
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]


def test_a_batch_that_fails_together_is_one_wait() -> None:
    backoff = Backoff().failed(0.0, 5.0, jitter=1.0)
    for _ in range(9):
        backoff = backoff.failed(0.0, 5.1, jitter=1.0)
    assert (backoff.failures, backoff.rounds, backoff.until) == (10, 1, 6.0)


def test_what_began_before_a_failure_does_not_end_the_wait() -> None:
    backoff = Backoff().failed(0.0, 5.0, jitter=1.0)
    assert backoff.succeeded(0.0) == backoff


def test_a_server_that_names_a_time_is_given_it() -> None:
    assert Backoff().failed(0.0, 0.0, jitter=0.0, at_least=30.0).until == 30.0
    assert Backoff().failed(0.0, 0.0, jitter=0.0, at_least=9999.0).until == LONGEST_WAIT
    late = Backoff().failed(0.0, 5.0, jitter=0.0).failed(0.0, 5.0, jitter=0.0, at_least=30.0)
    assert late.until == 35.0


@given(st.lists(st.tuples(MOMENT, MOMENT, SHARE, st.booleans()), max_size=60))
def test_no_history_makes_a_wait_too_short_or_too_long(
    history: list[tuple[float, float, float, bool]],
) -> None:
    backoff, now = Backoff(), 0.0
    for ago, later, jitter, success in history:
        now += later
        before, started = backoff, max(0.0, now - ago)
        if success:
            backoff = backoff.succeeded(started)
        else:
            backoff = backoff.failed(started, now, jitter=jitter)
            assert backoff.failures == before.failures + 1
        assert backoff.until - now <= LONGEST_WAIT + ROUNDING
        if backoff.rounds > before.rounds:
            assert backoff.until - now >= FIRST_WAIT / 2 - ROUNDING
        assert backoff.allowance(now, 10, 0) in ((0, 1) if backoff.rounds else (10,))


@pytest.mark.parametrize("lifecycle", [PoolLifecycleState.STARTING, PoolLifecycleState.RUNNING])
def test_a_pool_is_degraded_after_so_many_failures(lifecycle: PoolLifecycleState) -> None:
    assert pool_state(lifecycle, 2, 3) is PoolState.HEALTHY
    assert pool_state(lifecycle, 3, 3) is PoolState.DEGRADED


def test_a_pool_that_does_not_run_is_neither_healthy_nor_degraded() -> None:
    assert pool_state(PoolLifecycleState.NOT_STARTED, 9, 3) is PoolState.STOPPED
    assert pool_state(PoolLifecycleState.STOPPED, 9, 3) is PoolState.STOPPED
    assert pool_state(PoolLifecycleState.DRAINING, 9, 3) is PoolState.DRAINING


@pytest.mark.parametrize(
    ("policy", "attempts", "creates"),
    [
        (AcquirePolicy.FAIL_FAST, 1, False),
        (AcquirePolicy.DIRECT_CREATE, 1, True),
        (AcquirePolicy.RETRY_NEXT_IDLE, 5, False),
        (AcquirePolicy.RETRY_NEXT_IDLE_THEN_CREATE, 5, True),
    ],
)
def test_what_a_policy_means(policy: AcquirePolicy, attempts: int, creates: bool) -> None:
    assert effective_max_idle_attempts(policy, 5) == attempts
    assert effective_max_idle_attempts(policy, 0) == 1
    assert policy_falls_through_to_direct_create(policy) is creates


def test_how_much_life_is_enough() -> None:
    assert enough_life(None, timedelta(days=1)) == timedelta(seconds=60)
    assert enough_life(None, timedelta(seconds=90)) == timedelta(seconds=45)
    assert enough_life(timedelta(0), timedelta(days=1)) == timedelta(0)
