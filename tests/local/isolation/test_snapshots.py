"""What a sandbox has written, copied while it stands still, and a new one that begins with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from opensandbox.local.isolation import snapshots
from opensandbox.local.isolation.probe import Machine
from opensandbox.local.isolation.spec import Limits
from opensandbox.local.isolation.starter import StartError
from tests.local.isolation.boxes import Box, box

pytestmark = pytest.mark.isolation

WRITE = """
set -e
cd /root; echo mine > note; chmod 640 note; ln -s /etc/passwd link; mkfifo pipe
truncate -s 64M holes; printf end >> holes
mkdir -p deep/er; touch 'deep/er/a b'; chmod 000 deep/er
rm /etc/issue; rm -r /etc/skel; mkdir /etc/skel; echo new > /etc/skel/file
echo changed >> /etc/services
[ "$(id -u)" = 0 ] && chown 1234:4321 note && chmod 4755 link 2>/dev/null || true
"""
READ = """
cd /root; cat note; stat -c '%a %u:%g' note; readlink link; stat -c %F pipe
stat -c '%s' holes; echo $(( $(stat -c %b holes) < 1000 ))
stat -c %a deep/er; chmod 700 deep/er; ls deep/er
ls /etc/issue 2>/dev/null || echo no issue; ls -A /etc/skel; tail -n 1 /etc/services
"""
SEEN = """mine
640 1234:4321
/etc/passwd
fifo
67108867
1
0
a b
no issue
file
changed
"""


@contextmanager
def frozen(running: Box) -> Iterator[None]:
    running.handle.freeze()
    try:
        yield
    finally:
        running.handle.thaw()


@pytest.mark.parametrize("disk", [None, 64 << 20], ids=["directory", "image"])
def test_a_new_sandbox_has_the_files_the_deletions_and_the_owners(
    tmp_path: Path, machine: Machine, disk: int | None
) -> None:
    if not machine.many_ids:
        pytest.skip("an ordinary user's system directories are read-only")
    limits, place = Limits(disk=disk), tmp_path / "snapshots" / "one"
    with box(tmp_path, machine, limits=limits) as first:
        assert first.run(WRITE).error is None
        with frozen(first):
            snapshots.take(first.started, place)
        assert first.run("echo later > /root/note").error is None
    for other in (Limits(), Limits(disk=64 << 20)):
        with box(tmp_path, machine, limits=other, snapshot=place) as second:
            assert second.run(READ).stdout == SEEN
            assert second.run("rm -r /root/*; echo gone > /etc/services").error is None
    with box(tmp_path, machine, snapshot=place) as third:
        assert third.run(READ).stdout == SEEN, "what is made from a snapshot does not change it"


def test_a_disk_in_memory_is_copied_too(tmp_path: Path, machine: Machine) -> None:
    import attrs

    poor = attrs.evolve(machine, loop=False)
    with box(tmp_path, poor, limits=Limits(disk=32 << 20)) as first:
        assert first.run("echo kept > /root/note").error is None
        with frozen(first):
            snapshots.take(first.started, tmp_path / "kept")
    with box(tmp_path, poor, limits=Limits(disk=32 << 20), snapshot=tmp_path / "kept") as second:
        assert second.run("cat /root/note").stdout == "kept\n"


def test_a_link_that_leads_out_is_copied_as_a_link(tmp_path: Path, machine: Machine) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of the machine")
    with box(tmp_path, machine) as first:
        lines = f"ln -s {secret} /root/a; ln -s {tmp_path} /root/b; ln -s / /tmp/c"
        assert first.run(lines).error is None
        with frozen(first):
            snapshots.take(first.started, tmp_path / "kept")
    found = {p.name for p in (tmp_path / "kept" / "base" / "root").iterdir() if p.is_symlink()}
    assert {"a", "b"} <= found
    assert not any(p.name == "secret" for p in (tmp_path / "kept").rglob("secret"))


def test_a_link_in_place_of_a_directory_that_is_mounted_on_leads_nowhere(
    tmp_path: Path, machine: Machine
) -> None:
    if not machine.many_ids:
        pytest.skip("an ordinary user has nothing mounted there")
    outside = tmp_path / "outside"
    (outside / "lib" / "dpkg").mkdir(parents=True)
    away = f"mv /var /moved && ln -s {outside} /var; rm -rf /srv && ln -s /etc /srv; echo $?"
    with box(tmp_path, machine) as first:
        assert first.run(away).stdout == "0\n"
        with frozen(first):
            snapshots.take(first.started, tmp_path / "kept")
    with (
        pytest.raises(StartError, match="/var: No such file"),
        box(tmp_path, machine, snapshot=tmp_path / "kept"),
    ):
        pass
    assert sorted(each.name for each in tmp_path.iterdir()) == ["kept", "outside"]


def test_without_isolation_the_work_directory_is_copied(tmp_path: Path, machine: Machine) -> None:
    with box(tmp_path, machine, isolation="none") as first:
        assert first.run("mkdir sub; echo kept > sub/note; ln -s / out").error is None
        with frozen(first):
            snapshots.take(first.started, tmp_path / "kept")
    with box(tmp_path, machine, isolation="none", snapshot=tmp_path / "kept") as second:
        assert second.run("cat sub/note; readlink out; pwd").stdout.splitlines() == [
            "kept",
            "/",
            f"{second.started.directory}/work",
        ]


def test_a_snapshot_larger_than_the_disk_limit_is_an_error_that_leaves_nothing(
    tmp_path: Path, machine: Machine
) -> None:
    with box(tmp_path, machine) as first:
        assert first.run("head -c 40M /dev/urandom > /root/big").error is None
        with frozen(first):
            snapshots.take(first.started, tmp_path / "kept")
    with (
        pytest.raises(StartError, match="No space left"),
        box(tmp_path, machine, limits=Limits(disk=16 << 20), snapshot=tmp_path / "kept"),
    ):
        pass
    assert [p.name for p in tmp_path.iterdir()] == ["kept"]


def test_a_sandbox_that_has_ended_gives_no_snapshot_and_leaves_nothing(
    tmp_path: Path, machine: Machine
) -> None:
    with box(tmp_path, machine) as first:
        pass
    with pytest.raises(snapshots.SnapshotError, match=first.started.id):
        snapshots.take(first.started, tmp_path / "kept")
    assert os.listdir(tmp_path) == []
