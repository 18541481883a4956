from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models
from ..types import UNSET, Unset, format_datetime, parse_datetime

if TYPE_CHECKING:
    import datetime

    from ..models.snapshot_status import SnapshotStatus


@_attrs_define(kw_only=True)
class Snapshot:
    """The file system of a sandbox at one moment."""

    id: str
    """What it is called. Opaque."""
    sandbox_id: str
    """The sandbox it was made of."""
    status: SnapshotStatus
    """The state of a snapshot."""
    created_at: datetime.datetime
    """When it was asked for."""
    name: str | Unset = UNSET
    """The name it was given."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["id"] = self.id
        fields["sandboxId"] = self.sandbox_id
        fields["status"] = self.status.to_dict()
        fields["createdAt"] = format_datetime(self.created_at)
        if not isinstance(self.name, Unset):
            fields["name"] = self.name
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            id=d.pop("id"),
            sandbox_id=d.pop("sandboxId"),
            status=models.SnapshotStatus.from_dict(d.pop("status")),
            created_at=parse_datetime(d.pop("createdAt")),
            name=UNSET if (value := d.pop("name", None)) is None else value,
            additional_properties=d,
        )
