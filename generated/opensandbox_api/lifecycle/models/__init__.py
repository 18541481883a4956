"""The models of this API, each loaded on first use."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .allocation_summary import AllocationSummary as AllocationSummary
    from .allocation_summary_mode import AllocationSummaryMode as AllocationSummaryMode
    from .allocation_summary_state import AllocationSummaryState as AllocationSummaryState
    from .create_fsb_template_request import CreateFsbTemplateRequest as CreateFsbTemplateRequest
    from .create_fsb_template_request_env import (
        CreateFsbTemplateRequestEnv as CreateFsbTemplateRequestEnv,
    )
    from .create_fsb_template_request_format import (
        CreateFsbTemplateRequestFormat as CreateFsbTemplateRequestFormat,
    )
    from .create_fsb_template_request_metadata import (
        CreateFsbTemplateRequestMetadata as CreateFsbTemplateRequestMetadata,
    )
    from .create_fsb_template_request_resource_limits import (
        CreateFsbTemplateRequestResourceLimits as CreateFsbTemplateRequestResourceLimits,
    )
    from .create_pool_request import CreatePoolRequest as CreatePoolRequest
    from .create_pool_request_template import CreatePoolRequestTemplate as CreatePoolRequestTemplate
    from .create_sandbox_request import CreateSandboxRequest as CreateSandboxRequest
    from .create_sandbox_request_env import CreateSandboxRequestEnv as CreateSandboxRequestEnv
    from .create_sandbox_request_extensions import (
        CreateSandboxRequestExtensions as CreateSandboxRequestExtensions,
    )
    from .create_sandbox_request_metadata import (
        CreateSandboxRequestMetadata as CreateSandboxRequestMetadata,
    )
    from .create_sandbox_request_resource_limits import (
        CreateSandboxRequestResourceLimits as CreateSandboxRequestResourceLimits,
    )
    from .create_sandbox_request_resource_requests import (
        CreateSandboxRequestResourceRequests as CreateSandboxRequestResourceRequests,
    )
    from .create_sandbox_response import CreateSandboxResponse as CreateSandboxResponse
    from .create_sandbox_response_extensions import (
        CreateSandboxResponseExtensions as CreateSandboxResponseExtensions,
    )
    from .create_sandbox_response_metadata import (
        CreateSandboxResponseMetadata as CreateSandboxResponseMetadata,
    )
    from .create_snapshot_request import CreateSnapshotRequest as CreateSnapshotRequest
    from .credential_proxy_config import CredentialProxyConfig as CredentialProxyConfig
    from .endpoint import Endpoint as Endpoint
    from .endpoint_headers import EndpointHeaders as EndpointHeaders
    from .error_response import ErrorResponse as ErrorResponse
    from .fsb_template import FsbTemplate as FsbTemplate
    from .fsb_template_env import FsbTemplateEnv as FsbTemplateEnv
    from .fsb_template_format import FsbTemplateFormat as FsbTemplateFormat
    from .fsb_template_metadata import FsbTemplateMetadata as FsbTemplateMetadata
    from .fsb_template_readiness import FsbTemplateReadiness as FsbTemplateReadiness
    from .fsb_template_resource_limits import FsbTemplateResourceLimits as FsbTemplateResourceLimits
    from .fsb_template_status import FsbTemplateStatus as FsbTemplateStatus
    from .fsb_template_status_phase import FsbTemplateStatusPhase as FsbTemplateStatusPhase
    from .health_response import HealthResponse as HealthResponse
    from .host import Host as Host
    from .image_spec import ImageSpec as ImageSpec
    from .image_spec_auth import ImageSpecAuth as ImageSpecAuth
    from .lifecycle_hook import LifecycleHook as LifecycleHook
    from .list_fsb_templates_response import ListFsbTemplatesResponse as ListFsbTemplatesResponse
    from .list_pools_response import ListPoolsResponse as ListPoolsResponse
    from .list_sandboxes_response import ListSandboxesResponse as ListSandboxesResponse
    from .list_snapshots_response import ListSnapshotsResponse as ListSnapshotsResponse
    from .metadata_patch import MetadataPatch as MetadataPatch
    from .metrics_event import MetricsEvent as MetricsEvent
    from .metrics_event_event_type import MetricsEventEventType as MetricsEventEventType
    from .network_policy import NetworkPolicy as NetworkPolicy
    from .network_policy_default_action import (
        NetworkPolicyDefaultAction as NetworkPolicyDefaultAction,
    )
    from .network_rule import NetworkRule as NetworkRule
    from .network_rule_action import NetworkRuleAction as NetworkRuleAction
    from .ossfs import OSSFS as OSSFS
    from .ossfs_version import OSSFSVersion as OSSFSVersion
    from .pagination_info import PaginationInfo as PaginationInfo
    from .periodic_lifecycle_hook import PeriodicLifecycleHook as PeriodicLifecycleHook
    from .platform_spec import PlatformSpec as PlatformSpec
    from .platform_spec_arch import PlatformSpecArch as PlatformSpecArch
    from .platform_spec_os import PlatformSpecOs as PlatformSpecOs
    from .policy_status_response import PolicyStatusResponse as PolicyStatusResponse
    from .pool_capacity_spec import PoolCapacitySpec as PoolCapacitySpec
    from .pool_response import PoolResponse as PoolResponse
    from .pool_status import PoolStatus as PoolStatus
    from .pvc import PVC as PVC
    from .renew_sandbox_expiration_request import (
        RenewSandboxExpirationRequest as RenewSandboxExpirationRequest,
    )
    from .renew_sandbox_expiration_response import (
        RenewSandboxExpirationResponse as RenewSandboxExpirationResponse,
    )
    from .sandbox import Sandbox as Sandbox
    from .sandbox_extensions import SandboxExtensions as SandboxExtensions
    from .sandbox_lifecycle import SandboxLifecycle as SandboxLifecycle
    from .sandbox_metadata import SandboxMetadata as SandboxMetadata
    from .sandbox_status import SandboxStatus as SandboxStatus
    from .snapshot import Snapshot as Snapshot
    from .snapshot_status import SnapshotStatus as SnapshotStatus
    from .update_pool_request import UpdatePoolRequest as UpdatePoolRequest
    from .validation_error_response import ValidationErrorResponse as ValidationErrorResponse
    from .validation_fault import ValidationFault as ValidationFault
    from .version_response import VersionResponse as VersionResponse
    from .volume import Volume as Volume

_MODULES = {
    "AllocationSummary": ".allocation_summary",
    "AllocationSummaryMode": ".allocation_summary_mode",
    "AllocationSummaryState": ".allocation_summary_state",
    "CreateFsbTemplateRequest": ".create_fsb_template_request",
    "CreateFsbTemplateRequestEnv": ".create_fsb_template_request_env",
    "CreateFsbTemplateRequestFormat": ".create_fsb_template_request_format",
    "CreateFsbTemplateRequestMetadata": ".create_fsb_template_request_metadata",
    "CreateFsbTemplateRequestResourceLimits": ".create_fsb_template_request_resource_limits",
    "CreatePoolRequest": ".create_pool_request",
    "CreatePoolRequestTemplate": ".create_pool_request_template",
    "CreateSandboxRequest": ".create_sandbox_request",
    "CreateSandboxRequestEnv": ".create_sandbox_request_env",
    "CreateSandboxRequestExtensions": ".create_sandbox_request_extensions",
    "CreateSandboxRequestMetadata": ".create_sandbox_request_metadata",
    "CreateSandboxRequestResourceLimits": ".create_sandbox_request_resource_limits",
    "CreateSandboxRequestResourceRequests": ".create_sandbox_request_resource_requests",
    "CreateSandboxResponse": ".create_sandbox_response",
    "CreateSandboxResponseExtensions": ".create_sandbox_response_extensions",
    "CreateSandboxResponseMetadata": ".create_sandbox_response_metadata",
    "CreateSnapshotRequest": ".create_snapshot_request",
    "CredentialProxyConfig": ".credential_proxy_config",
    "Endpoint": ".endpoint",
    "EndpointHeaders": ".endpoint_headers",
    "ErrorResponse": ".error_response",
    "FsbTemplate": ".fsb_template",
    "FsbTemplateEnv": ".fsb_template_env",
    "FsbTemplateFormat": ".fsb_template_format",
    "FsbTemplateMetadata": ".fsb_template_metadata",
    "FsbTemplateReadiness": ".fsb_template_readiness",
    "FsbTemplateResourceLimits": ".fsb_template_resource_limits",
    "FsbTemplateStatus": ".fsb_template_status",
    "FsbTemplateStatusPhase": ".fsb_template_status_phase",
    "HealthResponse": ".health_response",
    "Host": ".host",
    "ImageSpec": ".image_spec",
    "ImageSpecAuth": ".image_spec_auth",
    "LifecycleHook": ".lifecycle_hook",
    "ListFsbTemplatesResponse": ".list_fsb_templates_response",
    "ListPoolsResponse": ".list_pools_response",
    "ListSandboxesResponse": ".list_sandboxes_response",
    "ListSnapshotsResponse": ".list_snapshots_response",
    "MetadataPatch": ".metadata_patch",
    "MetricsEvent": ".metrics_event",
    "MetricsEventEventType": ".metrics_event_event_type",
    "NetworkPolicy": ".network_policy",
    "NetworkPolicyDefaultAction": ".network_policy_default_action",
    "NetworkRule": ".network_rule",
    "NetworkRuleAction": ".network_rule_action",
    "OSSFS": ".ossfs",
    "OSSFSVersion": ".ossfs_version",
    "PaginationInfo": ".pagination_info",
    "PeriodicLifecycleHook": ".periodic_lifecycle_hook",
    "PlatformSpec": ".platform_spec",
    "PlatformSpecArch": ".platform_spec_arch",
    "PlatformSpecOs": ".platform_spec_os",
    "PolicyStatusResponse": ".policy_status_response",
    "PoolCapacitySpec": ".pool_capacity_spec",
    "PoolResponse": ".pool_response",
    "PoolStatus": ".pool_status",
    "PVC": ".pvc",
    "RenewSandboxExpirationRequest": ".renew_sandbox_expiration_request",
    "RenewSandboxExpirationResponse": ".renew_sandbox_expiration_response",
    "Sandbox": ".sandbox",
    "SandboxExtensions": ".sandbox_extensions",
    "SandboxLifecycle": ".sandbox_lifecycle",
    "SandboxMetadata": ".sandbox_metadata",
    "SandboxStatus": ".sandbox_status",
    "Snapshot": ".snapshot",
    "SnapshotStatus": ".snapshot_status",
    "UpdatePoolRequest": ".update_pool_request",
    "ValidationErrorResponse": ".validation_error_response",
    "ValidationFault": ".validation_fault",
    "VersionResponse": ".version_response",
    "Volume": ".volume",
}

__all__ = [
    "AllocationSummary",
    "AllocationSummaryMode",
    "AllocationSummaryState",
    "CreateFsbTemplateRequest",
    "CreateFsbTemplateRequestEnv",
    "CreateFsbTemplateRequestFormat",
    "CreateFsbTemplateRequestMetadata",
    "CreateFsbTemplateRequestResourceLimits",
    "CreatePoolRequest",
    "CreatePoolRequestTemplate",
    "CreateSandboxRequest",
    "CreateSandboxRequestEnv",
    "CreateSandboxRequestExtensions",
    "CreateSandboxRequestMetadata",
    "CreateSandboxRequestResourceLimits",
    "CreateSandboxRequestResourceRequests",
    "CreateSandboxResponse",
    "CreateSandboxResponseExtensions",
    "CreateSandboxResponseMetadata",
    "CreateSnapshotRequest",
    "CredentialProxyConfig",
    "Endpoint",
    "EndpointHeaders",
    "ErrorResponse",
    "FsbTemplate",
    "FsbTemplateEnv",
    "FsbTemplateFormat",
    "FsbTemplateMetadata",
    "FsbTemplateReadiness",
    "FsbTemplateResourceLimits",
    "FsbTemplateStatus",
    "FsbTemplateStatusPhase",
    "HealthResponse",
    "Host",
    "ImageSpec",
    "ImageSpecAuth",
    "LifecycleHook",
    "ListFsbTemplatesResponse",
    "ListPoolsResponse",
    "ListSandboxesResponse",
    "ListSnapshotsResponse",
    "MetadataPatch",
    "MetricsEvent",
    "MetricsEventEventType",
    "NetworkPolicy",
    "NetworkPolicyDefaultAction",
    "NetworkRule",
    "NetworkRuleAction",
    "OSSFS",
    "OSSFSVersion",
    "PaginationInfo",
    "PeriodicLifecycleHook",
    "PlatformSpec",
    "PlatformSpecArch",
    "PlatformSpecOs",
    "PolicyStatusResponse",
    "PoolCapacitySpec",
    "PoolResponse",
    "PoolStatus",
    "PVC",
    "RenewSandboxExpirationRequest",
    "RenewSandboxExpirationResponse",
    "Sandbox",
    "SandboxExtensions",
    "SandboxLifecycle",
    "SandboxMetadata",
    "SandboxStatus",
    "Snapshot",
    "SnapshotStatus",
    "UpdatePoolRequest",
    "ValidationErrorResponse",
    "ValidationFault",
    "VersionResponse",
    "Volume",
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
