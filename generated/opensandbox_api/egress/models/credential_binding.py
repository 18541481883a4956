from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models

if TYPE_CHECKING:
    from ..models.api_key_credential_auth import ApiKeyCredentialAuth
    from ..models.basic_credential_auth import BasicCredentialAuth
    from ..models.bearer_credential_auth import BearerCredentialAuth
    from ..models.credential_match import CredentialMatch
    from ..models.custom_headers_credential_auth import CustomHeadersCredentialAuth
    from ..models.passthrough_credential_auth import PassthroughCredentialAuth


@_attrs_define(kw_only=True)
class CredentialBinding:
    """Which requests a credential goes into, and how."""

    name: str
    """What it is called; once in a vault."""
    match: CredentialMatch
    """Which requests are meant. All of these have to fit; a list fits when one of its entries does."""
    auth: (
        ApiKeyCredentialAuth
        | BasicCredentialAuth
        | BearerCredentialAuth
        | CustomHeadersCredentialAuth
        | PassthroughCredentialAuth
    )
    """What is done to them."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["name"] = self.name
        fields["match"] = self.match.to_dict()
        fields["auth"] = self.auth.to_dict()
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            name=d.pop("name"),
            match=models.CredentialMatch.from_dict(d.pop("match")),
            auth=value
            if not (value := d.pop("auth"))
            else models.ApiKeyCredentialAuth.from_dict(value)
            if value.get("type") == "apiKey"
            else models.BasicCredentialAuth.from_dict(value)
            if value.get("type") == "basic"
            else models.BearerCredentialAuth.from_dict(value)
            if value.get("type") == "bearer"
            else models.CustomHeadersCredentialAuth.from_dict(value)
            if value.get("type") == "customHeaders"
            else models.PassthroughCredentialAuth.from_dict(value)
            if value.get("type") == "passthrough"
            else value,
            additional_properties=d,
        )
