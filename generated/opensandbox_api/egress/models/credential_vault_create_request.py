from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models

if TYPE_CHECKING:
    from ..models.credential import Credential
    from ..models.credential_binding import CredentialBinding


@_attrs_define(kw_only=True)
class CredentialVaultCreateRequest:
    """A vault to make."""

    credentials: list[Credential]
    """The secrets."""
    bindings: list[CredentialBinding]
    """Where they go."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["credentials"] = [item.to_dict() for item in self.credentials]
        fields["bindings"] = [item.to_dict() for item in self.bindings]
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            credentials=[
                models.Credential.from_dict(item) for item in d.pop("credentials", None) or ()
            ],
            bindings=[
                models.CredentialBinding.from_dict(item) for item in d.pop("bindings", None) or ()
            ],
            additional_properties=d,
        )
