from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    pass


@_attrs_define(kw_only=True)
class PVC:
    """A named volume, which outlives the sandbox unless it says otherwise."""

    claim_name: str
    """The volume's name, a Kubernetes claim or a Docker volume."""
    create_if_not_exists: bool | Unset = UNSET
    """Whether a volume that is not there is made; with false that is 400."""
    delete_on_sandbox_termination: bool | Unset = UNSET
    """Whether it goes with the sandbox. Only for one that was made for it."""
    storage_class: None | str | Unset = UNSET
    """The class a new one is made of. Null means the cluster's own."""
    storage: None | str | Unset = UNSET
    """The size of a new one (`10Gi`). Null means the server's own. Docker volumes have none."""
    access_modes: list[str] | None | Unset = UNSET
    """Access modes of a new one. Null means `ReadWriteOnce`."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        fields["claimName"] = self.claim_name
        if not isinstance(self.create_if_not_exists, Unset):
            fields["createIfNotExists"] = self.create_if_not_exists
        if not isinstance(self.delete_on_sandbox_termination, Unset):
            fields["deleteOnSandboxTermination"] = self.delete_on_sandbox_termination
        if not isinstance(self.storage_class, Unset):
            fields["storageClass"] = self.storage_class
        if not isinstance(self.storage, Unset):
            fields["storage"] = self.storage
        if not isinstance(self.access_modes, Unset):
            fields["accessModes"] = self.access_modes
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            claim_name=d.pop("claimName"),
            create_if_not_exists=UNSET
            if (value := d.pop("createIfNotExists", None)) is None
            else value,
            delete_on_sandbox_termination=UNSET
            if (value := d.pop("deleteOnSandboxTermination", None)) is None
            else value,
            storage_class=d.pop("storageClass", UNSET),
            storage=d.pop("storage", UNSET),
            access_modes=value if not (value := d.pop("accessModes", UNSET)) else list(value),
            additional_properties=d,
        )
