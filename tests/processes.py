"""Runs a program of several processes, and sees as its server what they say and over which ports.

The programs are tests/only_async/workers.py and tests/only_sync/workers.py. Their processes ask for
sandboxes by ids that begin with the name of the process.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.peer import Exchange, events
from tests.sandbox_peer import info, says
from tests.whole_peer import frame, whole_peer

#: A command whose stream lingers, so that somebody reads it to its end while processes fork.
COMMAND = events(
    frame("init", text="c1"),
    frame("stdout", text="hi\n"),
    frame("execution_complete", execution_time=5),
    lingers=0.1,
)


def work_together(program: Path, how: str, *more: str, workers: int = 4) -> None:
    """Run the program: it ends well and quietly, and no two of its processes share a port."""
    users: dict[int, set[str]] = {}

    def told_apart(exchange: Exchange) -> None:
        sandbox_id = exchange.request.path.rpartition("/")[2]
        users.setdefault(exchange.client_port, set()).add(sandbox_id.partition("-")[0])
        says(info(sandbox_id=sandbox_id))(exchange)

    with whole_peer() as peer:
        peer.on("POST /command", COMMAND)
        peer.on("GET /v1/sandboxes/[^/]+", told_apart)
        # Python 3.12 warns of every fork where there are threads: that it goes well is shown here.
        warnings = ["-W", "error", "-W", "ignore:This process:DeprecationWarning"]
        ended = subprocess.run(
            [sys.executable, *warnings, program, how, peer.address, str(workers), *more],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert set().union(*users.values()) == {"parent", *(f"worker{n}" for n in range(workers))}
    assert [names for names in users.values() if len(names) > 1] == []
