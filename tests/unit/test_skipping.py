"""tests/conftest.py: what a machine cannot isolate is skipped, counted and explained."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROBE = """
class machine:
    isolates = {isolates}
    problems_of_isolation = ("No user namespaces.",)

def probe():
    return machine
"""
TESTS = """
import pytest

@pytest.mark.isolation
def test_one(): pass

@pytest.mark.isolation
@pytest.mark.parametrize("n", [1, 2])
def test_two(n): pass

def test_anywhere(): pass

@pytest.mark.skip(reason="no redis-server here: install it")
def test_pool(): pass

@pytest.mark.skip(reason="of its own")
def test_never(): pass
"""


def run_tests(folder: Path, *, isolates: bool, workers: int) -> str:
    """The report of some tests on a machine that isolates, or not."""
    probe = folder / "opensandbox" / "local" / "isolation" / "probe.py"
    probe.parent.mkdir(parents=True)
    for package in (probe.parent, probe.parents[1], probe.parents[2]):
        (package / "__init__.py").touch()  # comes before the real one, which is on the path too
    probe.write_text(PROBE.format(isolates=isolates))
    (folder / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "conftest.py", folder / "tests")
    (folder / "tests" / "test_some.py").write_text(TESTS)
    (folder / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\npythonpath = ["."]\nmarkers = ["isolation: real"]\n'
    )
    command = [sys.executable, "-m", "pytest", "-q", "-n", str(workers), "-p", "no:cacheprovider"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    return run.stdout


@pytest.mark.parametrize("workers", [0, 2])
def test_without_isolation_they_are_skipped_counted_and_explained(
    tmp_path: Path, workers: int
) -> None:
    report = run_tests(tmp_path, isolates=False, workers=workers)
    assert "3 tests need isolation and were skipped: No user namespaces." in report
    assert "1 tests need redis-server and were skipped: install it" in report
    assert "1 passed, 5 skipped" in report


def test_with_isolation_they_run_and_nothing_is_said(tmp_path: Path) -> None:
    report = run_tests(tmp_path, isolates=True, workers=0)
    assert "4 passed, 2 skipped" in report
    assert "need isolation" not in report
