# Written by scripts/unasync.py from tests/_async/test_pool.py. Do not edit.
"""A pool keeps sandboxes ready, hands them out, and leaves nothing behind."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from opensandbox._concurrency import monotonic, sleep, time_limit
from opensandbox._sync.config import ConnectionConfigSync
from opensandbox._sync.pool import SandboxPoolSync
from opensandbox._sync.pool_config import PoolConfig
from opensandbox._sync.pool_store import InMemoryPoolStateStore
from opensandbox._sync.sandbox import SandboxSync
from opensandbox.exceptions import (
    InvalidArgumentException,
    PoolAcquireFailedException,
    PoolDestroyedException,
    PoolEmptyException,
    PoolNotRunningException,
    PoolStateStoreUnavailableException,
    SandboxApiException,
)
from opensandbox.models.pooling import (
    AcquirePolicy,
    PoolCreationSpec,
    PooledSandboxCreateContext,
    PooledSandboxCreateReason,
    PoolLifecycleState,
    PoolState,
    StoreCounters,
)
from opensandbox.transport.retry import RetryPolicy
from tests.cloud import Cloud, refusal

NAME = "workers"
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often, and wait briefly after a failure."""
    monkeypatch.setattr("opensandbox._sync.pool_leader._TICK", 0.01)
    monkeypatch.setattr("opensandbox._wire.pool_plans.FIRST_WAIT", 0.02)
    monkeypatch.setattr("opensandbox._wire.pool_plans.LONGEST_WAIT", 0.05)


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def store() -> InMemoryPoolStateStore:
    return InMemoryPoolStateStore()


@pytest.fixture
def config(cloud: Cloud) -> Iterator[ConnectionConfigSync]:
    with ConnectionConfigSync(
        domain="cloud", transport=cloud.transport, retry_policy=RetryPolicy.disabled()
    ) as made:
        yield made


Pools = Callable[..., SandboxPoolSync]


def fails(sandbox: SandboxSync) -> bool:
    raise LookupError("no")


@pytest.fixture
def pools(config: ConnectionConfigSync, store: InMemoryPoolStateStore) -> Iterator[Pools]:
    """Makes pools, and shuts them down."""
    made: list[SandboxPoolSync] = []

    def make(max_idle: int = 3, **options: Any) -> SandboxPoolSync:
        settings: dict[str, Any] = {
            "pool_name": NAME,
            "state_store": store,
            "connection_config": config,
            "creation_spec": PoolCreationSpec("python:3.11", env={"A": "1"}),
            "acquire_ready_timeout": 0.1,
            "warmup_ready_timeout": 0.1,
            "warmup_health_check_polling_interval": 0.01,
            **options,
        }
        made.append(SandboxPoolSync(max_idle=max_idle, **settings))
        return made[-1]

    yield make
    for pool in made:
        pool.shutdown(graceful=False)


def until(true: Callable[[], bool]) -> None:
    ends = monotonic() + 20
    while not true():
        assert monotonic() < ends, "it did not come to that"
        sleep(0.01)


def acquired(pool: SandboxPoolSync, **options: Any) -> str:
    """The id of what is acquired, which is done with at once."""
    with pool.acquire(**options) as sandbox:
        return sandbox.id


def idle(pool: SandboxPoolSync, count: int) -> list[str]:
    """The ids that wait, once there are so many and nothing is under way."""
    ends = monotonic() + 20
    while True:
        told = pool.snapshot()
        if (told.idle_count, told.in_flight_operations) == (count, 0):
            return [entry.sandbox_id for entry in pool.snapshot_idle_entries()]
        assert monotonic() < ends, told
        sleep(0.01)


# --- kept ready


