from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.allocation_summary_mode import (
        AllocationSummaryMode,
    )
    from ..models.allocation_summary_state import (
        AllocationSummaryState,
    )


@_attrs_define(kw_only=True)
class AllocationSummary:
    """Where a sandbox came from that was taken from a pool."""

    pool_ref: str
    """The name of the pool."""
    mode: AllocationSummaryMode | Unset = UNSET
    """How it was come by. Only `pool` is known."""
    state: AllocationSummaryState | Unset = UNSET
    """How far that is. Only `allocated` is known."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["poolRef"] = self.pool_ref
        if not isinstance(self.mode, Unset):
            fields["mode"] = self.mode
        if not isinstance(self.state, Unset):
            fields["state"] = self.state
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            pool_ref=d.pop("poolRef"),
            mode=UNSET if (value := d.pop("mode", None)) is None else value,
            state=UNSET if (value := d.pop("state", None)) is None else value,
            additional_properties=d,
        )
