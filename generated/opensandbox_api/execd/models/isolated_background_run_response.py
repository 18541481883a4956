from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import format_datetime, parse_datetime

if TYPE_CHECKING:
    import datetime


@_attrs_define(kw_only=True)
class IsolatedBackgroundRunResponse:
    """A run in the background."""

    session_id: str
    """The session."""
    run_id: str
    """What the run is called."""
    started_at: datetime.datetime
    """When it was started."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["session_id"] = self.session_id
        fields["run_id"] = self.run_id
        fields["started_at"] = format_datetime(self.started_at)
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            session_id=d.pop("session_id"),
            run_id=d.pop("run_id"),
            started_at=parse_datetime(d.pop("started_at")),
            additional_properties=d,
        )
