"""Writes docs/performance.md from results.json.

python -m benchmarks.document
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .works import MB, ROWS, Row

RESULTS = Path(__file__).resolve().parent / "results.json"
DOCUMENT = RESULTS.parent.parent / "docs" / "performance.md"

_HEADINGS = ("work", "ours", "httpx", "1.1.1", "ratio", "goal", "met")
_TEXT = """\
# Performance

<!-- Written by benchmarks/document.py from benchmarks/results.json. Do not edit. -->

What the client costs, beside the least that the same work costs: plain httpx that sends the same
bytes by hand and reads the answers as JSON. And beside the client 1.1.1, by the same program.
`make bench` measures it anew, in less than ten minutes.

{table}

Ratios are ours to httpx's in the same process, where the two take turns; to the client 1.1.1's
for the fresh process. Of speeds (…/s) more is better, of all else less. All talk to one canned
server on the same machine, so that nothing but the client is measured: a real server takes longer,
and the shares become smaller. The streams that stay open are closed by the server a second after
the command's end, as real ones do; httpx waits for that.

## The extra `fast`

`pip install "opensandbox[fast]"` brings httpx-aiohttp, and with it aiohttp. Where it is installed
the async client takes its connections from there, whose HTTP is read by compiled code, instead of
from httpcore; nothing else changes, and there is nothing to switch on. The tests of the async
client run on it, and those of its connections on both. `SandboxSync` is what it was, and so is
whatever goes through a proxy or through a transport of the caller's own.

Take it for many calls at once in one process. For a few commands at a time it makes no difference
that can be felt, and aiohttp takes a while to load: that is done in a thread, at the first request.
A debug log says of each answer what made its connection.

## Memory

The peak of a fresh process that does the work once, imports included.

{memory}

## How it was measured

Medians; {processors} processors, Python {python}, {kernel}; {seconds} s in all. Imports and whole
processes are measured in fresh processes that take turns, in environments that hold one client
each and the same httpx.
"""


def figure(row: Row, measured: dict[str, Any]) -> float | None:
    """What the goal of a row speaks of."""
    goal = row.goal
    if goal is None or goal.of in ("time", "speed"):
        ratio: float | None = measured.get("ratio")
        # A ratio of times is kept; of speeds it is the other way round.
        faster = row.unit.name.endswith("/s")
        return 1 / ratio if ratio and faster else ratio
    value: float | None = measured.get("ours" if goal.of == "value" else "excess")
    return value


def _cells(row: Row, measured: dict[str, Any]) -> tuple[str, ...]:
    goal, value = row.goal, figure(row, measured)
    ratio = "" if value is None else f"{value:.3g}"
    if goal is not None and goal.of == "excess" and value is not None:
        ratio = f"{'+' if value > 0 else ''}{row.unit.show(value)}"
    elif goal is not None and goal.of == "value":
        ratio = "" if not measured.get("ratio") else f"{measured['ratio']:.3g}"
    met = "" if goal is None else "-" if value is None else "yes" if goal.met(value) else "no"
    shown = [row.unit.show(measured.get(name)) for name in ("ours", "httpx", "1.1.1")]
    return (row.title, *shown, ratio, goal.show(row.unit) if goal else "", met)


def table(results: dict[str, Any], rows: Sequence[Row] = ROWS) -> str:
    """The figures as a table of Markdown, aligned to be read as it is."""
    cells = [_cells(row, got) for row, got in zip(rows, results["rows"], strict=True)]
    return _aligned([_HEADINGS, *cells])


def memory(results: dict[str, Any], rows: Sequence[Row] = ROWS) -> str:
    """The peaks of the memory as a table."""
    cells = [("work", "ours", "httpx", "1.1.1")]
    for row, got in zip(rows, results["rows"], strict=True):
        if peaks := got.get("memory"):
            shown = [MB.show(peaks.get(name)) for name in ("ours", "httpx", "1.1.1")]
            cells.append((row.title, shown[0], shown[1], shown[2]))
    return _aligned(cells)


def _aligned(cells: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "| "
        + " | ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def text() -> str:
    """The whole document."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    return _TEXT.format(
        table=table(results),
        memory=memory(results),
        seconds=results["seconds"],
        **results["machine"],
    )


def write() -> None:
    """Write it."""
    DOCUMENT.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    write()
