"""What is measured, in the order of the table, and what each figure is to be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Unit:
    """How a figure is shown. Times are measured in seconds, sizes in bytes."""

    name: str
    of: Callable[[float], float]

    def show(self, value: float | None) -> str:
        """A figure with three digits, or a dash for none."""
        if value is None:
            return "-"
        number = self.of(value)
        digits = f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"
        return f"{digits} {self.name}".rstrip()


MS = Unit("ms", lambda seconds: seconds * 1e3)
US = Unit("µs", lambda seconds: seconds * 1e6)
LINES = Unit("lines/s", lambda seconds: 1 / seconds)
MBS = Unit("MB/s", lambda seconds: 2**20 / 1e6 / seconds)
PER_SECOND = Unit("/s", lambda seconds: 1 / seconds)
KB = Unit("KB", lambda size: size / 1e3)
MB = Unit("MB", lambda size: size / 1e6)
COUNT = Unit("", lambda count: count)


@dataclass(frozen=True)
class Goal:
    """What a figure is to be.

    `of` says which figure: the time beside the other's, the speed beside the other's, our own
    value, or by how much it exceeds the other's.
    """

    of: Literal["time", "speed", "value", "excess"]
    limit: float
    #: Whose figure it is compared with.
    beside: Literal["httpx", "1.1.1"] = "httpx"

    def met(self, figure: float) -> bool:
        """Whether this is as good as was wanted."""
        return figure >= self.limit if self.of == "speed" else figure <= self.limit

    def show(self, unit: Unit) -> str:
        """The goal in a cell of the table."""
        sign = "≥" if self.of == "speed" else "≤"
        if self.of in ("value", "excess"):
            return f"{'+' if self.of == 'excess' else ''}{sign} {unit.show(self.limit)}"
        return f"{sign} {self.limit:g}"


@dataclass(frozen=True)
class Row:
    """One figure."""

    title: str
    unit: Unit
    goal: Goal | None
    #: The piece of work in `client.py`, or a measurement of whole processes in `__main__.py`.
    work: str
    #: Which of our environments does it.
    environment: str = "ours"
    #: Whether the peak of the memory is of interest as well.
    memory: bool = True
    #: How `client.py` is to measure it.
    options: tuple[str, ...] = field(default=())


_ONCE = ("--turns", "1")

ROWS = [
    Row("import the names of a first program", MS, Goal("time", 1.6), "import"),
    Row("… the modules that are then loaded", COUNT, Goal("value", 400), "modules", memory=False),
    Row("`import opensandbox` alone", MS, Goal("time", 0.2), "import_bare"),
    Row("e2b's import of its two sandboxes", MS, None, "import_e2b"),
    Row(
        "a fresh process: import, create, run, kill",
        MS,
        Goal("time", 0.4, beside="1.1.1"),
        "fresh",
    ),
    Row("one short command", US, Goal("time", 1.15), "short_command"),
    Row("`get_info`", US, Goal("time", 1.2), "get_info"),
    Row("100,000 lines of output", LINES, Goal("speed", 0.5), "lines"),
    Row("one line of 8 MB in pieces of 4 KiB", MS, Goal("value", 0.1), "long_line"),
    Row("a search with 1,000 results", MS, Goal("time", 3), "search"),
    Row("10,000 sandboxes listed, by 100", MS, Goal("time", 3), "listing"),
    Row("download 256 MiB", MBS, Goal("speed", 0.95), "download"),
    Row("upload 256 MiB", MBS, Goal("speed", 1.0), "upload"),
    Row("… more memory for 2 GiB, down", MB, Goal("value", 4e6), "growth:download", memory=False),
    Row("… more memory for 2 GiB, up", MB, Goal("value", 4e6), "growth:upload", memory=False),
    Row("100 commands at a time", PER_SECOND, Goal("speed", 1.0), "concurrent"),
    Row("… with the extra `fast`", PER_SECOND, Goal("speed", 7), "concurrent", environment="fast"),
    Row(
        "1,000 at once over 100 sandboxes",
        PER_SECOND,
        Goal("speed", 1.0),
        "many_sandboxes",
    ),
    Row(
        "… with the extra `fast`",
        PER_SECOND,
        Goal("speed", 7),
        "many_sandboxes",
        environment="fast",
    ),
    Row("create", MS, Goal("value", 0.008), "create"),
    Row("… TLS contexts for 10, http", COUNT, Goal("value", 0), "tls:http", memory=False),
    Row("… TLS contexts for 10, https", COUNT, Goal("value", 1), "tls:https", memory=False),
    Row("30 created at once: the loop is blocked", MS, Goal("excess", 0.005), "loop_blocked"),
    Row("a command whose stream stays open 1 s", MS, Goal("value", 0.01), "lingering"),
    Row("… async", MS, Goal("value", 0.01), "lingering_async"),
    Row(
        "memory of one of 1,000 sandboxes",
        KB,
        Goal("value", 20e3),
        "sandboxes_held",
        options=_ONCE,
    ),
    Row("… connections for all of them", COUNT, Goal("value", 1), "connections", memory=False),
    Row("a command with 1,000 sandboxes, beside 10", US, Goal("time", 1.1), "flat", memory=False),
]
