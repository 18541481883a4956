from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset, format_datetime, parse_datetime

if TYPE_CHECKING:
    import datetime


@_attrs_define(kw_only=True)
class SandboxStatus:
    """The state of a sandbox."""

    state: str
    """One of `Pending`, `Running`, `Pausing`, `Paused`, `Stopping`, `Terminated`, `Failed`, `Unknown`;
    newer servers may have more.
    """
    reason: str | Unset = UNSET
    """Why, for programs (`CONTAINER_RUNNING`)."""
    message: str | Unset = UNSET
    """Why, for people."""
    last_transition_at: datetime.datetime | Unset = UNSET
    """When the state last changed."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["state"] = self.state
        if not isinstance(self.reason, Unset):
            fields["reason"] = self.reason
        if not isinstance(self.message, Unset):
            fields["message"] = self.message
        if not isinstance(self.last_transition_at, Unset):
            fields["lastTransitionAt"] = format_datetime(self.last_transition_at)
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            state=d.pop("state"),
            reason=UNSET if (value := d.pop("reason", None)) is None else value,
            message=UNSET if (value := d.pop("message", None)) is None else value,
            last_transition_at=UNSET
            if (value := d.pop("lastTransitionAt", None)) is None
            else parse_datetime(value),
            additional_properties=d,
        )
