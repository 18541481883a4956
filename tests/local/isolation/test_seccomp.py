"""The filter, run here by a small interpreter of the kernel's instructions."""

from __future__ import annotations

import errno
import struct

import pytest

from opensandbox.local.isolation import seccomp

ALLOWED = 0x7FFF0000
KILLED = 0x80000000
REFUSED = 0x00050000
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ARCHITECTURES = sorted(AUDIT)


def verdict(arch: str, number: int, *arguments: int, audit: int | None = None) -> int:
    """What the filter for `arch` says to a call."""
    program = list(struct.iter_unpack("=HBBI", seccomp.filter_bytes(arch)))
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=IIQ6Q", number, AUDIT[arch] if audit is None else audit, 0, *padded)
    at = held = 0
    while True:
        code, yes, no, value = program[at]
        at += 1
        if code == 0x20:
            held = struct.unpack_from("=I", data, value)[0]
        elif code == 0x54:
            held &= value
        elif code == 0x06:
            return int(value)
        else:
            true = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[code]
            at += yes if true else no


def number(arch: str, name: str) -> int:
    return seccomp.NUMBERS[arch][name]


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize(
    "name", ["mount", "umount2", "unshare", "setns", "bpf", "keyctl", "open_tree", "io_uring_setup"]
)
def test_what_no_command_needs_is_not_permitted(arch: str, name: str) -> None:
    assert verdict(arch, number(arch, name)) == REFUSED | errno.EPERM


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_read_write_and_exit_are_allowed(arch: str) -> None:
    for call in {"x86_64": (0, 1, 60, 231), "aarch64": (63, 64, 93, 94)}[arch]:
        assert verdict(arch, call) == ALLOWED


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_a_call_newer_than_the_table_is_not_implemented(arch: str) -> None:
    assert verdict(arch, seccomp.FIRST_UNKNOWN) == REFUSED | errno.ENOSYS
    assert verdict(arch, 100_000) == REFUSED | errno.ENOSYS


def test_another_architecture_is_killed() -> None:
    assert verdict("x86_64", 0, audit=0x40000003) == KILLED


def test_the_x32_twins_are_not_implemented() -> None:
    assert verdict("x86_64", 0x40000000 | 1) == REFUSED | errno.ENOSYS


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("flag", [0x20000, 0x2000000, 0x10000000, 0x40000000, 0x80])
def test_clone_makes_no_namespace(arch: str, flag: int) -> None:
    assert verdict(arch, number(arch, "clone"), flag | 17) == REFUSED | errno.EPERM


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_clone_makes_processes_and_threads(arch: str) -> None:
    assert verdict(arch, number(arch, "clone"), 17) == ALLOWED
    assert verdict(arch, number(arch, "clone"), 0x3D0F00) == ALLOWED


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_clone3_sends_every_libc_back_to_clone(arch: str) -> None:
    assert verdict(arch, number(arch, "clone3")) == REFUSED | errno.ENOSYS


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_only_local_and_internet_sockets_are_made(arch: str) -> None:
    for family in (1, 2, 10, 16):
        assert verdict(arch, number(arch, "socket"), family) == ALLOWED
    for family in (17, 31, 38, 40, 44):
        assert verdict(arch, number(arch, "socket"), family) == REFUSED | errno.EAFNOSUPPORT


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_high_bits_do_not_hide_an_argument(arch: str) -> None:
    hidden = 0xFFFFFFFF00000000 | 40
    assert verdict(arch, number(arch, "socket"), hidden) == REFUSED | errno.EAFNOSUPPORT
    typed = 0xFFFFFFFF00000000 | 0x5412
    assert verdict(arch, number(arch, "ioctl"), 0, typed) == REFUSED | errno.EPERM


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_devices_are_not_made_but_pipes_and_files_are(arch: str) -> None:
    for mode in (0o020666, 0o060660):
        assert verdict(arch, number(arch, "mknodat"), 0, 0, mode) == REFUSED | errno.EPERM
    for mode in (0o010666, 0o100644, 0o140755):
        assert verdict(arch, number(arch, "mknodat"), 0, 0, mode) == ALLOWED


def test_an_unknown_architecture_is_named() -> None:
    with pytest.raises(ValueError, match=r"riscv64.*aarch64, x86_64"):
        seccomp.filter_bytes("riscv64")


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_no_two_names_share_a_number(arch: str) -> None:
    numbers = list(seccomp.NUMBERS[arch].values())
    assert len(numbers) == len(set(numbers))
