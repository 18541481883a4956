"""The file operations of the API, as plain functions that a thread runs.

Rules:
- The sandbox is the boundary: a path may name anything the acting user can reach in it.
- A file is replaced whole or not at all, where its directory allows a neighbour to be made.
- A mode is written as its octal digits in decimal: 644.
- OSErrors leave as they are or as a Refusal that says which path; nothing is swallowed.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import grp
import os
import pwd
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from . import globs
from .downloads import open_file
from .errors import FILE_NOT_FOUND, RUNTIME_ERROR, Refusal, from_os, invalid

LARGEST_REPLACED = 64 * 1024 * 1024
_PARENTS_MODE = 0o755


def check_path(value: object) -> str:
    """A path of a request. Raises Refusal for what cannot be one."""
    if not isinstance(value, str) or not value:
        raise invalid("a path must be a non-empty string")
    if "\0" in value:
        raise invalid(f"the path {value!r} contains a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise invalid(f"the path {value!r} is not valid Unicode") from None
    return value


def check_mode(value: object) -> int | None:
    """Permission bits from digits meaning octal; None for None. Raises Refusal."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid("mode must be a whole number such as 644")
    try:
        bits = int(str(value), 8)
    except ValueError:
        bits = -1
    if not 0 <= bits <= 0o7777:
        raise invalid(f"mode {value} must be octal digits written in decimal, such as 644 or 1777")
    return bits


def info(path: str) -> dict[str, object]:
    """What there is to know about one path; links are not followed. Raises OSError."""
    return _describe(path, os.lstat(path))


def _describe(path: str, status: os.stat_result) -> dict[str, object]:
    return {
        "path": path,
        "type": _type(status.st_mode),
        "size": status.st_size,
        "modified_at": _moment(status.st_mtime_ns),
        "created_at": _moment(status.st_ctime_ns),
        "owner": _owner(status.st_uid),
        "group": _group(status.st_gid),
        "mode": int(f"{status.st_mode & 0o777:o}"),
    }


