"""Write docs/coverage.md: for every operation of the contract, the calls that reach it in each
colour, a test that runs it, and whether the embedded runtime serves it.

    python scripts/coverage.py            write docs/coverage.md
    python scripts/coverage.py --check    fail if it is not what would be written

Everything but `REASONS` is read from the documents and the source (see `reach.py`): a new call or
test shows up by itself. `REASONS` says why a cell holds no call or test, and what the runtime
refuses. A cell that is empty without a reason fails, and so does a reason that is not needed.
`tests/contract/test_coverage.py` asks a running server whether it serves what is said here.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from scripts.reach import Place, Tree  # noqa: E402

TARGET = ROOT / "docs" / "coverage.md"
DOCUMENTS = ("lifecycle", "execd", "egress", "diagnostics")
METHODS = ("get", "put", "post", "patch", "delete")
#: For each colour the folder of its source, of its tests, and how its classes' names end.
COLOURS = {"async": ("_async", ""), "sync": ("_sync", "Sync")}
ROOTS = ("Sandbox", "SandboxManager")
#: The files of an isolated session are those of a sandbox, at another address.
ISOLATED = "isolated_"
#: Values, and what every class leads to: no call of the contract stands in them.
NOT_FOLLOWED = ("ConnectionConfig", "ByteStream", "RunningCommand")
_BLOCK = ("__aenter__", "__aexit__", "__enter__", "__exit__")

_NOTHING_SENT = "nothing is reported to anyone"
_SOCKET_TELLS = "opening the terminal's WebSocket tells the same"
_NO_POOLS = "one machine has no pods to keep"
_NO_TEMPLATES = "one machine has no templates"
_NO_ANSWER = "no server is known that answers anything else"

#: Why a cell of an operation is empty ("call", "test"), or what the "runtime" refuses with 501.
REASONS: Mapping[tuple[str, str], str] = {
    ("report_metrics_event", "call"): _NOTHING_SENT,
    ("report_metrics_event", "test"): _NOTHING_SENT,
    ("get_terminal", "call"): _SOCKET_TELLS,
    ("get_terminal", "test"): _SOCKET_TELLS,
    ("create_template", "runtime"): _NO_TEMPLATES,
    ("list_templates", "runtime"): _NO_TEMPLATES,
    ("get_template", "runtime"): _NO_TEMPLATES,
    ("delete_template", "runtime"): _NO_TEMPLATES,
    ("create_pool", "runtime"): _NO_POOLS,
    ("list_pools", "runtime"): _NO_POOLS,
    ("get_pool", "runtime"): _NO_POOLS,
    ("update_pool", "runtime"): _NO_POOLS,
    ("delete_pool", "runtime"): _NO_POOLS,
    ("commit_isolated_session", "runtime"): _NO_ANSWER,
    ("diff_isolated_session", "runtime"): _NO_ANSWER,
}


class Mistake(Exception):
    """Something that whoever changed the code has to put right."""


class Operation(NamedTuple):
    """One operation of a document."""

    document: str
    name: str
    method: str
    path: str


class Call(NamedTuple):
    """A public call: how it is written, the functions that it is, and over how many others they
    lead to the operation.
    """

    shown: str
    functions: frozenset[Place]
    distance: int = 0


class Row(NamedTuple):
    """What is said of one operation."""

    operation: Operation
    calls: Mapping[str, str]
    test: str
    runtime: str


def operations(folder: Path = ROOT / "openapi") -> list[Operation]:
    """All operations, as the documents have them."""
    found = []
    for document in DOCUMENTS:
        parsed = yaml.safe_load((folder / f"{document}.yaml").read_text(encoding="utf-8"))
        for path, item in parsed["paths"].items():
            for method in METHODS:
                if method in item:
                    name = item[method]["operationId"]
                    found.append(Operation(document, name, method.upper(), path))
    return found


class Colour:
    """The client and its tests in one colour."""

    def __init__(self, root: Path, name: str) -> None:
        folder, self._ending = COLOURS[name]
        self._root = root
        self._tests = [root / "tests" / place / folder for place in ("contract", "")]
        tests = [file for place in self._tests for file in sorted(place.glob("*.py"))]
        # Where both have a class of one name, the client's is meant.
        self.tree = Tree([*tests, *sorted((root / "opensandbox" / folder).glob("*.py"))])
        self._session = f"IsolationSession{self._ending}"
        self._session_files = self.tree.look(self._session, "files").functions
        self.calls = {name: list(self._calls_of(name + self._ending)) for name in ROOTS}

    def _calls_of(self, root: str) -> Iterator[Call]:
        """What programs can call, beginning with a class: its functions, then those of what its
        attributes and answers are.
        """
        unfollowed = {name + self._ending for name in (*ROOTS, *NOT_FOLLOWED)}
        waiting, seen = [(root, root, root)], {root, *unfollowed}
        while waiting:
            cls, shown, opened = waiting.pop(0)
            for name in self.tree.members(cls):
                if name.startswith("_") and name not in _BLOCK:
                    continue
                look = self.tree.look(cls, name)
                yield Call(
                    opened if name in _BLOCK else f"{shown}.{name}", frozenset(look.functions)
                )
                for other in sorted(look.answer - seen):
                    path = f"{shown}.{name}"
                    seen.add(other)
                    waiting.append((other, path if look.value else other, path))

    def reaching(self, operation: str) -> list[Call]:
        """The calls that lead to an operation: from each of the roots the shortest ways first."""
        if operation.startswith(ISOLATED):
            return [
                call._replace(shown=f"{self._session}.files.{call.shown.rpartition('.')[2]}")
                for call in self.reaching(operation.removeprefix(ISOLATED))
                if ".files." in call.shown
            ]
        found = []
        for calls in self.calls.values():
            ways = sorted(self._ways(calls, operation), key=lambda call: call.distance)
            found += [call for call in ways if call.distance <= ways[0].distance + 1]
        # A verb that is the operation's own tells which of them is meant.
        verb = operation.partition("_")[0]
        named = [call for call in found if call.shown.rpartition(".")[2].startswith(verb)]
        return list({call.shown: call for call in named or found}.values())

    def _ways(self, calls: Iterable[Call], operation: str) -> Iterator[Call]:
        for call in calls:
            ways = [self.tree.distances(place).get(operation) for place in call.functions]
            known = [way for way in ways if way is not None]
            if known:
                yield call._replace(distance=min(known))

    def test_of(self, operation: str) -> str | None:
        """The test that runs an operation and little else: a contract case if there is one, and one
        that makes a call which leads there directly if there is one.
        """
        calls = self.reaching(operation)
        wanted = frozenset[Place]().union(*(call.functions for call in calls))
        found = []
        for test, run in self._run_by_tests.items():
            way = self.tree.distances(test).get(operation.removeprefix(ISOLATED))
            in_session = not operation.startswith(ISOLATED) or run & self._session_files
            if way is not None and in_session and calls:
                rank = (not run & wanted, self._tests.index(test.file.parent), way, len(run))
                found.append((*rank, str(test.file), test.name))
        if not found:
            return None
        *_, file, name = min(found)
        return f"{Path(file).relative_to(self._root / 'tests')}::{name}"

    @cached_property
    def _run_by_tests(self) -> Mapping[Place, frozenset[Place]]:
        """For each test what it calls with success, itself or by functions that stand in tests."""
        return {
            place: frozenset(self._refers_to(place))
            for place in self.tree.nodes
            if place.file.parent in self._tests and place.name.startswith("test_")
        }

    def _refers_to(self, test: Place) -> set[Place]:
        seen: set[Place] = {test}
        front = [test]
        while front:
            found = self.tree.reading(front.pop()).succeeding - seen
            seen |= found
            front += [place for place in found if self._root / "tests" in place.file.parents]
        return seen


def rows(root: Path = ROOT, reasons: Mapping[tuple[str, str], str] = REASONS) -> list[Row]:
    """What is said of every operation. Raises `Mistake` for what is missing, or is no more."""
    colours = {name: Colour(root, name) for name in COLOURS}
    unused, mistakes, found = set(reasons), [], []

    def cell(operation: Operation, kind: str, text: str | None) -> str:
        if text is None and (operation.name, kind) not in reasons:
            mistakes.append(f"{operation.name} has no {kind}")
        if text is not None:
            return text
        unused.discard((operation.name, kind))
        return f"*none: {reasons.get((operation.name, kind))}*"

    for operation in operations(root / "openapi"):
        name = operation.name
        shown = {
            key: cell(operation, "call", _directly(colour.reaching(name)))
            for key, colour in colours.items()
        }
        tests = {key: colour.test_of(name) for key, colour in colours.items()}
        test = f"`{tests['async']}`" if None not in tests.values() else None
        refused = reasons.get((name, "runtime"))
        unused.discard((name, "runtime"))
        runtime = "yes" if refused is None else f"*501: {refused}*"
        found.append(Row(operation, shown, cell(operation, "test", test), runtime))
    mistakes += [f"no need for a reason: {' '.join(key)}" for key in sorted(unused)]
    if mistakes:
        raise Mistake("\n".join(mistakes))
    return found


def _directly(calls: list[Call]) -> str | None:
    """The shortest ways from each root, as they are written; None when there is none."""
    nearest: dict[str, int] = {}
    for call in calls:
        root = call.shown.partition(".")[0]
        nearest[root] = min(call.distance, nearest.get(root, call.distance))
    shown = [call.shown for call in calls if call.distance == nearest[call.shown.partition(".")[0]]]
    return ", ".join(f"`{text}`" for text in shown) or None


HEADING = """\
# Coverage of the API

