from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    pass


@_attrs_define(kw_only=True)
class RunInSessionRequest:
    """A line for a session."""

    command: str
    """The line."""
    cwd: str | Unset = UNSET
    """The directory to change to before. Absent means where the session is."""
    timeout: int | Unset = UNSET
    """After how many milliseconds it is ended. Absent or 0 means never."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["command"] = self.command
        if not isinstance(self.cwd, Unset):
            fields["cwd"] = self.cwd
        if not isinstance(self.timeout, Unset):
            fields["timeout"] = self.timeout
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            command=d.pop("command"),
            cwd=UNSET if (value := d.pop("cwd", None)) is None else value,
            timeout=UNSET if (value := d.pop("timeout", None)) is None else value,
            additional_properties=d,
        )
