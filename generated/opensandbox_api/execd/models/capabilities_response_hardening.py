from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.capabilities_response_hardening_init_mode import (
        CapabilitiesResponseHardeningInitMode,
    )
    from ..models.hardening_layer_state import HardeningLayerState


@_attrs_define(kw_only=True)
class CapabilitiesResponseHardening:
    """How the daemon and the sandbox's processes are kept apart."""

    init_mode: CapabilitiesResponseHardeningInitMode | Unset = UNSET
    """Whether the daemon is the first process of the sandbox, takes in orphans only, or neither."""
    signal_shield: bool | Unset = UNSET
    """Whether signals from inside cannot reach the daemon, which is so when it is the first process."""
    cap_drop: HardeningLayerState | Unset = UNSET
    """One means of protection."""
    seccomp: HardeningLayerState | Unset = UNSET
    """One means of protection."""
    landlock: HardeningLayerState | Unset = UNSET
    """One means of protection."""
    ebpf: HardeningLayerState | Unset = UNSET
    """One means of protection."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        if not isinstance(self.init_mode, Unset):
            fields["init_mode"] = self.init_mode
        if not isinstance(self.signal_shield, Unset):
            fields["signal_shield"] = self.signal_shield
        if not isinstance(self.cap_drop, Unset):
            fields["cap_drop"] = self.cap_drop.to_dict()
        if not isinstance(self.seccomp, Unset):
            fields["seccomp"] = self.seccomp.to_dict()
        if not isinstance(self.landlock, Unset):
            fields["landlock"] = self.landlock.to_dict()
        if not isinstance(self.ebpf, Unset):
            fields["ebpf"] = self.ebpf.to_dict()
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            init_mode=UNSET if (value := d.pop("init_mode", None)) is None else value,
            signal_shield=UNSET if (value := d.pop("signal_shield", None)) is None else value,
            cap_drop=UNSET
            if (value := d.pop("cap_drop", None)) is None
            else models.HardeningLayerState.from_dict(value),
            seccomp=UNSET
            if (value := d.pop("seccomp", None)) is None
            else models.HardeningLayerState.from_dict(value),
            landlock=UNSET
            if (value := d.pop("landlock", None)) is None
            else models.HardeningLayerState.from_dict(value),
            ebpf=UNSET
            if (value := d.pop("ebpf", None)) is None
            else models.HardeningLayerState.from_dict(value),
            additional_properties=d,
        )
