from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.credential_binding import CredentialBinding


@_attrs_define(kw_only=True)
class CredentialBindingMutationSet:
    """Changes to bindings. A name may appear once."""

    add: list[CredentialBinding] | Unset = UNSET
    """New ones. A name that is there is 409."""
    replace: list[CredentialBinding] | Unset = UNSET
    """Others for those of the same name. A name that is not there is 404."""
    delete: list[str] | Unset = UNSET
    """Names of those to remove."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        if not isinstance(self.add, Unset):
            fields["add"] = [item.to_dict() for item in self.add]
        if not isinstance(self.replace, Unset):
            fields["replace"] = [item.to_dict() for item in self.replace]
        if not isinstance(self.delete, Unset):
            fields["delete"] = self.delete
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            add=UNSET
            if (value := d.pop("add", None)) is None
            else [models.CredentialBinding.from_dict(item) for item in value],
            replace=UNSET
            if (value := d.pop("replace", None)) is None
            else [models.CredentialBinding.from_dict(item) for item in value],
            delete=UNSET if (value := d.pop("delete", None)) is None else list(value),
            additional_properties=d,
        )
