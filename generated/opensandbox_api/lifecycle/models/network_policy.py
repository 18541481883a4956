from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.network_policy_default_action import NetworkPolicyDefaultAction
    from ..models.network_rule import NetworkRule


@_attrs_define(kw_only=True)
class NetworkPolicy:
    """What a sandbox may reach. An object without any field allows everything."""

    default_action: NetworkPolicyDefaultAction | Unset = UNSET
    """What happens to a connection that no rule speaks of. Absent means that it is refused."""
    egress: list[NetworkRule] | Unset = UNSET
    """The rules, in order; the first whose target fits decides."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        if not isinstance(self.default_action, Unset):
            fields["defaultAction"] = self.default_action
        if not isinstance(self.egress, Unset):
            fields["egress"] = [item.to_dict() for item in self.egress]
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            default_action=UNSET if (value := d.pop("defaultAction", None)) is None else value,
            egress=UNSET
            if (value := d.pop("egress", None)) is None
            else [models.NetworkRule.from_dict(item) for item in value],
            additional_properties=d,
        )
