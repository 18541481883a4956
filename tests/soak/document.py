"""Write the end of docs/reliability.md from results.json.

python -m tests.soak.document           write it
python -m tests.soak.document --check   say whether it is what it would be written as
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results.json")
TARGET = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"

#: What is above this line is written by hand.
_FROM_HERE = (
    "<!-- From here on written by tests/soak/document.py from tests/soak/results.json."
    " Do not edit. -->"
)
_NAMES = {
    "descriptors": "descriptors",
    "threads": "threads",
    "tasks": "tasks",
    "memory_mb": "memory, MB",
    "objects": "blocks of memory in use by Python",
    "server_descriptors": "server: descriptors",
    "server_threads": "server: threads",
    "server_memory_mb": "server: memory, MB",
    "server_children": "processes of its sandboxes and spares",
    "children_memory_mb": "their memory, MB",
    "sandboxes": "sandboxes",
}


def write() -> None:
    """Write the end of the page."""
    page = TARGET.read_text(encoding="utf-8")
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    TARGET.write_text(written(page, results), encoding="utf-8")


def check() -> int:
    """0 when the page is as it would be written, else 1."""
    page = TARGET.read_text(encoding="utf-8")
    if written(page, json.loads(RESULTS.read_text(encoding="utf-8"))) == page:
        return 0
    print(f"{TARGET.name} is not what {RESULTS.name} says: python -m tests.soak.document")
    return 1


def written(page: str, results: dict[str, Any]) -> str:
    """The page, with what `results` hold in place of its end."""
    above, mark, _ = page.partition(_FROM_HERE)
    if not mark:
        raise ValueError(f"{TARGET.name} has lost the line below which it is written")
    lines = [above + mark, "", f"What follows was measured with {results['machine']}.", ""]
    lines += _matrix(results.get("matrix"))
    if "fuzz" in results:
        lines += _fuzz(results["fuzz"])
    if "load" in results:
        lines += _load(results["load"])
    return "\n".join(lines).rstrip() + "\n"


def _matrix(found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return ["A run of every call against every fault is not on record.", ""]
    lines = [f"### Every call against every fault, {found['day']}", ""]
    lines += [f"* {count}" for count in found["counts"]]
    if len(found["counts"]) < 2:  # one for each colour
        lines += ["It did not come to its end."]
    return [*lines, ""]


def _fuzz(found: dict[str, Any]) -> list[str]:
    said = " ".join(found["said"])
    return [f"### The decoder of events, fuzzed, {found['day']}", "", f"`{said}`", ""]


def _load(found: dict[str, Any]) -> list[str]:
    load = found["load"]
    minutes = load["seconds"] / 60
    done, failed = sum(load["successes"].values()), sum(load["errors"].values())
    late = sum(": TimeoutError" in one.splitlines()[0] for one in load["findings"])
    kinds = ", ".join(f"{count} {name}" for name, count in sorted(load["errors"].items()))
    lines = [
        f"### Mixed load: {minutes:g} minutes, {found['day']}",
        "",
        f"{found['workers']} workers, half of them tasks and half threads; {load['faults']} faults"
        f" came and went. {done} pieces of work succeeded, {failed} failed as they should"
        f" ({kinds}), {len(load['findings'])} otherwise, {late} of them because they"
        " did not end in time;"
        f" {load['stuck']} workers were still at it when the load was over;"
        f" {load['connections_left']} connections were left; {load['sandboxes_lost']} sandboxes"
        " were lost sight of.",
        "",
        "At rest, after a warm-up and at the end:",
        "",
        "| | start | end |",
        "|---|---|---|",
    ]
    before, after = found["warm_up"]["held"], load["held"]
    lines += [
        f"| {said} | {_figure(before[name])} | {_figure(after[name])} |"
        for name, said in _NAMES.items()
    ]
    wrong = Counter(one.splitlines()[0] for one in found["wrong"])
    said = "; ".join(f"{one} ({count})" for one, count in wrong.items()) or "nothing"
    return [*lines, "", f"What was not as it should be, by kind: {said}."]


def _figure(number: float) -> str:
    return f"{number:,.0f}" if number >= 1000 else f"{number:.4g}"


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        sys.exit(check())
    write()
