from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.run_command_request_envs import RunCommandRequestEnvs


@_attrs_define(kw_only=True)
class RunCommandRequest:
    """A command. Exactly one of `command` and `argv` says what."""

    command: str | Unset = UNSET
    """A line for bash."""
    argv: list[str] | Unset = UNSET
    """A program and its arguments, passed to no shell. Daemons up to 1.1 do not know it."""
    cwd: str | Unset = UNSET
    """The directory it runs in, which has to exist. Absent means the daemon's own."""
    background: bool | Unset = UNSET
    """Whether to let it run on its own and answer at once."""
    timeout: int | Unset = UNSET
    """After how many milliseconds it is killed. Absent or 0 means never."""
    uid: int | Unset = UNSET
    """The user it runs as. Absent means the daemon's."""
    gid: int | Unset = UNSET
    """The group it runs as. Absent means that of the user."""
    envs: RunCommandRequestEnvs | Unset = UNSET
    """Environment variables, over those of the sandbox."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        if not isinstance(self.command, Unset):
            fields["command"] = self.command
        if not isinstance(self.argv, Unset):
            fields["argv"] = self.argv
        if not isinstance(self.cwd, Unset):
            fields["cwd"] = self.cwd
        if not isinstance(self.background, Unset):
            fields["background"] = self.background
        if not isinstance(self.timeout, Unset):
            fields["timeout"] = self.timeout
        if not isinstance(self.uid, Unset):
            fields["uid"] = self.uid
        if not isinstance(self.gid, Unset):
            fields["gid"] = self.gid
        if not isinstance(self.envs, Unset):
            fields["envs"] = self.envs
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            command=UNSET if (value := d.pop("command", None)) is None else value,
            argv=UNSET if (value := d.pop("argv", None)) is None else list(value),
            cwd=UNSET if (value := d.pop("cwd", None)) is None else value,
            background=UNSET if (value := d.pop("background", None)) is None else value,
            timeout=UNSET if (value := d.pop("timeout", None)) is None else value,
            uid=UNSET if (value := d.pop("uid", None)) is None else value,
            gid=UNSET if (value := d.pop("gid", None)) is None else value,
            envs=UNSET if (value := d.pop("envs", None)) is None else dict(value),
            additional_properties=d,
        )
