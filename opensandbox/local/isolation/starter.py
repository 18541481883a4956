"""Starts a sandbox: the one place that does, with the server as its one caller.

Rules:
- `start` returns when the daemon inside answers, or raises `StartError` and has left nothing
  behind: no process, group, mount or file of its own.
- The sandbox sees neither the server's environment nor any descriptor but its two sockets and a
  log file; it survives the server.
- What is to be mounted is decided here as data (`rootfs`, `bwrap`); another process does it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import shutil
import socket
import sys
import time
from pathlib import Path
from typing import Any

from opensandbox.local.execd import start as daemon_start
from opensandbox.local.isolation import (
    assemble,
    bwrap,
    cgroups,
    disk,
    handle,
    interpreter,
    mask,
    rootfs,
    seccomp,
    snapshots,
)
from opensandbox.local.isolation.probe import Machine
from opensandbox.local.isolation.spec import SandboxSpec, Started

START_TIMEOUT = 30.0
"""How long a sandbox may take until its daemon answers, in seconds."""

_LISTEN, _CONTROL, _NEST = 3, 4, 5
_ARGUMENTS, _SECCOMP, _REPORT = 10, 11, 12
_FIRST_FREE = 32
_LOG_SHOWN = 2000


class StartError(Exception):
    """A sandbox did not start; the message says what was tried, what came back, what to do."""

    log = ""
    """The end of what its processes said."""


def start(spec: SandboxSpec, machine: Machine) -> Started:
    """Start `spec` and wait until its daemon answers. Blocking; takes a few tenths of a second.

    Raises StartError when this machine cannot isolate, or when something failed on the way; the
    directory of the sandbox is gone then.
    """
    if spec.isolation == "bubblewrap" and machine.problems_of_isolation:
        raise StartError(
            "this machine cannot isolate a sandbox: " + " ".join(machine.problems_of_isolation)
        )
    spec.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    groups = cgroups.create(spec.id, spec.limits, machine)
    launched: Started | None = None
    try:
        with contextlib.ExitStack() as stack:
            launched = _launch(spec, machine, groups, stack)
        _wait_until_ready(launched)
    except (OSError, StartError, ValueError) as error:
        said = _log(spec.directory)
        _undo(spec, groups, launched)
        problem = f"sandbox {spec.id} did not start: {error}"
        if last := said.rpartition("\n")[2]:
            problem = f"{problem}; its log says: {last}"
        failed = StartError(problem)
        failed.log = said
        raise failed from error
    except BaseException:
        _undo(spec, groups, launched)
        raise
    return launched


def _undo(spec: SandboxSpec, groups: tuple[str, ...], launched: Started | None) -> None:
    if launched is not None:
        handle.Handle(launched).kill()
    cgroups.kill(groups)
    cgroups.remove(groups)
    shutil.rmtree(spec.directory, ignore_errors=True)


def _launch(
    spec: SandboxSpec, machine: Machine, groups: tuple[str, ...], stack: contextlib.ExitStack
) -> Started:
    listen = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    listen.bind(("127.0.0.1", 0))
    listen.listen(512)
    control_path = spec.directory / "control.sock"
    control = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    bind_control(control, control_path)
    log = os.open(spec.directory / "daemon.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    stack.callback(os.close, log)
    inherited = {1: log, 2: log, _LISTEN: listen.fileno(), _CONTROL: control.fileno()}
    if spec.isolation == "none":
        pid = outer = _spawn_plain(spec, groups, inherited)
    else:
        pid, outer = _spawn_isolated(spec, machine, groups, inherited)
    try:
        begun = handle.start_time(pid)
    except ProcessLookupError:
        handle.end_process(outer)
        raise
    return Started(
        id=spec.id,
        directory=str(spec.directory),
        isolation=spec.isolation,
        pid=pid,
        outer_pid=outer,
        start_time=begun,
        boot_id=handle.boot_id(),
        execd_port=listen.getsockname()[1],
        control_path=str(control_path),
        cgroups=groups,
        extensions=extensions(spec, machine),
    )


def bind_control(control: socket.socket, path: Path) -> None:
    """Listen at `path`, only for this user, however long the path is."""
    # A socket's address holds 107 bytes; a descriptor of the directory makes any path short.
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        control.bind(f"/proc/self/fd/{directory}/{path.name}")
    finally:
        os.close(directory)
    path.chmod(0o600)
    control.listen(128)


def _spawn_plain(spec: SandboxSpec, groups: tuple[str, ...], inherited: dict[int, int]) -> int:
    work, links = spec.directory / "work", spec.directory / "bin"
    if spec.snapshot is not None:
        snapshots.put(spec.snapshot, spec.directory)
    for place in (work, links):
        place.mkdir(mode=0o700, exist_ok=True)
    for name in ("python", "python3"):
        (links / name).symlink_to(sys.executable)
    environment = _environment(spec)
    # Last, so that they serve only where the machine has none.
    environment |= {"HOME": str(work), "PATH": f"{environment['PATH']}:{links}"}
    command = [sys.executable, "-I", str(Path(daemon_start.__file__))]
    command += ["--listen", str(_LISTEN), "--control", str(_CONTROL)]
    plan = {
        "directory": str(work),
        "cgroups": list(groups),
        "command": command,
        "environment": environment,
    }
    return _spawn_helper("plain", plan, inherited)


def _spawn_isolated(
    spec: SandboxSpec,
    machine: Machine,
    groups: tuple[str, ...],
    inherited: dict[int, int],
) -> tuple[int, int]:
    plan = make_plan(spec, machine, groups)
    reading, writing = os.pipe()
    try:
        outer = _spawn_helper("assemble", plan, inherited | {_REPORT: writing})
    finally:
        os.close(writing)
    try:
        copying = 0.0 if spec.snapshot is None else snapshots.COPY_TIMEOUT
        return _read_report(reading, START_TIMEOUT + copying), outer
    except BaseException:
        handle.end_process(outer)
        raise
    finally:
        os.close(reading)


def make_plan(spec: SandboxSpec, machine: Machine, groups: tuple[str, ...]) -> dict[str, Any]:
    """All that `assemble` is told, as JSON values."""
    many = machine.many_ids
    base = machine.base_id if many else 0
    masks = mask.masks(machine) if many and spec.root.path is None else {}
    own_root = spec.root.path is None
    layout = rootfs.layout(
        spec.root.path,
        hostname=spec.hostname,
        many_ids=many,
        masks=masks,
        covers=() if many or not own_root else mask.to_cover(),
    )
    daemon = interpreter.start_line(_LISTEN, _CONTROL)
    descriptors = bwrap.Descriptors(arguments=_ARGUMENTS, seccomp=_SECCOMP, report=_REPORT)
    shared = 64 << 20 if spec.limits.memory is None else min(64 << 20, spec.limits.memory // 4)
    enclosure = bwrap.Enclosure(
        root=assemble.ROOT,
        hostname=spec.hostname,
        environment=_environment(spec),
        shared_memory=shared,
    )
    return {
        "ids": {"many": many, "base": base, "count": machine.id_count},
        "cgroups": list(groups),
        "processes": spec.limits.processes,
        "layout": layout.to_dict(),
        "writable": disk.prepare(spec.directory, spec.limits, machine),
        "snapshot": None if spec.snapshot is None else str(spec.snapshot),
        "runtime": str(interpreter.bundle()),
        "volumes": [
            {"source": str(m.source), "target": m.target, "read_only": m.read_only}
            # One below another comes after it, or it would be covered.
            for m in sorted(spec.mounts, key=lambda mount: len(Path(mount.target).parts))
        ],
        "options": bwrap.options(enclosure, descriptors),
        "argv": bwrap.argv(str(machine.bubblewrap), descriptors, [*daemon, "--nest", str(_NEST)]),
        "seccomp": seccomp.filter_bytes().hex(),
        "descriptors": {
            "arguments": _ARGUMENTS,
            "seccomp": _SECCOMP,
            "report": _REPORT,
            "nest": _NEST,
        },
        "session": daemon,
        "inherited": [_LISTEN, _CONTROL],
    }


def _environment(spec: SandboxSpec) -> dict[str, str]:
    usual = {"PATH": bwrap.SEARCH_PATH, "HOME": "/root", "LANG": "C.UTF-8"}
    return usual | dict(spec.root.environment)


def _spawn_helper(kind: str, plan: dict[str, Any], inherited: dict[int, int]) -> int:
    program = str(Path(__file__).with_name("__main__.py"))
    with contextlib.ExitStack() as stack:
        fd = os.memfd_create("plan")
        stack.callback(os.close, fd)
        os.write(fd, json.dumps(plan).encode())
        os.lseek(fd, 0, os.SEEK_SET)
        actions = []
        for target, source in (inherited | {0: fd}).items():
            # Out of the way first: a source must not be overwritten by an earlier target.
            moved = fcntl.fcntl(source, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE)
            stack.callback(os.close, moved)
            actions.append((os.POSIX_SPAWN_DUP2, moved, target))
        return os.posix_spawn(
            sys.executable,
            [sys.executable, "-I", "-S", program, kind],
            {},
            file_actions=actions,
            setsid=True,
            setsigmask=[],
        )


def _read_report(report: int, timeout: float) -> int:
    """The sandbox's first process, as bubblewrap says; raises what went wrong before."""
    until = time.monotonic() + timeout
    text = b""
    while True:
        left = until - time.monotonic()
        if left <= 0 or not select.select([report], [], [], left)[0]:
            raise StartError(f"it was not put together in {timeout:.0f} s")
        piece = os.read(report, 4096)
        text += piece
        with contextlib.suppress(ValueError):
            said = json.loads(text)
            if "error" in said:
                raise StartError(f"putting it together failed: {said['error']}")
            return int(said["child-pid"])
        if not piece:
            raise StartError("bubblewrap ended before it made the sandbox")


