from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models
from ..types import UNSET, Unset, format_datetime, parse_datetime

if TYPE_CHECKING:
    import datetime

    from ..models.pool_capacity_spec import PoolCapacitySpec
    from ..models.pool_status import PoolStatus


@_attrs_define(kw_only=True)
class PoolResponse:
    """A pool."""

    name: str
    """Its name."""
    capacity_spec: PoolCapacitySpec
    """How many sandboxes a pool keeps."""
    status: PoolStatus | Unset = UNSET
    """How many sandboxes a pool has."""
    created_at: datetime.datetime | Unset = UNSET
    """When it was made."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["name"] = self.name
        fields["capacitySpec"] = self.capacity_spec.to_dict()
        if not isinstance(self.status, Unset):
            fields["status"] = self.status.to_dict()
        if not isinstance(self.created_at, Unset):
            fields["createdAt"] = format_datetime(self.created_at)
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            name=d.pop("name"),
            capacity_spec=models.PoolCapacitySpec.from_dict(d.pop("capacitySpec")),
            status=UNSET
            if (value := d.pop("status", None)) is None
            else models.PoolStatus.from_dict(value),
            created_at=UNSET
            if (value := d.pop("createdAt", None)) is None
            else parse_datetime(value),
            additional_properties=d,
        )
