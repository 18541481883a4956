from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.code_context import CodeContext


@_attrs_define(kw_only=True)
class RunCodeRequest:
    """Code for a context."""

    code: str
    """The code."""
    context: CodeContext | Unset = UNSET
    """An interpreter that stays."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["code"] = self.code
        if not isinstance(self.context, Unset):
            fields["context"] = self.context.to_dict()
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            code=d.pop("code"),
            context=UNSET
            if (value := d.pop("context", None)) is None
            else models.CodeContext.from_dict(value),
            additional_properties=d,
        )
