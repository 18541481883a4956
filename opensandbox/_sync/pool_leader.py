# Written by scripts/unasync.py from opensandbox/_async/pool_leader.py. Do not edit.
"""What the one leader of a pool does each second: reap, shrink, warm up.

Rules:

* Who holds the lock in the store leads. Whether that is so is asked again before each look and
  before a warm sandbox is put in.
* What is decided is `_wire/pool_plans.py`; here it is done, and what became of it is remembered.
* A failing server is asked ever less. A store that is away is looked for each second.
* A warm-up that fails, is cancelled or comes too late leaves no sandbox.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from .._concurrency import (
    Lock,
    Signal,
    answer,
    call,
    monotonic,
    sleep,
    time_limit,
)
from .._wire.pool_plans import (
    WARMUP_COMMIT_SPAN,
    WARMUP_CREATE_SPAN,
    WARMUP_POST_PREPARE_CHECK_SPAN,
    WARMUP_PREPARE_SPAN,
    WARMUP_READINESS_CHECK_SPAN,
    WARMUP_RENEW_SPAN,
    Backoff,
    plan_tick,
)
from ..exceptions import (
    PoolDestroyedException,
    PoolNotRunningException,
    SandboxRateLimitException,
    SandboxReadyTimeoutException,
)
from ..models.pooling import PoolDestroyState, PooledSandboxCreateReason
from .pool_config import PoolConfig
from .pool_operations import OperationsSync
from .pool_store import reap_expired_idle_with_min_ttl
from .pool_supply import SupplySync
from .ready import PatienceSync
from .sandbox import HealthCheck, SandboxSync

#: How many seconds pass between two looks.
_TICK = 1.0

_logger = logging.getLogger("opensandbox")


class LeaderSync:
    """Keeps a pool filled, as long as it leads."""

    def __init__(
        self, config: PoolConfig, owner_id: str, supply: SupplySync, kills: OperationsSync
    ) -> None:
        self._config = config
        self._owner_id = owner_id
        self._supply = supply
        self._kills = kills
        self._warmups = OperationsSync()
        self._stop = Signal()
        self._abandoned = False
        self._lock = Lock()
        self._backoff = Backoff()
        self._failed_ticks = 0
        self._tick_error: str | None = None
        self._warmup_error: str | None = None
        #: Whether the pool's name was destroyed meanwhile.
        self.destroyed = False

    # --- what is known

    @property
    def failure_count(self) -> int:
        """How many warm-ups, or looks at the store, have failed since one succeeded."""
        return self._backoff.failures + self._failed_ticks

    @property
    def backoff_active(self) -> bool:
        """Whether warm-ups wait."""
        return self._backoff.active(monotonic())

    @property
    def last_error(self) -> str | None:
        """What failed last; None when the last attempt succeeded."""
        return self._tick_error or self._warmup_error

    @property
    def warming(self) -> int:
        """How many warm-ups are under way."""
        return self._warmups.count

    # --- from start to end

    def run(self) -> None:
        """Look each second, until told to stop or the pool is destroyed."""
        while not self._stop.given() and not self.destroyed:
            try:
                self._tick()
            except PoolDestroyedException as error:
                self.destroyed = True
                self._tick_error = describe(error)
            except Exception as error:
                self._failed_ticks += 1
                self._tick_error = describe(error)
                _logger.warning("pool %s: %s", self._config.pool_name, self._tick_error)
            else:
                self._failed_ticks, self._tick_error = 0, None
            self._stop.wait(_TICK)

    def stop(self) -> None:
        """Begin nothing more."""
        self._stop.give()

    def drain(self, seconds: float) -> bool:
        """Wait for the warm-ups under way, for up to `seconds`; whether they have ended."""
        return self._warmups.drain(seconds)

    def abandon(self, *, seconds: float) -> None:
        """End the warm-ups under way, and with them their sandboxes."""
        self._abandoned = True
        self._warmups.cancel(seconds=seconds)

    # --- each second

    def _tick(self) -> None:
        config = self._config
        store, name = config.state_store, config.pool_name
        state = store.get_destroy_state(name)
        if state is not PoolDestroyState.ACTIVE:
            raise PoolDestroyedException(f"Pool {name!r} is {state}")
        if not self._lead():
            return
        self._supply.end_later(
            reap_expired_idle_with_min_ttl(store, name, datetime.now(UTC), config.enough_life)
        )
        # Before the idle are counted: one that arrives in between counts twice, not never.
        warming = self.warming
        idle = (store.snapshot_counters(name)).idle_count
        max_idle = store.get_max_idle(name)
        with self._lock:
            allowance = self._backoff.allowance(monotonic(), config.warmup_create_qps, warming)
        plan = plan_tick(
            idle=idle,
            warming=warming,
            max_idle=config.max_idle if max_idle is None else max_idle,
            concurrency=config.warmup_concurrency,
            allowance=allowance,
        )
        self._remove(plan.remove)
        for _ in range(plan.create):
            self._warmups.spawn(self._warm_up, name="opensandbox-pool-warmup")

    def _lead(self) -> bool:
        config = self._config
        return config.state_store.try_acquire_primary_lock(
            config.pool_name, self._owner_id, config.primary_lock_ttl
        )

    def _remove(self, count: int) -> None:
        for _ in range(count):
            sandbox_id = self._supply.take(None)
            if sandbox_id is None:
                return
            self._supply.end_later([sandbox_id])

    # --- one warm-up

    def _warm_up(self) -> None:
        started = monotonic()
        try:
            with _step(WARMUP_CREATE_SPAN):
                sandbox = self._supply.create(PooledSandboxCreateReason.WARMUP)
            try:
                self._prepare(sandbox)
                with _step(WARMUP_COMMIT_SPAN):
                    self._commit(sandbox)
            except BaseException as error:
                self._supply.discard(sandbox.id, after=error)
                raise
            finally:
                sandbox.close()
        except Exception as error:
            self._failed(started, error)
        else:
            with self._lock:
                self._backoff = self._backoff.succeeded(started)
                if not self._backoff.failures:
                    self._warmup_error = None

    def _failed(self, started: float, error: Exception) -> None:
        # Neither says anything about the server.
        if isinstance(error, PoolNotRunningException | PoolDestroyedException):
            return
        limited = isinstance(error, SandboxRateLimitException) and error.retry_after
        asked = limited.total_seconds() if limited else 0.0
        with self._lock:
            self._warmup_error = describe(error)
            self._backoff = self._backoff.failed(
                started, monotonic(), jitter=random.random(), at_least=asked
            )
        _logger.warning("pool %s: %s", self._config.pool_name, self._warmup_error)

    def _prepare(self, sandbox: SandboxSync) -> None:
        config = self._config
        if not config.warmup_skip_health_check:
            self._go_on()
            with _step(WARMUP_READINESS_CHECK_SPAN):
                self._until_ready(sandbox)
        if config.warmup_sandbox_preparer is not None:
            self._go_on()
            with _step(WARMUP_PREPARE_SPAN):
                call(config.warmup_sandbox_preparer, sandbox)
        if config.warmup_post_prepare_health_check is not None:
            self._go_on()
            with _step(WARMUP_POST_PREPARE_CHECK_SPAN):
                patience = PatienceSync(
                    config.warmup_post_prepare_health_check_timeout,
                    config.warmup_health_check_polling_interval,
                    name="warmup_post_prepare_health_check_timeout",
                    interval_name="warmup_health_check_polling_interval",
                )
                until(config.warmup_post_prepare_health_check, sandbox, patience)
        self._go_on()
        with _step(WARMUP_RENEW_SPAN):
            sandbox.renew(config.idle_timeout)

    def _until_ready(self, sandbox: SandboxSync) -> None:
        config = self._config
        delay = config.warmup_health_check_initial_delay.total_seconds()
        if delay:
            sleep(delay)
        if config.warmup_health_check is None:
            sandbox.check_ready(
                config.warmup_ready_timeout, config.warmup_health_check_polling_interval
            )
            return
        patience = PatienceSync(
            config.warmup_ready_timeout,
            config.warmup_health_check_polling_interval,
            name="warmup_ready_timeout",
            interval_name="warmup_health_check_polling_interval",
        )
        until(config.warmup_health_check, sandbox, patience)

    def _commit(self, sandbox: SandboxSync) -> None:
        self._go_on()
        if not self._lead():
            raise PoolNotRunningException(
                "Another pool leads now: the sandbox that was warmed up here is not needed"
            )
        store, name = self._config.state_store, self._config.pool_name
        try:
            store.put_idle(name, sandbox.id)
        except PoolDestroyedException:
            raise
        except BaseException:
            # It may have been put in all the same, and will be killed.
            self._kills.spawn(lambda: self._forget(sandbox.id), name="opensandbox-pool-forget")
            raise

    def _forget(self, sandbox_id: str) -> None:
        try:
            self._config.state_store.remove_idle(self._config.pool_name, sandbox_id)
        except Exception as error:
            _logger.warning("pool %s: %s", self._config.pool_name, describe(error))

    def _go_on(self) -> None:
        """Raise when the pool was shut down meanwhile."""
        if self._abandoned:
            raise PoolNotRunningException("The pool was shut down during the warm-up")


def until(check: HealthCheck, sandbox: SandboxSync, patience: PatienceSync) -> None:
    """Ask until the answer is yes. Raises `SandboxReadyTimeoutException` when time is up."""
    while True:
        last: Exception | None = None
        try:
            with time_limit(max(0.001, patience.left)):
                if answer(check, sandbox):
                    return
        except Exception as error:  # a health check of the caller's may raise anything
            last = error
        if not patience.pause():
            said = "the health check said no" if last is None else describe(last)
            raise SandboxReadyTimeoutException(
                f"Sandbox {sandbox.id} was not ready within {patience.limit:g} s"
                f" ({patience.name}); last: {said}",
                cause=last,
                sandbox_id=sandbox.id,
            )


@contextmanager
def _step(name: str) -> Iterator[None]:
    """Say of an error where it happened."""
    try:
        yield
    except Exception as error:
        error.add_note(f"in {name}")
        raise


def describe(error: BaseException) -> str:
    """An error in one line, with where it happened first and what else went wrong last."""
    notes: list[str] = getattr(error, "__notes__", [])
    where = "".join(f"{note[3:]}: " for note in notes if note.startswith("in pool."))
    more = "".join(f"; {note}" for note in notes if not note.startswith("in pool."))
    return f"{where}{type(error).__name__}: {error}{more}"
