"""What a client-side pool is made of, tells and decides by, in words that both colours share.

Rules:

* These are frozen dataclasses: programs copy them with `dataclasses.replace`.
* Durations are timedeltas; seconds as a number are taken and converted.
* What cannot be meant raises `InvalidArgumentException` when it is built, not at the first warm-up.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ..exceptions import InvalidArgumentException
from ._fit import Misfit, fitter
from ._time import Seconds, seconds
from .sandboxes import NetworkPolicy, PlatformSpec, SandboxImageSpec, Volume

if TYPE_CHECKING:
    from .._async.config import ConnectionConfig
    from .._async.sandbox import Sandbox
    from .._sync.config import ConnectionConfigSync
    from .._sync.sandbox import SandboxSync


class AcquirePolicy(StrEnum):
    """What `acquire` does when no idle sandbox, or none that works, is there."""

    FAIL_FAST = "FAIL_FAST"  #: try one idle sandbox, else raise
    DIRECT_CREATE = "DIRECT_CREATE"  #: try one idle sandbox, else make one
    RETRY_NEXT_IDLE = "RETRY_NEXT_IDLE"  #: try up to `max_acquire_retries` idle ones, else raise
    #: try up to `max_acquire_retries` idle sandboxes, else make one
    RETRY_NEXT_IDLE_THEN_CREATE = "RETRY_NEXT_IDLE_THEN_CREATE"


_RETRYING = (AcquirePolicy.RETRY_NEXT_IDLE, AcquirePolicy.RETRY_NEXT_IDLE_THEN_CREATE)
_CREATING = (AcquirePolicy.DIRECT_CREATE, AcquirePolicy.RETRY_NEXT_IDLE_THEN_CREATE)


def effective_max_idle_attempts(policy: AcquirePolicy, max_acquire_retries: int) -> int:
    """How many idle sandboxes `acquire` tries, at least one."""
    return max(1, max_acquire_retries) if policy in _RETRYING else 1


def policy_falls_through_to_direct_create(policy: AcquirePolicy) -> bool:
    """Whether `acquire` makes a sandbox when no idle one could be had."""
    return policy in _CREATING


class PoolState(StrEnum):
    """How a pool is doing."""

    HEALTHY = "HEALTHY"
    DEGRADED = "DEGRADED"  #: `degraded_threshold` warm-ups or more have failed in a row
    DRAINING = "DRAINING"
    STOPPED = "STOPPED"


class PoolLifecycleState(StrEnum):
    """Where a pool is between `start` and `shutdown`."""

    NOT_STARTED = "NOT_STARTED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    DRAINING = "DRAINING"
    STOPPED = "STOPPED"


class PoolDestroyState(StrEnum):
    """Whether the name of a pool may be used."""

    ACTIVE = "ACTIVE"
    DESTROYING = "DESTROYING"
    DESTROYED = "DESTROYED"


class PoolDestroyStrategy(StrEnum):
    """How a pool is destroyed."""

    FORCE = "FORCE"  #: idle sandboxes are killed; acquired ones stay with who has them


@dataclass(frozen=True)
class PoolDestroyOptions:
    """How `SandboxPoolManager.destroy` goes about it."""

    strategy: PoolDestroyStrategy = PoolDestroyStrategy.FORCE
    tombstone_ttl: timedelta | None = timedelta(days=7)
    """For how long the name stays unusable. None: for ever."""
    drain_timeout: timedelta = timedelta(seconds=30)
    """How long killing the idle sandboxes may take."""

    def __post_init__(self) -> None:
        try:
            strategy = PoolDestroyStrategy(self.strategy)
        except ValueError:
            raise InvalidArgumentException(
                f"PoolDestroyOptions.strategy must be FORCE, got {self.strategy!r}"
            ) from None
        object.__setattr__(self, "strategy", strategy)
        convert_durations(self, "drain_timeout")
        if self.tombstone_ttl is not None:
            convert_durations(self, "tombstone_ttl")


@dataclass(frozen=True)
class PoolDestroyResult:
    """What destroying a pool came to."""

    pool_name: str
    state: PoolDestroyState
    drained_idle_count: int
    """How many idle sandboxes were taken out of the store."""
    killed_idle_count: int
    persistent_state_cleared: bool
    """False when the pool had been destroyed before."""


@dataclass(frozen=True)
class IdleEntry:
    """A sandbox that waits to be acquired."""

    sandbox_id: str
    expires_at: datetime


@dataclass(frozen=True)
class StoreCounters:
    """What a store counts."""

    idle_count: int


@dataclass(frozen=True)
class TakeIdleResult:
    """What was taken out of a store."""

    sandbox_id: str | None
    """None when no idle sandbox has enough life left."""
    discarded_alive_sandbox_ids: tuple[str, ...] = ()
    """Taken out as well, because they end too soon; whoever asked kills them."""


@dataclass(frozen=True)
class PoolSnapshot:
    """How a pool was doing at one moment."""

    state: PoolState
    lifecycle_state: PoolLifecycleState
    idle_count: int
    max_idle: int
    failure_count: int
    """How many warm-ups, or looks at the store, have failed since one succeeded."""
    backoff_active: bool
    """Whether warm-up waits after a failure before it tries again."""
    last_error: str | None
    """What failed last. None when the last attempt succeeded."""
    in_flight_operations: int
    """Acquires, warm-ups and kills that are under way."""


class PooledSandboxCreateReason(StrEnum):
    """What a sandbox is made for."""

    WARMUP = "WARMUP"
    DIRECT_CREATE = "DIRECT_CREATE"


@dataclass(frozen=True)
class PooledSandboxCreateContext:
    """What a `sandbox_creator` is told."""

    pool_name: str
    owner_id: str
    idle_timeout: timedelta
    """How long the sandbox is to live."""
    reason: PooledSandboxCreateReason
    ready_timeout: timedelta
    health_check_polling_interval: timedelta
    skip_health_check: bool
    """Whether the pool does not want to know if it is ready, or checks that itself."""
    health_check: Callable[[SandboxSync], bool] | Callable[[Sandbox], bool | Awaitable[bool]] | None
    connection_config: ConnectionConfigSync | ConnectionConfig


@dataclass(frozen=True)
class PoolCreationSpec:
    """What the sandboxes of a pool are made from; the parameters of `Sandbox.create`."""

    image: SandboxImageSpec | str
    entrypoint: Sequence[str] | None = None
    resource: Mapping[str, str] | None = None
    env: Mapping[str, str] | None = field(default=None, repr=False)
    metadata: Mapping[str, str] | None = None
    extensions: Mapping[str, str] | None = None
    network_policy: NetworkPolicy | None = None
    platform: PlatformSpec | None = None
    secure_access: bool = False
    volumes: Sequence[Volume] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.image, str) and not self.image.strip():
            raise InvalidArgumentException("PoolCreationSpec.image must not be empty")
        for name, fit in _FITS.items():
            try:
                object.__setattr__(self, name, fit(getattr(self, name)))
            except Misfit as misfit:
                # The type, not the value: an environment may hold secrets.
                raise InvalidArgumentException(
                    f"PoolCreationSpec.{name}{misfit.where} must be {misfit.wanted},"
                    f" got {type(misfit.value).__name__}"
                ) from None


def _no_mapping(cls: type) -> None:
    """Nothing here is made from a mapping."""


_FITS: dict[str, Callable[[Any], Any]] = {
    name: fitter(annotation, from_mapping=_no_mapping)
    for name, annotation in {
        "image": SandboxImageSpec | str,
        "entrypoint": list[str] | None,
        "resource": dict[str, str] | None,
        "env": dict[str, str] | None,
        "metadata": dict[str, str] | None,
        "extensions": dict[str, str] | None,
        "network_policy": NetworkPolicy | None,
        "platform": PlatformSpec | None,
        "secure_access": bool,
        "volumes": list[Volume] | None,
    }.items()
}


def duration(value: Seconds, name: str, *, zero: bool = False) -> timedelta:
    """A duration, checked, as a timedelta; with `zero`, 0 is fine."""
    number = seconds(value, name, at_least=0.0 if zero else None)
    return value if isinstance(value, timedelta) else timedelta(seconds=number)


def convert_durations(value: object, *names: str, zero: bool = False) -> None:
    """Make timedeltas of these fields of a frozen dataclass; with `zero`, 0 is fine."""
    for name in names:
        object.__setattr__(value, name, duration(getattr(value, name), name, zero=zero))


__all__ = [
    "AcquirePolicy",
    "IdleEntry",
    "PoolCreationSpec",
    "PoolDestroyOptions",
    "PoolDestroyResult",
    "PoolDestroyState",
    "PoolDestroyStrategy",
    "PoolLifecycleState",
    "PoolSnapshot",
    "PoolState",
    "PooledSandboxCreateContext",
    "PooledSandboxCreateReason",
    "StoreCounters",
    "TakeIdleResult",
    "effective_max_idle_attempts",
    "policy_falls_through_to_direct_create",
]