def test_it_warms_up_as_many_as_are_to_wait(pools: Pools, cloud: Cloud) -> None:
    with pools(3) as pool:
        assert sorted(idle(pool, 3)) == sorted(cloud.created) == ["s1", "s2", "s3"]
        assert sorted(cloud.renewed) == ["s1", "s2", "s3"]
        body = cloud.asked[0]
        assert (body["image"]["uri"], body["env"], body["timeout"]) == (
            "python:3.11",
            {"A": "1"},
            86400,
        )
        told = pool.snapshot()
        assert (told.state, told.lifecycle_state) == (
            PoolState.HEALTHY,
            PoolLifecycleState.RUNNING,
        )
        assert (told.max_idle, told.failure_count, told.last_error) == (3, 0, None)
        assert not told.backoff_active


def test_what_is_acquired_is_made_up_for_and_belongs_to_the_caller(
    pools: Pools, cloud: Cloud
) -> None:
    with pools(2) as pool:
        oldest = (idle(pool, 2))[0]
        sandbox = pool.acquire()
        assert isinstance(sandbox, SandboxSync)
        assert sandbox.id == oldest
        assert oldest not in idle(pool, 2)
        sandbox.close()
    assert cloud.killed == []


def test_a_life_of_its_own_is_given_to_what_is_acquired(pools: Pools, cloud: Cloud) -> None:
    with pools(1) as pool:
        idle(pool, 1)
        cloud.renewed.clear()
        assert acquired(pool, sandbox_timeout=300) in cloud.renewed


def test_it_takes_no_more_steps_at_a_time_than_are_allowed(pools: Pools, cloud: Cloud) -> None:
    seen: list[int] = []

    def prepare(sandbox: SandboxSync) -> None:
        seen.append((pool.snapshot()).in_flight_operations)
        sleep(0.02)

    pool = pools(6, warmup_concurrency=2, warmup_sandbox_preparer=prepare)
    with pool:
        idle(pool, 6)
    assert len(seen) == 6
    assert max(seen) <= 2


def test_a_new_sandbox_goes_through_every_step_before_it_waits(
    pools: Pools, cloud: Cloud, store: InMemoryPoolStateStore
) -> None:
    steps: list[str] = []

    def healthy(sandbox: SandboxSync) -> bool:
        steps.append("healthy")
        return steps.count("healthy") > 1

    def prepare(sandbox: SandboxSync) -> None:
        steps.append("prepare")

    def prepared(sandbox: SandboxSync) -> bool:
        steps.append("prepared")
        assert cloud.renewed == []
        assert store.snapshot_counters(NAME) == StoreCounters(0)
        return steps.count("prepared") > 1

    with pools(
        1,
        warmup_health_check=healthy,
        warmup_sandbox_preparer=prepare,
        warmup_post_prepare_health_check=prepared,
        warmup_health_check_initial_delay=0.01,
    ) as pool:
        idle(pool, 1)
    assert steps == ["healthy", "healthy", "prepare", "prepared", "prepared"]
    assert cloud.renewed == ["s1"]


def test_health_is_not_asked_for_where_it_is_to_be_skipped(pools: Pools, cloud: Cloud) -> None:
    cloud.broken = {"s1"}
    with pools(1, warmup_skip_health_check=True, acquire_skip_health_check=True) as pool:
        idle(pool, 1)
        assert acquired(pool) == "s1"


def test_a_smaller_size_ends_the_oldest(pools: Pools, cloud: Cloud) -> None:
    with pools(3) as pool:
        waiting = idle(pool, 3)
        pool.resize(1)
        assert idle(pool, 1) == waiting[2:]
        assert sorted(cloud.killed) == sorted(waiting[:2])
        pool.resize(2)
        idle(pool, 2)


def test_what_ends_soon_is_replaced(
    pools: Pools, cloud: Cloud, store: InMemoryPoolStateStore
) -> None:
    cloud.created.append("old")
    store.set_idle_entry_ttl(NAME, timedelta(seconds=30))
    store.put_idle(NAME, "old")
    with pools(1) as pool:
        until(lambda: cloud.killed == ["old"])
        assert idle(pool, 1) == ["s1"]


