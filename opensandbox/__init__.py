"""Run code in isolated sandboxes, on an OpenSandbox server or on this machine.

The names that a first program needs, each loaded when it is first used: `import opensandbox`
alone costs next to nothing. Everything else is imported from the module that it lives in.
"""

from __future__ import annotations

from importlib import import_module

# Type checkers take it for true; importing typing would cost more than all the rest.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from opensandbox._async.config import ConnectionConfig
    from opensandbox._async.manager import SandboxManager
    from opensandbox._async.pool import SandboxPoolAsync
    from opensandbox._async.pool_config import AsyncPooledSandboxCreator
    from opensandbox._async.pool_manager import SandboxPoolManagerAsync
    from opensandbox._async.pool_store import InMemoryAsyncPoolStateStore
    from opensandbox._async.sandbox import Sandbox
    from opensandbox._sync.config import ConnectionConfigSync
    from opensandbox._sync.manager import SandboxManagerSync
    from opensandbox._sync.pool import SandboxPoolSync
    from opensandbox._sync.pool_config import PooledSandboxCreator
    from opensandbox._sync.pool_manager import SandboxPoolManager
    from opensandbox._sync.pool_store import InMemoryPoolStateStore
    from opensandbox._sync.sandbox import SandboxSync
    from opensandbox.exceptions import (
        CommandFailedException,
        InvalidArgumentException,
        PoolAcquireFailedException,
        PoolDestroyedException,
        PoolDestroyIncompleteException,
        PoolEmptyException,
        PoolNotRunningException,
        PoolStateStoreUnavailableException,
        SandboxApiException,
        SandboxConnectionException,
        SandboxError,
        SandboxException,
        SandboxInternalException,
        SandboxRateLimitException,
        SandboxReadyTimeoutException,
        SandboxTimeoutException,
        SandboxUnhealthyException,
    )
    from opensandbox.models.execd import ExecutionHandlers, RunCommandOpts
    from opensandbox.models.execd_sync import ExecutionHandlersSync
    from opensandbox.models.filesystem import SearchEntry, WriteEntry
    from opensandbox.models.pooling import (
        AcquirePolicy,
        PoolCreationSpec,
        PoolDestroyOptions,
        PoolDestroyResult,
        PoolDestroyState,
        PoolDestroyStrategy,
        PooledSandboxCreateContext,
        PooledSandboxCreateReason,
    )
    from opensandbox.models.sandboxes import (
        NetworkPolicy,
        NetworkRule,
        SandboxFilter,
        Volume,
    )
    from opensandbox.pool import SandboxPool
    from opensandbox.pool_async import AsyncSandboxPool
    from opensandbox.pool_manager import SandboxPoolManagerSync

__version__ = "1.2.0"

__all__ = [
    "AcquirePolicy",
    "AsyncPooledSandboxCreator",
    "AsyncSandboxPool",
    "CommandFailedException",
    "ConnectionConfig",
    "ConnectionConfigSync",
    "ExecutionHandlers",
    "ExecutionHandlersSync",
    "InMemoryAsyncPoolStateStore",
    "InMemoryPoolStateStore",
    "InvalidArgumentException",
    "NetworkPolicy",
    "NetworkRule",
    "PoolAcquireFailedException",
    "PoolCreationSpec",
    "PoolDestroyIncompleteException",
    "PoolDestroyOptions",
    "PoolDestroyResult",
    "PoolDestroyState",
    "PoolDestroyStrategy",
    "PoolDestroyedException",
    "PoolEmptyException",
    "PoolNotRunningException",
    "PoolStateStoreUnavailableException",
    "PooledSandboxCreateContext",
    "PooledSandboxCreateReason",
    "PooledSandboxCreator",
    "RunCommandOpts",
    "Sandbox",
    "SandboxApiException",
    "SandboxConnectionException",
    "SandboxError",
    "SandboxException",
    "SandboxFilter",
    "SandboxInternalException",
    "SandboxManager",
    "SandboxManagerSync",
    "SandboxPool",
    "SandboxPoolAsync",
    "SandboxPoolManager",
    "SandboxPoolManagerAsync",
    "SandboxPoolManagerSync",
    "SandboxPoolSync",
    "SandboxRateLimitException",
    "SandboxReadyTimeoutException",
    "SandboxSync",
    "SandboxTimeoutException",
    "SandboxUnhealthyException",
    "SearchEntry",
    "Volume",
    "WriteEntry",
]

# Where they live: the imports above, for the running program. A test holds the three together.
_HOMES = {
    "opensandbox._async.config": ("ConnectionConfig",),
    "opensandbox._async.manager": ("SandboxManager",),
    "opensandbox._async.pool": ("SandboxPoolAsync",),
    "opensandbox._async.pool_config": ("AsyncPooledSandboxCreator",),
    "opensandbox._async.pool_manager": ("SandboxPoolManagerAsync",),
    "opensandbox._async.pool_store": ("InMemoryAsyncPoolStateStore",),
    "opensandbox._async.sandbox": ("Sandbox",),
    "opensandbox._sync.config": ("ConnectionConfigSync",),
    "opensandbox._sync.manager": ("SandboxManagerSync",),
    "opensandbox._sync.pool": ("SandboxPoolSync",),
    "opensandbox._sync.pool_config": ("PooledSandboxCreator",),
    "opensandbox._sync.pool_manager": ("SandboxPoolManager",),
    "opensandbox._sync.pool_store": ("InMemoryPoolStateStore",),
    "opensandbox._sync.sandbox": ("SandboxSync",),
    "opensandbox.exceptions": (
        "CommandFailedException",
        "InvalidArgumentException",
        "PoolAcquireFailedException",
        "PoolDestroyIncompleteException",
        "PoolDestroyedException",
        "PoolEmptyException",
        "PoolNotRunningException",
        "PoolStateStoreUnavailableException",
        "SandboxApiException",
        "SandboxConnectionException",
        "SandboxError",
        "SandboxException",
        "SandboxInternalException",
        "SandboxRateLimitException",
        "SandboxReadyTimeoutException",
        "SandboxTimeoutException",
        "SandboxUnhealthyException",
    ),
    "opensandbox.models.execd": (
        "ExecutionHandlers",
        "RunCommandOpts",
    ),
    "opensandbox.models.execd_sync": ("ExecutionHandlersSync",),
    "opensandbox.models.filesystem": (
        "SearchEntry",
        "WriteEntry",
    ),
    "opensandbox.models.pooling": (
        "AcquirePolicy",
        "PoolCreationSpec",
        "PoolDestroyOptions",
        "PoolDestroyResult",
        "PoolDestroyState",
        "PoolDestroyStrategy",
        "PooledSandboxCreateContext",
        "PooledSandboxCreateReason",
    ),
    "opensandbox.models.sandboxes": (
        "NetworkPolicy",
        "NetworkRule",
        "SandboxFilter",
        "Volume",
    ),
    "opensandbox.pool": ("SandboxPool",),
    "opensandbox.pool_async": ("AsyncSandboxPool",),
    "opensandbox.pool_manager": ("SandboxPoolManagerSync",),
}


if not TYPE_CHECKING:  # for them, a misspelt name has to stay an error

    def __getattr__(name: str) -> object:
        for home, names in _HOMES.items():
            if name in names:
                value: object = getattr(import_module(home), name)
                globals()[name] = value
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
