"""How a pool's sandboxes come and go: taken out of the store, connected to, made, ended.

Rules:

* What was taken out or made and cannot be handed over is killed, also when the caller is cancelled.
* What goes wrong in that is a note on the first error, or logged where there is none.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial

from .._concurrency import async_answer, async_gather, async_shield
from ..exceptions import PoolStateStoreUnavailableException, SandboxApiException
from ..models.pooling import (
    PooledSandboxCreateContext,
    PooledSandboxCreateReason,
    TakeIdleResult,
)
from .config import ConnectionConfig
from .endings import CLEAN_UP_LIMIT, deletion_failure
from .manager import SandboxManager
from .pool_config import AsyncPoolConfig
from .pool_operations import Operations
from .pool_store import try_take_idle_with_min_ttl_async
from .sandbox import Sandbox

#: Makes what kills sandboxes by their ids.
ManagerFactory = Callable[[ConnectionConfig], Awaitable[SandboxManager]]

#: How long the store may take to give out a sandbox, in seconds.
_TAKE_LIMIT = 30.0
#: How many sandboxes are killed at a time.
KILLS_AT_ONCE = 16

_logger = logging.getLogger("opensandbox")


class Supply:
    """Gives a pool its sandboxes, and takes them off its hands."""

    def __init__(
        self,
        config: AsyncPoolConfig,
        owner_id: str,
        kills: Operations,
        sandbox_factory: type[Sandbox],
        manager_factory: ManagerFactory,
    ) -> None:
        self._config = config
        self._owner_id = owner_id
        self._kills = kills
        self._sandbox_factory = sandbox_factory
        self._manager_factory = manager_factory

    async def take(self, least_life: timedelta | None) -> str | None:
        """The oldest idle sandbox with more life left than that; None when there is none."""
        found: list[TakeIdleResult] = []

        async def take() -> None:
            store, name = self._config.state_store, self._config.pool_name
            found.append(await try_take_idle_with_min_ttl_async(store, name, least_life))

        try:
            await async_shield(take, seconds=_TAKE_LIMIT)
        except TimeoutError as error:
            raise PoolStateStoreUnavailableException(
                f"The state store gave no answer for pool {self._config.pool_name!r} within"
                f" {_TAKE_LIMIT:g} s",
                cause=error,
            ) from error
        except BaseException as error:
            # The store gave it out; who asked is gone.
            for result in found:
                if result.sandbox_id is not None:
                    await self.discard(result.sandbox_id, after=error)
                self.end_later(result.discarded_alive_sandbox_ids)
            raise
        self.end_later(found[0].discarded_alive_sandbox_ids)
        return found[0].sandbox_id

    async def connect(self, sandbox_id: str, sandbox_timeout: timedelta | None) -> Sandbox:
        """An idle sandbox, ready; one that cannot be made so is killed."""
        config = self._config
        try:
            sandbox = await self._sandbox_factory.connect(
                sandbox_id,
                connection_config=config.connection_config,
                health_check=config.acquire_health_check,
                connect_timeout=config.acquire_ready_timeout,
                health_check_polling_interval=config.acquire_health_check_polling_interval,
                skip_health_check=config.acquire_skip_health_check,
            )
        except BaseException as error:
            await self.discard(sandbox_id, after=error)
            raise
        return await self._given_life(sandbox, sandbox_timeout)

    async def make(self, sandbox_timeout: timedelta | None) -> Sandbox:
        """A new sandbox for who acquires one."""
        sandbox = await self.create(PooledSandboxCreateReason.DIRECT_CREATE)
        return await self._given_life(sandbox, sandbox_timeout)

    async def _given_life(self, sandbox: Sandbox, sandbox_timeout: timedelta | None) -> Sandbox:
        """The sandbox with so much life from now on; one that cannot be given it is killed."""
        try:
            if sandbox_timeout is not None:
                await sandbox.renew(sandbox_timeout)
        except BaseException as error:
            try:
                await self.discard(sandbox.id, after=error)
            finally:
                await sandbox.close()
            raise
        return sandbox._given_out()

    async def create(self, reason: PooledSandboxCreateReason) -> Sandbox:
        """A new sandbox: ready when it was acquired directly, not waited for in a warm-up."""
        config = self._config
        context = self._context(reason)
        if config.sandbox_creator is not None:
            return await async_answer(config.sandbox_creator, context)
        spec = config.creation_spec
        return await self._sandbox_factory.create(
            spec.image,
            timeout=context.idle_timeout,
            ready_timeout=context.ready_timeout,
            env=spec.env,
            metadata=spec.metadata,
            resource=spec.resource,
            platform=spec.platform,
            network_policy=spec.network_policy,
            extensions=spec.extensions,
            secure_access=spec.secure_access,
            entrypoint=spec.entrypoint,
            volumes=spec.volumes,
            connection_config=config.connection_config,
            health_check=(
                config.warmup_health_check
                if reason is PooledSandboxCreateReason.WARMUP
                else config.acquire_health_check
            ),
            health_check_polling_interval=context.health_check_polling_interval,
            skip_health_check=context.skip_health_check,
        )

    def _context(self, reason: PooledSandboxCreateReason) -> PooledSandboxCreateContext:
        config = self._config
        warm = reason is PooledSandboxCreateReason.WARMUP
        return PooledSandboxCreateContext(
            pool_name=config.pool_name,
            owner_id=self._owner_id,
            idle_timeout=config.idle_timeout,
            reason=reason,
            ready_timeout=config.warmup_ready_timeout if warm else config.acquire_ready_timeout,
            health_check_polling_interval=(
                config.warmup_health_check_polling_interval
                if warm
                else config.acquire_health_check_polling_interval
            ),
            skip_health_check=warm or config.acquire_skip_health_check,
            health_check=config.warmup_health_check if warm else config.acquire_health_check,
            connection_config=config.connection_config,
        )

    async def discard(self, sandbox_id: str, *, after: BaseException) -> None:
        """Kill a sandbox that nobody will get, because of the error `after`."""
        failures: dict[str, Exception] = {}

        async def end() -> None:
            failures.update(await self.kill([sandbox_id]))

        try:
            await async_shield(end, seconds=CLEAN_UP_LIMIT)
        except Exception as error:
            failures[sandbox_id] = error
        for failure in failures.values():
            after.add_note(str(deletion_failure(sandbox_id, failure)))

    async def kill(
        self, sandbox_ids: Sequence[str], *, at_once: int = KILLS_AT_ONCE
    ) -> dict[str, Exception]:
        """End these; what went wrong, by id. One that is gone already is ended."""
        config = self._config.connection_config
        return await kill_all(self._manager_factory, config, sandbox_ids, at_once=at_once)

    def end_later(self, sandbox_ids: Sequence[str]) -> None:
        """Kill these in the background."""
        if sandbox_ids:
            self._kills.spawn(partial(self._end, tuple(sandbox_ids)), name="opensandbox-pool-kill")

    async def _end(self, sandbox_ids: Sequence[str]) -> None:
        try:
            failures = await self.kill(sandbox_ids)
        except Exception as error:
            failures = dict.fromkeys(sandbox_ids, error)
        log_failures(self._config.pool_name, failures)


async def kill_all(
    manager_factory: ManagerFactory,
    config: ConnectionConfig,
    sandbox_ids: Sequence[str],
    *,
    at_once: int = KILLS_AT_ONCE,
) -> dict[str, Exception]:
    """End these sandboxes, so many at a time; what went wrong, by id."""
    failures: dict[str, Exception] = {}
    manager = await manager_factory(config)

    async def end(sandbox_id: str) -> None:
        try:
            await manager.kill_sandbox(sandbox_id)
        except Exception as error:
            if not (isinstance(error, SandboxApiException) and error.status_code == 404):
                failures[sandbox_id] = error

    try:
        for start in range(0, len(sandbox_ids), at_once):
            batch = sandbox_ids[start : start + at_once]
            await async_gather(*(partial(end, sandbox_id) for sandbox_id in batch))
    finally:
        await manager.close()
    return failures


def log_failures(pool_name: str, failures: dict[str, Exception]) -> None:
    """Tell of sandboxes that may live on until their time is up."""
    for sandbox_id, error in failures.items():
        _logger.warning("pool %s: %s", pool_name, deletion_failure(sandbox_id, error))
