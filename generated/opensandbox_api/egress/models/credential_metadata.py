from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    pass


@_attrs_define(kw_only=True)
class CredentialMetadata:
    """A credential, without its value."""

    name: str
    """What it is called."""
    source_type: str
    """Where its value comes from (`inline`)."""
    revision: int
    """The revision in which it last changed."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["name"] = self.name
        fields["sourceType"] = self.source_type
        fields["revision"] = self.revision
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            name=d.pop("name"),
            source_type=d.pop("sourceType"),
            revision=d.pop("revision"),
            additional_properties=d,
        )
