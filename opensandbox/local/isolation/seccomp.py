"""The seccomp filter of every sandbox, as bytes of classic BPF made here, without libseccomp.

Rules:
- What is denied is a table of names; numbers come from one table for each architecture.
- A call the table does not know because it is newer than this file is "not implemented", so that
  programs fall back; a call that is denied is "not permitted".
- `filter_bytes` is pure; `install` puts the filter on the calling process and cannot be undone.
- The filter is a wall behind the namespaces and the dropped capabilities, never the only one.
"""

from __future__ import annotations

import ctypes
import errno
import struct
from typing import Final

from opensandbox.local.isolation import syscalls

_ALLOW: Final = 0x7FFF0000
_KILL_PROCESS: Final = 0x80000000
_ERRNO: Final = 0x00050000
_EPERM: Final = _ERRNO | errno.EPERM
_ENOSYS: Final = _ERRNO | errno.ENOSYS
_EAFNOSUPPORT: Final = _ERRNO | errno.EAFNOSUPPORT

_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_AT_LEAST: Final = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_ANY_BIT: Final = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_AND: Final = 0x54  # BPF_ALU | BPF_AND | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K

_NUMBER: Final = 0  # offsets in struct seccomp_data
_ARCHITECTURE: Final = 4
_ARGUMENTS: Final = 16

_AUDIT: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT: Final = 0x40000000
FIRST_UNKNOWN: Final = 470
"""Calls numbered from here on are newer than this table."""

_NAMESPACES: Final = (
    syscalls.CLONE_NEWNS
    | syscalls.CLONE_NEWCGROUP
    | syscalls.CLONE_NEWUTS
    | syscalls.CLONE_NEWIPC
    | syscalls.CLONE_NEWUSER
    | syscalls.CLONE_NEWPID
    | syscalls.CLONE_NEWNET
    | 0x80  # CLONE_NEWTIME
)
_FAMILIES: Final = (1, 2, 10, 16)  # unix, inet, inet6, netlink
_TIOCSTI: Final = 0x5412
_TIOCLINUX: Final = 0x541C
_FORMAT_MASK: Final = 0xF000
_CHARACTER: Final = 0x2000
_BLOCK: Final = 0x6000
_PERSONALITIES: Final = (0, 8, 0x20000, 0x20008, 0xFFFFFFFF)

# Numbers that are the same everywhere: calls added since 2019.
_COMMON: Final = {
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "clone3": 435,
    "pidfd_getfd": 438,
    "process_madvise": 440,
    "mount_setattr": 442,
    "quotactl_fd": 443,
    "memfd_secret": 447,
    "statmount": 457,
    "listmount": 458,
    "open_tree_attr": 467,
}
NUMBERS: Final[dict[str, dict[str, int]]] = {
    "x86_64": _COMMON
    | {
        "socket": 41,
        "socketpair": 53,
        "clone": 56,
        "ioctl": 16,
        "mknod": 133,
        "mknodat": 259,
        "personality": 135,
        "mount": 165,
        "umount2": 166,
        "pivot_root": 155,
        "unshare": 272,
        "setns": 308,
        "bpf": 321,
        "perf_event_open": 298,
        "userfaultfd": 323,
        "add_key": 248,
        "request_key": 249,
        "keyctl": 250,
        "kexec_load": 246,
        "kexec_file_load": 320,
        "init_module": 175,
        "finit_module": 313,
        "delete_module": 176,
        "create_module": 174,
        "query_module": 178,
        "open_by_handle_at": 304,
        "name_to_handle_at": 303,
        "fanotify_init": 300,
        "fanotify_mark": 301,
        "quotactl": 179,
        "reboot": 169,
        "swapon": 167,
        "swapoff": 168,
        "syslog": 103,
        "settimeofday": 164,
        "clock_settime": 227,
        "clock_adjtime": 305,
        "adjtimex": 159,
        "acct": 163,
        "iopl": 172,
        "ioperm": 173,
        "modify_ldt": 154,
        "move_pages": 279,
        "migrate_pages": 256,
        "lookup_dcookie": 212,
        "nfsservctl": 180,
        "vhangup": 153,
        "kcmp": 312,
        "uselib": 134,
        "ustat": 136,
        "_sysctl": 156,
    },
    "aarch64": _COMMON
    | {
        "socket": 198,
        "socketpair": 199,
        "clone": 220,
        "ioctl": 29,
        "mknodat": 33,
        "personality": 92,
        "mount": 40,
        "umount2": 39,
        "pivot_root": 41,
        "unshare": 97,
        "setns": 268,
        "bpf": 280,
        "perf_event_open": 241,
        "userfaultfd": 282,
        "add_key": 217,
        "request_key": 218,
        "keyctl": 219,
        "kexec_load": 104,
        "kexec_file_load": 294,
        "init_module": 105,
        "finit_module": 273,
        "delete_module": 106,
        "open_by_handle_at": 265,
        "name_to_handle_at": 264,
        "fanotify_init": 262,
        "fanotify_mark": 263,
        "quotactl": 60,
        "reboot": 142,
        "swapon": 224,
        "swapoff": 225,
        "syslog": 116,
        "settimeofday": 170,
        "clock_settime": 112,
        "clock_adjtime": 266,
        "adjtimex": 171,
        "acct": 89,
        "move_pages": 239,
        "migrate_pages": 238,
        "lookup_dcookie": 18,
        "nfsservctl": 42,
        "vhangup": 58,
        "kcmp": 272,
    },
}
# Looked at by their arguments, each in a block of its own below.
_INSPECTED: Final = frozenset(
    {"clone", "clone3", "socket", "socketpair", "ioctl", "mknod", "mknodat", "personality"}
)

