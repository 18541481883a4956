"""What of a tree of files is carried, and where to, decided without touching either side.

Rules:

* What a sandbox says about its own paths is not trusted: a path that is not below the directory
  that was asked for, or that this machine could take for another place, is an error.
* Setuid, setgid and sticky bits are not carried.
"""

from __future__ import annotations

import posixpath
import re

from ..exceptions import InvalidArgumentException, SandboxInternalException

#: What no name on this or another system may hold, for it would be another place there.
_UNSAFE = re.compile(r"[\x00/\\]")
_DRIVE = re.compile(r"[A-Za-z]:")


def remote_directory(path: str, name: str) -> str:
    """A directory of the sandbox, absolute and without detours."""
    if not isinstance(path, str) or not path.startswith("/") or "\0" in path:
        raise InvalidArgumentException(f"{name} must be an absolute path, got {path!r}")
    return posixpath.normpath("/" + path.lstrip("/"))


def child_name(directory: str, path: str) -> str:
    """The name of what a listing of `directory` calls `path`.

    Raises SandboxInternalException for a path that is not directly in there.
    """
    prefix = directory.rstrip("/") + "/"
    name = path.removeprefix(prefix) if path.startswith(prefix) else ""
    if not name or name in (".", "..") or _UNSAFE.search(name) or _DRIVE.match(name):
        raise SandboxInternalException(
            f"the listing of {directory} names {path!r}, which is not a safe name in there:"
            " nothing more is written"
        )
    return name


def local_mode(mode: int, *, directory: bool) -> int:
    """The permissions that a file gets on this machine, from decimal digits."""
    try:
        bits = int(str(mode), 8) & 0o777
    except ValueError:
        bits = 0o755 if directory else 0o644
    # Whoever fetches something can work with it.
    return bits | (0o700 if directory else 0o600)


def remote_mode(bits: int) -> int:
    """Permissions of this machine in decimal digits."""
    return int(f"{bits & 0o777:o}")
