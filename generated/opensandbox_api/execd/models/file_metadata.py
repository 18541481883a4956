from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    pass


@_attrs_define(kw_only=True)
class FileMetadata:
    """Where an uploaded file goes."""

    path: str | Unset = UNSET
    """The absolute path. Without it the upload is 400."""
    owner: str | Unset = UNSET
    """Its owner. Absent means the daemon's user."""
    group: str | Unset = UNSET
    """Its group. Absent means the daemon's group."""
    mode: int | Unset = UNSET
    """Its mode as decimal digits, `644`. Absent means 755 for a new file."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        if not isinstance(self.path, Unset):
            fields["path"] = self.path
        if not isinstance(self.owner, Unset):
            fields["owner"] = self.owner
        if not isinstance(self.group, Unset):
            fields["group"] = self.group
        if not isinstance(self.mode, Unset):
            fields["mode"] = self.mode
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            path=UNSET if (value := d.pop("path", None)) is None else value,
            owner=UNSET if (value := d.pop("owner", None)) is None else value,
            group=UNSET if (value := d.pop("group", None)) is None else value,
            mode=UNSET if (value := d.pop("mode", None)) is None else value,
            additional_properties=d,
        )
