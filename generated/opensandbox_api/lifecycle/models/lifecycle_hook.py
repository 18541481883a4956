from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    pass


@_attrs_define(kw_only=True)
class LifecycleHook:
    """A command that runs before the entrypoint does."""

    command: list[str]
    """The program and its arguments, not passed through a shell."""
    timeout_seconds: int | Unset = UNSET
    """How many seconds it may take. When it takes longer or fails, so does the sandbox. Absent means
    60.
    """
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["command"] = self.command
        if not isinstance(self.timeout_seconds, Unset):
            fields["timeoutSeconds"] = self.timeout_seconds
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            command=list(d.pop("command", None) or ()),
            timeout_seconds=UNSET if (value := d.pop("timeoutSeconds", None)) is None else value,
            additional_properties=d,
        )
