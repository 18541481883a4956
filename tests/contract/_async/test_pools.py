"""A pool hands out sandboxes that are ready, and ends those that nobody took."""

from __future__ import annotations

from opensandbox import ConnectionConfig
from opensandbox._async.pool import SandboxPoolAsync
from opensandbox._async.pool_manager import SandboxPoolManagerAsync
from opensandbox._async.pool_store import InMemoryAsyncPoolStateStore
from opensandbox._async.sandbox import Sandbox
from opensandbox._concurrency import async_sleep, monotonic
from opensandbox.models.pooling import AcquirePolicy, PoolCreationSpec
from tests.contract.conftest import Server


async def prepare(sandbox: Sandbox) -> None:
    await sandbox.files.write_file("/tmp/prepared", "by the pool")


async def test_a_pool_from_start_to_end(server: Server, config: ConnectionConfig) -> None:
    store = InMemoryAsyncPoolStateStore()
    async with SandboxPoolAsync(
        pool_name="contract",
        max_idle=1,
        state_store=store,
        connection_config=config,
        creation_spec=PoolCreationSpec(
            server.image, resource={"cpu": "1", "memory": "256Mi"}, metadata={"of": "a-pool"}
        ),
        warmup_ready_timeout=server.ready_timeout,
        warmup_sandbox_preparer=prepare,
        idle_timeout=300,
    ) as pool:
        ends = monotonic() + 2 * server.ready_timeout
        while (await pool.snapshot()).idle_count < 1:
            assert monotonic() < ends, await pool.snapshot()
            await async_sleep(0.05)
        sandbox = await pool.acquire(sandbox_timeout=120, policy=AcquirePolicy.FAIL_FAST)
        try:
            assert await sandbox.files.read_file("/tmp/prepared") == "by the pool"
            assert (await sandbox.get_info()).metadata == {"of": "a-pool"}
        finally:
            await sandbox.kill()
    manager = SandboxPoolManagerAsync(state_store=store, connection_config=config)
    assert (await manager.destroy("contract")).persistent_state_cleared
