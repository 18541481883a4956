from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models

if TYPE_CHECKING:
    from ..models.isolated_session_summary import IsolatedSessionSummary


@_attrs_define(kw_only=True)
class ListIsolatedSessionsResponse:
    """All isolated sessions."""

    sessions: list[IsolatedSessionSummary]
    """The sessions."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["sessions"] = [item.to_dict() for item in self.sessions]
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            sessions=[
                models.IsolatedSessionSummary.from_dict(item)
                for item in d.pop("sessions", None) or ()
            ],
            additional_properties=d,
        )
