from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    pass


@_attrs_define(kw_only=True)
class PeriodicLifecycleHook:
    """A command that runs again and again while the sandbox runs."""

    name: str
    """What it is called in logs; once in a sandbox."""
    schedule: str
    """When it runs, as a cron line of five fields (`*/5 * * * *`), a name (`@hourly`), or `@every`
    with whole seconds (`@every 30s`). A run is left out while the one before still goes on.
    """
    command: list[str]
    """The program and its arguments, not passed through a shell."""
    timeout_seconds: int | Unset = UNSET
    """How many seconds one run may take before it is killed. Absent means 60."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["name"] = self.name
        fields["schedule"] = self.schedule
        fields["command"] = self.command
        if not isinstance(self.timeout_seconds, Unset):
            fields["timeoutSeconds"] = self.timeout_seconds
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            name=d.pop("name"),
            schedule=d.pop("schedule"),
            command=list(d.pop("command", None) or ()),
            timeout_seconds=UNSET if (value := d.pop("timeoutSeconds", None)) is None else value,
            additional_properties=d,
        )
