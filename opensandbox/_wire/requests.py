"""Turns arguments into request bodies, and refuses what no server could accept.

Rules:
* What is wrong is found here, before anything is sent: each check names its argument.
* Seconds come in, milliseconds go out, and a limit never becomes 0: that would mean none.
* What was not given is left out, not sent as null.
"""

from __future__ import annotations

import codecs
import math
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from opensandbox_api.execd.models import (
    Permission,
    PermissionByPath,
    RenameFileItem,
    ReplaceFileContentItem,
    ReplacementByPath,
)
from opensandbox_api.types import UNSET

from ..exceptions import InvalidArgumentException
from ..models._time import Seconds, seconds
from ..models.filesystem import ContentReplaceEntry, MoveEntry, SetPermissionEntry, WriteEntry
from . import variables

T = TypeVar("T")

_RANGE = re.compile(r"bytes=[0-9, -]+")


def run_command(
    command: str | Sequence[str],
    *,
    background: bool = False,
    working_directory: str | None = None,
    timeout: Seconds | None = None,
    uid: int | None = None,
    gid: int | None = None,
    envs: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The body of `POST /command`: a shell line as `command`, a list of words as `argv`."""
    body: dict[str, Any]
    if isinstance(command, str):
        body = {"command": _line(command, "command")}
    else:
        body = {"argv": _words(command)}
    if working_directory is not None:
        body["cwd"] = text(working_directory, "working_directory")
    if background:
        body["background"] = True
    if timeout is not None:
        body["timeout"] = milliseconds(timeout, "timeout")
    if gid is not None and uid is None:
        raise InvalidArgumentException("gid needs uid as well")
    if uid is not None:
        body["uid"] = _number(uid, "uid")
    if gid is not None:
        body["gid"] = _number(gid, "gid")
    if envs is not None:
        body["envs"] = environment(envs)
    return body


def run_in_session(
    command: str, *, working_directory: str | None = None, timeout: Seconds | None = None
) -> dict[str, Any]:
    """The body of `POST /session/{id}/run`."""
    body: dict[str, Any] = {"command": _line(command, "command")}
    if working_directory is not None:
        body["cwd"] = text(working_directory, "working_directory")
    if timeout is not None:
        body["timeout"] = milliseconds(timeout, "timeout")
    return body


def set_env(key: str, value: str) -> str:
    """The shell line that keeps a variable for the commands that follow; see `variables`."""
    if not isinstance(key, str) or not variables.is_name(key):
        raise InvalidArgumentException(
            f"a variable's name is letters, digits and _, no digit first; got {key!r}"
        )
    line = variables.assignment(key, text(value, "value", empty=True))
    return (
        'if [ -z "${EXECD_ENVS-}" ]; then'
        " echo 'this sandbox keeps no variables: EXECD_ENVS is not set' >&2; exit 1; fi; "
        'mkdir -p -- "$(dirname -- "$EXECD_ENVS")" && '
        f"printf '%s\\n' {shlex.quote(line)} >> \"$EXECD_ENVS\""
    )


def max_output(value: int | None) -> int | None:
    """How many characters of output are kept; None for all."""
    return None if value is None else positive(value, "max_output")


def milliseconds(value: Seconds, name: str) -> int:
    """A duration above 0 in whole milliseconds, rounded up."""
    return max(1, math.ceil(round(seconds(value, name) * 1000, 6)))


def text(value: str, name: str, *, empty: bool = False) -> str:
    """`value` if it is text that can be sent; not empty unless `empty`."""
    if not isinstance(value, str):
        raise InvalidArgumentException(f"{name} must be a string, got {type(value).__name__}")
    if not value and not empty:
        raise InvalidArgumentException(f"{name} must not be empty")
    if "\0" in value:
        raise InvalidArgumentException(f"{name} must not hold a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError as problem:
        raise InvalidArgumentException(
            f"{name} holds half a surrogate pair at character {problem.start}", problem
        ) from problem
    return value


def texts(values: Sequence[str], name: str) -> list[str]:
    """A list of texts, each checked; a single string is refused, being a list of characters."""
    if isinstance(values, str | bytes) or not isinstance(values, Sequence):
        raise InvalidArgumentException(
            f"{name} must be a list of strings, got {type(values).__name__}"
        )
    return [text(value, f"{name}[{index}]") for index, value in enumerate(values)]


def environment(envs: Mapping[str, str]) -> dict[str, str]:
    """Variables with names that can be one."""
    if not isinstance(envs, Mapping):
        raise InvalidArgumentException(f"envs must be a mapping, got {type(envs).__name__}")
    checked = {}
    for key, value in envs.items():
        if "=" in text(key, "a name in envs"):
            raise InvalidArgumentException(f"a name in envs must not hold '=', got {key!r}")
        checked[key] = text(value, f"envs[{key!r}]", empty=True)
    return checked


def _line(command: str, name: str) -> str:
    if isinstance(command, str) and not command.strip():
        raise InvalidArgumentException(f"{name} must not be empty")
    return text(command, name)


def _words(command: Sequence[str]) -> list[str]:
    if isinstance(command, bytes) or not isinstance(command, Sequence):
        raise InvalidArgumentException(
            f"command must be a shell line or a list of words, got {type(command).__name__}"
        )
    if not command:
        raise InvalidArgumentException("command must not be empty")
    first = text(command[0], "command[0]")
    rest = enumerate(command[1:], 1)
    return [first, *(text(word, f"command[{index}]", empty=True) for index, word in rest)]


def _number(value: int, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidArgumentException(f"{name} must be an integer, got {value!r}")
    if not 0 <= value < 2**32 - 1:
        raise InvalidArgumentException(f"{name} must be between 0 and 4294967294, got {value}")
    return value


def permissions(entries: Sequence[WriteEntry | SetPermissionEntry]) -> PermissionByPath:
    """The body of `POST /directories` and `POST /files/permissions`."""
    return PermissionByPath(
        (
            text(entry.path, "path"),
            Permission(
                mode=entry.mode,
                owner=UNSET if entry.owner is None else entry.owner,
                group=UNSET if entry.group is None else entry.group,
            ),
        )
        for entry in entries
    )


def moves(entries: Sequence[MoveEntry]) -> list[RenameFileItem]:
    """The body of `POST /files/mv`."""
    return [
        RenameFileItem(src=text(entry.src, "src"), dest=text(entry.dest, "dest"))
        for entry in entries
    ]


def replacements(entries: Sequence[ContentReplaceEntry]) -> ReplacementByPath:
    """The body of `POST /files/replace`; it holds one replacement for each path."""
    body = ReplacementByPath()
    for entry in entries:
        path = text(entry.path, "path")
        if path in body:
            raise InvalidArgumentException(
                f"{path!r} is named twice: one request holds one replacement for each file"
            )
        body[path] = ReplaceFileContentItem(
            old=text(entry.old_content, "old_content"),
            new=text(entry.new_content, "new_content", empty=True),
        )
    return body


def upload_metadata(entry: WriteEntry) -> dict[str, Any]:
    """What goes before a file's content in an upload."""
    metadata: dict[str, Any] = {"path": text(entry.path, "path"), "mode": entry.mode}
    if entry.owner is not None:
        metadata["owner"] = text(entry.owner, "owner")
    if entry.group is not None:
        metadata["group"] = text(entry.group, "group")
    return metadata


def cursor(value: int | None) -> int | None:
    """A position in the output of a background command."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise InvalidArgumentException(f"cursor must be a number of bytes, got {value!r}")
    return value


def download(
    path: str, *, range_header: str | None, offset: int | None, limit: int | None
) -> tuple[dict[str, str | int], dict[str, str]]:
    """The query and the headers of `GET /files/download`."""
    query: dict[str, str | int] = {"path": text(path, "path")}
    for name, value in (("offset", offset), ("limit", limit)):
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise InvalidArgumentException(f"{name} must be a number of lines, got {value!r}")
        query[name] = value
    if range_header is None:
        return query, {}
    if not isinstance(range_header, str) or not _RANGE.fullmatch(range_header):
        raise InvalidArgumentException(
            f"range_header must be like 'bytes=0-1023', got {range_header!r}"
        )
    return query, {"Range": range_header}


def positive(value: int, name: str) -> int:
    """A whole number above 0."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidArgumentException(f"{name} must be a whole number above 0, got {value!r}")
    return value


def encoding(name: str) -> str:
    """An encoding that exists."""
    try:
        codecs.lookup(name)
    except (LookupError, TypeError, ValueError) as problem:
        raise InvalidArgumentException(f"unknown encoding {name!r}", problem) from problem
    return name


def instance(value: T, kind: type[T], name: str) -> T:
    """`value` if it is of this kind."""
    if not isinstance(value, kind):
        raise InvalidArgumentException(
            f"{name} must be a {kind.__name__}, got {type(value).__name__}"
        )
    return value


def instances(entries: Sequence[T], kind: type[T], name: str) -> Sequence[T]:
    """A list whose entries are all of this kind."""
    if isinstance(entries, str | bytes) or not isinstance(entries, Sequence):
        raise InvalidArgumentException(
            f"{name} must be a list of {kind.__name__}, got {type(entries).__name__}"
        )
    for index, entry in enumerate(entries):
        instance(entry, kind, f"{name}[{index}]")
    return entries
