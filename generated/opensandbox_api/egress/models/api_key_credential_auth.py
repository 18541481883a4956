from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.api_key_credential_auth_type import (
        ApiKeyCredentialAuthType,
    )
    from ..models.credential_substitution import CredentialSubstitution


@_attrs_define(kw_only=True)
class ApiKeyCredentialAuth:
    """Sends the value in one header of its own."""

    type_: ApiKeyCredentialAuthType
    """Tells the kinds apart."""
    name: str
    """The header's name."""
    credential: str
    """The credential whose value it is."""
    substitutions: list[CredentialSubstitution] | Unset = UNSET
    """Placeholders to replace besides."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["type"] = self.type_
        fields["name"] = self.name
        fields["credential"] = self.credential
        if not isinstance(self.substitutions, Unset):
            fields["substitutions"] = [item.to_dict() for item in self.substitutions]
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            type_=d.pop("type"),
            name=d.pop("name"),
            credential=d.pop("credential"),
            substitutions=UNSET
            if (value := d.pop("substitutions", None)) is None
            else [models.CredentialSubstitution.from_dict(item) for item in value],
            additional_properties=d,
        )
