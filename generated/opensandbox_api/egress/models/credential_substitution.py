from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.credential_substitution_in_item import CredentialSubstitutionInItem


@_attrs_define(kw_only=True)
class CredentialSubstitution:
    credential: str
    placeholder: str
    in_: list[CredentialSubstitutionInItem]
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["credential"] = self.credential
        fields["placeholder"] = self.placeholder
        fields["in"] = self.in_
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:

        d = dict(src_dict)
        return cls(
            credential=d.pop("credential"),
            placeholder=d.pop("placeholder"),
            in_=list(d.pop("in", None) or ()),
            additional_properties=d,
        )
