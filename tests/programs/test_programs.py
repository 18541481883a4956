"""Programs written for client 1.1.1 run unchanged, and print what they print there.

Beside each stands what it printed with that client, on an embedded runtime. Only what
docs/migrating.md says is different is left out of them. To write it down anew, with the Python of
an environment that has the client 1.1.1:

    .venv/bin/python -m tests.programs.test_programs PYTHON
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from opensandbox.runtime import LocalRuntime

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PROGRAMS = sorted(path for path in HERE.glob("*.py") if path.name != Path(__file__).name)
pytestmark = [pytest.mark.isolation, pytest.mark.xdist_group("programs")]


def printed(program: Path, runtime: LocalRuntime, volume: Path, python: str, path: str) -> str:
    """What a program prints; what it complains of when it fails."""
    environment = {
        **os.environ,
        "OPEN_SANDBOX_DOMAIN": runtime.domain,
        "OPEN_SANDBOX_API_KEY": runtime.api_key,
        "PYTHONPATH": path,
        "VOLUME": str(volume),
    }
    done = subprocess.run(
        [python, "-W", "ignore", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=HERE.parent,
    )
    return done.stdout if done.returncode == 0 else done.stdout + done.stderr


@pytest.fixture(scope="module")
def volume(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that sandboxes may have."""
    return tmp_path_factory.mktemp("volume")


@pytest.fixture(scope="module")
def runtime(volume: Path) -> Iterator[LocalRuntime]:
    with LocalRuntime(allow_volumes=[volume]) as running:
        yield running


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_a_program_prints_the_same(program: Path, runtime: LocalRuntime, volume: Path) -> None:
    path = os.pathsep.join([str(ROOT), str(ROOT / "generated")])
    wanted = program.with_suffix(".txt").read_text(encoding="utf-8")
    assert printed(program, runtime, volume, sys.executable, path) == wanted


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, LocalRuntime(allow_volumes=[folder]) as running:
        for one in PROGRAMS:
            told = printed(one, running, Path(folder), sys.argv[1], "")
            one.with_suffix(".txt").write_text(told, encoding="utf-8")
