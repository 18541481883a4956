"""The models of this API, each loaded on first use."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .bind_mount import BindMount as BindMount
    from .capabilities_response import CapabilitiesResponse as CapabilitiesResponse
    from .capabilities_response_hardening import (
        CapabilitiesResponseHardening as CapabilitiesResponseHardening,
    )
    from .capabilities_response_hardening_init_mode import (
        CapabilitiesResponseHardeningInitMode as CapabilitiesResponseHardeningInitMode,
    )
    from .code_context import CodeContext as CodeContext
    from .code_context_request import CodeContextRequest as CodeContextRequest
    from .command_status_response import CommandStatusResponse as CommandStatusResponse
    from .create_isolated_session_request import (
        CreateIsolatedSessionRequest as CreateIsolatedSessionRequest,
    )
    from .create_isolated_session_request_profile import (
        CreateIsolatedSessionRequestProfile as CreateIsolatedSessionRequestProfile,
    )
    from .create_isolated_session_request_uid_mode import (
        CreateIsolatedSessionRequestUidMode as CreateIsolatedSessionRequestUidMode,
    )
    from .create_session_request import CreateSessionRequest as CreateSessionRequest
    from .create_session_response import CreateSessionResponse as CreateSessionResponse
    from .create_terminal_request import CreateTerminalRequest as CreateTerminalRequest
    from .env_passthrough_spec import EnvPassthroughSpec as EnvPassthroughSpec
    from .env_passthrough_spec_mode import EnvPassthroughSpecMode as EnvPassthroughSpecMode
    from .error_response import ErrorResponse as ErrorResponse
    from .file_info import FileInfo as FileInfo
    from .file_info_by_path import FileInfoByPath as FileInfoByPath
    from .file_info_type import FileInfoType as FileInfoType
    from .file_metadata import FileMetadata as FileMetadata
    from .hardening_layer_state import HardeningLayerState as HardeningLayerState
    from .hardening_layer_state_state import HardeningLayerStateState as HardeningLayerStateState
    from .isolated_background_run_response import (
        IsolatedBackgroundRunResponse as IsolatedBackgroundRunResponse,
    )
    from .isolated_create_session_response import (
        IsolatedCreateSessionResponse as IsolatedCreateSessionResponse,
    )
    from .isolated_overlay_spec import IsolatedOverlaySpec as IsolatedOverlaySpec
    from .isolated_overlay_spec_mode import IsolatedOverlaySpecMode as IsolatedOverlaySpecMode
    from .isolated_run_request import IsolatedRunRequest as IsolatedRunRequest
    from .isolated_run_request_envs import IsolatedRunRequestEnvs as IsolatedRunRequestEnvs
    from .isolated_run_status import IsolatedRunStatus as IsolatedRunStatus
    from .isolated_session_summary import IsolatedSessionSummary as IsolatedSessionSummary
    from .isolated_session_summary_status import (
        IsolatedSessionSummaryStatus as IsolatedSessionSummaryStatus,
    )
    from .isolated_workspace_spec import IsolatedWorkspaceSpec as IsolatedWorkspaceSpec
    from .isolated_workspace_spec_mode import IsolatedWorkspaceSpecMode as IsolatedWorkspaceSpecMode
    from .list_isolated_sessions_response import (
        ListIsolatedSessionsResponse as ListIsolatedSessionsResponse,
    )
    from .metrics import Metrics as Metrics
    from .permission import Permission as Permission
    from .permission_by_path import PermissionByPath as PermissionByPath
    from .rename_file_item import RenameFileItem as RenameFileItem
    from .replace_file_content_item import ReplaceFileContentItem as ReplaceFileContentItem
    from .replace_file_content_result import ReplaceFileContentResult as ReplaceFileContentResult
    from .replace_result_by_path import ReplaceResultByPath as ReplaceResultByPath
    from .replacement_by_path import ReplacementByPath as ReplacementByPath
    from .run_code_request import RunCodeRequest as RunCodeRequest
    from .run_command_request import RunCommandRequest as RunCommandRequest
    from .run_command_request_envs import RunCommandRequestEnvs as RunCommandRequestEnvs
    from .run_in_session_request import RunInSessionRequest as RunInSessionRequest
    from .server_stream_event import ServerStreamEvent as ServerStreamEvent
    from .server_stream_event_error import ServerStreamEventError as ServerStreamEventError
    from .server_stream_event_results import ServerStreamEventResults as ServerStreamEventResults
    from .server_stream_event_type import ServerStreamEventType as ServerStreamEventType
    from .session_state import SessionState as SessionState
    from .session_state_profile import SessionStateProfile as SessionStateProfile
    from .session_state_status import SessionStateStatus as SessionStateStatus
    from .session_state_uid_mode import SessionStateUidMode as SessionStateUidMode
    from .terminal_session import TerminalSession as TerminalSession

_MODULES = {
    "BindMount": ".bind_mount",
    "CapabilitiesResponse": ".capabilities_response",
    "CapabilitiesResponseHardening": ".capabilities_response_hardening",
    "CapabilitiesResponseHardeningInitMode": ".capabilities_response_hardening_init_mode",
    "CodeContext": ".code_context",
    "CodeContextRequest": ".code_context_request",
    "CommandStatusResponse": ".command_status_response",
    "CreateIsolatedSessionRequest": ".create_isolated_session_request",
    "CreateIsolatedSessionRequestProfile": ".create_isolated_session_request_profile",
    "CreateIsolatedSessionRequestUidMode": ".create_isolated_session_request_uid_mode",
    "CreateSessionRequest": ".create_session_request",
    "CreateSessionResponse": ".create_session_response",
    "CreateTerminalRequest": ".create_terminal_request",
    "EnvPassthroughSpec": ".env_passthrough_spec",
    "EnvPassthroughSpecMode": ".env_passthrough_spec_mode",
    "ErrorResponse": ".error_response",
    "FileInfo": ".file_info",
    "FileInfoByPath": ".file_info_by_path",
    "FileInfoType": ".file_info_type",
    "FileMetadata": ".file_metadata",
    "HardeningLayerState": ".hardening_layer_state",
    "HardeningLayerStateState": ".hardening_layer_state_state",
    "IsolatedBackgroundRunResponse": ".isolated_background_run_response",
    "IsolatedCreateSessionResponse": ".isolated_create_session_response",
    "IsolatedOverlaySpec": ".isolated_overlay_spec",
    "IsolatedOverlaySpecMode": ".isolated_overlay_spec_mode",
    "IsolatedRunRequest": ".isolated_run_request",
    "IsolatedRunRequestEnvs": ".isolated_run_request_envs",
    "IsolatedRunStatus": ".isolated_run_status",
    "IsolatedSessionSummary": ".isolated_session_summary",
    "IsolatedSessionSummaryStatus": ".isolated_session_summary_status",
    "IsolatedWorkspaceSpec": ".isolated_workspace_spec",
    "IsolatedWorkspaceSpecMode": ".isolated_workspace_spec_mode",
    "ListIsolatedSessionsResponse": ".list_isolated_sessions_response",
    "Metrics": ".metrics",
    "Permission": ".permission",
    "PermissionByPath": ".permission_by_path",
    "RenameFileItem": ".rename_file_item",
    "ReplaceFileContentItem": ".replace_file_content_item",
    "ReplaceFileContentResult": ".replace_file_content_result",
    "ReplaceResultByPath": ".replace_result_by_path",
    "ReplacementByPath": ".replacement_by_path",
    "RunCodeRequest": ".run_code_request",
    "RunCommandRequest": ".run_command_request",
    "RunCommandRequestEnvs": ".run_command_request_envs",
    "RunInSessionRequest": ".run_in_session_request",
    "ServerStreamEvent": ".server_stream_event",
    "ServerStreamEventError": ".server_stream_event_error",
    "ServerStreamEventResults": ".server_stream_event_results",
    "ServerStreamEventType": ".server_stream_event_type",
    "SessionState": ".session_state",
    "SessionStateProfile": ".session_state_profile",
    "SessionStateStatus": ".session_state_status",
    "SessionStateUidMode": ".session_state_uid_mode",
    "TerminalSession": ".terminal_session",
}

__all__ = [
    "BindMount",
    "CapabilitiesResponse",
    "CapabilitiesResponseHardening",
    "CapabilitiesResponseHardeningInitMode",
    "CodeContext",
    "CodeContextRequest",
    "CommandStatusResponse",
    "CreateIsolatedSessionRequest",
    "CreateIsolatedSessionRequestProfile",
    "CreateIsolatedSessionRequestUidMode",
    "CreateSessionRequest",
    "CreateSessionResponse",
    "CreateTerminalRequest",
    "EnvPassthroughSpec",
    "EnvPassthroughSpecMode",
    "ErrorResponse",
    "FileInfo",
    "FileInfoByPath",
    "FileInfoType",
    "FileMetadata",
    "HardeningLayerState",
    "HardeningLayerStateState",
    "IsolatedBackgroundRunResponse",
    "IsolatedCreateSessionResponse",
    "IsolatedOverlaySpec",
    "IsolatedOverlaySpecMode",
    "IsolatedRunRequest",
    "IsolatedRunRequestEnvs",
    "IsolatedRunStatus",
    "IsolatedSessionSummary",
    "IsolatedSessionSummaryStatus",
    "IsolatedWorkspaceSpec",
    "IsolatedWorkspaceSpecMode",
    "ListIsolatedSessionsResponse",
    "Metrics",
    "Permission",
    "PermissionByPath",
    "RenameFileItem",
    "ReplaceFileContentItem",
    "ReplaceFileContentResult",
    "ReplacementByPath",
    "ReplaceResultByPath",
    "RunCodeRequest",
    "RunCommandRequest",
    "RunCommandRequestEnvs",
    "RunInSessionRequest",
    "ServerStreamEvent",
    "ServerStreamEventError",
    "ServerStreamEventResults",
    "ServerStreamEventType",
    "SessionState",
    "SessionStateProfile",
    "SessionStateStatus",
    "SessionStateUidMode",
    "TerminalSession",
]


if not TYPE_CHECKING:  # a type checker then knows that no other name exists

    def __getattr__(name: str) -> object:
        try:
            module = _MODULES[name]
        except KeyError:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
        value = globals()[name] = getattr(import_module(module, __name__), name)
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
