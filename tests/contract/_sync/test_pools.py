# Written by scripts/unasync.py from tests/contract/_async/test_pools.py. Do not edit.
"""A pool hands out sandboxes that are ready, and ends those that nobody took."""

from __future__ import annotations

from opensandbox import ConnectionConfigSync
from opensandbox._concurrency import monotonic, sleep
from opensandbox._sync.pool import SandboxPoolSync
from opensandbox._sync.pool_manager import SandboxPoolManager
from opensandbox._sync.pool_store import InMemoryPoolStateStore
from opensandbox._sync.sandbox import SandboxSync
from opensandbox.models.pooling import AcquirePolicy, PoolCreationSpec
from tests.contract.conftest import Server


def prepare(sandbox: SandboxSync) -> None:
    sandbox.files.write_file("/tmp/prepared", "by the pool")


def test_a_pool_from_start_to_end(server: Server, config: ConnectionConfigSync) -> None:
    store = InMemoryPoolStateStore()
    with SandboxPoolSync(
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
        while (pool.snapshot()).idle_count < 1:
            assert monotonic() < ends, pool.snapshot()
            sleep(0.05)
        sandbox = pool.acquire(sandbox_timeout=120, policy=AcquirePolicy.FAIL_FAST)
        try:
            assert sandbox.files.read_file("/tmp/prepared") == "by the pool"
            assert (sandbox.get_info()).metadata == {"of": "a-pool"}
        finally:
            sandbox.kill()
    manager = SandboxPoolManager(state_store=store, connection_config=config)
    assert (manager.destroy("contract")).persistent_state_cleared
