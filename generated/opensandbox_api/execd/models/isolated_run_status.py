from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset, format_datetime, parse_datetime

if TYPE_CHECKING:
    import datetime


@_attrs_define(kw_only=True)
class IsolatedRunStatus:
    """How it is with a background run."""

    session_id: str
    """The session."""
    run_id: str
    """The run."""
    running: bool
    """Whether it still runs."""
    started_at: datetime.datetime
    """When it was started."""
    exit_code: int | None | Unset = UNSET
    """What it exited with. Null or absent while it runs."""
    error: str | Unset = UNSET
    """What went wrong, for people."""
    finished_at: datetime.datetime | None | Unset = UNSET
    """When it ended. Null or absent while it runs."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["session_id"] = self.session_id
        fields["run_id"] = self.run_id
        fields["running"] = self.running
        fields["started_at"] = format_datetime(self.started_at)
        if not isinstance(self.exit_code, Unset):
            fields["exit_code"] = self.exit_code
        if not isinstance(self.error, Unset):
            fields["error"] = self.error
        if not isinstance(self.finished_at, Unset):
            fields["finished_at"] = (
                None if self.finished_at is None else format_datetime(self.finished_at)
            )
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            session_id=d.pop("session_id"),
            run_id=d.pop("run_id"),
            running=d.pop("running"),
            started_at=parse_datetime(d.pop("started_at")),
            exit_code=d.pop("exit_code", UNSET),
            error=UNSET if (value := d.pop("error", None)) is None else value,
            finished_at=value
            if not (value := d.pop("finished_at", UNSET))
            else parse_datetime(value),
            additional_properties=d,
        )
