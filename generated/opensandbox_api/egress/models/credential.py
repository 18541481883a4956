from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models

if TYPE_CHECKING:
    from ..models.inline_credential_source import InlineCredentialSource


@_attrs_define(kw_only=True)
class Credential:
    """A secret and its name."""

    name: str
    """What bindings call it; once in a vault."""
    source: InlineCredentialSource
    """A value that is handed over as it is."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["name"] = self.name
        fields["source"] = self.source.to_dict()
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            name=d.pop("name"),
            source=models.InlineCredentialSource.from_dict(d.pop("source")),
            additional_properties=d,
        )
