"""scripts/check.py and the Makefile: one failure fails all, and nothing hides it."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, with two small checks."""
    spec = importlib.util.spec_from_file_location("check", ROOT / "scripts" / "check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    checks = {
        "good": [sys.executable, "-c", "print('quiet')"],
        "bad": [sys.executable, "-c", "import sys; print('loud'); sys.exit(3)"],
        "last": [sys.executable, "-c", ""],
    }
    monkeypatch.setattr(module, "CHECKS", checks)
    return module


def test_one_failure_fails_all_and_the_others_still_run(
    check: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["check.py"])
    assert check.main() == 1
    printed = capsys.readouterr().out
    assert "FAIL bad" in printed
    assert "loud" in printed
    assert "ok   last" in printed
    assert "quiet" not in printed
    assert printed.endswith("failed: bad\n")


def test_only_the_named_checks_run(
    check: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["check.py", "good", "last"])
    assert check.main() == 0
    assert capsys.readouterr().out.endswith("all checks passed\n")


def test_an_unknown_check_is_refused(check: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["check.py", "nothing"])
    with pytest.raises(SystemExit):
        check.main()


def test_every_target_is_in_the_help_and_short() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z]+):(.*)\n((?:\t.*\n)*)", makefile, re.MULTILINE)
    assert {name for name, _, _ in targets} >= {"quickstart", "test", "check", "generate", "sync"}
    for name, rest, recipe in targets:
        assert "## " in rest or name == "setup", name
        assert recipe.count("\n") <= 2, name
