"""Copies of what a sandbox has written: taken from one that stands still, put into a new one.

Rules:
- What is copied is the writable layer, with the marks of what was deleted (whiteouts, opaque
  directories), owners as they are on disk, extended attributes and holes.
- No path that the sandbox could have made is followed: ``cp`` copies links as links, and the only
  paths given to it are made here.
- The writable file system is mounted only in the mount namespace in which the sandbox was put
  together; a process of its own enters that, and as an ordinary user its user namespace too.
- A copy that fails leaves nothing.
- Imports, for that process, only the standard library and `syscalls`.
"""

from __future__ import annotations

import json
import os
import signal
import sys

from opensandbox.local.isolation import syscalls

TYPE_CHECKING = False  # type checkers take it for true; importing pathlib takes milliseconds
if TYPE_CHECKING:
    from pathlib import Path

    from opensandbox.local.isolation.spec import Started

PARTS = ("base", "upper")
"""What a writable layer consists of; the rest of its file system is overlayfs's own."""
COPY = (
    *("cp", "-dR", "--preserve=mode,ownership,timestamps,links,xattr"),
    *("--reflink=auto", "--sparse=always", "--one-file-system", "--"),
)
COPY_TIMEOUT = 600.0
"""How long one copy may take, in seconds."""
SEARCHED = ("/usr/bin/cp", "/bin/cp")

_WRITABLE = "/tmp/writable"
_LEFT_FREE = 64 << 20
_TARGET = 3
_SHOWN = 1000
_PR_SET_PDEATHSIG = 1


class SnapshotError(Exception):
    """A copy was not made; the message says what was tried and what came back."""


def copy_program() -> str:
    """Where ``cp`` is on this machine."""
    return next((place for place in SEARCHED if os.access(place, os.X_OK)), SEARCHED[0])


def take(started: Started, place: Path) -> None:
    """Copy the writable layer of a sandbox that stands still into the new directory `place`.

    Blocking. Raises SnapshotError; `place` is gone then.
    """
    import subprocess

    from opensandbox.local.isolation import handle

    place.mkdir(mode=0o700, parents=True)
    target = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.set_inheritable(target, True)
        program = os.path.join(os.path.dirname(__file__), "__main__.py")
        done = subprocess.run(
            [sys.executable, "-I", "-S", program, "snapshot"],
            input=json.dumps(_plan(started, target)).encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={},
            pass_fds=(target,),
            timeout=COPY_TIMEOUT,
            check=False,
        )
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()[-_SHOWN:]
            raise SnapshotError(f"the files of sandbox {started.id} were not copied: {said}")
    except (OSError, subprocess.TimeoutExpired) as error:
        handle.remove_directory(place)
        message = f"the files of sandbox {started.id} were not copied: {error}"
        raise SnapshotError(message) from error
    except BaseException:
        handle.remove_directory(place)
        raise
    finally:
        os.close(target)


def _plan(started: Started, target: int) -> dict[str, object]:
    if started.isolation == "none":
        return {"outer": None, "target": target, "sources": [f"{started.directory}/work"]}
    return {
        "outer": started.outer_pid,
        "inner": started.pid,
        "target": target,
        "sources": [f"{_WRITABLE}/{part}" for part in PARTS],
    }


def main() -> None:
    """Carry out the plan on standard input: enter, measure, and become ``cp``."""
    plan = json.loads(sys.stdin.buffer.read())
    # A server that is killed takes its copies with it: nobody would want them any more.
    syscalls.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        if plan["outer"] is not None:
            _enter(plan["outer"], plan["inner"])
        _check_room(plan["sources"], plan["target"])
        words = [*COPY, *plan["sources"], f"/proc/self/fd/{plan['target']}/"]
        os.execve(copy_program(), words, {"LANG": "C.UTF-8"})
    except OSError as error:
        print(error.strerror or error, file=sys.stderr)
        sys.exit(1)


def _enter(outer: int, inner: int) -> None:
    """Into the namespaces of the process above the sandbox's first one."""
    with open(f"/proc/{inner}/stat") as stat:
        parent = int(stat.read().rpartition(")")[2].split()[1])
    if parent != outer:
        raise ProcessLookupError(0, "the sandbox has ended")
    place = os.open(f"/proc/{outer}/ns", os.O_PATH | os.O_DIRECTORY)
    mounts = os.open("mnt", os.O_RDONLY, dir_fd=place)
    users = os.open("user", os.O_RDONLY, dir_fd=place)
    if os.geteuid() != 0:
        syscalls.setns(users, syscalls.CLONE_NEWUSER)
    syscalls.setns(mounts, syscalls.CLONE_NEWNS)


def _check_room(sources: list[str], target: int) -> None:
    """Refuse what would fill the disk of the machine."""
    room = os.fstatvfs(target)
    free = room.f_bavail * room.f_frsize - max(_LEFT_FREE, room.f_blocks * room.f_frsize // 50)
    needed = 0
    for source in sources:
        for _, names, files, directory in os.fwalk(source, follow_symlinks=False):
            for name in (*names, *files):
                needed += os.stat(name, dir_fd=directory, follow_symlinks=False).st_blocks * 512
        if needed > free:
            raise OSError(
                28, f"no space left: the disk of the server has {max(free, 0)} bytes to give"
            )


def put(snapshot: Path, directory: Path) -> None:
    """Copy what was taken of a sandbox without isolation into the directory of a new one.

    Raises OSError.
    """
    import subprocess

    try:
        done = subprocess.run(
            [copy_program(), *COPY[1:], str(snapshot / "work"), f"{directory}/"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={"LANG": "C.UTF-8"},
            timeout=COPY_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise OSError(f"the snapshot was not copied in {COPY_TIMEOUT:.0f} s") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()[-_SHOWN:]
        raise OSError(f"the snapshot was not copied: {said}")
