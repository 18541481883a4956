from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    pass


@_attrs_define(kw_only=True)
class CodeContext:
    """An interpreter that stays."""

    language: str
    """Its language (`python`, `bash`, `javascript`, ...)."""
    id: str | Unset = UNSET
    """What it is called. In `RunCodeRequest` absent means the shared one of the language."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["language"] = self.language
        if not isinstance(self.id, Unset):
            fields["id"] = self.id
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            language=d.pop("language"),
            id=UNSET if (value := d.pop("id", None)) is None else value,
            additional_properties=d,
        )
