"""Using everything up: the daemon goes on answering and the neighbour notices nothing."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

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


SHARED_COUNTS = {
    "descriptors on their way between processes": """
import array, socket
pairs = []
try:
    for _ in range(3000):
        pairs.append(socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))
        pairs[-1][0].sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                       array.array("i", [0] * 253))])
except OSError as error:
    assert error.errno == 109, error
""",
    "inotify instances": """
import ctypes
libc = ctypes.CDLL(None)
while libc.inotify_init() >= 0:
    pass
""",
}


@pytest.mark.parametrize("taken", SHARED_COUNTS.values(), ids=SHARED_COUNTS.keys())
def test_what_the_kernel_counts_for_each_user_is_left_to_others(
    machine: Machine, tmp_path: Path, neighbour: Box, taken: str
) -> None:
    if not machine.root:
        pytest.skip("the sandboxes of an ordinary user are all this user's")
    with box(tmp_path, machine) as greedy:
        greedy.run(f"cat > /tmp/take.py << 'END'\n{taken}\n{_STAY}\nEND")
        assert "taken" in greedy.run("python3 /tmp/take.py & sleep 2; cat /tmp/state").stdout
        assert neighbour.run("echo still here").stdout == "still here\n"
        os.close(_inotify())


_STAY = """
open("/tmp/state", "w").write("taken")
import time
time.sleep(60)
"""


def _inotify() -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor: int = libc.inotify_init()
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "no inotify instance is left to the machine")
    return descriptor
