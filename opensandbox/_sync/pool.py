# Written by scripts/unasync.py from opensandbox/_async/pool.py. Do not edit.
"""Sandboxes kept ready: a pool warms them up, and hands them out one by one.

Rules:

* What is acquired belongs to the caller: he kills it, the pool does not see it again.
* Pools with one name and one store are one pool: they share what is idle, and one of them leads.
* `shutdown` leaves idle sandboxes in the store, for the other pools and for the next start;
  `release_all_idle` ends them.
* One that is dropped while it runs makes no more sandboxes, and warns: ResourceWarning.
* Whatever is under way is counted, so that `shutdown` can wait for it; nothing outlives it.
"""

from __future__ import annotations

import logging
import uuid
import warnings
from datetime import timedelta
from types import TracebackType
from typing import Self

from .._concurrency import Lock, gather, shield
from .._wire.pool_memory import checked_max_idle
from .._wire.pool_plans import pool_state
from ..exceptions import (
    InvalidArgumentException,
    PoolAcquireFailedException,
    PoolDestroyedException,
    PoolEmptyException,
    PoolNotRunningException,
    SandboxException,
)
from ..models._time import Seconds
from ..models.pooling import (
    AcquirePolicy,
    IdleEntry,
    PoolCreationSpec,
    PoolDestroyState,
    PoolLifecycleState,
    PoolSnapshot,
    duration,
    effective_max_idle_attempts,
    policy_falls_through_to_direct_create,
)
from .config import ConnectionConfigSync
from .manager import SandboxManagerSync
from .pool_config import PoolConfig, PooledSandboxCreator, Preparer
from .pool_leader import LeaderSync, describe
from .pool_operations import OperationsSync
from .pool_store import PoolStateStore
from .pool_supply import ManagerFactory, SupplySync, log_failures
from .sandbox import HealthCheck, SandboxSync

#: How many seconds each kind of work may take to end.
_END_LIMIT = 10.0

_logger = logging.getLogger("opensandbox")


