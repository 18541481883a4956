from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    pass


@_attrs_define(kw_only=True)
class CredentialAuthMetadata:
    """How a binding authenticates, without the credential."""

    type_: str
    """The kind, as in `CredentialBinding.auth`."""
    name: str | Unset = UNSET
    """The header's name, for the kinds that have one."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["type"] = self.type_
        if not isinstance(self.name, Unset):
            fields["name"] = self.name
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            type_=d.pop("type"),
            name=UNSET if (value := d.pop("name", None)) is None else value,
            additional_properties=d,
        )
