from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.network_rule_action import NetworkRuleAction


@_attrs_define(kw_only=True)
class NetworkRule:
    """Whether one target may be reached."""

    action: NetworkRuleAction
    """What happens to connections to it."""
    target: str
    """A host name, or one with a leading `*.` for all names below it (`pypi.org`, `*.example.com`). A
    runtime may take addresses and networks in CIDR notation too.
    """
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["action"] = self.action
        fields["target"] = self.target
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            action=d.pop("action"),
            target=d.pop("target"),
            additional_properties=d,
        )
