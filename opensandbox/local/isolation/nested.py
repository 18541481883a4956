"""Sessions isolated within a sandbox: what opens them, from outside the sandbox's own filter.

Inside a sandbox no namespace can be made: its filter forbids it, and has to. So the process that
puts a sandbox together leaves a small one behind, outside the filter and outside the sandbox's
processes, but with no right beyond the sandbox's own user namespace. The daemon asks it, over a
socket that nothing else in the sandbox has, to open a session, and hands over the namespaces.

A session has processes, a mount view, and unless it shares them a network and IPC of its own; what
it sees is the sandbox read-only, with a /tmp of its own and the directories that were asked for.
Its first process is a daemon like the sandbox's own.

Rules:
- Paths are resolved by the kernel in the sandbox's own view: nothing of the machine is there.
- What a session may not have is given up before its program is started.
- Every session is opened in a process of its own; what fails leaves nothing.
- Imports only the standard library, `seccomp` and `syscalls`.
"""

from __future__ import annotations

import array
import ctypes
import fcntl
import json
import os
import socket
import stat
import struct

from opensandbox.local.isolation import seccomp, syscalls

TYPE_CHECKING = False  # type checkers take it for true; importing typing takes milliseconds
if TYPE_CHECKING:
    from typing import Any, NoReturn

    Request = dict[str, Any]

NAMESPACES = ("mnt", "ipc", "uts", "net", "pid")
"""The daemon's namespaces, in the order in which it hands them over, before its two sockets."""

_STAGE = "/proc"  # Covered again by the session's own.
_COVERED = ("/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus")
_LAYER_SIZE = "256m"
_MS_NOEXEC = 8
_KEPT = {"balanced": (0, 1, 3, 4, 5), "strict": ()}  # chown, dac_override, fowner, fsetid, kill
_LAST_CAPABILITY = 63
_LONGEST = 1 << 16
_PR_SET_DUMPABLE, _PR_CAPBSET_DROP = 4, 24
_PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _AMBIENT_CLEAR = 38, 47, 4
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1


