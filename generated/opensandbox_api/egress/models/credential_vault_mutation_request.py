from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.credential_binding_mutation_set import CredentialBindingMutationSet
    from ..models.credential_mutation_set import CredentialMutationSet


@_attrs_define(kw_only=True)
class CredentialVaultMutationRequest:
    """Changes to a vault."""

    expected_revision: int | Unset = UNSET
    """The revision that the change was thought out for. When the vault is at another, 412. Absent
    means any.
    """
    credentials: CredentialMutationSet | Unset = UNSET
    """Changes to credentials. A name may appear once."""
    bindings: CredentialBindingMutationSet | Unset = UNSET
    """Changes to bindings. A name may appear once."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        if not isinstance(self.expected_revision, Unset):
            fields["expectedRevision"] = self.expected_revision
        if not isinstance(self.credentials, Unset):
            fields["credentials"] = self.credentials.to_dict()
        if not isinstance(self.bindings, Unset):
            fields["bindings"] = self.bindings.to_dict()
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            expected_revision=UNSET
            if (value := d.pop("expectedRevision", None)) is None
            else value,
            credentials=UNSET
            if (value := d.pop("credentials", None)) is None
            else models.CredentialMutationSet.from_dict(value),
            bindings=UNSET
            if (value := d.pop("bindings", None)) is None
            else models.CredentialBindingMutationSet.from_dict(value),
            additional_properties=d,
        )
