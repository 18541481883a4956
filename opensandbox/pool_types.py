"""What pools are made of and tell, under the import path that programs use."""

from opensandbox._async.pool_config import AsyncPoolConfig as AsyncPoolConfig
from opensandbox._async.pool_config import AsyncPooledSandboxCreator as AsyncPooledSandboxCreator
from opensandbox._async.pool_store import AsyncPoolStateStore as AsyncPoolStateStore
from opensandbox._async.pool_store import (
    reap_expired_idle_with_min_ttl_async as reap_expired_idle_with_min_ttl_async,
)
from opensandbox._async.pool_store import (
    try_take_idle_with_min_ttl_async as try_take_idle_with_min_ttl_async,
)
from opensandbox._sync.pool_config import PoolConfig as PoolConfig
from opensandbox._sync.pool_config import PooledSandboxCreator as PooledSandboxCreator
from opensandbox._sync.pool_store import PoolStateStore as PoolStateStore
from opensandbox._sync.pool_store import (
    reap_expired_idle_with_min_ttl as reap_expired_idle_with_min_ttl,
)
from opensandbox._sync.pool_store import try_take_idle_with_min_ttl as try_take_idle_with_min_ttl
from opensandbox.models.pooling import AcquirePolicy as AcquirePolicy
from opensandbox.models.pooling import IdleEntry as IdleEntry
from opensandbox.models.pooling import PoolCreationSpec as PoolCreationSpec
from opensandbox.models.pooling import PoolDestroyOptions as PoolDestroyOptions
from opensandbox.models.pooling import PoolDestroyResult as PoolDestroyResult
from opensandbox.models.pooling import PoolDestroyState as PoolDestroyState
from opensandbox.models.pooling import PoolDestroyStrategy as PoolDestroyStrategy
from opensandbox.models.pooling import PooledSandboxCreateContext as PooledSandboxCreateContext
from opensandbox.models.pooling import PooledSandboxCreateReason as PooledSandboxCreateReason
from opensandbox.models.pooling import PoolLifecycleState as PoolLifecycleState
from opensandbox.models.pooling import PoolSnapshot as PoolSnapshot
from opensandbox.models.pooling import PoolState as PoolState
from opensandbox.models.pooling import StoreCounters as StoreCounters
from opensandbox.models.pooling import TakeIdleResult as TakeIdleResult
from opensandbox.models.pooling import effective_max_idle_attempts as effective_max_idle_attempts
from opensandbox.models.pooling import (
    policy_falls_through_to_direct_create as policy_falls_through_to_direct_create,
)
