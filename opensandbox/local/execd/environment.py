"""What a program started in the sandbox finds around it: variables, directory, user, shell.

Rules:
- Values from requests are checked here, before anything is started.
- Users and groups are looked up in the sandbox's own files.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Mapping

from opensandbox._wire import variables

from .errors import NOT_SUPPORTED, Refusal, invalid

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LARGEST_ID = 2**32 - 2
_MOST_KEPT = 1 << 20  # bytes of the file of kept variables


def complete_environment(given: Mapping[str, str]) -> dict[str, str]:
    """`given` above the daemon's own variables and the few that no program does well without.

    The daemon is started with what the image says and where this root file system keeps its
    programs; there is nothing secret in its environment. One of the variables names the file in
    which later ones are kept.
    """
    usual = {"PATH": DEFAULT_PATH, **_identity(os.getuid()), **os.environ}
    kept = os.path.join(usual["HOME"], ".opensandbox", "variables")
    return {**usual, variables.FILE: kept, **given}


def kept_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """What the file that `environ` names keeps; none when it cannot be read or is over 1 MiB.

    Programs of the sandbox write it, so it may be anything: a pipe is not waited for.
    """
    try:
        descriptor = os.open(
            environ[variables.FILE], os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
        )
    except (OSError, KeyError, ValueError):
        return {}
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return {}
        content = file.read(_MOST_KEPT + 1)
    if len(content) > _MOST_KEPT or b"\0" in content:
        return {}
    return variables.read(content.decode("utf-8", "replace"))


def user_environment(uid: int | None) -> dict[str, str]:
    """The variables that change when a program runs as `uid`; none for None."""
    return {} if uid is None else _identity(uid)


def _identity(uid: int) -> dict[str, str]:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return {"HOME": "/"}
    return {"HOME": entry.pw_dir or "/", "USER": entry.pw_name, "LOGNAME": entry.pw_name}


def check_environment(value: object) -> dict[str, str]:
    """A request's "envs"; None means none. Raises Refusal."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid("envs must be an object of strings")
    for name, text in value.items():
        if not isinstance(text, str):
            raise invalid(f"the value of {name!r} in envs must be a string")
        if not name or "=" in name:
            raise invalid(f"{name!r} cannot be the name of an environment variable")
        check_text(name, "a name in envs")
        check_text(text, f"the value of {name!r} in envs")
    return value


def check_text(value: str, name: str) -> str:
    """A string that a program can be given: no NUL, no half of a character. Raises Refusal."""
    if "\0" in value:
        raise invalid(f"{name} must not contain a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise invalid(f"{name} is not valid Unicode") from None
    return value


def check_directory(value: object, default: str) -> str:
    """A request's "cwd", `default` for None or an empty one. Raises Refusal when there is none."""
    if value is None or value == "":
        return default
    if not isinstance(value, str):
        raise invalid("cwd must be a string")
    try:
        mode = os.stat(check_text(value, "cwd")).st_mode
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise invalid(f"cannot use the working directory {value!r}: {reason}") from None
    if not stat.S_ISDIR(mode):
        raise invalid(f"cannot use the working directory {value!r}: not a directory")
    return value


def check_id(value: object, name: str) -> int | None:
    """A user's or group's number. Raises Refusal."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST_ID:
        raise invalid(f"{name} must be a whole number from 0 to {_LARGEST_ID}")
    return value


def check_identity(uid: object, gid: object) -> tuple[int | None, int | None]:
    """Whom a program runs as: (None, None) for the daemon's own user. Raises Refusal.

    A user without a group gets the group that the sandbox's list of users says, else the group of
    the same number.
    """
    user, group = check_id(uid, "uid"), check_id(gid, "gid")
    if user is not None and group is None:
        group = _primary_group(user)
    own_user = user is None or user == os.getuid()
    own_group = group is None or group == os.getgid()
    if own_user and own_group:
        return None, None
    if os.geteuid() != 0:
        raise Refusal(
            400, NOT_SUPPORTED, "this sandbox has one user; uid and gid can name no other"
        )
    return user, group


def _primary_group(uid: int) -> int:
    try:
        return pwd.getpwuid(uid).pw_gid
    except KeyError:
        return uid


def shell() -> str:
    """The shell that runs command lines: bash, or sh where an image has no bash."""
    for candidate in ("/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash"):
        if os.access(candidate, os.X_OK):
            return candidate
    return "/bin/sh"
