from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models

if TYPE_CHECKING:
    from ..models.pool_capacity_spec import PoolCapacitySpec


@_attrs_define(kw_only=True)
class UpdatePoolRequest:
    """A change to a pool."""

    capacity_spec: PoolCapacitySpec
    """How many sandboxes a pool keeps."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["capacitySpec"] = self.capacity_spec.to_dict()
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            capacity_spec=models.PoolCapacitySpec.from_dict(d.pop("capacitySpec")),
            additional_properties=d,
        )
