from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset, format_datetime, parse_datetime

if TYPE_CHECKING:
    import datetime


@_attrs_define(kw_only=True)
class IsolatedCreateSessionResponse:
    """An isolated session that was opened."""

    session_id: str | Unset = UNSET
    """What it is called."""
    created_at: datetime.datetime | Unset = UNSET
    """When it was opened."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        if not isinstance(self.session_id, Unset):
            fields["session_id"] = self.session_id
        if not isinstance(self.created_at, Unset):
            fields["created_at"] = format_datetime(self.created_at)
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            session_id=UNSET if (value := d.pop("session_id", None)) is None else value,
            created_at=UNSET
            if (value := d.pop("created_at", None)) is None
            else parse_datetime(value),
            additional_properties=d,
        )
