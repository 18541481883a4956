from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.metrics_event_event_type import MetricsEventEventType


@_attrs_define(kw_only=True)
class MetricsEvent:
    """Something a client did, and how long it took."""

    event_type: MetricsEventEventType
    """What it did."""
    create_duration_ms: int
    """Milliseconds from the request until the sandbox could be used, or until it was given up."""
    success: bool
    """Whether it worked."""
    sandbox_id: str | Unset = UNSET
    """The sandbox, when there was one."""
    image: str | Unset = UNSET
    """The image it was made from."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["eventType"] = self.event_type
        fields["createDurationMs"] = self.create_duration_ms
        fields["success"] = self.success
        if not isinstance(self.sandbox_id, Unset):
            fields["sandboxId"] = self.sandbox_id
        if not isinstance(self.image, Unset):
            fields["image"] = self.image
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            event_type=d.pop("eventType"),
            create_duration_ms=d.pop("createDurationMs"),
            success=d.pop("success"),
            sandbox_id=UNSET if (value := d.pop("sandboxId", None)) is None else value,
            image=UNSET if (value := d.pop("image", None)) is None else value,
            additional_properties=d,
        )
