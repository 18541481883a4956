"""A config is used by several processes, forked or spawned, while its parent works on with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.processes import work_together

PROGRAM = Path(__file__).with_name("workers.py")


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_server_that_forks_its_workers(loop: str, connections_by: str) -> None:
    work_together(PROGRAM, "prefork", loop, connections_by)


@pytest.mark.parametrize(("how", "workers"), [("fork", 4), ("spawn", 2)])
def test_multiprocessing_while_the_event_loop_runs(
    how: str, workers: int, connections_by: str
) -> None:
    work_together(PROGRAM, how, "asyncio", connections_by, workers=workers)
