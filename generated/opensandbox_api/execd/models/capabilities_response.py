from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.capabilities_response_hardening import CapabilitiesResponseHardening


@_attrs_define(kw_only=True)
class CapabilitiesResponse:
    """How a daemon can isolate."""

    available: bool | Unset = UNSET
    """Whether it can at all."""
    isolator: str | Unset = UNSET
    """By what means (`bwrap`)."""
    version: str | Unset = UNSET
    """The version of that."""
    message: str | Unset = UNSET
    """Why it cannot, for people."""
    setpriv_available: bool | Unset = UNSET
    """Whether `uid_mode` `setpriv` works."""
    userns_available: bool | Unset = UNSET
    """Whether `uid_mode` `userns` works."""
    commit_supported: bool | Unset = UNSET
    """Whether `commit_isolated_session` works."""
    diff_supported: bool | Unset = UNSET
    """Whether `diff_isolated_session` works."""
    hardening: CapabilitiesResponseHardening | Unset = UNSET
    """How the daemon and the sandbox's processes are kept apart."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        if not isinstance(self.available, Unset):
            fields["available"] = self.available
        if not isinstance(self.isolator, Unset):
            fields["isolator"] = self.isolator
        if not isinstance(self.version, Unset):
            fields["version"] = self.version
        if not isinstance(self.message, Unset):
            fields["message"] = self.message
        if not isinstance(self.setpriv_available, Unset):
            fields["setpriv_available"] = self.setpriv_available
        if not isinstance(self.userns_available, Unset):
            fields["userns_available"] = self.userns_available
        if not isinstance(self.commit_supported, Unset):
            fields["commit_supported"] = self.commit_supported
        if not isinstance(self.diff_supported, Unset):
            fields["diff_supported"] = self.diff_supported
        if not isinstance(self.hardening, Unset):
            fields["hardening"] = self.hardening.to_dict()
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            available=UNSET if (value := d.pop("available", None)) is None else value,
            isolator=UNSET if (value := d.pop("isolator", None)) is None else value,
            version=UNSET if (value := d.pop("version", None)) is None else value,
            message=UNSET if (value := d.pop("message", None)) is None else value,
            setpriv_available=UNSET
            if (value := d.pop("setpriv_available", None)) is None
            else value,
            userns_available=UNSET if (value := d.pop("userns_available", None)) is None else value,
            commit_supported=UNSET if (value := d.pop("commit_supported", None)) is None else value,
            diff_supported=UNSET if (value := d.pop("diff_supported", None)) is None else value,
            hardening=UNSET
            if (value := d.pop("hardening", None)) is None
            else models.CapabilitiesResponseHardening.from_dict(value),
            additional_properties=d,
        )
