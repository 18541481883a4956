"""Which cases there are, and how many of them are run side by side.

Rules:

* `full` is every call with every fault that can strike it, in both colours.
* `pairwise` is few of them, found greedily and always the same, in which every pair comes together:
  of a request and a kind of fault, of a call and a point, and of each of these with a colour and
  with how often the fault strikes. Several calls may make one request.
* Each case runs in a thread of its own, in the async colour on an event loop of its own: what tasks
  it leaves is seen there.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import queue
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from attrs import frozen

from tests.faults._async import calls as async_calls
from tests.faults._async import cases as async_cases
from tests.faults._sync import calls as sync_calls
from tests.faults._sync import cases as sync_cases
from tests.faults.fault import Fault, all_faults, applies
from tests.faults.report import Report
from tests.faults.world import World

Colour = Literal["async", "sync"]
COLOURS: tuple[Colour, ...] = ("async", "sync")
_CALLS: dict[Colour, Sequence[Any]] = {"async": async_calls.CALLS, "sync": sync_calls.CALLS}
#: How many cases are run side by side.
_AT_ONCE = 16


@frozen
class Case:
    """A call by its place in the list, a fault, a colour."""

    index: int
    fault: Fault | None
    colour: Colour

    def __str__(self) -> str:
        return f"{self.call} | {self.fault} ({self.colour})"

    @property
    def call(self) -> Any:
        """The call, in this colour."""
        return _CALLS[self.colour][self.index]


def full(colours: Iterable[Colour] = COLOURS) -> list[Case]:
    """Every case."""
    return [
        Case(index, fault, colour)
        for index, call in enumerate(async_calls.CALLS)
        for fault in all_faults()
        if applies(call.nature, fault)
        for colour in colours
    ]


def pairs(case: Case) -> set[tuple[object, object]]:
    """The pairs that come together in a case."""
    fault = case.fault
    assert fault is not None
    request = ("request", case.call.request)
    call, often = ("call", case.index), ("always", fault.always)
    kind, point, colour = ("kind", fault.kind), ("point", fault.point), ("colour", case.colour)
    return {
        *itertools.product((request,), (kind, point, often, colour)),
        *itertools.product((call,), (point, often, colour)),
        *itertools.combinations((kind, point, often, colour), 2),
    }


def pairwise() -> list[Case]:
    """Few cases that hold every pair there is, the same ones each time."""
    left: dict[Case, set[tuple[object, object]]] = {case: pairs(case) for case in full()}
    by_request: dict[str, list[Case]] = {}
    for case in left:
        by_request.setdefault(case.call.request, []).append(case)
    chosen: list[Case] = []
    seen: set[tuple[object, object]] = set()
    often: Counter[object] = Counter()
    # What pairs there are of a request and of its calls is in no other's cases.
    for cases in by_request.values():
        while True:
            best = max(
                cases,
                key=lambda case: (
                    len(left[case] - seen),
                    -often[case.colour],
                    -often[case.index],
                ),
            )
            new = left[best] - seen
            if not new:
                break
            seen |= new
            often.update((best.colour, best.index))
            chosen.append(best)
    return chosen


def controls(colours: Iterable[Colour] = COLOURS) -> list[Case]:
    """Every call without a fault: what fails there is no finding."""
    return [
        Case(index, None, colour) for colour in colours for index in range(len(async_calls.CALLS))
    ]


class Hung(Exception):
    """A case did not come to an end."""


def run(
    world: World,
    cases: Sequence[Case],
    *,
    at_once: int = _AT_ONCE,
    told: Callable[[Report], None] | None = None,
) -> list[Report]:
    """Run these cases, many side by side."""
    work: queue.SimpleQueue[Case | None] = queue.SimpleQueue()
    reports: list[Report] = []
    under_way: dict[str, Case] = {}

    def worker() -> None:
        me = threading.current_thread().name
        while (case := work.get()) is not None:
            under_way[me] = case
            report = _one(world, case)
            reports.append(report)
            if told is not None:
                told(report)
            del under_way[me]

    threads = [
        threading.Thread(target=worker, name=f"case worker {number}", daemon=True)
        for number in range(min(at_once, len(cases)))
    ]
    # Mixed, and always in the same way: the cases of one call may all be costly.
    for case in random.Random(len(cases)).sample(cases, len(cases)):
        work.put(case)
    for _ in threads:
        work.put(None)
    for thread in threads:
        thread.start()
    for thread in threads:
        before = -1
        while thread.is_alive():
            thread.join(120)
            if thread.is_alive() and before == len(reports):
                raise Hung("; ".join(map(str, under_way.values())))
            before = len(reports)
    return reports


def _one(world: World, case: Case) -> Report:
    try:
        if case.colour == "sync":
            return sync_cases.run_case(world, case.call, case.fault)
        return asyncio.run(_on_a_loop(world, case))
    except Exception as error:
        report = Report(str(case.call), str(case.fault))
        report.says("the case itself failed", error)
        return report


async def _on_a_loop(world: World, case: Case) -> Report:
    complaints: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, about: complaints.append(str(about)))
    report = await async_cases.run_case(world, case.call, case.fault)
    for _ in range(3):
        await asyncio.sleep(0)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        report.says(f"left tasks: {left}")
    for complaint in complaints:
        report.says(f"the event loop complains: {complaint}")
    return report


@frozen
class Left:
    """What a process holds: descriptors, and threads by name."""

    descriptors: int
    threads: Counter[str]

    @classmethod
    def now(cls) -> Left:
        """What it holds now."""
        gc.collect()
        names = Counter(thread.name.rstrip("0123456789 ") for thread in threading.enumerate())
        return cls(len(os.listdir("/proc/self/fd")), names)

    def exceeds(self, before: Left) -> bool:
        """Whether it is more than it was before."""
        return self.descriptors > before.descriptors or bool(self.threads - before.threads)
