"""The public values, each loaded when it is first used; the modules below hold them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .execd import (
        CommandLogs,
        CommandStatus,
        Execution,
        ExecutionComplete,
        ExecutionError,
        ExecutionInit,
        ExecutionLogs,
        ExecutionResult,
        OutputMessage,
    )
    from .filesystem import (
        ContentReplaceEntry,
        ContentReplaceResult,
        DirectoryListEntry,
        EntryInfo,
        MoveEntry,
        SearchEntry,
        SetPermissionEntry,
        WriteEntry,
    )
    from .sandboxes import (
        PVC,
        CredentialProxyConfig,
        Host,
        LifecycleHook,
        NetworkPolicy,
        NetworkRule,
        PagedSandboxInfos,
        PaginationInfo,
        PeriodicLifecycleHook,
        PlatformSpec,
        SandboxAllocation,
        SandboxCreateResponse,
        SandboxEndpoint,
        SandboxFilter,
        SandboxImageAuth,
        SandboxImageSpec,
        SandboxInfo,
        SandboxLifecycle,
        SandboxMetrics,
        SandboxState,
        SandboxStatus,
        Volume,
    )

_MODULES = ("execd", "filesystem", "sandboxes")

__all__ = [
    "PVC",
    "CommandLogs",
    "CommandStatus",
    "ContentReplaceEntry",
    "ContentReplaceResult",
    "CredentialProxyConfig",
    "DirectoryListEntry",
    "EntryInfo",
    "Execution",
    "ExecutionComplete",
    "ExecutionError",
    "ExecutionInit",
    "ExecutionLogs",
    "ExecutionResult",
    "Host",
    "LifecycleHook",
    "MoveEntry",
    "NetworkPolicy",
    "NetworkRule",
    "OutputMessage",
    "PagedSandboxInfos",
    "PaginationInfo",
    "PeriodicLifecycleHook",
    "PlatformSpec",
    "SandboxAllocation",
    "SandboxCreateResponse",
    "SandboxEndpoint",
    "SandboxFilter",
    "SandboxImageAuth",
    "SandboxImageSpec",
    "SandboxInfo",
    "SandboxLifecycle",
    "SandboxMetrics",
    "SandboxState",
    "SandboxStatus",
    "SearchEntry",
    "SetPermissionEntry",
    "Volume",
    "WriteEntry",
]


def __getattr__(name: str) -> object:
    if name in __all__:
        for module in _MODULES:
            home = import_module(f"{__name__}.{module}")
            if name in home.__all__:
                return getattr(home, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
