from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    pass


@_attrs_define(kw_only=True)
class ImageSpecAuth:
    """Credentials of a registry. They are never sent back."""

    username: str | Unset = UNSET
    """The user."""
    password: str | Unset = _attrs_field(default=UNSET, repr=False)
    """The password or token."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        if not isinstance(self.username, Unset):
            fields["username"] = self.username
        if not isinstance(self.password, Unset):
            fields["password"] = self.password
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            username=UNSET if (value := d.pop("username", None)) is None else value,
            password=UNSET if (value := d.pop("password", None)) is None else value,
            additional_properties=d,
        )
