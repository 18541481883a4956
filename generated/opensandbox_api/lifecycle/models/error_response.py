from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    pass


@_attrs_define(kw_only=True)
class ErrorResponse:
    """Why it did not work."""

    code: str
    """The reason, for programs."""
    message: str
    """The reason, for people, which may differ from one release to the next."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["code"] = self.code
        fields["message"] = self.message
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            code=d.pop("code"),
            message=d.pop("message"),
            additional_properties=d,
        )
