"""Write docs/reliability.md from results.json: `python -m tests.soak.document`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results.json")
TARGET = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"

_HEAD = """# Reliability

<!-- Written by tests/soak/document.py from tests/soak/results.json. Do not edit. -->

A relay on real sockets stands between the client and an embedded runtime, and does what networks
and proxies do: it refuses, resets, stalls, trickles a byte at a time, cuts, sends half a header,
closes idle sockets, answers 429, 502, 503, 499, 520, an HTML page, nothing or the wrong JSON,
delays, drops and repeats events; once or always; before a connection, before the headers, within
them, within the body, in the event stream.

A call that meets a fault is to end in success or in one documented exception within its deadline,
with status, code, request id, sandbox id and what was tried; what may not be repeated is to reach
the server once; and no connection, task, thread, descriptor or sandbox is to be left. That is what
the tests ask of every public call that sends something, in both colours, with the answer that is
right for each fault given by a function (`tests/faults/fault.py`). The files of an isolated session
are represented by one call. How far it is true is what the runs say.

Not shown yet: all calls against all faults have not been run to the end. The load below, of an
earlier state of the client, found what is still open: calls that did not end in time, perhaps
where a stream falls silent after its first event and before its first ping; and files that came
back other than they were written, of which the cause is not known.

Three things a client cannot know, and how it deals with them:

* A `create` whose answer was lost may have made a sandbox. The error says so; the sandbox lives
  until its timeout, and `SandboxManager.list_all` finds it.
* An event that was dropped on the way, or came twice, cannot be told from one that was not or did:
  they carry no numbers. The end of a command is asked for when it does not come.
* A stream that has begun, of a peer that sends no pings, may be silent for ever.

`make faults` runs the pairs, `make soak` everything, the fuzzing of the decoder where there is a
target for it, and the load (`SOAK_MINUTES=30`).
"""
_NAMES = {
    "descriptors": "descriptors",
    "threads": "threads",
    "tasks": "tasks",
    "memory_mb": "memory, MB",
    "server_descriptors": "server: descriptors",
    "server_threads": "server: threads",
    "server_memory_mb": "server: memory, MB",
    "server_children": "processes of its sandboxes and spares",
    "children_memory_mb": "their memory, MB",
    "sandboxes": "sandboxes",
}


def write() -> None:
    """Write the page."""
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    lines = [_HEAD, f"What follows was measured with {results['machine']}.", ""]
    if "matrix" in results:
        lines += _matrix(results["matrix"])
    if "load" in results:
        lines += _load(results["load"])
    TARGET.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def _matrix(found: dict[str, Any]) -> list[str]:
    what = found.get("what", "Every call against every fault")
    lines = [f"## {what}, {found['day']}", ""]
    lines += [f"* {count}" for count in found["counts"]]
    return [*lines, ""]


def _load(found: dict[str, Any]) -> list[str]:
    load = found["load"]
    minutes = load["seconds"] / 60
    done, failed = sum(load["successes"].values()), sum(load["errors"].values())
    late = sum(": TimeoutError" in one.splitlines()[0] for one in load["findings"])
    kinds = ", ".join(f"{count} {name}" for name, count in sorted(load["errors"].items()))
    lines = [
        f"## Mixed load: {minutes:g} minutes, {found['day']}",
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
    lines += [f"| {_NAMES[name]} | {before[name]:.4g} | {after[name]:.4g} |" for name in _NAMES]
    wrong = Counter(one.splitlines()[0] for one in found["wrong"])
    said = "; ".join(f"{one} ({count})" for one, count in wrong.items()) or "nothing"
    return [*lines, "", f"What was not as it should be, by kind: {said}."]


if __name__ == "__main__":
    write()
