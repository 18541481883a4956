from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    pass


@_attrs_define(kw_only=True)
class CreateSessionRequest:
    """A session to open."""

    cwd: str | Unset = UNSET
    """The directory it starts in, which has to exist."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        if not isinstance(self.cwd, Unset):
            fields["cwd"] = self.cwd
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            cwd=UNSET if (value := d.pop("cwd", None)) is None else value,
            additional_properties=d,
        )
