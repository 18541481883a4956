from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.inline_credential_source_type import InlineCredentialSourceType


@_attrs_define(kw_only=True)
class InlineCredentialSource:
    """A value that is handed over as it is."""

    type_: InlineCredentialSourceType
    """Tells the kinds apart."""
    value: str = _attrs_field(repr=False)
    """The secret. It is never sent back, logged, or shown."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["type"] = self.type_
        fields["value"] = self.value
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            type_=d.pop("type"),
            value=d.pop("value"),
            additional_properties=d,
        )
