from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.image_spec_auth import ImageSpecAuth


@_attrs_define(kw_only=True)
class ImageSpec:
    """An image in a registry."""

    uri: str
    """Its name, with a tag or digest (`python:3.11`, `ghcr.io/org/tool@sha256:...`)."""
    auth: ImageSpecAuth | Unset = UNSET
    """Credentials of a registry. They are never sent back."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["uri"] = self.uri
        if not isinstance(self.auth, Unset):
            fields["auth"] = self.auth.to_dict()
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            uri=d.pop("uri"),
            auth=UNSET
            if (value := d.pop("auth", None)) is None
            else models.ImageSpecAuth.from_dict(value),
            additional_properties=d,
        )
