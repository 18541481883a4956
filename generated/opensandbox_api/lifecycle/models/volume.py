from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.host import Host
    from ..models.ossfs import OSSFS
    from ..models.pvc import PVC


@_attrs_define(kw_only=True)
class Volume:
    """Storage that is mounted in a sandbox. Exactly one of `host`, `pvc` and `ossfs` says what."""

    name: str
    """What it is called within this request."""
    mount_path: str
    """Where it appears inside. An absolute path."""
    host: Host | Unset = UNSET
    """A directory of the machine that runs the sandbox."""
    pvc: PVC | Unset = UNSET
    """A named volume, which outlives the sandbox unless it says otherwise."""
    ossfs: OSSFS | Unset = UNSET
    """A bucket of an object store, mounted as files."""
    read_only: bool | Unset = UNSET
    """Whether it cannot be written."""
    sub_path: str | Unset = UNSET
    """The directory within it that is mounted, relative and without `..`. Absent means all of it."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["name"] = self.name
        fields["mountPath"] = self.mount_path
        if not isinstance(self.host, Unset):
            fields["host"] = self.host.to_dict()
        if not isinstance(self.pvc, Unset):
            fields["pvc"] = self.pvc.to_dict()
        if not isinstance(self.ossfs, Unset):
            fields["ossfs"] = self.ossfs.to_dict()
        if not isinstance(self.read_only, Unset):
            fields["readOnly"] = self.read_only
        if not isinstance(self.sub_path, Unset):
            fields["subPath"] = self.sub_path
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            name=d.pop("name"),
            mount_path=d.pop("mountPath"),
            host=UNSET if (value := d.pop("host", None)) is None else models.Host.from_dict(value),
            pvc=UNSET if (value := d.pop("pvc", None)) is None else models.PVC.from_dict(value),
            ossfs=UNSET
            if (value := d.pop("ossfs", None)) is None
            else models.OSSFS.from_dict(value),
            read_only=UNSET if (value := d.pop("readOnly", None)) is None else value,
            sub_path=UNSET if (value := d.pop("subPath", None)) is None else value,
            additional_properties=d,
        )
