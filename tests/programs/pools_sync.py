"""A pool of blocking sandboxes: warming up, acquiring under each policy, draining, destroying."""

import time
from datetime import timedelta

from opensandbox import (
    AcquirePolicy,
    InMemoryPoolStateStore,
    PoolCreationSpec,
    SandboxPoolManager,
    SandboxPoolSync,
)
from opensandbox.config import ConnectionConfigSync
from opensandbox.exceptions import (
    PoolDestroyedException,
    PoolEmptyException,
    PoolNotRunningException,
    SandboxException,
)
from opensandbox.pool import PoolLifecycleState, PoolState

prepared = []


def prepare(sandbox):
    prepared.append(sandbox.commands.run("echo prepared > /tmp/prepared").exit_code)


def pool_of(store, **options):
    return SandboxPoolSync(
        pool_name="demo",
        state_store=store,
        connection_config=ConnectionConfigSync(),
        creation_spec=PoolCreationSpec(image="ubuntu:22.04", env={"P": "1"}),
        **options,
    )


def until_idle(pool, count):
    while pool.snapshot().idle_count != count:
        time.sleep(0.1)


store = InMemoryPoolStateStore()
pool = pool_of(
    store,
    owner_id="worker-1",
    max_idle=2,
    warmup_create_qps=10,
    warmup_concurrency=128,
    warmup_sandbox_preparer=prepare,
)
try:
    pool.acquire()
except PoolNotRunningException as error:
    print(error.error.code)
told = pool.snapshot()
print(told.lifecycle_state is PoolLifecycleState.NOT_STARTED, told.idle_count, told.max_idle)
print(told.failure_count, told.backoff_active, told.last_error, told.in_flight_operations)
pool.start()
try:
    until_idle(pool, 2)
    print(pool.snapshot().state is PoolState.HEALTHY, prepared, len(pool.snapshot_idle_entries()))
    sandbox = pool.acquire(sandbox_timeout=timedelta(minutes=30), policy=AcquirePolicy.FAIL_FAST)
    print(sandbox.commands.run("echo $P; cat /tmp/prepared").text)
    sandbox.destroy()
    pool.resize(0)
    until_idle(pool, 0)
    try:
        pool.acquire(policy=AcquirePolicy.FAIL_FAST)
    except PoolEmptyException as error:
        print(error.error.code)
    try:
        pool.acquire(policy=AcquirePolicy.RETRY_NEXT_IDLE)
    except SandboxException as error:
        print(type(error).__name__)
    for policy in (AcquirePolicy.DIRECT_CREATE, AcquirePolicy.RETRY_NEXT_IDLE_THEN_CREATE):
        direct = pool.acquire(policy=policy)
        print(direct.commands.run("echo direct").text)
        direct.destroy()
    pool.resize(1)
    until_idle(pool, 1)
    print(pool.release_all_idle())
finally:
    pool.shutdown(graceful=True)
print(pool.snapshot().lifecycle_state is PoolLifecycleState.STOPPED)
manager = SandboxPoolManager(state_store=store, connection_config=ConnectionConfigSync())
done = manager.destroy("demo")
print(done.pool_name, done.state.value, done.persistent_state_cleared)
try:
    pool_of(store, max_idle=1).start()
except PoolDestroyedException as error:
    print(error.error.code)
