"""Mixed load of both colours on a real runtime, with faults that come and go; and what it leaves.

Rules:

* Half of the workers are tasks of one event loop, half are threads; each colour has one config.
* What the process and the runtime hold is measured with the load stopped, its configs closed and
  the garbage collected: once after a warm-up of the same load, and once at the end.
* A sandbox is worked in for a while and then replaced, for lost answers leave shells behind in it.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import itertools
import os
import random
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from attrs import asdict, frozen

from opensandbox import ConnectionConfig, ConnectionConfigSync, SandboxException
from opensandbox.transport.retry import RetryPolicy
from tests.faults._async import work as async_work
from tests.faults._sync import work as sync_work
from tests.faults.fault import Fault, Kind, Point, all_faults
from tests.faults.proxy import Door
from tests.faults.tally import Tally
from tests.faults.world import World

WORKERS = 50
_SANDBOXES = 10
#: Seconds for which a sandbox is worked in, of a fault, and of the calm between two.
_IN_USE, _FAULT, _CALM = 120.0, 1.0, 1.5
#: Seconds that everything has to come to rest.
_REST = 30.0
_ANY = re.compile(r"")


@frozen
class Held:
    """What the client's process, the runtime's server and its children hold."""

    descriptors: int
    threads: int
    tasks: int
    memory_mb: float
    objects: int
    server_descriptors: int
    server_threads: int
    server_memory_mb: float
    server_children: int
    children_memory_mb: float
    sandboxes: int


def _status(pid: int | str, name: str) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
    return 0


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                found += map(int, (task / "children").read_text().split())
    return [*found, *(deeper for child in found for deeper in _children(child))]


def _give_back_free_memory() -> None:
    """What the allocator holds and nobody uses is no leak; elsewhere than glibc it stays."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def held(world: World, tasks: int) -> Held:
    """What is held now."""
    gc.collect()
    _give_back_free_memory()
    children = _children(world.pid)
    return Held(
        descriptors=len(os.listdir("/proc/self/fd")),
        threads=threading.active_count(),
        tasks=tasks,
        memory_mb=_status("self", "VmRSS") / 1024,
        objects=sys.getallocatedblocks(),
        server_descriptors=len(os.listdir(f"/proc/{world.pid}/fd")),
        server_threads=_status(world.pid, "Threads"),
        server_memory_mb=_status(world.pid, "VmRSS") / 1024,
        server_children=len(children),
        children_memory_mb=sum(_status(child, "RssAnon") for child in children) / 1024,
        sandboxes=len(list(world.manager.list_all())),
    )


def excess(before: Held, after: Held) -> list[str]:
    """What is more than it was; memory may be a little more, being handed out in large pieces."""
    slack = {
        "memory_mb": 8 + before.memory_mb / 10,
        "objects": before.objects // 20,
        "server_memory_mb": 8 + before.server_memory_mb / 10,
        "children_memory_mb": 30 + before.children_memory_mb / 10,
        "server_descriptors": 4,
        "server_threads": 2,
        "server_children": 4,
    }
    was, now = asdict(before), asdict(after)
    return [
        f"{name}: {was[name]} before, {now[name]} after"
        for name in was
        if now[name] > was[name] + slack.get(name, 0)
    ]


class Weather:
    """Faults that come and go at the doors, the same ones in every run."""

    def __init__(self, doors: Sequence[Door]) -> None:
        self._doors = doors
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="soak weather")
        self.faults = 0

    def start(self) -> None:
        """Begin with a calm."""
        self._thread.start()

    def stop(self) -> None:
        """The sky clears."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        faults = [f for f in all_faults() if f.always and f.point is not Point.EVENTS]
        faults += [Fault(kind, Point.EVENTS, True) for kind in (Kind.DELAY, Kind.REPEAT)]
        rng = random.Random(7)
        rng.shuffle(faults)
        for fault in itertools.cycle(faults):
            if self._ended.wait(_CALM):
                break
            door = rng.choice(self._doors)
            door.arm(fault, "", _ANY)
            self.faults += 1
            self._ended.wait(_FAULT)
            door.restore()
        for door in self._doors:
            door.restore()


class Sites:
    """The sandboxes that are worked in, each replaced after a while."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sandboxes = [world.new_sandbox() for _ in range(_SANDBOXES)]
        self._since = [time.monotonic() + index * _IN_USE / 10 for index in range(_SANDBOXES)]
        self.replaced = 0

    def of(self, number: int) -> Callable[[], str]:
        """Where this worker works."""
        return lambda: str(self._sandboxes[number % _SANDBOXES].id)

    def tend(self) -> None:
        """Replace what was used for long enough, or has ended."""
        for index, sandbox in enumerate(self._sandboxes):
            if time.monotonic() - self._since[index] < _IN_USE:
                continue
            self._sandboxes[index] = self._world.new_sandbox()
            self._since[index] = time.monotonic()
            self.replaced += 1
            sandbox.kill()

    def close(self) -> None:
        """End them all."""
        for sandbox in self._sandboxes:
            with suppress(SandboxException):
                sandbox.kill()


