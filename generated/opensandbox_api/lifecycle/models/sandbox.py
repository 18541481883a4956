from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models
from ..types import UNSET, Unset, format_datetime, parse_datetime

if TYPE_CHECKING:
    import datetime

    from ..models.allocation_summary import AllocationSummary
    from ..models.image_spec import ImageSpec
    from ..models.platform_spec import PlatformSpec
    from ..models.sandbox_extensions import SandboxExtensions
    from ..models.sandbox_metadata import SandboxMetadata
    from ..models.sandbox_status import SandboxStatus


@_attrs_define(kw_only=True)
class Sandbox:
    """A sandbox as it is now."""

    id: str
    """What it is called. Opaque."""
    status: SandboxStatus
    """The state of a sandbox."""
    entrypoint: list[str]
    """The command that keeps it alive. May be empty or null when it is that of the image."""
    created_at: datetime.datetime
    """When it was accepted."""
    image: ImageSpec | Unset = UNSET
    """An image in a registry."""
    snapshot_id: str | Unset = UNSET
    """The snapshot it was made from."""
    platform: PlatformSpec | Unset = UNSET
    """An operating system and a processor."""
    metadata: SandboxMetadata | Unset = UNSET
    """Its labels."""
    extensions: SandboxExtensions | Unset = UNSET
    """What the runtime says about it."""
    allocation: AllocationSummary | Unset = UNSET
    """Where a sandbox came from that was taken from a pool."""
    expires_at: datetime.datetime | Unset = UNSET
    """When it ends by itself. Absent or null means never."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["id"] = self.id
        fields["status"] = self.status.to_dict()
        fields["entrypoint"] = self.entrypoint
        fields["createdAt"] = format_datetime(self.created_at)
        if not isinstance(self.image, Unset):
            fields["image"] = self.image.to_dict()
        if not isinstance(self.snapshot_id, Unset):
            fields["snapshotId"] = self.snapshot_id
        if not isinstance(self.platform, Unset):
            fields["platform"] = self.platform.to_dict()
        if not isinstance(self.metadata, Unset):
            fields["metadata"] = self.metadata
        if not isinstance(self.extensions, Unset):
            fields["extensions"] = self.extensions
        if not isinstance(self.allocation, Unset):
            fields["allocation"] = self.allocation.to_dict()
        if not isinstance(self.expires_at, Unset):
            fields["expiresAt"] = format_datetime(self.expires_at)
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            id=d.pop("id"),
            status=models.SandboxStatus.from_dict(d.pop("status")),
            entrypoint=list(d.pop("entrypoint", None) or ()),
            created_at=parse_datetime(d.pop("createdAt")),
            image=UNSET
            if (value := d.pop("image", None)) is None
            else models.ImageSpec.from_dict(value),
            snapshot_id=UNSET if (value := d.pop("snapshotId", None)) is None else value,
            platform=UNSET
            if (value := d.pop("platform", None)) is None
            else models.PlatformSpec.from_dict(value),
            metadata=UNSET if (value := d.pop("metadata", None)) is None else dict(value),
            extensions=UNSET if (value := d.pop("extensions", None)) is None else dict(value),
            allocation=UNSET
            if (value := d.pop("allocation", None)) is None
            else models.AllocationSummary.from_dict(value),
            expires_at=UNSET
            if (value := d.pop("expiresAt", None)) is None
            else parse_datetime(value),
            additional_properties=d,
        )
