"""A config is used by several processes, forked or spawned, while its parent works on with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.processes import work_together

PROGRAM = Path(__file__).with_name("workers.py")


@pytest.mark.parametrize(("how", "workers"), [("prefork", 4), ("fork", 4), ("spawn", 2)])
def test_several_processes(how: str, workers: int) -> None:
    work_together(PROGRAM, how, workers=workers)
