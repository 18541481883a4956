from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    pass


@_attrs_define(kw_only=True)
class RenameFileItem:
    """One move."""

    src: str
    """What is moved."""
    dest: str
    """Where to, its new name included."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["src"] = self.src
        fields["dest"] = self.dest
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            src=d.pop("src"),
            dest=d.pop("dest"),
            additional_properties=d,
        )
