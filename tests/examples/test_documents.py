"""What README.md and docs/ show runs, and where they point there is something."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from opensandbox.runtime import LocalRuntime

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "openapi" / "README.md", *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
COMMAND = re.compile(r"python -m opensandbox((?: [a-z]+)+)")


class Snippet(NamedTuple):
    """A block of code in a page."""

    page: Path
    line: int
    code: str


def snippets(language: str) -> Iterator[Snippet]:
    """All blocks in a language."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in BLOCK.finditer(text):
            if found[1] == language:
                yield Snippet(page, text.count("\n", 0, found.start()) + 1, found[2])


@pytest.fixture(scope="module")
def runtime() -> Iterator[LocalRuntime]:
    """The runtime that `domain="local"` finds."""
    with LocalRuntime(spares=0) as running:
        yield running


@pytest.mark.isolation
@pytest.mark.slow
@pytest.mark.parametrize(
    "snippet",
    [pytest.param(one, id=f"{one.page.name}:{one.line}") for one in snippets("python")],
)
def test_python_runs_as_it_stands(snippet: Snippet, runtime: LocalRuntime) -> None:
    environment = {
        **os.environ,
        "OPEN_SANDBOX_LOCAL_DIR": str(runtime.directory),
        "OPEN_SANDBOX_DOMAIN": "local",
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", snippet.code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Hello World" in done.stdout or "Hello World" not in snippet.code


def test_there_is_something_to_run() -> None:
    assert sum(one.page.name == "README.md" for one in snippets("python")) >= 2


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_commands_exist() -> None:
    named = {match for page in PAGES for match in COMMAND.findall(page.read_text(encoding="utf-8"))}
    for words in sorted(named):
        # Words of the sentence may follow: only those that are commands count.
        known = [word for word in words.split() if word in ("serve", "check", "image", "import")]
        done = subprocess.run(
            [sys.executable, "-m", "opensandbox", *known, "--help"],
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert known, words
        assert done.returncode == 0, words
