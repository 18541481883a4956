from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    pass


@_attrs_define(kw_only=True)
class BindMount:
    """A path of the sandbox that appears in an isolated session."""

    source: str
    """The path in the sandbox."""
    dest: str | Unset = UNSET
    """Where it appears. Absent means at the same path."""
    readonly: bool | Unset = UNSET
    """Whether it cannot be written there."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["source"] = self.source
        if not isinstance(self.dest, Unset):
            fields["dest"] = self.dest
        if not isinstance(self.readonly, Unset):
            fields["readonly"] = self.readonly
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            source=d.pop("source"),
            dest=UNSET if (value := d.pop("dest", None)) is None else value,
            readonly=UNSET if (value := d.pop("readonly", None)) is None else value,
            additional_properties=d,
        )