class SandboxPoolSync:
    """A pool of sandboxes that are ready before they are asked for.

    Example::

        pool = SandboxPoolSync(
            pool_name="workers",
            max_idle=5,
            state_store=InMemoryPoolStateStore(),
            connection_config=ConnectionConfigSync(),
            creation_spec=PoolCreationSpec(image="python:3.11"),
        )
        with pool:
            sandbox = pool.acquire(sandbox_timeout=600)
            sandbox.commands.run("python --version")
            sandbox.kill()
            pool.release_all_idle()

    The parameters are the fields of `PoolConfig`; durations are seconds or timedeltas. Raises
    `InvalidArgumentException` for what cannot be meant. Every method that asks the store raises
    `PoolStateStoreUnavailableException` when that does not answer.
    """

    def __init__(
        self,
        *,
        pool_name: str,
        max_idle: int,
        state_store: PoolStateStore,
        connection_config: ConnectionConfigSync,
        creation_spec: PoolCreationSpec,
        owner_id: str | None = None,
        warmup_create_qps: int = 10,
        warmup_concurrency: int = 128,
        primary_lock_ttl: Seconds = timedelta(seconds=60),
        degraded_threshold: int = 3,
        acquire_ready_timeout: Seconds = timedelta(seconds=30),
        acquire_health_check_polling_interval: Seconds = timedelta(seconds=0.2),
        acquire_health_check: HealthCheck | None = None,
        acquire_skip_health_check: bool = False,
        warmup_ready_timeout: Seconds = timedelta(seconds=30),
        warmup_health_check_initial_delay: Seconds = timedelta(0),
        warmup_health_check_polling_interval: Seconds = timedelta(seconds=0.5),
        warmup_health_check: HealthCheck | None = None,
        warmup_sandbox_preparer: Preparer | None = None,
        warmup_post_prepare_health_check: HealthCheck | None = None,
        warmup_post_prepare_health_check_timeout: Seconds = timedelta(seconds=30),
        warmup_skip_health_check: bool = False,
        idle_timeout: Seconds = timedelta(days=1),
        drain_timeout: Seconds = timedelta(seconds=30),
        acquire_min_remaining_ttl: Seconds | None = None,
        max_acquire_retries: int = 3,
        sandbox_manager_factory: ManagerFactory = SandboxManagerSync.create,
        sandbox_factory: type[SandboxSync] = SandboxSync,
        sandbox_creator: PooledSandboxCreator | None = None,
    ) -> None:
        self._config = PoolConfig(
            pool_name=pool_name,
            max_idle=max_idle,
            state_store=state_store,
            connection_config=connection_config,
            creation_spec=creation_spec,
            owner_id=owner_id,
            warmup_create_qps=warmup_create_qps,
            warmup_concurrency=warmup_concurrency,
            primary_lock_ttl=duration(primary_lock_ttl, "primary_lock_ttl"),
            degraded_threshold=degraded_threshold,
            acquire_ready_timeout=duration(acquire_ready_timeout, "acquire_ready_timeout"),
            acquire_health_check_polling_interval=duration(
                acquire_health_check_polling_interval, "acquire_health_check_polling_interval"
            ),
            acquire_health_check=acquire_health_check,
            acquire_skip_health_check=acquire_skip_health_check,
            warmup_ready_timeout=duration(warmup_ready_timeout, "warmup_ready_timeout"),
            warmup_health_check_initial_delay=duration(
                warmup_health_check_initial_delay, "warmup_health_check_initial_delay", zero=True
            ),
            warmup_health_check_polling_interval=duration(
                warmup_health_check_polling_interval, "warmup_health_check_polling_interval"
            ),
            warmup_health_check=warmup_health_check,
            warmup_sandbox_preparer=warmup_sandbox_preparer,
            warmup_post_prepare_health_check=warmup_post_prepare_health_check,
            warmup_post_prepare_health_check_timeout=duration(
                warmup_post_prepare_health_check_timeout, "warmup_post_prepare_health_check_timeout"
            ),
            warmup_skip_health_check=warmup_skip_health_check,
            idle_timeout=duration(idle_timeout, "idle_timeout"),
            drain_timeout=duration(drain_timeout, "drain_timeout", zero=True),
            acquire_min_remaining_ttl=None
            if acquire_min_remaining_ttl is None
            else duration(acquire_min_remaining_ttl, "acquire_min_remaining_ttl", zero=True),
            sandbox_creator=sandbox_creator,
            max_acquire_retries=max_acquire_retries,
        )
        self._owner_id = owner_id or f"pool-{uuid.uuid4().hex}"
        self._calls, self._kills, self._looks = OperationsSync(), OperationsSync(), OperationsSync()
        self._supply = SupplySync(
            self._config, self._owner_id, self._kills, sandbox_factory, sandbox_manager_factory
        )
        self._lock = Lock()
        self._lifecycle = PoolLifecycleState.NOT_STARTED

    _leader: LeaderSync | None = None

    def __del__(self) -> None:
        if (leader := self._leader) is not None:
            leader.stop()
            warnings.warn(
                f"The pool {self._config.pool_name!r} was dropped while it ran: it makes no more"
                " sandboxes, and those that wait live until their timeout. Call shutdown(), or use"
                " it as a context manager.",
                ResourceWarning,
                stacklevel=2,
            )

    # --- from start to end

    def start(self) -> None:
        """Begin to keep sandboxes ready. A pool that runs already runs on.

        Says in the store how many are to wait and for how long, for all pools of this name. Raises
        `PoolDestroyedException` for a name that was destroyed.
        """
        with self._lock:
            if self._lifecycle in (PoolLifecycleState.STARTING, PoolLifecycleState.RUNNING):
                return
            if self._lifecycle is PoolLifecycleState.DRAINING:
                raise PoolNotRunningException(
                    f"Pool {self._config.pool_name!r} is being shut down; start it after that"
                )
            before, self._lifecycle = self._lifecycle, PoolLifecycleState.STARTING
        config = self._config
        leader = LeaderSync(config, self._owner_id, self._supply, self._kills)
        try:
            self._require_active()
            config.state_store.set_idle_entry_ttl(config.pool_name, config.idle_timeout)
            config.state_store.set_max_idle(config.pool_name, config.max_idle)
            self._looks.spawn(leader.run, name="opensandbox-pool")
        except BaseException:
            leader.stop()
            self._lifecycle = before
            raise
        with self._lock:
            self._leader, self._lifecycle = leader, PoolLifecycleState.RUNNING

    def shutdown(self, graceful: bool = True) -> None:
        """Stop. Idle sandboxes stay in the store; what was acquired stays with who has it.

        `graceful` waits up to `drain_timeout` for acquires and warm-ups under way; what is not done
        by then is ended, as it is at once otherwise. A pool that does not run is left as it is.
        """
        with self._lock:
            leader = self._leader
            if self._lifecycle is not PoolLifecycleState.RUNNING or leader is None:
                return
            self._lifecycle = PoolLifecycleState.DRAINING
        leader.stop()
        try:
            if graceful:
                limit = self._config.drain_timeout.total_seconds()
                gather(lambda: leader.drain(limit), lambda: self._calls.drain(limit))
        finally:
            shield(lambda: self._end(leader), seconds=4 * _END_LIMIT)

    def _end(self, leader: LeaderSync) -> None:
        """Nothing of the pool's own goes on after this."""
        try:
            # A look that is under way may hold sandboxes in its hands: it ends by itself.
            self._looks.drain(_END_LIMIT)
            self._looks.cancel(seconds=_END_LIMIT)
            leader.abandon(seconds=_END_LIMIT)
            self._kills.drain(_END_LIMIT)
            self._kills.cancel(seconds=_END_LIMIT)
            self._release_lock()
        finally:
            with self._lock:
                self._leader, self._lifecycle = None, PoolLifecycleState.STOPPED

    def _release_lock(self) -> None:
        try:
            self._config.state_store.release_primary_lock(self._config.pool_name, self._owner_id)
        except SandboxException as error:
            # It expires by itself.
            _logger.warning("pool %s: %s", self._config.pool_name, describe(error))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self.shutdown()

    # --- handed out

    def acquire(
        self,
        sandbox_timeout: Seconds | None = None,
        policy: AcquirePolicy = AcquirePolicy.DIRECT_CREATE,
    ) -> SandboxSync:
        """A sandbox that is ready, the caller's from now on.

        The oldest idle one that lives long enough; one that does not work is killed, and `policy`
        says what then. `sandbox_timeout` is how long it lives from now; None leaves it what it has.

        Raises `PoolEmptyException` when none is idle and `PoolAcquireFailedException` when those
        tried do not work, if the policy makes none; `PoolNotRunningException`,
        `PoolDestroyedException`; and what `SandboxSync.create` raises.
        """
        try:
            policy = AcquirePolicy(policy)
        except ValueError:
            names = ", ".join(AcquirePolicy)
            raise InvalidArgumentException(
                f"policy must be one of {names}, got {policy!r}"
            ) from None
        life = None if sandbox_timeout is None else duration(sandbox_timeout, "sandbox_timeout")
        with self._calls.call():
            self._require_running()
            self._require_active()
            return self._acquire(policy, life)

    def _acquire(self, policy: AcquirePolicy, life: timedelta | None) -> SandboxSync:
        failures: list[Exception] = []
        for _ in range(effective_max_idle_attempts(policy, self._config.max_acquire_retries)):
            sandbox_id = self._supply.take(self._config.enough_life)
            if sandbox_id is None:
                break
            try:
                return self._supply.connect(sandbox_id, life)
            except Exception as error:
                failures.append(error)
        if policy_falls_through_to_direct_create(policy):
            return self._supply.make(life)
        if not failures:
            raise PoolEmptyException(
                f"Pool {self._config.pool_name!r} has no idle sandbox, and the policy {policy}"
                " makes none: try again later, raise max_idle, or acquire with DIRECT_CREATE"
            )
        raise PoolAcquireFailedException(
            f"Pool {self._config.pool_name!r}: {len(failures)} idle sandboxes were tried and did"
            f" not work, and the policy {policy} makes none; last: {describe(failures[-1])}",
            cause=failures[-1],
        )

    def _require_running(self) -> None:
        if self._lifecycle is not PoolLifecycleState.RUNNING:
            raise PoolNotRunningException(
                f"Pool {self._config.pool_name!r} is {self._lifecycle}: start it before acquire"
            )

    def _require_active(self) -> None:
        state = self._config.state_store.get_destroy_state(self._config.pool_name)
        if state is not PoolDestroyState.ACTIVE:
            raise PoolDestroyedException(f"Pool {self._config.pool_name!r} is {state}")

    # --- its size

    def resize(self, max_idle: int) -> None:
        """Say how many are to wait, for all pools of this name; the leader sees to it."""
        checked_max_idle(max_idle)
        self._config.state_store.set_max_idle(self._config.pool_name, max_idle)
        self._config = self._config.with_max_idle(max_idle)

    def release_all_idle(self) -> int:
        """Kill what is idle now, one after the other; how many that were.

        The leader makes new ones, unless the pool was resized to 0 or shut down before.
        """
        return self._release(1)

    def release_all_idle_parallel(self, max_workers: int = 50) -> int:
        """Kill what is idle now, up to `max_workers` at a time; how many that were."""
        if isinstance(max_workers, bool) or not isinstance(max_workers, int) or max_workers < 1:
            raise InvalidArgumentException(
                f"max_workers must be a whole number of 1 or more, got {max_workers!r}"
            )
        return self._release(max_workers)

    def _release(self, workers: int) -> int:
        config, released = self._config, 0
        with self._calls.call():
            idle = (config.state_store.snapshot_counters(config.pool_name)).idle_count
            while idle > 0:
                batch = min(workers, idle)
                taken = self._take(batch)
                failures = self._supply.kill(taken, at_once=workers)
                log_failures(config.pool_name, failures)
                released += len(taken) - len(failures)
                idle = idle - batch if len(taken) == batch else 0
        return released

    def _take(self, count: int) -> list[str]:
        taken: list[str] = []
        while len(taken) < count:
            sandbox_id = self._supply.take(None)
            if sandbox_id is None:
                break
            taken.append(sandbox_id)
        return taken

    # --- what is known

    def snapshot(self) -> PoolSnapshot:
        """How the pool is doing."""
        store, name = self._config.state_store, self._config.pool_name
        idle = (store.snapshot_counters(name)).idle_count
        max_idle = store.get_max_idle(name)
        leader, lifecycle = self._leader, self._lifecycle
        if leader is not None and leader.destroyed:
            lifecycle = PoolLifecycleState.STOPPED
        failures = 0 if leader is None else leader.failure_count
        return PoolSnapshot(
            state=pool_state(lifecycle, failures, self._config.degraded_threshold),
            lifecycle_state=lifecycle,
            idle_count=idle,
            max_idle=self._config.max_idle if max_idle is None else max_idle,
            failure_count=failures,
            backoff_active=leader is not None and leader.backoff_active,
            last_error=None if leader is None else leader.last_error,
            in_flight_operations=self._calls.count
            + self._kills.count
            + (0 if leader is None else leader.warming),
        )

    def snapshot_idle_entries(self) -> list[IdleEntry]:
        """Which sandboxes wait, oldest first."""
        return self._config.state_store.snapshot_idle_entries(self._config.pool_name)