def test_a_creator_of_ones_own_is_told_what_for(pools: Pools, cloud: Cloud) -> None:
    told: list[PooledSandboxCreateContext] = []

    def create(context: PooledSandboxCreateContext) -> SandboxSync:
        told.append(context)
        config: Any = context.connection_config
        return SandboxSync.create("mine", timeout=context.idle_timeout, connection_config=config)

    with pools(1, sandbox_creator=create, owner_id="me", acquire_skip_health_check=True) as pool:
        idle(pool, 1)
        acquired(pool)
        pool.resize(0)
        idle(pool, 0)
        acquired(pool)
    warm, direct = told[0], told[-1]
    assert (warm.reason, warm.pool_name, warm.owner_id, warm.idle_timeout) == (
        PooledSandboxCreateReason.WARMUP,
        NAME,
        "me",
        timedelta(days=1),
    )
    assert (warm.ready_timeout, warm.skip_health_check) == (timedelta(seconds=0.1), True)
    assert direct.reason is PooledSandboxCreateReason.DIRECT_CREATE
    assert {body["image"]["uri"] for body in cloud.asked} == {"mine"}


# --- several pools of one name


def test_one_of_several_leads_and_all_share(pools: Pools, cloud: Cloud) -> None:
    with pools(3) as one, pools(3) as two:
        assert idle(one, 3) == idle(two, 3)
        sleep(0.05)
        assert len(cloud.created) == 3
        assert acquired(one) != acquired(two)


def test_another_leads_when_the_first_stops(pools: Pools, cloud: Cloud) -> None:
    one, two = pools(1), pools(1)
    one.start()
    idle(one, 1)
    two.start()
    one.shutdown()
    acquired(two)
    idle(two, 1)


def test_who_leads_no_more_puts_nothing_in(
    pools: Pools, cloud: Cloud, store: InMemoryPoolStateStore
) -> None:
    def deposed(sandbox: SandboxSync) -> None:
        store.release_primary_lock(NAME, "me")
        store.try_acquire_primary_lock(NAME, "other", HOUR)

    with pools(1, owner_id="me", warmup_sandbox_preparer=deposed) as pool:
        until(lambda: cloud.killed == ["s1"])
        assert idle(pool, 0) == []
        assert (pool.snapshot()).failure_count == 0


# --- handed out, by policy


def emptied(pools: Pools, **options: Any) -> SandboxPoolSync:
    pool = pools(0, **options)
    pool.start()
    return pool


def put(store: InMemoryPoolStateStore, cloud: Cloud, *ids: str) -> None:
    """Let these wait, in a pool whose leader would remove them: there is another leader."""
    cloud.created.extend(ids)
    store.set_max_idle(NAME, len(ids))
    for sandbox_id in ids:
        store.put_idle(NAME, sandbox_id)


@pytest.fixture
def led(store: InMemoryPoolStateStore) -> None:
    """Somebody else leads, and does nothing."""
    store.try_acquire_primary_lock(NAME, "somebody else", HOUR)


@pytest.mark.parametrize("policy", [AcquirePolicy.FAIL_FAST, AcquirePolicy.RETRY_NEXT_IDLE])
def test_without_an_idle_one_two_policies_raise(
    pools: Pools, cloud: Cloud, policy: AcquirePolicy
) -> None:
    pool = emptied(pools)
    with pytest.raises(PoolEmptyException, match="no idle sandbox"):
        pool.acquire(policy=policy)
    assert cloud.created == []


@pytest.mark.parametrize(
    "policy", [AcquirePolicy.DIRECT_CREATE, AcquirePolicy.RETRY_NEXT_IDLE_THEN_CREATE]
)
def test_without_an_idle_one_two_policies_make_one(
    pools: Pools, cloud: Cloud, policy: AcquirePolicy
) -> None:
    pool = emptied(pools)
    sandbox_id = acquired(pool, sandbox_timeout=HOUR, policy=policy)
    assert [sandbox_id] == cloud.created == cloud.renewed