_Instruction = tuple[int, int, int, int]


def denied(arch: str) -> list[str]:
    """The names of the calls that are never permitted on `arch`, whatever their arguments."""
    return sorted(set(NUMBERS[arch]) - _INSPECTED)


def filter_bytes(arch: str | None = None) -> bytes:
    """The filter program for `arch` (None: this machine's), as ``bwrap --seccomp`` reads it.

    Raises ValueError for an architecture there is no table for.
    """
    name = arch or syscalls.architecture()
    if name not in NUMBERS:
        known = ", ".join(sorted(NUMBERS))
        raise ValueError(f"no table of system calls for {name!r}; there is one for: {known}")
    program = _program(name)
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def install(arch: str | None = None) -> None:
    """Put the filter on this process and all its children, for good.

    Sets no_new_privs first, which the kernel wants from who has no privilege.
    Raises OSError when the kernel refuses and ValueError as `filter_bytes`.
    """
    program = filter_bytes(arch)
    syscalls.prctl(38, 1)  # PR_SET_NO_NEW_PRIVS
    buffer = ctypes.create_string_buffer(program, len(program))

    class SockFprog(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    described = SockFprog(len(program) // 8, ctypes.addressof(buffer))
    syscalls.prctl(22, 2, ctypes.addressof(described))  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER


def _program(arch: str) -> list[_Instruction]:
    numbers = NUMBERS[arch]
    program: list[_Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _AUDIT[arch]),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if arch == "x86_64":
        program += [(_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, _ENOSYS)]
    program += [(_AT_LEAST, 0, 1, FIRST_UNKNOWN), (_RETURN, 0, 0, _ENOSYS)]
    for name in denied(arch):
        program += [(_EQUAL, 0, 1, numbers[name]), (_RETURN, 0, 0, _EPERM)]
    # clone3 hides its flags behind a pointer; "not implemented" makes every libc use clone.
    program += [(_EQUAL, 0, 1, numbers["clone3"]), (_RETURN, 0, 0, _ENOSYS)]
    program += _block(numbers["clone"], _deny_bits(0, _NAMESPACES, _EPERM))
    for name in ("socket", "socketpair"):
        program += _block(numbers[name], _allow_only(0, _FAMILIES, _EAFNOSUPPORT))
    program += _block(numbers["ioctl"], _deny_values(1, (_TIOCSTI, _TIOCLINUX)))
    if "mknod" in numbers:
        program += _block(numbers["mknod"], _deny_devices(1))
    program += _block(numbers["mknodat"], _deny_devices(2))
    program += _block(numbers["personality"], _allow_only(0, _PERSONALITIES, _EPERM))
    program.append((_RETURN, 0, 0, _ALLOW))
    return program


def _block(number: int, body: list[_Instruction]) -> list[_Instruction]:
    """`body` for the call `number`; every way through a body ends in a return."""
    return [(_EQUAL, 0, len(body), number), *body]


def _argument(index: int) -> _Instruction:
    # Little-endian on both architectures: the low half comes first. The kernel takes these
    # arguments as 32-bit integers, so the high half means nothing.
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * index)


def _deny_bits(index: int, bits: int, verdict: int) -> list[_Instruction]:
    return [
        _argument(index),
        (_ANY_BIT, 0, 1, bits),
        (_RETURN, 0, 0, verdict),
        (_RETURN, 0, 0, _ALLOW),
    ]


def _allow_only(index: int, values: tuple[int, ...], verdict: int) -> list[_Instruction]:
    body = [_argument(index)]
    for value in values:
        body += [(_EQUAL, 0, 1, value), (_RETURN, 0, 0, _ALLOW)]
    return [*body, (_RETURN, 0, 0, verdict)]


def _deny_values(index: int, values: tuple[int, ...]) -> list[_Instruction]:
    body = [_argument(index)]
    for value in values:
        body += [(_EQUAL, 0, 1, value), (_RETURN, 0, 0, _EPERM)]
    return [*body, (_RETURN, 0, 0, _ALLOW)]


def _deny_devices(index: int) -> list[_Instruction]:
    body = [_argument(index), (_AND, 0, 0, _FORMAT_MASK)]
    for kind in (_CHARACTER, _BLOCK):
        body += [(_EQUAL, 0, 1, kind), (_RETURN, 0, 0, _EPERM)]
    return [*body, (_RETURN, 0, 0, _ALLOW)]
