from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.isolated_run_request_envs import IsolatedRunRequestEnvs


@_attrs_define(kw_only=True)
class IsolatedRunRequest:
    """Code for an isolated session."""

    code: str
    """Lines for its bash."""
    envs: IsolatedRunRequestEnvs | Unset = UNSET
    """Environment variables of this run."""
    timeout_seconds: int | Unset = UNSET
    """After how many seconds it is killed. Absent means never."""
    background: bool | Unset = UNSET
    """Whether to answer at once and go on."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["code"] = self.code
        if not isinstance(self.envs, Unset):
            fields["envs"] = self.envs
        if not isinstance(self.timeout_seconds, Unset):
            fields["timeout_seconds"] = self.timeout_seconds
        if not isinstance(self.background, Unset):
            fields["background"] = self.background
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            code=d.pop("code"),
            envs=UNSET if (value := d.pop("envs", None)) is None else dict(value),
            timeout_seconds=UNSET if (value := d.pop("timeout_seconds", None)) is None else value,
            background=UNSET if (value := d.pop("background", None)) is None else value,
            additional_properties=d,
        )
