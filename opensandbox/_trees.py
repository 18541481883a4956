"""The side of this machine when directories are carried: looked at and written without surprises.

Rules:

* Nothing outside the directory is read or written: links are followed only to files in it, and a
  link in the way of something that is written is an error.
* A file appears whole: it is written beside its place and moved there.
* Everything here blocks; the async client calls it off its event loop.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from attrs import frozen

from .exceptions import InvalidArgumentException


@frozen
class Found:
    """One entry of a local tree."""

    #: Below the tree, with `/` on every system.
    name: str
    #: Where it is read from; a link's own target.
    path: Path
    is_directory: bool = False
    mode: int = 0
    #: Why it is not carried.
    skipped: str | None = None


def look_at(path: Path) -> Found:
    """What is to be carried, links followed: whoever named it means what it leads to."""
    real = path.resolve(strict=True)
    mode = real.stat().st_mode
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        raise InvalidArgumentException(f"{path} is neither a file nor a directory")
    return Found(path.name, real, is_directory=stat.S_ISDIR(mode), mode=mode)


def walk(root: Path) -> Iterator[Found]:
    """Everything below a directory, directories before what is in them."""
    real = root.resolve()
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(real / folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        for entry in found:
            one = _found(real, f"{folder}/{entry.name}".lstrip("/"), entry)
            yield one
            if one.is_directory:
                waiting.append(one.name)


def _found(root: Path, name: str, entry: os.DirEntry[str]) -> Found:
    path = Path(entry.path)
    if entry.is_symlink():
        try:
            target = path.resolve(strict=True)
        except (OSError, RuntimeError):
            return Found(name, path, skipped="a link that leads nowhere")
        if not target.is_relative_to(root):
            return Found(name, path, skipped="a link that leads outside")
        if not target.is_file():
            return Found(name, path, skipped="a link to a directory")
        path = target
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        return Found(name, path, is_directory=True, mode=status.st_mode)
    if not stat.S_ISREG(status.st_mode):
        return Found(name, path, skipped="neither a file nor a directory")
    return Found(name, path, mode=status.st_mode)


def open_file(path: Path) -> BinaryIO:
    """A file of a tree; what became a link or a pipe since it was looked at is refused."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise InvalidArgumentException(f"{path} is no file any more")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        with suppress(OSError):
            os.close(descriptor)
        raise


def make_directory(root: Path, name: str, mode: int) -> None:
    """Make a directory below `root`, or take the one that is there; never through a link."""
    path = root / name if name else root
    if name and path.is_symlink():
        raise InvalidArgumentException(
            f"{path} is a link: what is fetched does not go through one; remove it first"
        )
    path.mkdir(exist_ok=True, parents=not name)
    if name:
        path.chmod(mode)


class Incoming:
    """A file on its way: written beside its place, and moved there once it is whole."""

    def __init__(self, path: Path, mode: int) -> None:
        self._path, self._mode = path, mode
        descriptor, self._beside = tempfile.mkstemp(prefix=".incoming-", dir=path.parent)
        self._file = os.fdopen(descriptor, "wb")

    def write(self, data: bytes) -> None:
        """Add to it."""
        self._file.write(data)

    def finish(self) -> None:
        """Move it to its place, in place of what is there."""
        self._file.close()
        os.chmod(self._beside, self._mode)
        os.replace(self._beside, self._path)

    def give_up(self) -> None:
        """Remove what there is of it; nothing after `finish`."""
        self._file.close()
        with suppress(FileNotFoundError):
            os.unlink(self._beside)
