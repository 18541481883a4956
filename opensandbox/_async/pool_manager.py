"""Ends pools, those of other processes too.

Rules:

* First nothing is taken in any more, then what is idle is killed, then the state is forgotten, and
  a tombstone keeps the name from being used. Each step may be repeated.
* What was acquired stays with who has it.
"""

from __future__ import annotations

import uuid

from .._concurrency import async_sleep, monotonic
from ..exceptions import (
    InvalidArgumentException,
    PoolDestroyedException,
    PoolDestroyIncompleteException,
)
from ..models.pooling import PoolDestroyOptions, PoolDestroyResult, PoolDestroyState
from .config import ConnectionConfig
from .manager import SandboxManager
from .pool_store import AsyncPoolStateStore
from .pool_supply import KILLS_AT_ONCE, ManagerFactory, kill_all

#: How long to wait before killing what could not be killed is tried again, in seconds.
_PAUSE = 0.5


class SandboxPoolManagerAsync:
    """Looks after the pools of a store.

    Example::

        manager = SandboxPoolManagerAsync(state_store=store, connection_config=config)
        await manager.destroy("workers")

    `connection_config` stays the caller's to close; None is one of its own, closed after each call.
    """

    def __init__(
        self,
        *,
        state_store: AsyncPoolStateStore,
        connection_config: ConnectionConfig | None = None,
        owner_id: str | None = None,
        sandbox_manager_factory: ManagerFactory = SandboxManager.create,
    ) -> None:
        self._store = state_store
        self._config = connection_config
        self._owner_id = owner_id or f"pool-manager-{uuid.uuid4().hex}"
        self._manager_factory = sandbox_manager_factory

    async def destroy(
        self, pool_name: str, options: PoolDestroyOptions | None = None
    ) -> PoolDestroyResult:
        """End a pool: kill what is idle, forget it, and keep its name from being used for a while.

        Pools of this name that run stop warming up, and their `acquire` raises
        `PoolDestroyedException`. Destroying again what is destroyed changes nothing. Raises
        `PoolDestroyIncompleteException` when not all could be killed within `drain_timeout`:
        nothing new comes in, and it may be called again.
        """
        options = options or PoolDestroyOptions()
        if not isinstance(options, PoolDestroyOptions):
            raise InvalidArgumentException(
                f"options must be PoolDestroyOptions or None, got {type(options).__name__}"
            )
        try:
            await self._store.begin_destroy(pool_name, self._owner_id)
        except PoolDestroyedException:
            return PoolDestroyResult(pool_name, PoolDestroyState.DESTROYED, 0, 0, False)
        config = self._config or ConnectionConfig()
        try:
            drained = await self._drain(pool_name, config, options.drain_timeout.total_seconds())
        finally:
            if self._config is None:
                await config.close()
        await self._store.clear_pool_state(pool_name)
        await self._store.mark_destroyed(pool_name, self._owner_id, options.tombstone_ttl)
        return PoolDestroyResult(pool_name, PoolDestroyState.DESTROYED, drained, drained, True)

    async def _drain(self, pool_name: str, config: ConnectionConfig, seconds: float) -> int:
        """Kill all that is idle; how many that were."""
        ends, killed = monotonic() + seconds, 0
        batch = await self._take(pool_name)
        while batch:
            failures = await kill_all(self._manager_factory, config, batch)
            killed += len(batch) - len(failures)
            if failures:
                if monotonic() + _PAUSE >= ends:
                    raise _incomplete(pool_name, killed, failures)
                await async_sleep(_PAUSE)
                batch = list(failures)
            else:
                batch = await self._take(pool_name)
        return killed

    async def _take(self, pool_name: str) -> list[str]:
        taken: list[str] = []
        while len(taken) < KILLS_AT_ONCE:
            sandbox_id = await self._store.try_take_idle(pool_name)
            if sandbox_id is None:
                break
            taken.append(sandbox_id)
        return taken


def _incomplete(
    pool_name: str, killed: int, failures: dict[str, Exception]
) -> PoolDestroyIncompleteException:
    last = list(failures.values())[-1]
    error = PoolDestroyIncompleteException(
        f"Pool {pool_name!r} is not destroyed yet: {killed} idle sandboxes were killed,"
        f" {len(failures)} could not be; destroy it again, and these end when their time is up:"
        f" {', '.join(failures)}",
        cause=last,
    )
    for sandbox_id, failure in failures.items():
        error.add_note(f"{sandbox_id}: {type(failure).__name__}: {failure}")
    return error
