from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.credential_substitution_in_item import CredentialSubstitutionInItem


@_attrs_define(kw_only=True)
class CredentialSubstitution:
    """A text that a program sends instead of a secret, to be replaced by it."""

    credential: str
    """The credential whose value is put in."""
    placeholder: str
    """The text, letter by letter."""
    in_: list[CredentialSubstitutionInItem]
    """Where it is looked for. In a path or query the value is percent-encoded; in a body it is escaped
    as JSON strings and forms want it. Compressed and multipart bodies are left alone.
    """
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
