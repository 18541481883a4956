from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.network_policy import NetworkPolicy


@_attrs_define(kw_only=True)
class PolicyStatusResponse:
    """The policy in force, and how it is enforced."""

    status: str | Unset = UNSET
    """Whether it is in force (`ok`), or what stands in the way."""
    mode: str | Unset = UNSET
    """What the policy comes to (`allow_all`, `deny_all`, `enforcing`)."""
    enforcement_mode: str | Unset = UNSET
    """The means it is enforced by (`dns`, `dns+nft`, `proxy`)."""
    reason: str | Unset = UNSET
    """Why it is as it is, for people."""
    policy: NetworkPolicy | Unset = UNSET
    """Which hosts may be reached. An object without any field allows everything."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        if not isinstance(self.status, Unset):
            fields["status"] = self.status
        if not isinstance(self.mode, Unset):
            fields["mode"] = self.mode
        if not isinstance(self.enforcement_mode, Unset):
            fields["enforcementMode"] = self.enforcement_mode
        if not isinstance(self.reason, Unset):
            fields["reason"] = self.reason
        if not isinstance(self.policy, Unset):
            fields["policy"] = self.policy.to_dict()
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            status=UNSET if (value := d.pop("status", None)) is None else value,
            mode=UNSET if (value := d.pop("mode", None)) is None else value,
            enforcement_mode=UNSET if (value := d.pop("enforcementMode", None)) is None else value,
            reason=UNSET if (value := d.pop("reason", None)) is None else value,
            policy=UNSET
            if (value := d.pop("policy", None)) is None
            else models.NetworkPolicy.from_dict(value),
            additional_properties=d,
        )
