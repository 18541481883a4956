# Written by scripts/unasync.py from opensandbox/_async/pool_config.py. Do not edit.
"""What a pool is told once: its name, its size, its limits, and what its sandboxes go through."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from .._wire.pool_memory import checked_max_idle, checked_pool_name
from .._wire.pool_plans import enough_life
from ..exceptions import InvalidArgumentException
from ..models.pooling import (
    PoolCreationSpec,
    PooledSandboxCreateContext,
    convert_durations,
)
from .config import ConnectionConfigSync
from .pool_store import PoolStateStore
from .sandbox import HealthCheck, SandboxSync

#: The shortest life that a server gives to a sandbox.
_SHORTEST_LIFE = timedelta(seconds=60)

#: Makes a sandbox ready for whoever gets it. Either colour will do.
Preparer = Callable[[SandboxSync], object]


class PooledSandboxCreator(Protocol):
    """Makes a sandbox in place of the pool's `PoolCreationSpec`."""

    def __call__(self, context: PooledSandboxCreateContext) -> SandboxSync:
        """A new sandbox, for the purpose that `context` names."""
        ...


@dataclass(frozen=True)
class PoolConfig:
    """The parameters of a pool; durations in seconds or as timedeltas.

    Raises `InvalidArgumentException` for what cannot be meant.
    """

    pool_name: str
    max_idle: int
    """How many sandboxes wait to be acquired."""
    state_store: PoolStateStore
    connection_config: ConnectionConfigSync
    """Stays the caller's to close."""
    creation_spec: PoolCreationSpec
    owner_id: str | None = None
    """By what name this pool leads. None: one of its own."""
    warmup_create_qps: int = 10
    """How many warm-ups begin in a second at most."""
    warmup_concurrency: int = 128
    """How many warm-ups are under way at most."""
    primary_lock_ttl: timedelta = timedelta(seconds=60)
    """After how long without a sign of life another pool leads."""
    degraded_threshold: int = 3
    """After how many failed warm-ups in a row the pool says that it is degraded."""
    acquire_ready_timeout: timedelta = timedelta(seconds=30)
    acquire_health_check_polling_interval: timedelta = timedelta(seconds=0.2)
    acquire_health_check: HealthCheck | None = None
    """Says whether an acquired sandbox is ready. None: when its daemon answers."""
    acquire_skip_health_check: bool = False
    warmup_ready_timeout: timedelta = timedelta(seconds=30)
    warmup_health_check_initial_delay: timedelta = timedelta(0)
    warmup_health_check_polling_interval: timedelta = timedelta(seconds=0.5)
    warmup_health_check: HealthCheck | None = None
    """Says whether a new sandbox is ready. None: when its daemon answers."""
    warmup_sandbox_preparer: Preparer | None = None
    """Called with a new sandbox that is ready, before it may be acquired."""
    warmup_post_prepare_health_check: HealthCheck | None = None
    """Says whether a prepared sandbox is ready. None: it is."""
    warmup_post_prepare_health_check_timeout: timedelta = timedelta(seconds=30)
    warmup_skip_health_check: bool = False
    idle_timeout: timedelta = timedelta(days=1)
    """How long a sandbox may wait, and lives then."""
    drain_timeout: timedelta = timedelta(seconds=30)
    """How long `shutdown` waits for what is under way."""
    acquire_min_remaining_ttl: timedelta | None = None
    """How much life a sandbox needs to be acquired. None: a minute, or half of `idle_timeout`."""
    sandbox_creator: PooledSandboxCreator | None = None
    """Makes the sandboxes. None: `SandboxSync.create` with `creation_spec`."""
    max_acquire_retries: int = 3
    """How many idle sandboxes a policy that retries tries."""

    def __post_init__(self) -> None:
        checked_pool_name(self.pool_name)
        checked_max_idle(self.max_idle)
        if self.owner_id is not None and not str(self.owner_id).strip():
            raise InvalidArgumentException("owner_id must not be blank")
        if not isinstance(self.creation_spec, PoolCreationSpec):
            raise _wrong("creation_spec", "a PoolCreationSpec", self.creation_spec)
        if not isinstance(self.connection_config, ConnectionConfigSync):
            raise _wrong("connection_config", "a ConnectionConfigSync", self.connection_config)
        for name in _COUNTS:
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise _wrong(name, "a whole number of 1 or more", value)
        for name in _FUNCTIONS:
            value = getattr(self, name)
            if value is not None and not callable(value):
                raise _wrong(name, "a function or None", value)
        convert_durations(self, *_DURATIONS)
        convert_durations(self, "warmup_health_check_initial_delay", "drain_timeout", zero=True)
        self._check_life()

    def _check_life(self) -> None:
        if self.idle_timeout < _SHORTEST_LIFE and self.sandbox_creator is None:
            raise InvalidArgumentException(
                "idle_timeout must be 60 seconds or more: no sandbox is made for less, got"
                f" {self.idle_timeout.total_seconds():g}"
            )
        if self.acquire_min_remaining_ttl is not None:
            convert_durations(self, "acquire_min_remaining_ttl", zero=True)
            if self.acquire_min_remaining_ttl >= self.idle_timeout:
                raise InvalidArgumentException(
                    "acquire_min_remaining_ttl must be less than idle_timeout, else no idle sandbox"
                    f" is ever handed out: got {self.acquire_min_remaining_ttl} and"
                    f" {self.idle_timeout}"
                )

    @property
    def enough_life(self) -> timedelta:
        """How much life an idle sandbox needs to be handed out."""
        return enough_life(self.acquire_min_remaining_ttl, self.idle_timeout)

    def with_max_idle(self, max_idle: int) -> PoolConfig:
        """The same with another size."""
        return dataclasses.replace(self, max_idle=max_idle)


_COUNTS = ("warmup_create_qps", "warmup_concurrency", "degraded_threshold", "max_acquire_retries")
_FUNCTIONS = (
    "acquire_health_check",
    "warmup_health_check",
    "warmup_sandbox_preparer",
    "warmup_post_prepare_health_check",
    "sandbox_creator",
)
_DURATIONS = (
    "primary_lock_ttl",
    "acquire_ready_timeout",
    "acquire_health_check_polling_interval",
    "warmup_ready_timeout",
    "warmup_health_check_polling_interval",
    "warmup_post_prepare_health_check_timeout",
    "idle_timeout",
)


def _wrong(name: str, wanted: str, value: object) -> InvalidArgumentException:
    got = repr(value) if isinstance(value, int) else type(value).__name__
    return InvalidArgumentException(f"{name} must be {wanted}, got {got}")
