from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    pass


@_attrs_define(kw_only=True)
class FsbTemplateReadiness:
    """When an image that is being prepared counts as warm."""

    probe: str | Unset = UNSET
    """What has to work first, a port that answers (`tcp://127.0.0.1:44772`) or a command that ends
    with 0 (`cmd://...`).
    """
    warmup_seconds: int | Unset = UNSET
    """How many seconds to wait when there is no probe, or it never works. Absent means 60."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        if not isinstance(self.probe, Unset):
            fields["probe"] = self.probe
        if not isinstance(self.warmup_seconds, Unset):
            fields["warmupSeconds"] = self.warmup_seconds
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            probe=UNSET if (value := d.pop("probe", None)) is None else value,
            warmup_seconds=UNSET if (value := d.pop("warmupSeconds", None)) is None else value,
            additional_properties=d,
        )
