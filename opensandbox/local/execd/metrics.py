"""How much of its processors and memory the sandbox uses.

As process 1 it adds up the sandbox's processes, because the machine's own counters under /proc are
not the sandbox's; anywhere else those counters are what there is. A limit given by the server is
the total that use is measured against.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping

from .frames import now

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MIB = 1024 * 1024


class Meter:
    """Takes samples; processor use is that since the sample before."""

    def __init__(self) -> None:
        self._limits: Mapping[str, object] = {}
        self._alone = os.getpid() == 1
        self._time = time.monotonic()
        self._used = self._processor_seconds()
        self._percent = 0.0

    def limit(self, limits: Mapping[str, object]) -> None:
        """The sandbox's limits: "memory" in bytes, "cpu" in processors."""
        self._limits = limits

    def sample(self) -> dict[str, object]:
        """The answer of `/metrics`. Samples closer than 0.1 s share their processor use."""
        moment, used = time.monotonic(), self._processor_seconds()
        count = self._processors()
        if moment - self._time >= 0.1:
            share = max(0.0, used - self._used) / (moment - self._time) / count
            self._percent = min(100.0, share * 100)
            self._time, self._used = moment, used
        total, taken = self._memory()
        return {
            "cpu_count": int(count) if count == int(count) else count,
            "cpu_used_pct": self._percent,
            "mem_total_mib": total / _MIB,
            "mem_used_mib": taken / _MIB,
            "timestamp": now(),
        }

    def _processors(self) -> float:
        limit = self._limits.get("cpu")
        if isinstance(limit, int | float) and limit > 0:
            return limit
        return len(os.sched_getaffinity(0))

    def _processor_seconds(self) -> float:
        if self._alone:
            return sum(seconds for seconds, _ in _processes())
        with open("/proc/stat", encoding="ascii") as file:
            numbers = [int(number) for number in file.readline().split()[1:9]]
        idle = numbers[3] + numbers[4]
        return (sum(numbers) - idle) / _TICKS

    def _memory(self) -> tuple[int, int]:
        total, available = _machine_memory()
        limit = self._limits.get("memory")
        if isinstance(limit, int) and limit > 0:
            total = min(total, limit)
        if self._alone:
            return total, sum(size for _, size in _processes())
        return total, max(0, _machine_memory()[0] - available)


def _processes() -> list[tuple[float, int]]:
    """Processor seconds, with those of ended children, and bytes of its own, of each process."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdecimal():
            with contextlib.suppress(OSError, IndexError, ValueError):
                found.append((_seconds(name), _bytes(name)))
    return found


def _seconds(pid: str) -> float:
    with open(f"/proc/{pid}/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    # From utime on, counted after the name: utime, stime, cutime, cstime.
    return sum(int(ticks) for ticks in fields[11:15]) / _TICKS


def _bytes(pid: str) -> int:
    with open(f"/proc/{pid}/statm", "rb") as file:
        _, resident, shared, *_ = file.read().split()
    return (int(resident) - int(shared)) * _PAGE


def _machine_memory() -> tuple[int, int]:
    sizes = {}
    with open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            name, _, rest = line.partition(":")
            sizes[name] = int(rest.split()[0]) * 1024
    return sizes["MemTotal"], sizes["MemAvailable"]