<!-- Written by scripts/coverage.py. Do not edit. -->

Every operation of the four documents in [openapi/](../openapi/): the calls that reach it, one test
that makes such a call, and whether the embedded runtime serves it. Tests are named below `tests/`;
those in `contract/` run on a real server, by default the embedded runtime. Each exists for both
colours; the async one is named. {count} operations, of which the runtime serves {served}.
`tests/contract/test_coverage.py` asks a running one.

The calls are read from the source: where several lead to an operation, those that lead there
directly are shown. `IsolationSession` is what `sandbox.isolation.create`, `attach` and `session`
give.
"""


def page(found: list[Row]) -> str:
    """The whole document."""
    served = sum(row.runtime == "yes" for row in found)
    lines = [HEADING.format(count=len(found), served=served)]
    for document in DOCUMENTS:
        lines.append(f"## {document}\n")
        lines.append("| operation | async | sync | test | embedded runtime |")
        lines.append("|---|---|---|---|---|")
        for row in found:
            if row.operation.document == document:
                _, name, method, path = row.operation
                calls = " | ".join(row.calls.values())
                operation = f"`{name}` {method} {path}"
                lines.append(f"| {operation} | {calls} | {row.test} | {row.runtime} |")
        lines.append("")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail on a difference")
    check = parser.parse_args(arguments).check
    try:
        text = page(rows())
    except Mistake as mistake:
        print(mistake, "Write the call or the test, or a reason in scripts/coverage.py.", sep="\n")
        return 1
    if not check:
        TARGET.parent.mkdir(exist_ok=True)
        TARGET.write_text(text, encoding="utf-8")
        return 0
    before = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
    lines = [*difflib.unified_diff(before.splitlines(), text.splitlines(), lineterm="", n=0)]
    if lines:
        print(*lines, "Run `make sync` and commit docs/coverage.md.", sep="\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
