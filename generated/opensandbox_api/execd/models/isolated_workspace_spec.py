from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.isolated_workspace_spec_mode import IsolatedWorkspaceSpecMode


@_attrs_define(kw_only=True)
class IsolatedWorkspaceSpec:
    """The directory that an isolated session works in."""

    path: str
    """The absolute path."""
    mode: IsolatedWorkspaceSpecMode | Unset = UNSET
    """Whether writes go to a layer of the session's own (`overlay`), nowhere (`ro`) or to the
    directory itself (`rw`). Absent means the daemon's own.
    """
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["path"] = self.path
        if not isinstance(self.mode, Unset):
            fields["mode"] = self.mode
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            path=d.pop("path"),
            mode=UNSET if (value := d.pop("mode", None)) is None else value,
            additional_properties=d,
        )
