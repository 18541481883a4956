"""The kernel calls that isolation needs and that `os` does not have, through ctypes.

Rules:
- One function for each call; a failure is an OSError that says which call and on what.
- Imports nothing but the standard library: the process that builds a sandbox loads it quickly.
- Numbers that differ between machines stand in one table.
"""

from __future__ import annotations

import ctypes
import os
from ctypes import c_char_p, c_int, c_long, c_size_t, c_uint, c_uint64, c_ulong

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_REC = 16384
MS_PRIVATE = 1 << 18

AT_FDCWD = -100
AT_EMPTY_PATH = 0x1000
AT_RECURSIVE = 0x8000
OPEN_TREE_CLONE = 1
OPEN_TREE_CLOEXEC = os.O_CLOEXEC
MOVE_MOUNT_F_EMPTY_PATH = 0x4
MOVE_MOUNT_T_EMPTY_PATH = 0x40
MOUNT_ATTR_RDONLY = 0x1
MOUNT_ATTR_NOSUID = 0x2
MOUNT_ATTR_NODEV = 0x4
MOUNT_ATTR_IDMAP = 0x00100000
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_IN_ROOT = 0x10

_PR_SET_SECUREBITS = 28
_SECBIT_NO_SETUID_FIXUP = 1 << 2

# These came after the numbering of system calls was made one for all architectures.
_OPEN_TREE = 428
_MOVE_MOUNT = 429
_OPENAT2 = 437
_MOUNT_SETATTR = 442

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = c_long
_libc.mount.argtypes = (c_char_p, c_char_p, c_char_p, c_ulong, c_char_p)
_libc.unshare.argtypes = (c_int,)
_libc.setns.argtypes = (c_int, c_int)
_libc.prctl.argtypes = (c_int, c_ulong, c_ulong, c_ulong, c_ulong)


class _MountAttributes(ctypes.Structure):
    _fields_ = (
        ("attr_set", c_uint64),
        ("attr_clr", c_uint64),
        ("propagation", c_uint64),
        ("userns_fd", c_uint64),
    )


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", c_uint64), ("mode", c_uint64), ("resolve", c_uint64))


def architecture() -> str:
    """The machine's architecture by the kernel's name, for example ``x86_64`` or ``aarch64``."""
    return os.uname().machine


def keep_capabilities() -> None:
    """Let this process keep its capabilities when it becomes another user."""
    _checked(_libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0), "prctl(securebits)")


def unshare(flags: int) -> None:
    """Give this process namespaces of its own."""
    _checked(_libc.unshare(flags), f"unshare({flags:#x})")


def setns(fd: int, kind: int) -> None:
    """Enter the namespace that `fd` stands for."""
    _checked(_libc.setns(fd, kind), f"setns({kind:#x})")


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """Mount a file system of `kind` at `target`, or change the mount there."""
    result = _libc.mount(
        source.encode(), target.encode(), kind.encode() or None, flags, data.encode() or None
    )
    _checked(result, f"mount of {kind or source} at {target}")


def open_tree(path: str, *, recursive: bool, links: bool = True) -> int:
    """A private copy of the mount at `path` as a descriptor, attached nowhere yet.

    Without `links` no part of `path` may be a symbolic link.
    """
    resolve = 0 if links else RESOLVE_NO_SYMLINKS
    place = _openat2(AT_FDCWD, path, os.O_PATH, resolve)
    flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH
    flags |= AT_RECURSIVE if recursive else 0
    result = _libc.syscall(c_long(_OPEN_TREE), c_int(place), b"", c_uint(flags))
    os.close(place)
    return _checked(result, f"open_tree of {path}")


def mount_setattr(
    tree: int, attributes: int, *, userns: int | None = None, recursive: bool = False
) -> None:
    """Make the mount `tree` read-only, nosuid and so on, or shift its ids by those of `userns`."""
    wanted = attributes if userns is None else attributes | MOUNT_ATTR_IDMAP
    how = _MountAttributes(wanted, 0, 0, userns or 0)
    flags = AT_EMPTY_PATH | (AT_RECURSIVE if recursive else 0)
    result = _libc.syscall(
        c_long(_MOUNT_SETATTR),
        c_int(tree),
        b"",
        c_uint(flags),
        ctypes.byref(how),
        c_size_t(ctypes.sizeof(how)),
    )
    _checked(result, "mount_setattr")


def move_mount(tree: int, target: str) -> None:
    """Attach the mount `tree` at the path `target`."""
    result = _libc.syscall(
        c_long(_MOVE_MOUNT),
        c_int(tree),
        b"",
        c_int(AT_FDCWD),
        target.encode(),
        c_uint(MOVE_MOUNT_F_EMPTY_PATH),
    )
    _checked(result, f"move_mount to {target}")


def move_mount_onto(tree: int, target: int) -> None:
    """Attach the mount `tree` on the file or directory that the descriptor `target` stands for."""
    result = _libc.syscall(
        c_long(_MOVE_MOUNT),
        c_int(tree),
        b"",
        c_int(target),
        b"",
        c_uint(MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH),
    )
    _checked(result, "move_mount")


def open_in_root(root: int, path: str, flags: int) -> int:
    """Open `path` as if the directory `root` were ``/``: no link and no ``..`` leads out of it."""
    return _openat2(root, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)


def _openat2(directory: int, path: str, flags: int, resolve: int) -> int:
    how = _OpenHow(flags | os.O_CLOEXEC, 0, resolve)
    result = _libc.syscall(
        c_long(_OPENAT2),
        c_int(directory),
        path.encode(),
        ctypes.byref(how),
        c_size_t(ctypes.sizeof(how)),
    )
    return _checked(result, f"openat2 of {path}")


def prctl(option: int, first: int = 0, second: int = 0, third: int = 0, fourth: int = 0) -> int:
    """The call of that name."""
    return _checked(_libc.prctl(option, first, second, third, fourth), f"prctl({option})")


def _checked(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result
