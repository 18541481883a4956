"""Everything about pools under the import path that programs use."""

from opensandbox._async.pool_store import InMemoryAsyncPoolStateStore as InMemoryAsyncPoolStateStore
from opensandbox._sync.pool_store import InMemoryPoolStateStore as InMemoryPoolStateStore
from opensandbox.pool_async import AsyncSandboxPool as AsyncSandboxPool
from opensandbox.pool_async import SandboxPoolAsync as SandboxPoolAsync
from opensandbox.pool_manager import SandboxPoolManager as SandboxPoolManager
from opensandbox.pool_manager import SandboxPoolManagerAsync as SandboxPoolManagerAsync
from opensandbox.pool_manager import SandboxPoolManagerSync as SandboxPoolManagerSync
from opensandbox.pool_types import AcquirePolicy as AcquirePolicy
from opensandbox.pool_types import AsyncPoolConfig as AsyncPoolConfig
from opensandbox.pool_types import AsyncPooledSandboxCreator as AsyncPooledSandboxCreator
from opensandbox.pool_types import AsyncPoolStateStore as AsyncPoolStateStore
from opensandbox.pool_types import IdleEntry as IdleEntry
from opensandbox.pool_types import PoolConfig as PoolConfig
from opensandbox.pool_types import PoolCreationSpec as PoolCreationSpec
from opensandbox.pool_types import PoolDestroyOptions as PoolDestroyOptions
from opensandbox.pool_types import PoolDestroyResult as PoolDestroyResult
from opensandbox.pool_types import PoolDestroyState as PoolDestroyState
from opensandbox.pool_types import PoolDestroyStrategy as PoolDestroyStrategy
from opensandbox.pool_types import PooledSandboxCreateContext as PooledSandboxCreateContext
from opensandbox.pool_types import PooledSandboxCreateReason as PooledSandboxCreateReason
from opensandbox.pool_types import PooledSandboxCreator as PooledSandboxCreator
from opensandbox.pool_types import PoolLifecycleState as PoolLifecycleState
from opensandbox.pool_types import PoolSnapshot as PoolSnapshot
from opensandbox.pool_types import PoolState as PoolState
from opensandbox.pool_types import PoolStateStore as PoolStateStore
from opensandbox.pool_types import StoreCounters as StoreCounters
from opensandbox.pool_types import TakeIdleResult as TakeIdleResult
from opensandbox.sync.pool import SandboxPoolSync as SandboxPoolSync

SandboxPool = SandboxPoolSync
