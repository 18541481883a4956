from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.create_sandbox_request_env import CreateSandboxRequestEnv
    from ..models.create_sandbox_request_extensions import CreateSandboxRequestExtensions
    from ..models.create_sandbox_request_metadata import CreateSandboxRequestMetadata
    from ..models.create_sandbox_request_resource_limits import CreateSandboxRequestResourceLimits
    from ..models.create_sandbox_request_resource_requests import (
        CreateSandboxRequestResourceRequests,
    )
    from ..models.credential_proxy_config import CredentialProxyConfig
    from ..models.image_spec import ImageSpec
    from ..models.network_policy import NetworkPolicy
    from ..models.platform_spec import PlatformSpec
    from ..models.sandbox_lifecycle import SandboxLifecycle
    from ..models.volume import Volume


@_attrs_define(kw_only=True)
class CreateSandboxRequest:
    image: ImageSpec | Unset = UNSET
    snapshot_id: str | Unset = UNSET
    template_id: str | Unset = UNSET
    platform: PlatformSpec | Unset = UNSET
    timeout: int | None | Unset = UNSET
    resource_limits: CreateSandboxRequestResourceLimits | Unset = UNSET
    resource_requests: CreateSandboxRequestResourceRequests | Unset = UNSET
    env: CreateSandboxRequestEnv | Unset = UNSET
    metadata: CreateSandboxRequestMetadata | Unset = UNSET
    lifecycle: SandboxLifecycle | Unset = UNSET
    entrypoint: list[str] | Unset = UNSET
    network_policy: NetworkPolicy | Unset = UNSET
    credential_proxy: CredentialProxyConfig | Unset = UNSET
    secure_access: bool | Unset = UNSET
    volumes: list[Volume] | Unset = UNSET
    extensions: CreateSandboxRequestExtensions | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        if not isinstance(self.image, Unset):
            fields["image"] = self.image.to_dict()
        if not isinstance(self.snapshot_id, Unset):
            fields["snapshotId"] = self.snapshot_id
        if not isinstance(self.template_id, Unset):
            fields["templateId"] = self.template_id
        if not isinstance(self.platform, Unset):
            fields["platform"] = self.platform.to_dict()
        if not isinstance(self.timeout, Unset):
            fields["timeout"] = self.timeout
        if not isinstance(self.resource_limits, Unset):
            fields["resourceLimits"] = self.resource_limits
        if not isinstance(self.resource_requests, Unset):
            fields["resourceRequests"] = self.resource_requests
        if not isinstance(self.env, Unset):
            fields["env"] = self.env
        if not isinstance(self.metadata, Unset):
            fields["metadata"] = self.metadata
        if not isinstance(self.lifecycle, Unset):
            fields["lifecycle"] = self.lifecycle.to_dict()
        if not isinstance(self.entrypoint, Unset):
            fields["entrypoint"] = self.entrypoint
        if not isinstance(self.network_policy, Unset):
            fields["networkPolicy"] = self.network_policy.to_dict()
        if not isinstance(self.credential_proxy, Unset):
            fields["credentialProxy"] = self.credential_proxy.to_dict()
        if not isinstance(self.secure_access, Unset):
            fields["secureAccess"] = self.secure_access
        if not isinstance(self.volumes, Unset):
            fields["volumes"] = [item.to_dict() for item in self.volumes]
        if not isinstance(self.extensions, Unset):
            fields["extensions"] = self.extensions
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.credential_proxy_config import CredentialProxyConfig
        from ..models.image_spec import ImageSpec
        from ..models.network_policy import NetworkPolicy
        from ..models.platform_spec import PlatformSpec
        from ..models.sandbox_lifecycle import SandboxLifecycle
        from ..models.volume import Volume

        d = dict(src_dict)
        return cls(
            image=UNSET if (value := d.pop("image", None)) is None else ImageSpec.from_dict(value),
            snapshot_id=UNSET if (value := d.pop("snapshotId", None)) is None else value,
            template_id=UNSET if (value := d.pop("templateId", None)) is None else value,
            platform=UNSET
            if (value := d.pop("platform", None)) is None
            else PlatformSpec.from_dict(value),
            timeout=d.pop("timeout", UNSET),
            resource_limits=UNSET
            if (value := d.pop("resourceLimits", None)) is None
            else dict(value),
            resource_requests=UNSET
            if (value := d.pop("resourceRequests", None)) is None
            else dict(value),
            env=UNSET if (value := d.pop("env", None)) is None else dict(value),
            metadata=UNSET if (value := d.pop("metadata", None)) is None else dict(value),
            lifecycle=UNSET
            if (value := d.pop("lifecycle", None)) is None
            else SandboxLifecycle.from_dict(value),
            entrypoint=UNSET if (value := d.pop("entrypoint", None)) is None else list(value),
            network_policy=UNSET
            if (value := d.pop("networkPolicy", None)) is None
            else NetworkPolicy.from_dict(value),
            credential_proxy=UNSET
            if (value := d.pop("credentialProxy", None)) is None
            else CredentialProxyConfig.from_dict(value),
            secure_access=UNSET if (value := d.pop("secureAccess", None)) is None else value,
            volumes=UNSET
            if (value := d.pop("volumes", None)) is None
            else [Volume.from_dict(item) for item in value],
            extensions=UNSET if (value := d.pop("extensions", None)) is None else dict(value),
            additional_properties=d,
        )