@pytest.mark.parametrize(
    ("policy", "tried", "gets"),
    [
        (AcquirePolicy.FAIL_FAST, ["b1"], None),
        (AcquirePolicy.DIRECT_CREATE, ["b1"], "s1"),
        (AcquirePolicy.RETRY_NEXT_IDLE, ["b1", "b2"], None),
        (AcquirePolicy.RETRY_NEXT_IDLE_THEN_CREATE, ["b1", "b2"], "s1"),
    ],
)
def test_those_that_do_not_work_are_killed_and_the_policy_says_what_then(
    pools: Pools,
    cloud: Cloud,
    store: InMemoryPoolStateStore,
    led: None,
    policy: AcquirePolicy,
    tried: list[str],
    gets: str | None,
) -> None:
    pool = emptied(pools, max_acquire_retries=2)
    cloud.broken = {"b1", "b2", "b3"}
    put(store, cloud, "b1", "b2", "b3")
    if gets is None:
        with pytest.raises(PoolAcquireFailedException, match=f"{len(tried)} idle") as failure:
            pool.acquire(policy=policy)
        assert failure.value.cause is not None
    else:
        assert acquired(pool, policy=policy) == gets
    assert cloud.killed == tried


def test_the_next_one_that_works_is_taken(
    pools: Pools, cloud: Cloud, store: InMemoryPoolStateStore, led: None
) -> None:
    pool = emptied(pools)
    cloud.broken = {"b1"}
    put(store, cloud, "b1", "good")
    assert acquired(pool, policy=AcquirePolicy.RETRY_NEXT_IDLE) == "good"
    assert cloud.killed == ["b1"]


def test_one_that_is_gone_already_is_no_trouble(
    pools: Pools, cloud: Cloud, store: InMemoryPoolStateStore, led: None
) -> None:
    pool = emptied(pools)
    store.put_idle(NAME, "gone")
    with pytest.raises(PoolAcquireFailedException, match="404") as failure:
        pool.acquire(policy=AcquirePolicy.FAIL_FAST)
    assert not getattr(failure.value.cause, "__notes__", [])


def test_one_that_cannot_be_killed_is_told(
    pools: Pools, cloud: Cloud, store: InMemoryPoolStateStore, led: None
) -> None:
    pool = emptied(pools)
    cloud.broken = cloud.immortal = {"b1"}
    put(store, cloud, "b1")
    with pytest.raises(PoolAcquireFailedException, match="CANNOT_KILL"):
        pool.acquire(policy=AcquirePolicy.FAIL_FAST)


def test_one_with_too_little_life_left_is_killed_not_handed_out(
    pools: Pools, cloud: Cloud, store: InMemoryPoolStateStore, led: None
) -> None:
    pool = emptied(pools, acquire_min_remaining_ttl=HOUR)
    store.set_idle_entry_ttl(NAME, timedelta(minutes=30))
    put(store, cloud, "short")
    store.set_idle_entry_ttl(NAME, 2 * HOUR)
    put(store, cloud, "long")
    assert acquired(pool, policy=AcquirePolicy.FAIL_FAST) == "long"
    until(lambda: cloud.killed == ["short"])


def test_what_acquire_cannot_make_it_raises(pools: Pools, cloud: Cloud) -> None:
    pool = emptied(pools)
    cloud.refuse = refusal(403, "QUOTA")
    with pytest.raises(SandboxApiException, match="QUOTA"):
        pool.acquire()


def test_one_made_that_cannot_be_renewed_is_killed(pools: Pools, cloud: Cloud) -> None:
    class Forgetful(SandboxSync):
        def renew(self, *args: Any, **options: Any) -> Any:
            raise SandboxApiException("cannot renew")

    pool = emptied(pools, sandbox_factory=Forgetful)
    with pytest.raises(SandboxApiException, match="cannot renew"):
        pool.acquire(sandbox_timeout=300)
    assert cloud.alive == set()


def test_a_policy_may_be_given_by_name_and_must_exist(pools: Pools) -> None:
    pool = emptied(pools)
    fail_fast: Any = "FAIL_FAST"
    with pytest.raises(PoolEmptyException):
        pool.acquire(policy=fail_fast)
    nonsense: Any = "HOPE"
    with pytest.raises(InvalidArgumentException, match="RETRY_NEXT_IDLE"):
        pool.acquire(policy=nonsense)
    with pytest.raises(InvalidArgumentException, match="sandbox_timeout"):
        pool.acquire(sandbox_timeout=0)


