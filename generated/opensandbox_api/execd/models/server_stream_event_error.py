from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    pass


@_attrs_define(kw_only=True)
class ServerStreamEventError:
    """How something ended that did not end well."""

    ename: str | Unset = UNSET
    """The kind of it; `CommandExecError` for commands, the exception's name for code."""
    evalue: str | Unset = UNSET
    """The exit code in digits for commands, the message for code. Some daemons send a number."""
    traceback: list[str] | Unset = UNSET
    """Lines for people. May be null."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        if not isinstance(self.ename, Unset):
            fields["ename"] = self.ename
        if not isinstance(self.evalue, Unset):
            fields["evalue"] = self.evalue
        if not isinstance(self.traceback, Unset):
            fields["traceback"] = self.traceback
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            ename=UNSET if (value := d.pop("ename", None)) is None else value,
            evalue=UNSET if (value := d.pop("evalue", None)) is None else value,
            traceback=UNSET if (value := d.pop("traceback", None)) is None else list(value),
            additional_properties=d,
        )
