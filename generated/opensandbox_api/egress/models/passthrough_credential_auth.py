from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.credential_substitution import CredentialSubstitution
    from ..models.passthrough_credential_auth_type import (
        PassthroughCredentialAuthType,
    )


@_attrs_define(kw_only=True)
class PassthroughCredentialAuth:
    """Adds no header and only replaces placeholders."""

    type_: PassthroughCredentialAuthType
    """Tells the kinds apart."""
    substitutions: list[CredentialSubstitution] | Unset = UNSET
    """The placeholders."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["type"] = self.type_
        if not isinstance(self.substitutions, Unset):
            fields["substitutions"] = [item.to_dict() for item in self.substitutions]
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            type_=d.pop("type"),
            substitutions=UNSET
            if (value := d.pop("substitutions", None)) is None
            else [models.CredentialSubstitution.from_dict(item) for item in value],
            additional_properties=d,
        )