def leave_behind(command: list[str]) -> int:
    """Fork the process that opens sessions; the descriptor with which the daemon asks it.

    `command` starts a session's daemon, with its sockets at the descriptors 3 and 4.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        try:
            ours.close()
            _serve(theirs, command)
        finally:
            os._exit(0)
    theirs.close()
    return ours.detach()


def _serve(connection: socket.socket, command: list[str]) -> None:
    syscalls.prctl(_PR_SET_DUMPABLE, 0)
    kept = connection.fileno()
    os.closerange(3, kept)
    os.closerange(kept + 1, 4096)
    nothing = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    while True:
        line, descriptors = _receive(connection)
        if not line:
            return
        opener = os.fork()
        if opener == 0:
            try:
                _open(json.loads(line), descriptors, connection, command)
            except Exception as error:
                connection.send(json.dumps({"error": str(error) or "it failed"}).encode())
            finally:
                os._exit(0)
        for descriptor in descriptors:
            os.close(descriptor)
        os.waitpid(opener, 0)


def _receive(connection: socket.socket) -> tuple[bytes, list[int]]:
    descriptors = array.array("i")
    room = socket.CMSG_LEN(8 * descriptors.itemsize)
    data, ancillary, _, _ = connection.recvmsg(_LONGEST, room, socket.MSG_CMSG_CLOEXEC)
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(content)
    return data, list(descriptors)


def _open(
    request: Request, descriptors: list[int], connection: socket.socket, command: list[str]
) -> None:
    """Into the sandbox; the process number that the session has there is the answer."""
    spaces = dict(zip(NAMESPACES, descriptors, strict=False))
    sockets = descriptors[len(NAMESPACES) :]
    syscalls.setns(spaces["uts"], syscalls.CLONE_NEWUTS)
    if request["share_net"]:
        syscalls.setns(spaces["net"], syscalls.CLONE_NEWNET)
    syscalls.setns(spaces["mnt"], syscalls.CLONE_NEWNS)
    syscalls.setns(spaces["pid"], syscalls.CLONE_NEWPID)
    apart = syscalls.CLONE_NEWNS | syscalls.CLONE_NEWIPC
    syscalls.unshare(apart if request["share_net"] else apart | syscalls.CLONE_NEWNET)
    # In the sandbox's processes first: only there can processes of their own be begun.
    between = os.fork()
    if between:
        os.waitpid(between, 0)
        return
    try:
        syscalls.unshare(syscalls.CLONE_NEWPID)
        ready, said = os.pipe2(os.O_CLOEXEC)
        session = os.fork()
        if session == 0:
            _begin(request, sockets, said, command)
        os.close(said)
        problem = os.read(ready, 4096)
        answer = {"error": problem.decode()} if problem else {"pid": session}
    except OSError as error:
        answer = {"error": str(error)}
    connection.send(json.dumps(answer).encode())
    os._exit(0)  # The daemon, which is process 1 there, takes the session over.


def _begin(request: Request, sockets: list[int], said: int, command: list[str]) -> NoReturn:
    """As the first process of the session: see, give up, become its daemon."""
    try:
        _make_view(request)
        if not request["share_net"]:
            _raise_loopback()
        os.chdir(request["cwd"])
        said = _arrange(sockets, said)
        os.setsid()
        _give_up(request)
        os.execve(command[0], command, request["env"])
    except Exception as error:
        os.write(said, str(error).encode()[:4000] or b"it failed")
    finally:
        os._exit(1)


def _arrange(sockets: list[int], said: int) -> int:
    """The sockets at 3 and 4, `said` behind them, nothing else; where `said` is then."""
    # Out of the way first: one must not be overwritten before it was moved.
    away = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 32) for fd in (*sockets, said)]
    for target, source in enumerate(away, 3):
        os.dup2(source, target, inheritable=source != away[-1])
    os.closerange(3 + len(away), 4096)
    return 2 + len(away)


def _make_view(request: Request) -> None:
    """The sandbox read-only, with what was asked for laid over it."""
    syscalls.mount("none", "/", "", syscalls.MS_REC | syscalls.MS_PRIVATE)
    places = sorted(request["places"], key=lambda place: str(place["target"]).count("/"))
    trees = [syscalls.open_tree(place["source"], recursive=True) for place in places]
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV
    root = os.open("/", os.O_PATH)
    syscalls.mount_setattr(root, syscalls.MOUNT_ATTR_RDONLY, recursive=True)
    os.close(root)
    syscalls.mount("tmpfs", _STAGE, "tmpfs", flags, f"size={_LAYER_SIZE},mode=755")
    for number, place in enumerate(places):
        if place["mode"] == "overlay":
            trees[number] = _layer(number, trees[number])
        elif place["mode"] == "ro":
            syscalls.mount_setattr(trees[number], syscalls.MOUNT_ATTR_RDONLY, recursive=True)
    for own in ("/tmp", "/var/tmp", "/dev/shm"):
        if os.path.isdir(own):
            syscalls.mount("tmpfs", own, "tmpfs", flags, f"size={_LAYER_SIZE},mode=1777")
    for place, tree in zip(places, trees, strict=True):
        if not os.path.exists(place["target"]):
            _make_room(place["target"], directory=stat.S_ISDIR(os.fstat(tree).st_mode))
        syscalls.move_mount(tree, place["target"])
        os.close(tree)
    _own_processes(flags)


def _make_room(target: str, *, directory: bool) -> None:
    """Something to mount on; there is room for it below /tmp and in what was mounted before."""
    os.makedirs(target if directory else os.path.dirname(target), exist_ok=True)
    if not directory:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644))


def _layer(number: int, tree: int) -> int:
    """What is at `tree`, with writes going to memory."""
    parts = {name: f"{_STAGE}/{name}-{number}" for name in ("low", "upper", "work", "seen")}
    for part in parts.values():
        os.mkdir(part)
    syscalls.move_mount(tree, parts["low"])
    os.close(tree)
    seen = os.stat(parts["low"])
    os.chown(parts["upper"], seen.st_uid, seen.st_gid)
    os.chmod(parts["upper"], seen.st_mode & 0o7777)
    options = f"lowerdir={parts['low']},upperdir={parts['upper']},workdir={parts['work']},userxattr"
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV
    syscalls.mount("overlay", parts["seen"], "overlay", flags, options)
    return syscalls.open_tree(parts["seen"], recursive=False)


def _own_processes(flags: int) -> None:
    syscalls.mount("proc", "/proc", "proc", flags | _MS_NOEXEC)
    for covered in _COVERED:
        if os.path.exists(covered):
            tree = syscalls.open_tree(covered, recursive=False)
            syscalls.mount_setattr(tree, syscalls.MOUNT_ATTR_RDONLY)
            syscalls.move_mount(tree, covered)
            os.close(tree)


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = struct.pack("16sh14x", b"lo", 0)
        answer = fcntl.ioctl(any_socket, _SIOCGIFFLAGS, asked)
        (flags,) = struct.unpack_from("h", answer, 16)
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


def _give_up(request: Request) -> None:
    """Identity, capabilities, system calls; nothing of it can be had again."""
    kept = _KEPT[request["profile"]]
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(_LAST_CAPABILITY + 1):
        if capability not in kept:
            libc.prctl(_PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0)
    syscalls.prctl(_PR_CAP_AMBIENT, _AMBIENT_CLEAR)
    if request["gid"] is not None:
        os.setgroups([])
        os.setresgid(request["gid"], request["gid"], request["gid"])
    if request["uid"] is not None:
        os.setresuid(request["uid"], request["uid"], request["uid"])
    if os.geteuid() == 0:
        mask = sum(1 << capability for capability in kept)
        header = struct.pack("Ii", 0x20080522, 0)
        sets = struct.pack("6I", mask, mask, 0, 0, 0, 0)
        if libc.capset(header, sets) != 0:
            raise OSError(ctypes.get_errno(), "the capabilities were not given up")
    syscalls.prctl(_PR_SET_NO_NEW_PRIVS, 1)
    seccomp.install()