def _wait_until_ready(started: Started) -> None:
    try:
        handle.Handle(started).request({"op": "status"}, timeout=START_TIMEOUT)
    except (OSError, ValueError) as error:
        raise StartError(f"its daemon did not answer ({error})") from error


def _log(directory: Path) -> str:
    try:
        return (directory / "daemon.log").read_text(errors="replace")[-_LOG_SHOWN:].strip()
    except OSError:
        return ""


def extensions(spec: SandboxSpec, machine: Machine) -> dict[str, str]:
    """What isolation the sandbox gets, in words for who asks for it."""
    said: dict[str, str] = {"isolation": spec.isolation}
    if spec.isolation == "none":
        said["identities"] = "the user of the server"
        said["network"] = "the machine's"
        said["disk"] = "not limited"
    else:
        said["identities"] = (
            f"{machine.id_count} ids from {machine.base_id}" if machine.many_ids else "one id"
        )
        said["network"] = "the sandbox's own loopback, and what is served on it from outside"
        said["disk"] = disk.described(spec.limits, machine)
        if not machine.many_ids and spec.root.path is None:
            said["system-directories"] = "read-only"
    said["limits"] = cgroups.described(machine)
    if spec.isolation != "none" and not machine.root:
        said["limits"] = "processes; memory for each process only"
    said["root"] = spec.root.note or spec.root.name
    return said
