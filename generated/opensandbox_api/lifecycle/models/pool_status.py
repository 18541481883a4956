from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    pass


@_attrs_define(kw_only=True)
class PoolStatus:
    """How many sandboxes a pool has."""

    total: int
    """All of them."""
    allocated: int
    """Those in use."""
    available: int
    """Those that wait."""
    revision: str
    """The version of the template that they are made from."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["total"] = self.total
        fields["allocated"] = self.allocated
        fields["available"] = self.available
        fields["revision"] = self.revision
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            total=d.pop("total"),
            allocated=d.pop("allocated"),
            available=d.pop("available"),
            revision=d.pop("revision"),
            additional_properties=d,
        )
