"""What is asked about files, and what comes back.

Rules:
* What is wrong is found here, before anything is sent: each check names its argument.
* What the API calls optional may be absent or null: both become None.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from typing import Any

from opensandbox_api.execd.models import (
    FileInfo,
    FileInfoByPath,
    Permission,
    PermissionByPath,
    RenameFileItem,
    ReplaceFileContentItem,
    ReplacementByPath,
    ReplaceResultByPath,
)
from opensandbox_api.types import UNSET

from ..exceptions import InvalidArgumentException
from ..models.filesystem import (
    ContentReplaceEntry,
    ContentReplaceResult,
    EntryInfo,
    MoveEntry,
    SetPermissionEntry,
    WriteEntry,
)
from .received import optional
from .requests import text

_RANGE = re.compile(r"bytes=[0-9, -]+")


# --- requests ---------------------------------------------------------------------------------


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


def encoding(name: str) -> str:
    """An encoding that exists."""
    try:
        codecs.lookup(name)
    except (LookupError, TypeError, ValueError) as problem:
        raise InvalidArgumentException(f"unknown encoding {name!r}", problem) from problem
    return name


# --- answers ----------------------------------------------------------------------------------


def entry_info(info: FileInfo) -> EntryInfo:
    """One file, directory or link."""
    # Not by the constructor: see `Model.__attrs_init__`. A search may find thousands.
    entry = object.__new__(EntryInfo)
    entry.__attrs_init__(
        path=info.path,
        entry_type=optional(info.type_),
        mode=info.mode,
        owner=info.owner,
        group=info.group,
        size=info.size,
        modified_at=info.modified_at,
        created_at=info.created_at,
    )
    return entry


def entry_infos(infos: list[FileInfo] | None) -> list[EntryInfo]:
    """A listing; execd writes an empty one as null."""
    return [entry_info(info) for info in infos or []]


def entries_by_path(infos: FileInfoByPath) -> dict[str, EntryInfo]:
    """What `GET /files/info` says, by the paths that were asked for."""
    return {path: entry_info(info) for path, info in infos.items()}


def replace_results(results: ReplaceResultByPath) -> list[ContentReplaceResult]:
    """How often each text was replaced."""
    return [
        ContentReplaceResult(path=path, replaced_count=result.replaced_count)
        for path, result in results.items()
    ]


def decoded(content: bytes, encoding: str, path: str) -> str:
    """A file's content as text; raises InvalidArgumentException where it is none in `encoding`."""
    try:
        return content.decode(encoding)
    except (UnicodeError, LookupError) as problem:
        raise InvalidArgumentException(
            f"{path!r} is no text in {encoding}: {problem}; read_bytes gives it as it is", problem
        ) from problem
