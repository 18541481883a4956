from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    pass


@_attrs_define(kw_only=True)
class Metrics:
    """Processor and memory of the sandbox."""

    cpu_count: float
    """How many processors it has."""
    cpu_used_pct: float
    """How much of them is in use, 0 to 100 over all of them."""
    mem_total_mib: float
    """How much memory it has, in MiB."""
    mem_used_mib: float
    """How much of it is in use, in MiB."""
    timestamp: int
    """When that was, in milliseconds since 1970."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["cpu_count"] = self.cpu_count
        fields["cpu_used_pct"] = self.cpu_used_pct
        fields["mem_total_mib"] = self.mem_total_mib
        fields["mem_used_mib"] = self.mem_used_mib
        fields["timestamp"] = self.timestamp
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            cpu_count=d.pop("cpu_count"),
            cpu_used_pct=d.pop("cpu_used_pct"),
            mem_total_mib=d.pop("mem_total_mib"),
            mem_used_mib=d.pop("mem_used_mib"),
            timestamp=d.pop("timestamp"),
            additional_properties=d,
        )
