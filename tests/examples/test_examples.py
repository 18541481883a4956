"""The examples do what they say, on a runtime of their own, and leave nothing behind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import httpx
import pytest

from examples import fastapi_service, quickstart
from opensandbox.runtime import IsolationUnavailableException, LocalRuntime

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.isolation, pytest.mark.slow]


@pytest.fixture(scope="module")
def runtime() -> Iterator[LocalRuntime]:
    """A runtime for the examples that are told where to run."""
    with LocalRuntime(spares=0) as running:
        yield running


def run_example(name: str, **environment: str) -> str:
    """What an example prints."""
    run = subprocess.run(
        [sys.executable, "-W", "error", ROOT / "examples" / name],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    return run.stdout


def processes_of(folder: Path) -> list[str]:
    """The command lines that name a folder."""
    lines = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(place.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # gone meanwhile
    return [line for line in lines if str(folder) in line]


def test_quickstart_says_hello_in_both_colours_and_leaves_nothing() -> None:
    with tempfile.TemporaryDirectory(prefix="q-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o711)
        lines = run_example("quickstart.py", TMPDIR=name).splitlines()
        assert [line for line in lines if not line.startswith("Created: ")][:-1] == [
            "async:",
            "Output: Hello World",
            "State: Running",
            "sync:",
            "Output: Hello World",
            "State: Running",
        ]
        assert re.fullmatch(
            r"create \d+\.\d\d s, first output \d+\.\d\d s, the whole \d+\.\d\d s", lines[-1]
        )
        assert list(folder.iterdir()) == []
        assert processes_of(folder) == []
        assert name not in Path("/proc/self/mountinfo").read_text()


def test_quickstart_without_isolation_says_why_and_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuses(isolation: Literal["auto", "none"] = "auto") -> LocalRuntime:
        if isolation == "auto":
            raise IsolationUnavailableException("no", ["There are no user namespaces here."])
        return LocalRuntime(isolation=isolation, spares=0)

    monkeypatch.setattr(quickstart, "LocalRuntime", refuses)
    quickstart.main()
    output = capsys.readouterr().out
    assert "There are no user namespaces here." in output
    assert output.count("Output: Hello World") == 2


def test_the_sync_script_counts_words(runtime: LocalRuntime) -> None:
    output = run_example(
        "sync_script.py",
        OPEN_SANDBOX_DOMAIN=runtime.domain,
        OPEN_SANDBOX_API_KEY=runtime.api_key,
    )
    assert output.splitlines() == ["6 words", '{"to": 2, "be": 2, "or": 1, "not": 1}']


async def test_the_service_runs_what_it_is_sent(
    runtime: LocalRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPEN_SANDBOX_DOMAIN", runtime.domain)
    monkeypatch.setenv("OPEN_SANDBOX_API_KEY", runtime.api_key)
    app = fastapi_service.app
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://service") as client,
    ):
        answer = await client.post("/run", json={"code": "print(6 * 7)"}, timeout=60)
    assert answer.json() == {"stdout": "42\n", "stderr": "", "exit_code": 0}
