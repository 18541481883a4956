from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.bind_mount import BindMount
    from ..models.create_isolated_session_request_profile import (
        CreateIsolatedSessionRequestProfile,
    )
    from ..models.create_isolated_session_request_uid_mode import (
        CreateIsolatedSessionRequestUidMode,
    )
    from ..models.env_passthrough_spec import EnvPassthroughSpec
    from ..models.isolated_overlay_spec import IsolatedOverlaySpec
    from ..models.isolated_workspace_spec import IsolatedWorkspaceSpec


@_attrs_define(kw_only=True)
class CreateIsolatedSessionRequest:
    """An isolated session to open."""

    profile: CreateIsolatedSessionRequestProfile | Unset = UNSET
    """How much it is closed off: `strict` without network, `balanced` with what development needs.
    Absent means the daemon's own.
    """
    workspace: IsolatedWorkspaceSpec | Unset = UNSET
    """The directory that an isolated session works in."""
    overlays: list[IsolatedOverlaySpec] | Unset = UNSET
    """Directories it sees, at most 16, each absolute and once. Deeper ones lie over those above them."""
    extra_writable: list[str] | Unset = UNSET
    """More paths that it may write, at the same place as outside."""
    binds: list[BindMount] | Unset = UNSET
    """More paths that it sees, at other places or without writing."""
    share_net: bool | Unset = UNSET
    """Whether it has the sandbox's network. Absent means as the profile has it."""
    env_passthrough: EnvPassthroughSpec | Unset = UNSET
    """Which environment variables are passed on."""
    uid: int | Unset = UNSET
    """The user it runs as. Absent means the daemon's."""
    gid: int | Unset = UNSET
    """The group it runs as. Absent means the daemon's."""
    uid_mode: CreateIsolatedSessionRequestUidMode | Unset = UNSET
    """How it becomes that user, by changing its id (`setpriv`, which is also what absent means) or in
    a user namespace (`userns`).
    """
    idle_timeout_seconds: int | Unset = UNSET
    """After how many seconds without a run it is closed. 0 means never."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        if not isinstance(self.profile, Unset):
            fields["profile"] = self.profile
        if not isinstance(self.workspace, Unset):
            fields["workspace"] = self.workspace.to_dict()
        if not isinstance(self.overlays, Unset):
            fields["overlays"] = [item.to_dict() for item in self.overlays]
        if not isinstance(self.extra_writable, Unset):
            fields["extra_writable"] = self.extra_writable
        if not isinstance(self.binds, Unset):
            fields["binds"] = [item.to_dict() for item in self.binds]
        if not isinstance(self.share_net, Unset):
            fields["share_net"] = self.share_net
        if not isinstance(self.env_passthrough, Unset):
            fields["env_passthrough"] = self.env_passthrough.to_dict()
        if not isinstance(self.uid, Unset):
            fields["uid"] = self.uid
        if not isinstance(self.gid, Unset):
            fields["gid"] = self.gid
        if not isinstance(self.uid_mode, Unset):
            fields["uid_mode"] = self.uid_mode
        if not isinstance(self.idle_timeout_seconds, Unset):
            fields["idle_timeout_seconds"] = self.idle_timeout_seconds
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            profile=UNSET if (value := d.pop("profile", None)) is None else value,
            workspace=UNSET
            if (value := d.pop("workspace", None)) is None
            else models.IsolatedWorkspaceSpec.from_dict(value),
            overlays=UNSET
            if (value := d.pop("overlays", None)) is None
            else [models.IsolatedOverlaySpec.from_dict(item) for item in value],
            extra_writable=UNSET
            if (value := d.pop("extra_writable", None)) is None
            else list(value),
            binds=UNSET
            if (value := d.pop("binds", None)) is None
            else [models.BindMount.from_dict(item) for item in value],
            share_net=UNSET if (value := d.pop("share_net", None)) is None else value,
            env_passthrough=UNSET
            if (value := d.pop("env_passthrough", None)) is None
            else models.EnvPassthroughSpec.from_dict(value),
            uid=UNSET if (value := d.pop("uid", None)) is None else value,
            gid=UNSET if (value := d.pop("gid", None)) is None else value,
            uid_mode=UNSET if (value := d.pop("uid_mode", None)) is None else value,
            idle_timeout_seconds=UNSET
            if (value := d.pop("idle_timeout_seconds", None)) is None
            else value,
            additional_properties=d,
        )
