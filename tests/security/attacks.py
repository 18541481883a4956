"""Runs inside a sandbox and tries to get out: prints a JSON object, attack -> what came of it.

``blocked: WHY`` is what it should be; anything else begins with ``REACHED``. Reads what to look for
as JSON from /tmp/targets.json. Standard library only; no attack waits.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import platform
import signal
import socket
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

TARGETS: dict[str, Any] = json.loads(Path("/tmp/targets.json").read_text())
LIBC = ctypes.CDLL(None, use_errno=True)
X86 = platform.machine() == "x86_64"
ATTACKS: dict[str, Callable[[], str | None]] = {}


def attack(function: Callable[[], str | None]) -> Callable[[], str | None]:
    """Register an attack: it returns what it reached, or None, or raises OSError."""
    ATTACKS[function.__name__] = function
    return function


def call(x86: int, arm: int, *arguments: Any) -> None:
    """A raw system call that must fail."""
    ctypes.set_errno(0)
    result = LIBC.syscall(ctypes.c_long(x86 if X86 else arm), *arguments)
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    raise AssertionError(f"system call {x86 if X86 else arm} returned {result}")


def processes() -> list[str]:
    return [name for name in os.listdir("/proc") if name.isdigit()]


def read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


@attack
def environment_of_the_server() -> str | None:
    canary = TARGETS["canary"].encode()
    places = ["/proc/self/environ", *(f"/proc/{pid}/environ" for pid in processes())]
    found = [place for place in places if canary in read(place)]
    return str(found) if found or TARGETS["canary"] in str(os.environ) else None


@attack
def environment_of_process_1() -> str | None:
    return str(Path("/proc/1/environ").read_bytes())


@attack
def memory_of_process_1() -> str | None:
    with open("/proc/1/mem", "rb") as file:
        return str(file)


@attack
def descriptors_of_process_1() -> str | None:
    return str([os.readlink(f"/proc/1/fd/{n}") for n in os.listdir("/proc/1/fd")])


@attack
def secrets_in_command_lines() -> str | None:
    said = b"".join(read(f"/proc/{pid}/cmdline") for pid in processes() if pid == "1")
    bad = [word for word in (TARGETS["token"], TARGETS["state"]) if word.encode() in said]
    return str(bad) if bad else None


@attack
def paths_of_the_machine_in_the_mounts() -> str | None:
    said = read("/proc/self/mountinfo").decode()
    return TARGETS["state"] if TARGETS["state"] in said else None


@attack
def trace_process_1() -> str | None:
    call(101, 117, 16, 1, 0, 0)  # ptrace(PTRACE_ATTACH)
    return "attached"


@attack
def read_memory_by_process_vm() -> str | None:
    buffer = ctypes.create_string_buffer(64)
    local = struct.pack("QQ", ctypes.addressof(buffer), 64)
    remote = struct.pack("QQ", 0x400000, 64)
    call(310, 270, 1, local, 1, remote, 1, 0)
    return "read"


@attack
def take_a_descriptor_of_process_1() -> str | None:
    pid = os.pidfd_open(1)
    try:
        call(438, 438, pid, 3, 0)
    finally:
        os.close(pid)
    return "taken"


@attack
def kill_process_1() -> str | None:
    os.kill(1, signal.SIGKILL)
    return None  # it has no effect: we are still here


@attack
def files_of_the_server() -> str | None:
    found = [path for path in TARGETS["paths"] if os.path.lexists(path)]
    return str(found) if found else None


@attack
def the_home_of_root() -> str | None:
    names = {"file", "program.py", ".cache", ".bashrc", ".profile"}
    found = sorted(set(os.listdir("/root")) - names)
    return str(found) if found else None


@attack
def password_hashes() -> str | None:
    lines = read("/etc/shadow").decode().splitlines()
    found = [line for line in lines if line.split(":")[1] not in ("*", "!", "!*", "", "x")]
    return str(found) if found else None


@attack
def files_only_root_of_the_machine_reads() -> str | None:
    found = [path for path in TARGETS["private"] if read(path)]
    return str(found) if found else None


@attack
def out_of_a_chroot() -> str | None:
    pid = os.fork()
    if pid == 0:
        try:
            os.makedirs("/tmp/jail", exist_ok=True)
            above = os.open("/", os.O_RDONLY)
            os.chroot("/tmp/jail")
            os.fchdir(above)
            for _ in range(50):
                os.chdir("..")
            os.chroot(".")
            os._exit(7 if any(os.path.lexists(path) for path in TARGETS["paths"]) else 0)
        except OSError:
            os._exit(0)
    return "outside" if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7 else None


@attack
def loopback_of_the_machine() -> str | None:
    with socket.create_connection(("127.0.0.1", TARGETS["port"]), 2):
        return "connected"


@attack
def addresses_of_the_machine() -> str | None:
    for address in (*TARGETS["addresses"], "169.254.169.254", "1.1.1.1"):
        try:
            socket.create_connection((address, TARGETS["port"]), 2).close()
        except OSError:
            continue
        return str(address)
    return None


@attack
def names_by_udp() -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
        sending.sendto(b"x", ("8.8.8.8", 53))
        return "sent"


@attack
def abstract_socket_of_the_machine() -> str | None:
    with socket.socket(socket.AF_UNIX) as connecting:
        connecting.connect("\0" + TARGETS["abstract"])
        return "connected"


@attack
def interfaces() -> str | None:
    others = [name for _, name in socket.if_nameindex() if name != "lo"]
    return str(others) if others else None


def socket_family(family: int, kind: int = socket.SOCK_STREAM) -> str:
    socket.socket(family, kind).close()
    return "made"


@attack
def vsock() -> str | None:
    return socket_family(40)


@attack
def packet_socket() -> str | None:
    return socket_family(17, socket.SOCK_RAW)


@attack
def crypto_socket() -> str | None:
    return socket_family(38, socket.SOCK_SEQPACKET)


@attack
def raw_socket() -> str | None:
    return socket_family(socket.AF_INET, socket.SOCK_RAW)


@attack
def new_mount() -> str | None:
    call(165, 40, b"none", b"/tmp", b"tmpfs", 0, 0)
    return "mounted"


@attack
def new_mount_by_the_new_calls() -> str | None:
    call(428, 428, -100, b"/", 1)
    return "cloned"


@attack
def new_file_system_by_the_new_calls() -> str | None:
    call(430, 430, b"tmpfs", 0)
    return "opened"


@attack
def unmount() -> str | None:
    call(166, 39, b"/etc", 2)
    return "unmounted"


@attack
def pivot_root() -> str | None:
    call(155, 41, b"/", b"/tmp")
    return "pivoted"


@attack
def new_namespaces() -> str | None:
    kinds = (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)
    for kind in kinds:
        if LIBC.unshare(kind) == 0:
            return hex(kind)
    return None


@attack
def new_user_namespace_by_clone() -> str | None:
    call(56, 220, 0x10000000 | 17, 0, 0, 0, 0)
    return "cloned"


@attack
def clone3() -> str | None:
    call(435, 435, 0, 0)
    return "there"


@attack
def enter_the_namespaces_of_process_1() -> str | None:
    for name in ("mnt", "pid", "net", "user"):
        try:
            fd = os.open(f"/proc/1/ns/{name}", os.O_RDONLY)
        except OSError:
            continue
        if LIBC.setns(fd, 0) == 0:
            return name
    return None


@attack
def device_node() -> str | None:
    os.mknod("/tmp/device", 0o60660, os.makedev(254, 0))
    return "made"


@attack
def devices_of_the_machine() -> str | None:
    usual = {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm", "fd"}
    usual |= {"stdin", "stdout", "stderr", "core", "console", "mqueue"}
    found = sorted(set(os.listdir("/dev")) - usual)
    return str(found) if found else None


@attack
def file_by_handle() -> str | None:
    call(304, 265, -100, ctypes.create_string_buffer(64), 0)
    return "opened"


@attack
def bpf() -> str | None:
    call(321, 280, 0, ctypes.create_string_buffer(64), 64)
    return "made"


@attack
def keyring() -> str | None:
    call(250, 219, 0, -3, 1)
    return "there"


@attack
def io_uring() -> str | None:
    call(425, 425, 1, ctypes.create_string_buffer(256))
    return "made"


@attack
def user_faults() -> str | None:
    call(323, 282, 0)
    return "made"


@attack
def performance_events() -> str | None:
    call(298, 241, ctypes.create_string_buffer(128), 0, -1, -1, 0)
    return "made"


@attack
def load_a_module() -> str | None:
    call(175, 105, 0, 0, b"")
    return "loaded"


@attack
def reboot() -> str | None:
    call(169, 142, 0xFEE1DEAD, 672274793, 0, 0)
    return "accepted"


@attack
def twins_of_another_architecture() -> str | None:
    if not X86:
        return None
    call(0x40000000 | 39, 0)
    return "answered"


@attack
def type_into_a_terminal() -> str | None:
    main, other = os.openpty()
    try:
        fcntl.ioctl(other, 0x5412, b"x")
    finally:
        os.close(main)
        os.close(other)
    return "typed"


@attack
def settings_of_the_kernel() -> str | None:
    for path in ("/proc/sys/kernel/hostname", "/proc/sysrq-trigger", "/proc/sys/vm/drop_caches"):
        try:
            with open(path, "w") as file:
                file.write("1")
        except OSError:
            continue
        return path
    return None


@attack
def log_of_the_kernel() -> str | None:
    call(103, 116, 10, 0, 0)
    return "read"


@attack
def protect_oneself_from_the_memory_killer() -> str | None:
    Path("/proc/self/oom_score_adj").write_text("-1000")
    return "protected"


@attack
def inherited_descriptors() -> str | None:
    held = {int(name) for name in os.listdir("/proc/self/fd")}
    extra = {fd for fd in held - {0, 1, 2} if os.path.lexists(f"/proc/self/fd/{fd}")}
    return str({fd: os.readlink(f"/proc/self/fd/{fd}") for fd in extra}) if extra else None


@attack
def more_capabilities() -> str | None:
    status = Path("/proc/self/status").read_text()
    held = {line.split(":")[0]: line.split()[-1] for line in status.splitlines() if ":" in line}
    allowed = 0x800405FB
    wide = [n for n in ("CapPrm", "CapEff", "CapBnd") if int(held[n], 16) & ~allowed]
    bare = held["NoNewPrivs"] != "1" or held["Seccomp"] != "2" or int(held["CapAmb"], 16)
    return str((wide, held["NoNewPrivs"], held["Seccomp"])) if wide or bare else None


@attack
def setuid_programs() -> str | None:
    done = subprocess.run(
        ["python3", "-c", "import os; os.setuid(1234); os.execvp('id', ['id', '-u'])"],
        capture_output=True,
        text=True,
        check=False,
    )
    return None if done.stdout.strip() in ("1234", "") else done.stdout


def tried(function: Callable[[], str | None]) -> str:
    try:
        reached = function()
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, str(error))
        return f"blocked: {name}"
    except AssertionError as error:
        return f"REACHED: {error}"
    return "blocked: nothing there" if reached is None else f"REACHED: {reached}"


if __name__ == "__main__":
    print(json.dumps({name: tried(function) for name, function in ATTACKS.items()}))
