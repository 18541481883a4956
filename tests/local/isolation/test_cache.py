"""What is kept of the copies that sandboxes stand on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from opensandbox.local.isolation import interpreter
from opensandbox.local.isolation.probe import Machine
from tests.local.isolation.boxes import box


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    place = tmp_path / "cache"
    monkeypatch.setenv("OPEN_SANDBOX_CACHE_DIR", str(place))
    tmp_path.chmod(0o755)
    return place


def make(made: Path) -> None:
    """Something to keep."""
    (made / "file").write_text("kept")


def make_old(cache: Path, name: str, age: int) -> None:
    """What was last used `age` hours ago."""
    interpreter.kept(name, make)
    used = (cache / name).stat().st_mtime - age * 3600
    os.utime(cache / name, (used, used))


def names(cache: Path) -> set[str]:
    return {place.name for place in cache.iterdir() if place.is_dir()}


def test_of_each_kind_the_newest_are_kept(cache: Path) -> None:
    for number in range(5):
        interpreter.kept(f"runtime-n{number}", make)
        interpreter.kept(f"mask-etc-100000-n{number}", make)
    for number in range(5):
        make_old(cache, f"runtime-n{number}", 9 - number)
        make_old(cache, f"mask-etc-100000-n{number}", 9 - number)
    interpreter.kept("runtime-new", make)
    newest = {"runtime-n4", "runtime-new", "mask-etc-100000-n3", "mask-etc-100000-n4"}
    assert names(cache) == newest


def test_what_was_just_asked_for_is_kept(cache: Path) -> None:
    wanted = {f"runtime-n{number}" for number in range(6)}
    for name in sorted(wanted):
        interpreter.kept(name, make)
    assert names(cache) == wanted


def test_what_a_killed_server_was_making_goes(cache: Path) -> None:
    make_old(cache, "making-left", 1)
    interpreter.kept("runtime-new", make)
    assert names(cache) == {"runtime-new"}


@pytest.mark.isolation
def test_what_a_sandbox_stands_on_is_kept_however_old(
    cache: Path, machine: Machine, tmp_path: Path
) -> None:
    with box(tmp_path / "state", machine) as started:
        below = {name for name in names(cache) if not name.startswith("python-")}
        assert below
        for name in below:
            make_old(cache, name, 100)
            for newer in ("x", "y", "z"):
                make_old(cache, f"{name.rpartition('-')[0]}-{newer}", 9)
        interpreter.kept("runtime-new", make)
        assert below <= names(cache)
        assert not any(name.endswith("-x") for name in names(cache))
        assert started.run("python3 -c 'import sqlite3; print(6 * 7)'").stdout == "42\n"
