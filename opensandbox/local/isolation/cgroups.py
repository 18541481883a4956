"""The control groups of a sandbox: memory, cpu, processes, and stopping all of it at once.

Rules:
- Groups are made below the server's own, so that no limit of the server is escaped; where version
  2 forbids that (a group with processes has no limited children), beside it at the top.
- Version 1 controllers where they are mounted, version 2's where they are; freezing and killing
  through version 2 wherever it is mounted, even with no controllers.
- A group is a directory; it is remembered by its path and removed by whoever remembers it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import time
from collections.abc import Iterable, Iterator

from opensandbox.local.isolation.probe import CGROUP_NAME, Machine
from opensandbox.local.isolation.spec import Limits

_PERIOD = 100_000  # microseconds, the kernel's usual
_GONE = (errno.ENOENT, errno.ENODEV)


def create(sandbox_id: str, limits: Limits, machine: Machine) -> tuple[str, ...]:
    """Make the groups of a sandbox and set its limits; their directories.

    Where this machine lets nobody limit (an ordinary user, mostly): none, and no error.
    Raises OSError when the machine could but did not.
    """
    made: list[str] = []
    try:
        for parent in dict.fromkeys((*machine.cgroups_v1.values(), machine.cgroup_v2)):
            if parent is None:
                continue
            group = f"{parent}/{CGROUP_NAME}-{sandbox_id}"
            os.mkdir(group, 0o755)
            made.append(group)
        set_limits(tuple(made), limits)
    except BaseException:
        remove(made)
        raise
    return tuple(made)


def set_limits(groups: Iterable[str], limits: Limits) -> None:
    """Change what the sandbox may use from now on; raises OSError when it uses more memory now."""
    for group in groups:
        _limit_memory(group, limits.memory)
        _limit_cpu(group, limits.cpu)
        _write_if_there(f"{group}/pids.max", str(limits.processes))


def _limit_memory(group: str, memory: int | None) -> None:
    if os.path.exists(f"{group}/memory.max"):
        _write(f"{group}/memory.max", "max" if memory is None else str(memory))
        _write_if_there(f"{group}/memory.swap.max", "max" if memory is None else "0")
        return
    plain, with_swap = f"{group}/memory.limit_in_bytes", f"{group}/memory.memsw.limit_in_bytes"
    if not os.path.exists(plain):
        return
    # The limit with swap is never under the plain one: raise it first, lower it last.
    if os.path.exists(with_swap):
        _write(with_swap, "-1")
    _write(plain, "-1" if memory is None else str(memory))
    if memory is not None:
        _write_if_there(with_swap, str(memory))


def _limit_cpu(group: str, cpu: float | None) -> None:
    share = None if cpu is None else max(1000, int(cpu * _PERIOD))
    _write_if_there(f"{group}/cpu.max", f"{'max' if share is None else share} {_PERIOD}")
    _write_if_there(f"{group}/cpu.cfs_quota_us", str(-1 if share is None else share))


def freeze(groups: Iterable[str], *, frozen: bool) -> bool:
    """Stop everything in the groups, or let it go on; whether there was a way to.

    Raises OSError when it did not happen within 2 s.
    """
    for group in _preferred(groups, "cgroup.freeze"):
        _write(f"{group}/cgroup.freeze", "1" if frozen else "0")
        _wait_for(f"{group}/cgroup.events", f"frozen {int(frozen)}")
        return True
    for group in _preferred(groups, "freezer.state"):
        state = "FROZEN" if frozen else "THAWED"
        _write(f"{group}/freezer.state", state)
        _wait_for(f"{group}/freezer.state", state)
        return True
    return False


def kill(groups: Iterable[str]) -> None:
    """End every process in the groups, frozen ones too."""
    listed = tuple(groups)
    for group in _preferred(listed, "cgroup.kill"):
        _write(f"{group}/cgroup.kill", "1")
    for pid in processes(listed):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    # The version 1 freezer holds even a killed process until it is thawed.
    for group in _preferred(listed, "freezer.state"):
        _write(f"{group}/freezer.state", "THAWED")


def processes(groups: Iterable[str]) -> set[int]:
    """The processes in the groups."""
    found: set[int] = set()
    for group in groups:
        found.update(map(int, _read(f"{group}/cgroup.procs").split()))
    return found


def remove(groups: Iterable[str]) -> None:
    """Remove the groups; waits for their last processes, 2 s at most, and raises OSError then."""
    for group in groups:
        until = time.monotonic() + 2
        while True:
            try:
                os.rmdir(group)
            except OSError as error:
                if error.errno in _GONE:
                    break
                if error.errno != errno.EBUSY or time.monotonic() > until:
                    raise
                time.sleep(0.002)
            else:
                break


def usage(groups: Iterable[str]) -> dict[str, int]:
    """What is used: ``memory`` and ``memory_peak`` in bytes, ``cpu`` in microseconds,
    ``processes``, ``oom_kills``; what is not measured here is missing."""
    found: dict[str, int] = {}
    single = {
        "memory": ("memory.usage_in_bytes", "memory.current"),
        "memory_peak": ("memory.max_usage_in_bytes", "memory.peak"),
        "processes": ("pids.current",),
    }
    for group in groups:
        for name, files in single.items():
            for file in files:
                if text := _read(f"{group}/{file}").strip():
                    found[name] = int(text)
        if text := _read(f"{group}/cpuacct.usage").strip():
            found["cpu"] = int(text) // 1000
        for file in ("cpu.stat", "memory.oom_control", "memory.events"):
            for line in _read(f"{group}/{file}").splitlines():
                key, _, value = line.partition(" ")
                if key == "usage_usec":
                    found["cpu"] = int(value)
                elif key == "oom_kill":
                    found["oom_kills"] = int(value)
    return found


def described(machine: Machine) -> str:
    """Which limits hold here, in words."""
    limited = [name for name in ("memory", "cpu", "pids") if machine.limits(name)]
    return ", ".join(limited) if limited else "none: this user cannot make control groups"


def _preferred(groups: Iterable[str], file: str) -> Iterator[str]:
    return (group for group in groups if os.path.exists(f"{group}/{file}"))


def _wait_for(file: str, line: str) -> None:
    """Wait until `file` has `line`; raises TimeoutError after 2 s."""
    until = time.monotonic() + 2
    while line not in _read(file).splitlines():
        if time.monotonic() > until:
            raise TimeoutError(f"{file} did not come to say {line!r}")
        time.sleep(0.001)


def _read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def _write_if_there(path: str, text: str) -> None:
    if os.path.exists(path):
        _write(path, text)
