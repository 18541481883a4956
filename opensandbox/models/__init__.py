"""The public values, each loaded when it is first used; the modules below hold them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .diagnostics import (
        DiagnosticContent,
    )
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
    from .isolated import (
        BindMount,
        CreateIsolatedSessionRequest,
        EnvPassthroughSpec,
        IsolatedCapabilities,
        IsolatedOverlaySpec,
        IsolatedRunOpts,
        IsolatedSessionInfo,
        IsolatedSessionState,
        IsolatedSessionSummary,
        IsolatedWorkspaceSpec,
    )
    from .sandboxes import (
        PVC,
        Credential,
        CredentialAuth,
        CredentialBinding,
        CredentialBindingListResponse,
        CredentialBindingMetadata,
        CredentialBindingMutationSet,
        CredentialListResponse,
        CredentialMatch,
        CredentialMetadata,
        CredentialMutationSet,
        CredentialProxyConfig,
        CredentialSubstitution,
        CredentialVaultPatchRequest,
        CredentialVaultState,
        CustomHeaderEntry,
        Host,
        InlineCredentialSource,
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

_MODULES = ("diagnostics", "execd", "filesystem", "isolated", "sandboxes")

__all__ = [
    "PVC",
    "BindMount",
    "CommandLogs",
    "CommandStatus",
    "ContentReplaceEntry",
    "ContentReplaceResult",
    "CreateIsolatedSessionRequest",
    "Credential",
    "CredentialAuth",
    "CredentialBinding",
    "CredentialBindingListResponse",
    "CredentialBindingMetadata",
    "CredentialBindingMutationSet",
    "CredentialListResponse",
    "CredentialMatch",
    "CredentialMetadata",
    "CredentialMutationSet",
    "CredentialProxyConfig",
    "CredentialSubstitution",
    "CredentialVaultPatchRequest",
    "CredentialVaultState",
    "CustomHeaderEntry",
    "DiagnosticContent",
    "DirectoryListEntry",
    "EntryInfo",
    "EnvPassthroughSpec",
    "Execution",
    "ExecutionComplete",
    "ExecutionError",
    "ExecutionInit",
    "ExecutionLogs",
    "ExecutionResult",
    "Host",
    "InlineCredentialSource",
    "IsolatedCapabilities",
    "IsolatedOverlaySpec",
    "IsolatedRunOpts",
    "IsolatedSessionInfo",
    "IsolatedSessionState",
    "IsolatedSessionSummary",
    "IsolatedWorkspaceSpec",
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