def _type(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "directory"
    if stat.S_ISREG(mode):
        return "file"
    return "symlink" if stat.S_ISLNK(mode) else "other"


def _moment(nanoseconds: int) -> str:
    seconds, fraction = divmod(nanoseconds, 1_000_000_000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{fraction:09d}".rstrip("0").rstrip(".") + "Z"


@functools.lru_cache(maxsize=256)
def _owner(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


@functools.lru_cache(maxsize=256)
def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def forget_names() -> None:
    """Users and groups may have been added since: look their names up again."""
    _owner.cache_clear()
    _group.cache_clear()


def _user_id(name: str) -> int:
    with contextlib.suppress(KeyError, ValueError):
        return int(name) if name.isdecimal() else pwd.getpwnam(name).pw_uid
    raise Refusal(500, RUNTIME_ERROR, f"there is no user {name!r} in this sandbox")


def _group_id(name: str) -> int:
    with contextlib.suppress(KeyError, ValueError):
        return int(name) if name.isdecimal() else grp.getgrnam(name).gr_gid
    raise Refusal(500, RUNTIME_ERROR, f"there is no group {name!r} in this sandbox")


class Permission:
    """A mode, an owner and a group to give to a path; None leaves each as it is."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.mode = check_mode(given.get("mode"))
        self._owner = _optional_name(given.get("owner"), "owner")
        self._group = _optional_name(given.get("group"), "group")

    def apply(self, target: str | int) -> None:
        """Applies it to a path (links are followed) or an open file. Raises OSError, Refusal."""
        uid = -1 if self._owner is None else _user_id(self._owner)
        gid = -1 if self._group is None else _group_id(self._group)
        if (uid, gid) != (-1, -1):
            os.chown(target, uid, gid)
        if self.mode is not None:
            os.chmod(target, self.mode)  # After chown, which clears the setuid bit.


def _optional_name(value: object, name: str) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or "\0" in value:
        raise invalid(f"{name} must be a name")
    return value


def check_permissions(body: object) -> list[tuple[str, Permission]]:
    """A request's object of paths and permissions. Raises Refusal."""
    if not isinstance(body, dict):
        raise invalid("the body must be an object of paths and permissions")
    checked = []
    for path, given in body.items():
        if not (given is None or isinstance(given, dict)):
            raise invalid(f"the permission of {path!r} must be an object")
        checked.append((check_path(path), Permission(given or {})))
    return checked


def infos(paths: Sequence[str]) -> dict[str, dict[str, object]]:
    """`info` of several paths. Raises Refusal naming the first that fails."""
    answer = {}
    for path in paths:
        try:
            answer[path] = info(path)
        except OSError as error:
            raise from_os(error, f"look at {path!r}") from error
    return answer


def set_permissions(wanted: Sequence[tuple[str, Permission]]) -> None:
    """Raises Refusal naming the first that fails."""
    for path, permission in wanted:
        try:
            permission.apply(path)
        except OSError as error:
            raise _plain(from_os(error, f"change the permissions of {path!r}")) from error


def make_directories(wanted: Sequence[tuple[str, Permission]]) -> None:
    """With their parents; what is a directory already is fine. Raises Refusal."""
    for path, permission in wanted:
        try:
            make_parents(path)
            with contextlib.suppress(FileExistsError):
                os.mkdir(path)
            if not stat.S_ISDIR(os.stat(path).st_mode):
                raise NotADirectoryError(errno.ENOTDIR, "a file of that name exists")
            permission.apply(path)
        except OSError as error:
            raise _plain(from_os(error, f"make the directory {path!r}")) from error


def make_parents(path: str) -> None:
    """The directories above `path`, as far as they are missing. Raises OSError."""
    parent = os.path.dirname(os.path.abspath(path))
    os.makedirs(parent, mode=_PARENTS_MODE, exist_ok=True)


def remove_files(paths: Sequence[str]) -> None:
    """What is not there is fine; a directory is refused. Raises Refusal."""
    for path in paths:
        try:
            if stat.S_ISDIR(os.lstat(path).st_mode):
                raise IsADirectoryError(errno.EISDIR, "is a directory")
            os.unlink(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _plain(from_os(error, f"delete the file {path!r}")) from error


def remove_directories(paths: Sequence[str]) -> None:
    """With all they hold; what is not there is fine. Raises Refusal."""
    for path in paths:
        try:
            if stat.S_ISDIR(os.lstat(path).st_mode):
                shutil.rmtree(path)
            else:
                os.unlink(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _plain(from_os(error, f"delete the directory {path!r}")) from error


def move(moves: Sequence[tuple[str, str]]) -> None:
    """Each source to its destination, whose parents are made. Raises Refusal."""
    for source, destination in moves:
        try:
            os.lstat(source)
            make_parents(destination)
            try:
                os.rename(source, destination)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                shutil.move(source, destination)
        except OSError as error:
            raise from_os(error, f"move {source!r} to {destination!r}") from error


def replace(wanted: Mapping[str, tuple[bytes, bytes]]) -> dict[str, dict[str, int]]:
    """Replaces text in files; how often, for each path. Raises Refusal."""
    counts = {}
    for path, (old, new) in wanted.items():
        try:
            counts[path] = {"replacedCount": _replace_in(path, old, new)}
        except OSError as error:
            raise from_os(error, f"replace text in {path!r}") from error
    return counts


def _replace_in(path: str, old: bytes, new: bytes) -> int:
    with os.fdopen(open_file(path), "rb") as file:
        content = file.read(LARGEST_REPLACED + 1)
    if len(content) > LARGEST_REPLACED:
        raise invalid(f"{path!r} is larger than {LARGEST_REPLACED} bytes; edit it by a command")
    count = content.count(old)
    if count:
        with Replacement(path, Permission({})) as replacement:
            replacement.write(content.replace(old, new))
            replacement.commit()
    return count


class Replacement:
    """The new content of a file, written beside it and put in its place by `commit`.

    The old file's mode and owner are kept where the permission does not say otherwise; a link is
    followed. Where no neighbour can be made the file itself is written. Used as a context manager:
    what was not committed is gone afterwards.
    """

    def __init__(self, path: str, permission: Permission) -> None:
        make_parents(path)
        self._target = os.path.realpath(path)
        self._permission = permission
        self._beside: str | None = None
        self._descriptor = self._open()

    def _open(self) -> int:
        try:
            existing = os.stat(self._target)
        except FileNotFoundError:
            existing = None
        if existing is not None and stat.S_ISDIR(existing.st_mode):
            raise IsADirectoryError(errno.EISDIR, "is a directory")
        if existing is None or stat.S_ISREG(existing.st_mode):
            directory, name = os.path.split(self._target)
            beside = os.path.join(directory, f".{name[:200]}.{os.urandom(6).hex()}.part")
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
            try:
                descriptor = os.open(beside, flags, 0o644)
            except OSError as error:
                if existing is None or error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                    raise
            else:
                self._beside = beside
                self._inherit(descriptor, existing)
                return descriptor
        # Someone else's directory, or no ordinary file: write the thing itself.
        return os.open(self._target, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC | os.O_NONBLOCK)

    def _inherit(self, descriptor: int, existing: os.stat_result | None) -> None:
        if existing is None:
            os.fchmod(descriptor, 0o644)
            return
        with contextlib.suppress(PermissionError):
            os.fchown(descriptor, existing.st_uid, existing.st_gid)
        os.fchmod(descriptor, stat.S_IMODE(existing.st_mode))

    def __enter__(self) -> Replacement:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, data: bytes | bytearray) -> None:
        """Raises OSError, for example when the disk is full."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]

    def commit(self) -> None:
        """Puts the content in its place. Raises OSError or Refusal."""
        self._permission.apply(self._descriptor)
        if self._beside is not None:
            os.rename(self._beside, self._target)
            self._beside = None

    def close(self) -> None:
        """Forgets what was not committed."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        if self._beside is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._beside)
            self._beside = None


def list_directory(path: str, depth: int) -> list[dict[str, object]]:
    """Everything below `path` down to `depth`, parents before children. Raises Refusal."""
    try:
        if not stat.S_ISDIR(os.stat(path).st_mode):
            raise invalid(f"cannot list {path!r}: it is not a directory")
        return list(_listing(path, depth))
    except OSError as error:
        raise from_os(error, f"list {path!r}") from error


def _listing(path: str, depth: int) -> Iterator[dict[str, object]]:
    for name in sorted(os.listdir(path)):
        child = os.path.join(path, name)
        try:
            status = os.lstat(child)
        except FileNotFoundError:
            continue  # Gone since the directory was read.
        yield _describe(child, status)
        if depth > 1 and stat.S_ISDIR(status.st_mode):
            with contextlib.suppress(PermissionError, FileNotFoundError):
                yield from _listing(child, depth - 1)


def search(path: str, pattern: str) -> list[dict[str, object]]:
    """Every file below `path`, or `path` itself, that matches the glob. Raises Refusal."""
    try:
        matches = globs.compile_pattern(pattern)
    except ValueError as error:
        raise Refusal(500, RUNTIME_ERROR, f"cannot search by {pattern!r}: {error}") from None
    try:
        status = os.stat(path)
        if not stat.S_ISDIR(status.st_mode):
            return [_describe(path, status)] if matches(os.path.basename(path)) else []
        return list(_found(path, "", matches))
    except OSError as error:
        raise from_os(error, f"search {path!r}") from error


def _found(
    directory: str, prefix: str, matches: Callable[[str], bool]
) -> Iterator[dict[str, object]]:
    with os.scandir(directory) as scan:
        entries = sorted(scan, key=lambda entry: entry.name)
    for entry in entries:
        relative = prefix + entry.name
        if entry.is_dir(follow_symlinks=False):
            with contextlib.suppress(PermissionError, FileNotFoundError):
                yield from _found(entry.path, relative + "/", matches)
        elif matches(relative) or matches(entry.name):
            with contextlib.suppress(FileNotFoundError):
                yield _describe(entry.path, entry.stat(follow_symlinks=False))


def _plain(refused: Refusal) -> Refusal:
    """These operations call a missing path a failure like any other, as clients know them."""
    if refused.code == FILE_NOT_FOUND:
        return Refusal(500, RUNTIME_ERROR, refused.message)
    return refused
