"""A pool of sandboxes on an event loop, made by a creator of the program's own."""

import asyncio
from datetime import timedelta

from opensandbox import (
    AcquirePolicy,
    InMemoryAsyncPoolStateStore,
    PoolCreationSpec,
    PoolDestroyOptions,
    Sandbox,
    SandboxPoolAsync,
    SandboxPoolManagerAsync,
)
from opensandbox.config import ConnectionConfig

asked = []


class Creator:
    async def __call__(self, context):
        asked.append((context.reason.value, context.pool_name, context.owner_id))
        return await Sandbox.create(
            "ubuntu",
            connection_config=context.connection_config,
            timeout=context.idle_timeout,
            ready_timeout=context.ready_timeout,
            health_check=context.health_check,
            health_check_polling_interval=context.health_check_polling_interval,
            skip_health_check=context.skip_health_check,
        )


async def main():
    store = InMemoryAsyncPoolStateStore()
    async with SandboxPoolAsync(
        pool_name="own",
        owner_id="worker",
        max_idle=1,
        state_store=store,
        connection_config=ConnectionConfig(),
        creation_spec=PoolCreationSpec(image="ubuntu"),
        sandbox_creator=Creator(),
        idle_timeout=timedelta(hours=1),
    ) as pool:
        while not (await pool.snapshot()).idle_count:
            await asyncio.sleep(0.1)
        sandbox = await pool.acquire(policy=AcquirePolicy.FAIL_FAST)
        print((await sandbox.commands.run("echo ok")).text, asked[0])
        await sandbox.destroy()
    print((await pool.snapshot()).lifecycle_state.value)
    manager = SandboxPoolManagerAsync(state_store=store, connection_config=ConnectionConfig())
    done = await manager.destroy("own", PoolDestroyOptions(tombstone_ttl=None))
    print(done.pool_name, done.state.value)


asyncio.run(main())