@contextmanager
def _doors(world: World, count: int) -> Iterator[list[tuple[Door, Door]]]:
    opened: list[tuple[Door, Door]] = []
    try:
        for _ in range(count):
            beside = world.proxy.door()
            opened.append((world.proxy.door(world.domain, beside), beside))
        yield opened
    finally:
        for pair in opened:
            for door in pair:
                door.close()


def phase(world: World, seconds: float, told: Callable[[str], None]) -> dict[str, Any]:
    """Load for so long; then rest, and what is held."""
    tally, ended = Tally(), threading.Event()
    half, tasks_seen, tasks_left = WORKERS // 2, [0], [0]
    sites = Sites(world)
    policy = RetryPolicy(max_retries=2, initial_backoff=_ms(20), max_backoff=_ms(100))
    options: dict[str, Any] = {
        "api_key": world.api_key,
        "request_timeout": 3,
        "retry_policy": policy,
    }
    with _doors(world, 2) as doors:

        async def tasks() -> None:
            config = ConnectionConfig(domain=doors[0][0].address, **options)
            async with asyncio.TaskGroup() as group:
                for number in range(half):
                    group.create_task(
                        async_work.work(config, sites.of(number), number, ended.is_set, tally)
                    )
                while not ended.is_set():
                    await asyncio.sleep(0.5)
                    tasks_seen[0] = max(tasks_seen[0], len(asyncio.all_tasks()))
            await config.close()
            for _ in range(3):
                await asyncio.sleep(0)
            tasks_left[0] = len(asyncio.all_tasks()) - 1

        config = ConnectionConfigSync(domain=doors[1][0].address, **options)
        threads = [threading.Thread(target=asyncio.run, args=(tasks(),), name="soak tasks")]
        threads += [
            threading.Thread(
                target=sync_work.work,
                args=(config, sites.of(number), number, ended.is_set, tally),
                name=f"soak worker {number}",
            )
            for number in range(half, WORKERS)
        ]
        weather = Weather([door for pair in doors for door in pair])
        for thread in threads:
            thread.start()
        weather.start()
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            time.sleep(min(15.0, max(0.1, ends - time.monotonic())))
            sites.tend()
            now = held(world, tasks_seen[0])
            told(
                f"{max(0, ends - time.monotonic()):5.0f} s left,"
                f" {sum(tally.successes.values())} done, {sum(tally.errors.values())} failed,"
                f" {len(tally.findings)} wrong; {now.descriptors} descriptors,"
                f" {now.threads} threads, {now.memory_mb:.0f} MB; server {now.server_memory_mb:.0f}"
                f" MB, {now.server_descriptors} descriptors, {now.sandboxes} sandboxes"
            )
        ended.set()
        weather.stop()
        stuck = 0
        for thread in threads:
            thread.join(120)
            stuck += thread.is_alive()
        config.close()
        open_connections = _none_open(doors)
    sites.close()
    lost = _end_strays(world)
    time.sleep(_REST)
    return {
        "seconds": seconds,
        "successes": dict(tally.successes),
        "errors": dict(tally.errors),
        "findings": tally.findings,
        "longest_seconds": {name: round(took, 1) for name, took in tally.longest.items()},
        "faults": weather.faults,
        "sandboxes_replaced": sites.replaced,
        "sandboxes_lost": lost,
        "stuck": stuck,
        "connections_left": open_connections,
        "held": asdict(held(world, tasks_left[0])),
    }


def _none_open(doors: Sequence[tuple[Door, Door]]) -> int:
    """How many connections of the clients are still open, after a moment."""
    ends = time.monotonic() + 10
    while True:
        left = sum(door.connections for pair in doors for door in pair)
        if not left or time.monotonic() > ends:
            return left
        time.sleep(0.1)


def _end_strays(world: World) -> int:
    """End what was made and lost sight of; how many that were."""
    strays = world.strays()
    for sandbox_id in strays:
        with suppress(SandboxException):
            world.manager.kill_sandbox(sandbox_id)
    return len(strays)


def _ms(milliseconds: float) -> Any:
    from datetime import timedelta

    return timedelta(milliseconds=milliseconds)


def soak(minutes: float, warm_up: float, told: Callable[[str], None]) -> dict[str, Any]:
    """Warm up, measure, load, measure again."""
    with World() as world:
        told(f"warming up for {warm_up:g} minutes")
        before = phase(world, warm_up * 60, told)
        told(f"load for {minutes:g} minutes")
        after = phase(world, minutes * 60, told)
    more = excess(Held(**before["held"]), Held(**after["held"]))
    wrong = [*before["findings"], *after["findings"], *more]
    for which in (before, after):
        wrong += [f"{which['stuck']} workers hang"] * bool(which["stuck"])
        left = which["connections_left"]
        wrong += [f"{left} connections are left open"] * bool(left)
    return {"workers": WORKERS, "warm_up": before, "load": after, "wrong": wrong}


__all__ = ["Held", "excess", "held", "soak"]
