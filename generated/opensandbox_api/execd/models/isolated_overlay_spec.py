from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.isolated_overlay_spec_mode import IsolatedOverlaySpecMode


@_attrs_define(kw_only=True)
class IsolatedOverlaySpec:
    """A directory that an isolated session sees."""

    path: str
    """The absolute path, inside as outside, without a slash at its end."""
    mode: IsolatedOverlaySpecMode | Unset = UNSET
    """Whether writes go to a layer of the session's own (`overlay`, which is also what absent means),
    nowhere (`ro`) or to the directory itself (`rw`).
    """
    persist: bool | Unset = UNSET
    """With `overlay` only, whether the layer lies on disk, where file operations see it (which is also
    what absent means), or in memory, where they do not. With the other modes it is 400.
    """
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["path"] = self.path
        if not isinstance(self.mode, Unset):
            fields["mode"] = self.mode
        if not isinstance(self.persist, Unset):
            fields["persist"] = self.persist
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            path=d.pop("path"),
            mode=UNSET if (value := d.pop("mode", None)) is None else value,
            persist=UNSET if (value := d.pop("persist", None)) is None else value,
            additional_properties=d,
        )
