from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    pass


@_attrs_define(kw_only=True)
class ValidationFault:
    """One fault of a request."""

    loc: list[int | str]
    """Where it is, from the outside in (`["body", "timeout"]`); numbers are positions."""
    msg: str
    """What is wrong, for people."""
    type_: str
    """What is wrong, for programs (`greater_than_equal`, `too_short`, `json_invalid`)."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["loc"] = self.loc
        fields["msg"] = self.msg
        fields["type"] = self.type_
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            loc=list(d.pop("loc", None) or ()),
            msg=d.pop("msg"),
            type_=d.pop("type"),
            additional_properties=d,
        )
