from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models

if TYPE_CHECKING:
    from ..models.credential_binding_metadata import CredentialBindingMetadata


@_attrs_define(kw_only=True)
class CredentialBindingListResponse:
    """All bindings."""

    revision: int
    """The revision of the vault."""
    bindings: list[CredentialBindingMetadata]
    """The bindings, by name."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["revision"] = self.revision
        fields["bindings"] = [item.to_dict() for item in self.bindings]
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            revision=d.pop("revision"),
            bindings=[
                models.CredentialBindingMetadata.from_dict(item)
                for item in d.pop("bindings", None) or ()
            ],
            additional_properties=d,
        )
