"""What is said of a machine that lacks something."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensandbox.local.isolation import probe as looking


def test_each_lack_comes_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    machine = looking.probe()
    assert not machine.isolates
    assert "apt-get install bubblewrap" in machine.problems_of_isolation[0]
    assert "--isolation=none" in machine.problems_of_isolation[0]
    assert machine.problems_of_isolation[0] in machine.problems


def test_refused_user_namespaces_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: "/usr/bin/bwrap")
    monkeypatch.setattr(looking, "_try_user_namespace", lambda: (False, "Operation not permitted"))
    machine = looking.probe()
    assert not machine.isolates
    said = " ".join(machine.problems_of_isolation)
    for word in ("Operation not permitted", "max_user_namespaces", "--privileged", "none"):
        assert word in said


def test_an_architecture_without_a_filter_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opensandbox.local.isolation.syscalls.architecture", lambda: "riscv64")
    assert "riscv64" in " ".join(looking.probe().problems_of_isolation)


def test_looking_leaves_nothing_behind(tmp_path: Path) -> None:
    before = Path("/proc/self/mountinfo").read_text()
    looking.probe()
    assert Path("/proc/self/mountinfo").read_text() == before
    assert looking.file_system(Path("/proc/self")) == "proc"


def test_a_machine_without_loop_devices_is_known_by_trying(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(image: Path, size: int) -> None:
        image.write_bytes(b"no file system")

    monkeypatch.setattr("opensandbox.local.isolation.disk.make_image", refuse)
    assert not looking.probe().loop
