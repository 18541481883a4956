from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset, format_datetime, parse_datetime

if TYPE_CHECKING:
    import datetime

    from ..models.isolated_session_summary_status import (
        IsolatedSessionSummaryStatus,
    )


@_attrs_define(kw_only=True)
class IsolatedSessionSummary:
    """An isolated session in a listing."""

    session_id: str
    """What it is called."""
    status: IsolatedSessionSummaryStatus
    """Whether it can be used (`active`), its bash has ended (`dead`), or it was closed (`destroyed`)."""
    created_at: datetime.datetime
    """When it was opened."""
    last_run_at: datetime.datetime
    """When something last ran in it."""
    idle_remaining_seconds: int | None | Unset = UNSET
    """Seconds until it is closed for idleness. Null means never."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["session_id"] = self.session_id
        fields["status"] = self.status
        fields["created_at"] = format_datetime(self.created_at)
        fields["last_run_at"] = format_datetime(self.last_run_at)
        if not isinstance(self.idle_remaining_seconds, Unset):
            fields["idle_remaining_seconds"] = self.idle_remaining_seconds
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            session_id=d.pop("session_id"),
            status=d.pop("status"),
            created_at=parse_datetime(d.pop("created_at")),
            last_run_at=parse_datetime(d.pop("last_run_at")),
            idle_remaining_seconds=d.pop("idle_remaining_seconds", UNSET),
            additional_properties=d,
        )
