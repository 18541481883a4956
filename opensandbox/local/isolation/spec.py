"""What a sandbox to be started is, and what is remembered of one that runs, as plain values.

Rules: frozen, checked when built, no I/O. `Started` turns into JSON and back, because the server
stores it and finds its sandboxes by it after a restart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from attrs import asdict, field, frozen

Isolation = Literal["bubblewrap", "none"]

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_HOSTNAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,62}[A-Za-z0-9])?")
# Mounting over one of these would replace what the sandbox itself stands on.
_RESERVED = ("/", "/proc", "/dev", "/sys", "/opt/opensandbox")


@frozen(kw_only=True)
class Limits:
    """What a sandbox may use at most. None: as much as the machine has.

    `cpu` in cores (0.5: half a core), `memory` and `disk` in bytes, `processes` counts threads.
    Raises ValueError for a limit too small for a sandbox to start.
    """

    cpu: float | None = None
    memory: int | None = None
    disk: int | None = None
    processes: int = 1024

    def __attrs_post_init__(self) -> None:
        if self.cpu is not None and not 0.01 <= self.cpu <= 10_000:
            raise ValueError(f"cpu limit {self.cpu} is not between 0.01 and 10000 cores")
        if self.memory is not None and self.memory < 64 << 20:
            raise ValueError(f"memory limit {self.memory} is under 64 MiB")
        if self.disk is not None and self.disk < 16 << 20:
            raise ValueError(f"disk limit {self.disk} is under 16 MiB")
        if self.processes < 16:
            raise ValueError(f"process limit {self.processes} is under 16")


@frozen(kw_only=True)
class VolumeMount:
    """A file or directory of the machine, seen at `target` inside the sandbox.

    Raises ValueError for paths that are not absolute and for a target the sandbox needs itself.
    """

    source: Path
    target: str
    read_only: bool = False

    def __attrs_post_init__(self) -> None:
        parts = self.target.split("/")
        if not self.source.is_absolute():
            raise ValueError(f"volume source {str(self.source)!r} is not an absolute path")
        if not self.target.startswith("/") or ".." in parts or "\0" in self.target:
            raise ValueError(f"volume target {self.target!r} is not an absolute path without '..'")
        plain = "/" + "/".join(part for part in parts if part not in ("", "."))
        if plain in _RESERVED or plain.startswith(
            ("/proc/", "/dev/", "/sys/", "/opt/opensandbox/")
        ):
            raise ValueError(f"volume target {self.target!r} is reserved")


@frozen(kw_only=True)
class ImageRoot:
    """The root file system of a sandbox: `path`, or None for the machine's own root.

    `note` says in a sentence what the name that was asked for came to; `environment` is what the
    image wants set in every process.
    """

    name: str
    path: Path | None = None
    imported: bool = False
    note: str = ""
    environment: Mapping[str, str] = field(factory=dict)


@frozen(kw_only=True)
class SandboxSpec:
    """A sandbox to be started. `directory` is its own; what is in it is deleted with the sandbox.
    It begins with the files of `snapshot`, what `snapshots.take` made, or with none of its own.

    Raises ValueError for an id or a host name that cannot be one.
    """

    id: str
    directory: Path
    root: ImageRoot
    isolation: Isolation = "bubblewrap"
    limits: Limits = field(factory=Limits)
    mounts: tuple[VolumeMount, ...] = ()
    hostname: str = "sandbox"
    snapshot: Path | None = None

    def __attrs_post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError(f"sandbox id {self.id!r} is not made of letters, digits and ._-")
        if not _HOSTNAME.fullmatch(self.hostname):
            raise ValueError(f"{self.hostname!r} is not a host name")


@frozen(kw_only=True)
class Started:
    """What is needed to find a running sandbox again. `start_time` and `boot_id` tell `pid` from a
    later process of the same number; `outer_pid` is the process above it (the same without
    isolation); `cgroups` are its groups; `extensions` says what isolation it really got.
    """

    id: str
    directory: str
    isolation: Isolation
    pid: int
    outer_pid: int
    start_time: int
    boot_id: str
    execd_port: int
    control_path: str
    cgroups: tuple[str, ...] = ()
    extensions: Mapping[str, str] = field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self) | {"cgroups": list(self.cgroups)}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """From what `to_dict` gave; raises TypeError when a field is missing or unknown."""
        return cls(**{**value, "cgroups": tuple(value.get("cgroups", ()))})
