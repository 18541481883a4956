from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    pass


@_attrs_define(kw_only=True)
class PoolCapacitySpec:
    """How many sandboxes a pool keeps."""

    buffer_min: int
    """The fewest that wait unused; below it new ones are started."""
    buffer_max: int
    """The most that wait unused; above it some are ended."""
    pool_min: int
    """The fewest there are, used and unused."""
    pool_max: int
    """The most there are, used and unused."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["bufferMin"] = self.buffer_min
        fields["bufferMax"] = self.buffer_max
        fields["poolMin"] = self.pool_min
        fields["poolMax"] = self.pool_max
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            buffer_min=d.pop("bufferMin"),
            buffer_max=d.pop("bufferMax"),
            pool_min=d.pop("poolMin"),
            pool_max=d.pop("poolMax"),
            additional_properties=d,
        )
