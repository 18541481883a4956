from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models
from ..types import UNSET, Unset, format_datetime, parse_datetime

if TYPE_CHECKING:
    import datetime

    from ..models.create_sandbox_response_extensions import CreateSandboxResponseExtensions
    from ..models.create_sandbox_response_metadata import CreateSandboxResponseMetadata
    from ..models.platform_spec import PlatformSpec
    from ..models.sandbox_status import SandboxStatus


@_attrs_define(kw_only=True)
class CreateSandboxResponse:
    """A sandbox that has been accepted."""

    id: str
    """What it is called from now on. Opaque."""
    status: SandboxStatus
    """The state of a sandbox."""
    created_at: datetime.datetime
    """When it was accepted."""
    entrypoint: list[str]
    """The command that keeps it alive."""
    metadata: CreateSandboxResponseMetadata | Unset = UNSET
    """Its labels."""
    extensions: CreateSandboxResponseExtensions | Unset = UNSET
    """What the runtime says about it."""
    platform: PlatformSpec | Unset = UNSET
    """An operating system and a processor."""
    expires_at: datetime.datetime | Unset = UNSET
    """When it ends by itself. Absent or null means never."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["id"] = self.id
        fields["status"] = self.status.to_dict()
        fields["createdAt"] = format_datetime(self.created_at)
        fields["entrypoint"] = self.entrypoint
        if not isinstance(self.metadata, Unset):
            fields["metadata"] = self.metadata
        if not isinstance(self.extensions, Unset):
            fields["extensions"] = self.extensions
        if not isinstance(self.platform, Unset):
            fields["platform"] = self.platform.to_dict()
        if not isinstance(self.expires_at, Unset):
            fields["expiresAt"] = format_datetime(self.expires_at)
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            id=d.pop("id"),
            status=models.SandboxStatus.from_dict(d.pop("status")),
            created_at=parse_datetime(d.pop("createdAt")),
            entrypoint=list(d.pop("entrypoint", None) or ()),
            metadata=UNSET if (value := d.pop("metadata", None)) is None else dict(value),
            extensions=UNSET if (value := d.pop("extensions", None)) is None else dict(value),
            platform=UNSET
            if (value := d.pop("platform", None)) is None
            else models.PlatformSpec.from_dict(value),
            expires_at=UNSET
            if (value := d.pop("expiresAt", None)) is None
            else parse_datetime(value),
            additional_properties=d,
        )
