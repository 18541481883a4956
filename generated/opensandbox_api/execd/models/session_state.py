from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models
from ..types import UNSET, Unset, format_datetime, parse_datetime

if TYPE_CHECKING:
    import datetime

    from ..models.bind_mount import BindMount
    from ..models.env_passthrough_spec import EnvPassthroughSpec
    from ..models.isolated_overlay_spec import IsolatedOverlaySpec
    from ..models.isolated_workspace_spec import IsolatedWorkspaceSpec
    from ..models.session_state_profile import SessionStateProfile
    from ..models.session_state_status import SessionStateStatus
    from ..models.session_state_uid_mode import SessionStateUidMode


@_attrs_define(kw_only=True)
class SessionState:
    """An isolated session."""

    status: SessionStateStatus | Unset = UNSET
    """Whether it can be used (`active`), its bash has ended (`dead`), or it was closed (`destroyed`)."""
    created_at: datetime.datetime | Unset = UNSET
    """When it was opened."""
    last_run_at: datetime.datetime | Unset = UNSET
    """When something last ran in it."""
    idle_remaining_seconds: int | None | Unset = UNSET
    """Seconds until it is closed for idleness. Null means never."""
    profile: SessionStateProfile | Unset = UNSET
    """How much it is closed off."""
    workspace: IsolatedWorkspaceSpec | Unset = UNSET
    """The directory that an isolated session works in."""
    overlays: list[IsolatedOverlaySpec] | Unset = UNSET
    """Directories it sees."""
    extra_writable: list[str] | Unset = UNSET
    """More paths that it may write."""
    binds: list[BindMount] | Unset = UNSET
    """More paths that it sees."""
    share_net: bool | Unset = UNSET
    """Whether it has the sandbox's network."""
    env_passthrough: EnvPassthroughSpec | Unset = UNSET
    """Which environment variables are passed on."""
    uid: int | Unset = UNSET
    """The user it runs as."""
    gid: int | Unset = UNSET
    """The group it runs as."""
    uid_mode: SessionStateUidMode | Unset = UNSET
    """How it became that user."""
    idle_timeout_seconds: int | Unset = UNSET
    """After how many seconds without a run it is closed. 0 means never."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        if not isinstance(self.status, Unset):
            fields["status"] = self.status
        if not isinstance(self.created_at, Unset):
            fields["created_at"] = format_datetime(self.created_at)
        if not isinstance(self.last_run_at, Unset):
            fields["last_run_at"] = format_datetime(self.last_run_at)
        if not isinstance(self.idle_remaining_seconds, Unset):
            fields["idle_remaining_seconds"] = self.idle_remaining_seconds
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
            status=UNSET if (value := d.pop("status", None)) is None else value,
            created_at=UNSET
            if (value := d.pop("created_at", None)) is None
            else parse_datetime(value),
            last_run_at=UNSET
            if (value := d.pop("last_run_at", None)) is None
            else parse_datetime(value),
            idle_remaining_seconds=d.pop("idle_remaining_seconds", UNSET),
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