# --- a server that fails


def test_a_failing_server_is_asked_ever_less_and_then_again(
    pools: Pools, cloud: Cloud, config: ConnectionConfigSync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opensandbox._wire.pool_plans.FIRST_WAIT", 3600.0)
    monkeypatch.setattr("opensandbox._wire.pool_plans.LONGEST_WAIT", 3600.0)
    cloud.refuse = refusal(500, "ON_FIRE")
    # What the first request of a program loads takes longer than the time between two looks.
    with pytest.raises(SandboxApiException):
        SandboxSync.create("python:3.11", connection_config=config)
    cloud.asked.clear()
    with pools(50, degraded_threshold=3) as pool:
        with time_limit(30):
            while not (pool.snapshot()).backoff_active:
                sleep(0.01)
        # Those that began before the first failure; thirty looks later still only those.
        sleep(0.1)
        begun = len(cloud.asked)
        sleep(0.3)
        told = pool.snapshot()
        assert len(cloud.asked) == begun < 50
        assert (told.failure_count, told.backoff_active) == (begun, True)
        assert told.state is PoolState.DEGRADED
        assert told.last_error is not None
        assert told.last_error.startswith("pool.warmup.create: SandboxApiException: ")
        assert "ON_FIRE" in told.last_error


def test_a_server_that_recovers_is_found_by_one_alone(pools: Pools, cloud: Cloud) -> None:
    cloud.refusals = [refusal(500) for _ in range(6)]
    with pools(4) as pool:
        idle(pool, 4)
        told = pool.snapshot()
        assert (told.failure_count, told.last_error, told.state) == (0, None, PoolState.HEALTHY)
    assert len(cloud.asked) == 10


def test_a_server_that_asks_for_time_gets_it(
    pools: Pools, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opensandbox._wire.pool_plans.LONGEST_WAIT", 60.0)
    cloud.refusals = [refusal(429, "SLOW_DOWN", **{"Retry-After": "30"})]
    with pools(1) as pool:
        until(lambda: len(cloud.asked) == 1)
        sleep(0.2)
        assert len(cloud.asked) == 1
        assert (pool.snapshot()).backoff_active


@pytest.mark.parametrize(
    ("options", "step"),
    [
        ({}, "pool.warmup.readiness"),
        ({"warmup_health_check": lambda sandbox: False}, "pool.warmup.readiness"),
        ({"warmup_sandbox_preparer": fails}, "pool.warmup.prepare"),
        (
            {
                "warmup_post_prepare_health_check": fails,
                "warmup_post_prepare_health_check_timeout": 0.05,
            },
            "pool.warmup.post_prepare_readiness",
        ),
    ],
)
def test_a_warm_up_that_fails_on_its_way_leaves_no_sandbox(
    pools: Pools, cloud: Cloud, options: dict[str, Any], step: str
) -> None:
    if not options:
        cloud.broken = {f"s{number}" for number in range(100)}
    with pools(1, **options) as pool:
        until(lambda: len(cloud.killed) >= 2)
        told = pool.snapshot()
        assert told.last_error is not None
        assert told.last_error.startswith(f"{step}: ")
        assert told.idle_count == 0
    assert cloud.alive == set()


# --- a store that is away


class Moody(InMemoryPoolStateStore):
    """A store that is away at times."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.full = False

    def snapshot_counters(self, pool_name: str) -> StoreCounters:
        if self.away:
            raise PoolStateStoreUnavailableException("the store is away")
        return super().snapshot_counters(pool_name)

    def put_idle(self, pool_name: str, sandbox_id: str) -> None:
        super().put_idle(pool_name, sandbox_id)
        if self.full:
            raise PoolStateStoreUnavailableException("said nothing")


def test_a_store_that_is_away_is_looked_for_until_it_is_back(pools: Pools, cloud: Cloud) -> None:
    store = Moody()
    store.away = True
    with pools(1, state_store=store) as pool:
        until(lambda: pool._leader is not None and pool._leader.failure_count > 2)
        with pytest.raises(PoolStateStoreUnavailableException):
            pool.snapshot()
        assert pool._leader is not None
        assert "the store is away" in str(pool._leader.last_error)
        assert cloud.created == []
        store.away = False
        idle(pool, 1)
        assert (pool.snapshot()).last_error is None


def test_what_may_have_been_put_in_is_taken_back_before_it_is_killed(
    pools: Pools, cloud: Cloud
) -> None:
    store = Moody()
    store.full = True
    with pools(1, state_store=store) as pool:
        until(lambda: len(cloud.killed) >= 1)
        store.full = False
        (waiting,) = idle(pool, 1)
        assert cloud.alive == {waiting}
        assert waiting not in cloud.killed


# --- from start to end


def test_it_does_nothing_before_it_is_started(pools: Pools, cloud: Cloud) -> None:
    pool = pools(1)
    with pytest.raises(PoolNotRunningException, match="NOT_STARTED"):
        pool.acquire()
    told = pool.snapshot()
    assert (told.state, told.lifecycle_state, told.max_idle) == (
        PoolState.STOPPED,
        PoolLifecycleState.NOT_STARTED,
        1,
    )
    pool.shutdown()
    assert cloud.asked == []


def test_it_is_started_once_and_may_be_started_again(pools: Pools, cloud: Cloud) -> None:
    pool = pools(1)
    pool.start()
    pool.start()
    idle(pool, 1)
    pool.shutdown()
    pool.shutdown()
    told = pool.snapshot()
    assert (told.state, told.idle_count) == (PoolState.STOPPED, 1)
    with pytest.raises(PoolNotRunningException, match="STOPPED"):
        pool.acquire()
    pool.start()
    assert acquired(pool) == cloud.created[0]


def test_shutting_down_lets_what_is_under_way_finish(pools: Pools, cloud: Cloud) -> None:
    begun: list[str] = []

    def prepare(sandbox: SandboxSync) -> None:
        begun.append(sandbox.id)
        sleep(0.1)

    pool = pools(1, warmup_sandbox_preparer=prepare)
    pool.start()
    until(lambda: bool(begun))
    pool.shutdown()
    assert [entry.sandbox_id for entry in pool.snapshot_idle_entries()] == ["s1"]
    assert cloud.killed == []


@pytest.mark.parametrize(
    ("graceful", "options"), [(True, {"drain_timeout": 0}), (False, {})], ids=["drained", "forced"]
)
def test_what_is_not_done_in_time_leaves_no_sandbox(
    pools: Pools, cloud: Cloud, graceful: bool, options: dict[str, Any]
) -> None:
    begun: list[str] = []

    def prepare(sandbox: SandboxSync) -> None:
        begun.append(sandbox.id)
        sleep(0.2)

    pool = pools(2, warmup_sandbox_preparer=prepare, **options)
    pool.start()
    until(lambda: len(begun) == 2)
    pool.shutdown(graceful=graceful)
    assert cloud.alive == set()
    assert idle(pool, 0) == []


def test_shutting_down_gives_up_the_lead(pools: Pools, store: InMemoryPoolStateStore) -> None:
    with pools(1) as pool:
        idle(pool, 1)
        assert not store.try_acquire_primary_lock(NAME, "other", HOUR)
    assert store.try_acquire_primary_lock(NAME, "other", HOUR)


def test_idle_ones_are_released(pools: Pools, cloud: Cloud) -> None:
    pool = pools(3)
    pool.start()
    idle(pool, 3)
    pool.resize(0)
    idle(pool, 0)
    pool.resize(3)
    idle(pool, 3)
    pool.shutdown()
    assert pool.release_all_idle() == 3
    assert pool.release_all_idle() == 0
    assert cloud.alive == set()


def test_what_could_not_be_released_is_not_counted(pools: Pools, cloud: Cloud) -> None:
    pool = pools(3)
    pool.start()
    idle(pool, 3)
    pool.shutdown()
    cloud.immortal.add(next(iter(cloud.alive)))
    assert pool.release_all_idle() == 2
    assert len(cloud.alive) == 1


def test_idle_ones_are_released_side_by_side(pools: Pools, cloud: Cloud) -> None:
    pool = pools(5)
    pool.start()
    idle(pool, 5)
    pool.shutdown()
    assert pool.release_all_idle_parallel(max_workers=2) == 5
    assert cloud.alive == set()
    with pytest.raises(InvalidArgumentException, match="max_workers"):
        pool.release_all_idle_parallel(0)


def test_a_pool_destroyed_elsewhere_stops_and_says_so(
    pools: Pools, cloud: Cloud, store: InMemoryPoolStateStore
) -> None:
    with pools(1) as pool:
        idle(pool, 1)
        store.begin_destroy(NAME, "manager")
        with pytest.raises(PoolDestroyedException, match="DESTROYING"):
            pool.acquire()
        until(lambda: pool._leader is not None and pool._leader.destroyed)
        told = pool.snapshot()
        assert told.lifecycle_state is PoolLifecycleState.STOPPED
        assert "DESTROYING" in str(told.last_error)
        with pytest.raises(PoolDestroyedException):
            pool.resize(5)
    with pytest.raises(PoolDestroyedException):
        pool.start()
    assert (pool.snapshot()).lifecycle_state is PoolLifecycleState.STOPPED


# --- refused before anything is sent


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"pool_name": " "}, "pool_name"),
        ({"max_idle": -1}, "max_idle"),
        ({"max_idle": True}, "max_idle"),
        ({"owner_id": ""}, "owner_id"),
        ({"warmup_create_qps": 0}, "warmup_create_qps"),
        ({"warmup_concurrency": 0}, "warmup_concurrency"),
        ({"degraded_threshold": 0}, "degraded_threshold"),
        ({"max_acquire_retries": 0}, "max_acquire_retries"),
        ({"primary_lock_ttl": 0}, "primary_lock_ttl"),
        ({"drain_timeout": -1}, "drain_timeout"),
        ({"idle_timeout": 59}, "idle_timeout must be 60 seconds"),
        ({"idle_timeout": 100, "acquire_min_remaining_ttl": 100}, "acquire_min_remaining_ttl"),
        ({"creation_spec": "python:3.11"}, "creation_spec"),
        ({"connection_config": None}, "connection_config"),
        ({"sandbox_creator": "me"}, "sandbox_creator"),
    ],
)
def test_what_cannot_be_meant_is_refused(options: dict[str, Any], said: str) -> None:
    settings: dict[str, Any] = {
        "pool_name": NAME,
        "max_idle": 1,
        "state_store": InMemoryPoolStateStore(),
        "connection_config": ConnectionConfigSync(),
        "creation_spec": PoolCreationSpec("python:3.11"),
        **options,
    }
    with pytest.raises(InvalidArgumentException, match=said):
        SandboxPoolSync(**settings)


def test_a_config_can_be_had_with_another_size() -> None:
    made = PoolConfig(
        pool_name=NAME,
        max_idle=1,
        state_store=InMemoryPoolStateStore(),
        connection_config=ConnectionConfigSync(),
        creation_spec=PoolCreationSpec("python:3.11"),
    )
    assert made.with_max_idle(5).max_idle == 5
    with pytest.raises(InvalidArgumentException):
        made.with_max_idle(-5)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"image": " "}, "image"),
        ({"image": "a", "env": {"A": 1}}, r"env\['A'\] must be a string"),
        ({"image": "a", "entrypoint": "sh"}, "entrypoint must be a list"),
        ({"image": "a", "volumes": [{}]}, "volumes"),
    ],
)
def test_a_spec_that_cannot_be_meant_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidArgumentException, match=said):
        PoolCreationSpec(**options)


def test_a_spec_shows_no_secret() -> None:
    spec = PoolCreationSpec("a", env={"TOKEN": "hush"})
    assert "hush" not in repr(spec)
    assert pickle.loads(pickle.dumps(spec)) == spec
