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
    from opensandbox._async.sandbox import Sandbox
    from opensandbox._sync.config import ConnectionConfigSync
    from opensandbox._sync.manager import SandboxManagerSync
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
    from opensandbox.models.sandboxes import (
        NetworkPolicy,
        NetworkRule,
        SandboxFilter,
        Volume,
    )

__version__ = "1.2.0"

__all__ = [
    "CommandFailedException",
    "ConnectionConfig",
    "ConnectionConfigSync",
    "ExecutionHandlers",
    "ExecutionHandlersSync",
    "InvalidArgumentException",
    "NetworkPolicy",
    "NetworkRule",
    "PoolAcquireFailedException",
    "PoolDestroyIncompleteException",
    "PoolDestroyedException",
    "PoolEmptyException",
    "PoolNotRunningException",
    "PoolStateStoreUnavailableException",
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
    "opensandbox._async.sandbox": ("Sandbox",),
    "opensandbox._sync.config": ("ConnectionConfigSync",),
    "opensandbox._sync.manager": ("SandboxManagerSync",),
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
    "opensandbox.models.sandboxes": (
        "NetworkPolicy",
        "NetworkRule",
        "SandboxFilter",
        "Volume",
    ),
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
