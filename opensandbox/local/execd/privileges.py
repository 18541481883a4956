"""What the daemon and its commands are allowed to do, by way of the kernel's own switches.

Rules:
- What a process gives up here it cannot get back; nothing here grants anything.
- `acting_as` is for one thread: the kernel keeps the file system identity of each thread apart, so
  the daemon's other threads stay who they are.
"""

from __future__ import annotations

import ctypes
import os
import resource
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

_PR_SET_DUMPABLE = 4
_PR_CAPBSET_READ = 23
_PR_CAPBSET_DROP = 24
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38

# CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, SETPCAP, NET_BIND_SERVICE,
# SYS_CHROOT, SETFCAP: what installing software and running servers as other users needs.
_KEPT_CAPABILITIES = frozenset({0, 1, 3, 4, 5, 6, 7, 8, 10, 18, 31})
_LAST_CAPABILITY = 63
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, argument: int = 0) -> int:
    result: int = _libc.prctl(option, ctypes.c_ulong(argument), 0, 0, 0)
    return result


def forbid_inspection() -> None:
    """Nobody but the real root outside reads this process's memory or traces it.

    Raises OSError if the kernel refuses.
    """
    if _prctl(_PR_SET_DUMPABLE, 0) != 0:
        raise OSError(ctypes.get_errno(), "cannot make the daemon undumpable")


def adopt_orphans() -> None:
    """Orphans below this process become its children, as if it were process 1."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def confine() -> None:
    """Gives up, for this process and all it starts, what no command may have.

    Raises OSError if the kernel refuses, or ValueError on an architecture without a filter.
    """
    from opensandbox.local.isolation import seccomp

    _keep_fewer_descriptors()
    _drop_capabilities()
    if _prctl(_PR_SET_NO_NEW_PRIVS, 1) != 0:
        raise OSError(ctypes.get_errno(), "cannot set no_new_privs")
    if not _already_filtered():
        seccomp.install()


def _already_filtered() -> bool:
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        return any(line.split() == ["Seccomp:", "2"] for line in status)


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def _drop_capabilities() -> None:
    for capability in range(_LAST_CAPABILITY + 1):
        present = capability not in _KEPT_CAPABILITIES and _prctl(_PR_CAPBSET_READ, capability) == 1
        # Without the right to change the bounding set there is nothing above it to lose either.
        if present and _prctl(_PR_CAPBSET_DROP, capability) != 0:
            break
    header = _Header(_CAPABILITY_VERSION_3, 0)
    sets = (_Sets * 2)()
    if _libc.capget(ctypes.byref(header), sets) != 0:
        raise OSError(ctypes.get_errno(), "cannot read the capabilities")
    for half in (0, 1):
        bits = (number - 32 * half for number in _KEPT_CAPABILITIES if number // 32 == half)
        kept = sum(1 << bit for bit in bits)
        sets[half].effective &= kept
        sets[half].permitted &= kept
        sets[half].inheritable = 0
    if _libc.capset(ctypes.byref(header), sets) != 0:
        raise OSError(ctypes.get_errno(), "cannot drop the capabilities")


def _keep_fewer_descriptors() -> None:
    """This process and all it starts may open fewer files than the daemon.

    The kernel refuses to pass descriptors between processes once a user has more of them on their
    way than the sender may open, and counts all sandboxes as one user. With equal limits a sandbox
    that fills the count would leave no daemon able to start a command.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    fewer = hard * 3 // 4
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, fewer), fewer))


_LIMITS = {
    "processes": resource.RLIMIT_NPROC,
    "file_size": resource.RLIMIT_FSIZE,
    "data": resource.RLIMIT_DATA,
}


def limit(limits: Mapping[str, object]) -> None:
    """Sets the limits of one process that `limits` names, lowering only.

    "processes" is a number, "file_size" and "data" are bytes; what is None or unknown is left.
    """
    for name, kind in _LIMITS.items():
        wanted = limits.get(name)
        if not isinstance(wanted, int) or isinstance(wanted, bool):
            continue
        hard = resource.getrlimit(kind)[1]
        value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (value, value))


@contextmanager
def acting_as(uid: int, gid: int) -> Iterator[None]:
    """This thread opens, makes and removes files as that user, with no group but `gid`.

    Raises PermissionError if the daemon may not act for others. The thread is its old self after.
    """
    old_groups = os.getgroups()
    own_uid, own_gid = os.geteuid(), os.getegid()
    _set_groups([])
    try:
        _libc.setfsgid(gid)
        _libc.setfsuid(uid)
        # Both calls only ever return the old value; asking with an impossible id tells the truth.
        if (_libc.setfsuid(-1), _libc.setfsgid(-1)) != (uid, gid):
            raise PermissionError(1, f"the daemon may not act as user {uid} and group {gid}")
        yield
    finally:
        _libc.setfsuid(own_uid)
        _libc.setfsgid(own_gid)
        _set_groups(old_groups)
        if _libc.setfsuid(-1) != own_uid:
            os.abort()  # A thread that stays someone else must never serve another request.


def _set_groups(groups: list[int]) -> None:
    # libc's setgroups changes every thread; the bare system call changes this one only.
    array = (ctypes.c_uint32 * len(groups))(*groups)
    number = {"x86_64": 116, "aarch64": 159}[os.uname().machine]
    if _libc.syscall(number, len(groups), array) != 0:
        error = ctypes.get_errno()
        raise PermissionError(error, "the daemon may not act for other users")
