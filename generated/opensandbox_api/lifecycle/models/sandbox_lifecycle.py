from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.lifecycle_hook import LifecycleHook
    from ..models.periodic_lifecycle_hook import PeriodicLifecycleHook


@_attrs_define(kw_only=True)
class SandboxLifecycle:
    """Commands that the runtime runs by itself."""

    pre_start: LifecycleHook | Unset = UNSET
    """A command that runs before the entrypoint does."""
    periodic: list[PeriodicLifecycleHook] | Unset = UNSET
    """Run on a schedule by execd, as long as the sandbox runs."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        if not isinstance(self.pre_start, Unset):
            fields["preStart"] = self.pre_start.to_dict()
        if not isinstance(self.periodic, Unset):
            fields["periodic"] = [item.to_dict() for item in self.periodic]
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            pre_start=UNSET
            if (value := d.pop("preStart", None)) is None
            else models.LifecycleHook.from_dict(value),
            periodic=UNSET
            if (value := d.pop("periodic", None)) is None
            else [models.PeriodicLifecycleHook.from_dict(item) for item in value],
            additional_properties=d,
        )
