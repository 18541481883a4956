from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models

if TYPE_CHECKING:
    from ..models.validation_fault import ValidationFault


@_attrs_define(kw_only=True)
class ValidationErrorResponse:
    """What is wrong with the shape of a request."""

    detail: list[ValidationFault]
    """Every fault."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["detail"] = [item.to_dict() for item in self.detail]
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            detail=[models.ValidationFault.from_dict(item) for item in d.pop("detail", None) or ()],
            additional_properties=d,
        )
