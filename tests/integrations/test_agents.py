"""Packages made for another client of this name run with ours in its place.

They are installed from PyPI, into an environment that is kept in pytest's cache, and make real
calls on an embedded runtime. Run when they are asked for: `make test ARGS="-m slow"`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from opensandbox import __version__
from opensandbox.runtime import LocalRuntime

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "langchain-opensandbox==0.1.0",
    "deepagents-opensandbox==1.0.2",
    "opensandbox-mcp==1.1.1",
)
pytestmark = [pytest.mark.slow, pytest.mark.isolation, pytest.mark.xdist_group("integrations")]

DONE = {
    # One of them joins pieces of output by line ends, as if each were a line without its own.
    "ran": [["one", "two"], 3],
    "sent": [None, None],
    "listed": ["/tmp/work/a.txt", "/tmp/work/b.txt", "/tmp/work/c.txt"],
    "read": "first",
    "got": ["3rd\n", "file_not_found"],
    "found": ["/tmp/work/b.txt"],
}


def run(*command: str | Path, seconds: float = 600) -> str:
    """What a program prints; its complaint when it fails."""
    environment = {**os.environ, "PYTHONPATH": "", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=seconds
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def python(
    pytestconfig: pytest.Config,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The interpreter of an environment with the packages and with ours as it is built now."""
    if "slow" not in str(pytestconfig.option.markexpr):
        pytest.skip("fetches two hundred megabytes from PyPI: asked for with -m slow")
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir("integrations")
    interpreter = Path(folder) / "bin" / "python"
    if not interpreter.exists():
        run(sys.executable, "-m", "venv", folder)
    wheels = tmp_path_factory.mktemp("wheels")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", wheels, ROOT)
    (wheel,) = wheels.glob("*.whl")
    run(interpreter, "-m", "pip", "install", "--quiet", *PACKAGES, f"{wheel}[local]")
    run(interpreter, "-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall", wheel)
    return interpreter


@pytest.fixture(scope="module")
def said(python: Path) -> dict[str, Any]:
    """What the packages got from a runtime."""
    run(python, "-m", "pip", "check")
    program = Path(__file__).with_name("agents.py")
    with LocalRuntime(spares=0) as runtime:
        printed = run(python, program, runtime.domain, runtime.api_key, seconds=120)
    answer: dict[str, Any] = json.loads(printed)
    return answer


def test_they_run_with_this_package(said: dict[str, Any]) -> None:
    assert said["version"] == __version__


@pytest.mark.parametrize("package", ["langchain", "deepagents"])
def test_a_backend_runs_commands_and_keeps_files(said: dict[str, Any], package: str) -> None:
    assert said[package] == DONE


def test_tools_of_a_model_context_server_run_in_a_sandbox(said: dict[str, Any]) -> None:
    tools = said["tools"]
    assert (tools["ran"]["exit_code"], tools["ran"]["logs"]["stdout"][0]["text"]) == (3, "hello\n")
    assert tools["made"]["status"]["state"] == "Running"
    assert {"id", "status", "created_at"} <= set(tools["fields"])
    assert tools["ended"] == {"status": "killed"}


def test_an_agent_finds_the_sandbox_of_its_thread_again(said: dict[str, Any]) -> None:
    assert said["lazily"] == ["kept", "kept", 0]
    assert said["made"] == 1
