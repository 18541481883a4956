from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models
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
    """What a new sandbox is made from, and how it runs."""

    image: ImageSpec | Unset = UNSET
    """An image in a registry."""
    snapshot_id: str | Unset = UNSET
    """The snapshot whose files it starts with; it has to be Ready."""
    template_id: str | Unset = UNSET
    """The prepared image it is made from; it has to have succeeded."""
    platform: PlatformSpec | Unset = UNSET
    """An operating system and a processor."""
    timeout: int | None | Unset = UNSET
    """How many seconds it lives, at least 60. Null or absent means until it is deleted."""
    resource_limits: CreateSandboxRequestResourceLimits | Unset = UNSET
    """The most it may use. `cpu` in cores (`"1"`, `"500m"`), `memory` in bytes with a unit (`"512Mi"`,
    `"2Gi"`); a runtime may know other keys (`"ephemeral-storage"`, `"gpu"`). What cannot be read is
    400 `SANDBOX::INVALID_PARAMETER`. Absent means the server's own limits.
    """
    resource_requests: CreateSandboxRequestResourceRequests | Unset = UNSET
    """What is set aside for it, keys and values as in the limits. Absent means the limits."""
    env: CreateSandboxRequestEnv | Unset = UNSET
    """Environment variables of the entrypoint and of every command."""
    metadata: CreateSandboxRequestMetadata | Unset = UNSET
    """Labels, to be listed by. Keys and values follow the rules of Kubernetes labels: at most 63
    letters, digits, `-`, `_` and `.`, a letter or digit at both ends; keys may have a domain and a
    slash before them, and values may be empty. Others are 400 `SANDBOX::INVALID_METADATA_LABEL`.
    """
    lifecycle: SandboxLifecycle | Unset = UNSET
    """Commands that the runtime runs by itself."""
    entrypoint: list[str] | Unset = UNSET
    """The command that keeps it alive, with its arguments; when it ends, so does the sandbox. Clients
    send `["tail", "-f", "/dev/null"]`, which is also what absent means for a snapshot.
    """
    network_policy: NetworkPolicy | Unset = UNSET
    """What a sandbox may reach. An object without any field allows everything."""
    credential_proxy: CredentialProxyConfig | Unset = UNSET
    """Whether requests that leave the sandbox are given credentials."""
    secure_access: bool | Unset = UNSET
    """Whether its ports want a token: endpoints then come with the header `OpenSandbox-Secure-Access`,
    and requests without it are 401.
    """
    volumes: list[Volume] | Unset = UNSET
    """Storage from outside that is mounted in it."""
    extensions: CreateSandboxRequestExtensions | Unset = UNSET
    """Settings of one runtime only. Keys that the server does not know are kept and have no effect."""
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
        d = dict(src_dict)
        return cls(
            image=UNSET
            if (value := d.pop("image", None)) is None
            else models.ImageSpec.from_dict(value),
            snapshot_id=UNSET if (value := d.pop("snapshotId", None)) is None else value,
            template_id=UNSET if (value := d.pop("templateId", None)) is None else value,
            platform=UNSET
            if (value := d.pop("platform", None)) is None
            else models.PlatformSpec.from_dict(value),
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
            else models.SandboxLifecycle.from_dict(value),
            entrypoint=UNSET if (value := d.pop("entrypoint", None)) is None else list(value),
            network_policy=UNSET
            if (value := d.pop("networkPolicy", None)) is None
            else models.NetworkPolicy.from_dict(value),
            credential_proxy=UNSET
            if (value := d.pop("credentialProxy", None)) is None
            else models.CredentialProxyConfig.from_dict(value),
            secure_access=UNSET if (value := d.pop("secureAccess", None)) is None else value,
            volumes=UNSET
            if (value := d.pop("volumes", None)) is None
            else [models.Volume.from_dict(item) for item in value],
            extensions=UNSET if (value := d.pop("extensions", None)) is None else dict(value),
            additional_properties=d,
        )
