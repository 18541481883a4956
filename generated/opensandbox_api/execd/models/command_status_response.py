from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset, format_datetime, parse_datetime

if TYPE_CHECKING:
    import datetime


@_attrs_define(kw_only=True)
class CommandStatusResponse:
    """How it is with a command."""

    id: str | Unset = UNSET
    """The command's id."""
    content: str | Unset = UNSET
    """What was run, as a shell line."""
    running: bool | Unset = UNSET
    """Whether it still runs."""
    exit_code: int | None | Unset = UNSET
    """What it exited with, -1 after a signal. Null or absent while it runs."""
    error: str | Unset = UNSET
    """What went wrong, for people. Absent after success."""
    started_at: datetime.datetime | Unset = UNSET
    """When it was started."""
    finished_at: datetime.datetime | None | Unset = UNSET
    """When it ended. Null or absent while it runs."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        if not isinstance(self.id, Unset):
            fields["id"] = self.id
        if not isinstance(self.content, Unset):
            fields["content"] = self.content
        if not isinstance(self.running, Unset):
            fields["running"] = self.running
        if not isinstance(self.exit_code, Unset):
            fields["exit_code"] = self.exit_code
        if not isinstance(self.error, Unset):
            fields["error"] = self.error
        if not isinstance(self.started_at, Unset):
            fields["started_at"] = format_datetime(self.started_at)
        if not isinstance(self.finished_at, Unset):
            fields["finished_at"] = (
                None if self.finished_at is None else format_datetime(self.finished_at)
            )
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            id=UNSET if (value := d.pop("id", None)) is None else value,
            content=UNSET if (value := d.pop("content", None)) is None else value,
            running=UNSET if (value := d.pop("running", None)) is None else value,
            exit_code=d.pop("exit_code", UNSET),
            error=UNSET if (value := d.pop("error", None)) is None else value,
            started_at=UNSET
            if (value := d.pop("started_at", None)) is None
            else parse_datetime(value),
            finished_at=value
            if not (value := d.pop("finished_at", UNSET))
            else parse_datetime(value),
            additional_properties=d,
        )
