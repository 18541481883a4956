"""Using everything up: the daemon goes on answering and the neighbour notices nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from opensandbox.local.isolation.probe import Machine
from opensandbox.local.isolation.spec import Limits
from tests.local.isolation.boxes import Box, box

pytestmark = pytest.mark.isolation
MIB = 1 << 20


@pytest.fixture(scope="module")
def neighbour(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with box(tmp_path_factory.mktemp("neighbour"), machine) as started:
        started.run("echo untouched > /root/file")
        yield started


@pytest.fixture(scope="module")
def small(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A sandbox with little of everything."""
    if not all(machine.limits(name) for name in ("memory", "cpu", "pids")):
        pytest.skip("this machine lets nobody limit memory, cpu and processes")
    limits = Limits(memory=200 * MIB, disk=64 * MIB, cpu=1.0, processes=80)
    with box(tmp_path_factory.mktemp("small"), machine, limits=limits) as started:
        yield started


BOMBS = {
    "one process takes all memory": "python3 -c 'x = bytearray(2 << 30)'",
    "many processes take all memory": (
        "for i in $(seq 30); do "
        "python3 -c 'import time; x = bytearray(20 << 20); time.sleep(3)' & done; wait"
    ),
    "shared memory is filled": "dd if=/dev/zero of=/dev/shm/x bs=1M count=500; rm /dev/shm/x",
    "processes without end": "bomb() { bomb | bomb & }; bomb; sleep 1; kill -9 -1",
    "the disk is filled": "dd if=/dev/zero of=/root/x bs=1M count=500; rm /root/x",
    "inodes are used up": (
        "mkdir /root/many; cd /root/many; i=0; "
        "while [ $i -lt 30000 ] && : > $i; do i=$((i + 1)); done; cd /; rm -r /root/many"
    ),
    "the system is overwritten": "rm -rf /usr/lib/python3* /etc/passwd",
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_the_daemon_answers_and_the_neighbour_is_untouched(
    small: Box, neighbour: Box, bomb: str
) -> None:
    small.run(f"({bomb}) > /dev/null 2>&1")
    assert small.answers()
    assert small.run("echo still here").stdout == "still here\n"
    assert neighbour.run("cat /root/file").stdout == "untouched\n"
