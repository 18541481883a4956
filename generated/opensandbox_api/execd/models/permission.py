from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    pass


@_attrs_define(kw_only=True)
class Permission:
    """Mode and owner of a path."""

    mode: int | Unset = UNSET
    """The mode as decimal digits, `755`."""
    owner: str | Unset = UNSET
    """The owner. Absent means that it stays."""
    group: str | Unset = UNSET
    """The group. Absent means that it stays."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        if not isinstance(self.mode, Unset):
            fields["mode"] = self.mode
        if not isinstance(self.owner, Unset):
            fields["owner"] = self.owner
        if not isinstance(self.group, Unset):
            fields["group"] = self.group
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            mode=UNSET if (value := d.pop("mode", None)) is None else value,
            owner=UNSET if (value := d.pop("owner", None)) is None else value,
            group=UNSET if (value := d.pop("group", None)) is None else value,
            additional_properties=d,
        )
