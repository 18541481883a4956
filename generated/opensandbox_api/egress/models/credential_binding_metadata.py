from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.credential_auth_metadata import CredentialAuthMetadata
    from ..models.credential_match import CredentialMatch


@_attrs_define(kw_only=True)
class CredentialBindingMetadata:
    """A binding, without anything secret."""

    name: str
    """What it is called."""
    revision: int
    """The revision in which it last changed."""
    match: CredentialMatch | Unset = UNSET
    """Which requests are meant. All of these have to fit; a list fits when one of its entries does."""
    auth: CredentialAuthMetadata | Unset = UNSET
    """How a binding authenticates, without the credential."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["name"] = self.name
        fields["revision"] = self.revision
        if not isinstance(self.match, Unset):
            fields["match"] = self.match.to_dict()
        if not isinstance(self.auth, Unset):
            fields["auth"] = self.auth.to_dict()
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            name=d.pop("name"),
            revision=d.pop("revision"),
            match=UNSET
            if (value := d.pop("match", None)) is None
            else models.CredentialMatch.from_dict(value),
            auth=UNSET
            if (value := d.pop("auth", None)) is None
            else models.CredentialAuthMetadata.from_dict(value),
            additional_properties=d,
        )
