"""What is done to files in a sandbox, and what they are.

A mode is written as its octal digits in a decimal number, as everywhere in the API: `644` is
rw-r--r--. `0o644` is the number 420, which would be something else; the digits 8 and 9 are refused.
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterable, Iterable
from datetime import datetime
from typing import IO, Any

from ._checks import at_least, file_mode, file_path, not_empty
from ._model import Model, field, model

#: What a file is written from. An open file is read in pieces, from where it stands; an iterator
#: is used up.
FileData = (
    str
    | bytes
    | bytearray
    | memoryview
    | io.IOBase
    | IO[Any]
    | Iterable[bytes]
    | AsyncIterable[bytes]
)


@model(received=True)
class EntryInfo(Model):
    """What a path in the sandbox is."""

    path: str
    #: `file`, `directory`, `symlink` or `other`. None when the daemon does not say.
    entry_type: str | None = field(default=None, wire="type")
    #: Octal digits in a decimal number: 644.
    mode: int
    owner: str
    group: str
    #: In bytes.
    size: int
    modified_at: datetime
    created_at: datetime


@model
class WriteEntry(Model):
    """A file to write, or a directory to create."""

    path: str = field(check=file_path)
    #: None for a directory; an empty file has "".
    data: FileData | None = field(default=None, secret=True)
    mode: int = field(default=755, check=file_mode)
    owner: str | None = None
    group: str | None = None
    #: How text is written.
    encoding: str = field(default="utf-8", check=not_empty)


@model
class DirectoryListEntry(Model):
    """A directory to list."""

    path: str = field(check=file_path)
    #: How many levels; None for one.
    depth: int | None = field(default=None, check=at_least(0))


@model
class MoveEntry(Model):
    """A file or directory to move or rename."""

    src: str = field(wire="source", check=file_path)
    dest: str = field(wire="destination", check=file_path)


@model
class SetPermissionEntry(Model):
    """A path whose mode and owner are to change."""

    path: str = field(check=file_path)
    owner: str | None = None
    group: str | None = None
    mode: int = field(default=755, check=file_mode)


@model
class ContentReplaceEntry(Model):
    """A text to replace in a file, wherever it occurs."""

    path: str = field(check=file_path)
    old_content: str = field(check=lambda value: None if value else "must not be empty")
    new_content: str


@model(received=True)
class ContentReplaceResult(Model):
    """How often a text was replaced in a file."""

    path: str
    replaced_count: int


@model
class SearchEntry(Model):
    """What to look for: a glob, matched against the name and the path below `path`."""

    path: str = field(check=file_path)
    pattern: str = field(check=not_empty)


__all__ = [
    "ContentReplaceEntry",
    "ContentReplaceResult",
    "DirectoryListEntry",
    "EntryInfo",
    "FileData",
    "MoveEntry",
    "SearchEntry",
    "SetPermissionEntry",
    "WriteEntry",
]
