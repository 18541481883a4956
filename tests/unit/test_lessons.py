"""docs/lessons.md: every fault has a test, and every test that it names is there."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
PAGE = TESTS.parent / "docs" / "lessons.md"
ROW = re.compile(r"^\| (?P<fault>[^|]+) \| (?P<tests>[^|]*) \|$")
TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")


def rows(page: str) -> dict[str, list[tuple[str, str]]]:
    """Fault -> the path and the name of each of its tests."""
    lines = [line for line in page.splitlines() if line.startswith("|")]
    cells = [ROW.match(line) for line in lines if not line.startswith(("| fault |", "|---|"))]
    assert None not in cells, "a row of another form"
    found = [(cell["fault"], cell["tests"]) for cell in cells if cell is not None]
    faults = {fault: [(path, name) for path, name in TEST.findall(text)] for fault, text in found}
    assert len(faults) == len(found), "a fault that stands there twice"
    for fault, text in found:
        assert ", ".join(f"`{path}::{name}`" for path, name in faults[fault]) == text, fault
    return faults


@functools.cache
def names_in(path: str) -> set[str]:
    """What pytest collects there; in typing/, what type checkers read."""
    file = TESTS / path
    if not file.is_file():
        return set()
    body = ast.parse(file.read_text(encoding="utf-8")).body
    for node in list(body):
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            body += node.body
    names = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    if path.startswith("typing/"):
        return names
    collected = file.name.startswith("test_")
    return {name for name in names if collected and name.startswith("test_")}


def missing(page: str) -> list[str]:
    """What the page names and is not there, and the faults that have no test."""
    found: list[str] = []
    for fault, named in rows(page).items():
        if all(path.startswith("typing/") for path, _ in named):
            found.append(fault)
        for path, name in named:
            twin = path.replace("_async/", "_sync/") if not path.startswith("only_") else path
            found += [f"{at}::{name}" for at in {path, twin} if name not in names_in(at)]
    return sorted(found)


def test_every_fault_has_tests_and_all_of_them_exist() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert missing(page) == []
    assert len(rows(page)) > 50


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("| a | `unit/test_lessons.py::test_none` |", ["unit/test_lessons.py::test_none"]),
        ("| a | `unit/test_lessons.py::missing` |", ["unit/test_lessons.py::missing"]),
        ("| a | `unit/test_none.py::test_a` |", ["unit/test_none.py::test_a"]),
        ("| a |  |", ["a"]),
        ("| a | `typing/values.py::python_names` |", ["a"]),
        (
            "| a | `_async/test_sandbox.py::test_none` |",
            ["_async/test_sandbox.py::test_none", "_sync/test_sandbox.py::test_none"],
        ),
        ("| a | `unit/test_generated.py::test_secrets_are_not_shown` |", []),
    ],
    ids=["name", "no test", "file", "nothing", "only read", "both colours", "in a class"],
)
def test_what_is_missing_is_told(row: str, told: list[str]) -> None:
    assert missing(f"| fault | tests |\n|---|---|\n{row}\n") == told


@pytest.mark.parametrize(
    "row", ["| a | b | c |", "| a | test_b |", "| a | `x.py::test_b` |\n| a | `x.py::test_c` |"]
)
def test_a_row_of_another_form_is_refused(row: str) -> None:
    with pytest.raises(AssertionError):
        missing(row)
