"""scripts/coverage.py: every operation is told of, and nothing that is not so is said."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from scripts import coverage
from scripts.coverage import REASONS, Colour, Mistake, Row, page, rows

CLIENT = """
class Things:
    def __init__(self, service: Service) -> None:
        self._service = service

    async def get(self, name: str) -> Thing:
        return await self._service.call(lambda c: get_thing.asyncio_detailed(name, client=c))

    async def list_all(self):
        while page := await self.list_page():
            yield page

    async def list_page(self):
        return await self._service.call(lambda c: list_things.asyncio_detailed(client=c))

    async def draw(self, name: str) -> None:
        await self._service.stream(_DRAW.path(name=name))

    async def _secret(self) -> None:
        await self._service.call(lambda c: hide_thing.asyncio_detailed(client=c))


_DRAW = STREAMED["draw_thing"]


class Opened:
    async def __aenter__(self) -> Self:
        await open_thing.asyncio_detailed(client=self)


class IsolationSession:
    @property
    def files(self) -> Things: ...


class Offers:
    def __init__(self, service: Service) -> None:
        self._things = Things(service)

    @property
    def things(self) -> Things:
        return self._things

    def open(self) -> Opened:
        return Opened()


class Sandbox(Offers):
    @classmethod
    async def create(cls) -> Sandbox:
        return cls(Service())

    temporary = Temporary(create)


class Temporary:
    def __get__(self, it: object, owner: type[Sandbox]) -> Callable[P, AsyncContext[Sandbox]]: ...


class SandboxManager:
    pass
"""
TESTS = """
async def made() -> Sandbox:
    return await Sandbox.create()

async def test_refused() -> None:
    sandbox = await made()
    with pytest.raises(SandboxException):
        await sandbox.things.get("")

async def test_a_thing_and_more() -> None:
    sandbox = await made()
    await look_at(sandbox)
    await sandbox.things.draw("it")

async def look_at(sandbox: Sandbox) -> None:
    await sandbox.things.get("it")

async def test_listed() -> None:
    async with Sandbox.temporary() as sandbox:
        await sandbox.things.list_page()

async def test_opened() -> None:
    async with (await made()).open():
        pass
"""


@pytest.fixture
def colour(tmp_path: Path) -> Colour:
    """A small client and its tests."""
    for folder, name, text in (
        ("opensandbox/_async", "things.py", CLIENT),
        ("tests/_async", "test_things.py", TESTS),
    ):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / name).write_text(text)
    return Colour(tmp_path, "async")


class Case(NamedTuple):
    """What is to be found for an operation."""

    operation: str
    calls: list[str]
    test: str | None


@pytest.mark.parametrize(
    "case",
    [
        Case("get_thing", ["Sandbox.things.get"], "test_a_thing_and_more"),
        Case("list_things", ["Sandbox.things.list_page", "Sandbox.things.list_all"], "test_listed"),
        Case("draw_thing", ["Sandbox.things.draw"], "test_a_thing_and_more"),
        Case("open_thing", ["Sandbox.open"], "test_opened"),
        Case("hide_thing", [], None),
        Case("isolated_get_thing", [], None),
    ],
    ids=lambda case: case.operation,
)
def test_calls_and_tests_are_read_from_the_source(colour: Colour, case: Case) -> None:
    assert [call.shown for call in colour.reaching(case.operation)] == case.calls
    test = None if case.test is None else f"_async/test_things.py::{case.test}"
    assert colour.test_of(case.operation) == test


@pytest.fixture(scope="module")
def found() -> list[Row]:
    """What is said of this client."""
    return rows()


def test_every_operation_has_its_row_and_no_cell_is_empty(found: list[Row]) -> None:
    assert [row.operation for row in found] == coverage.operations()
    assert len(found) == len({row.operation.name for row in found}) > 90
    for row in found:
        assert all((*row.calls.values(), row.test, row.runtime))


def test_what_is_known_is_found(found: list[Row]) -> None:
    by_name = {row.operation.name: row for row in found}
    assert by_name["run_code"].calls == {
        "async": "`Sandbox.code.run`",
        "sync": "`SandboxSync.code.run`",
    }
    assert "`Sandbox.kill`" in by_name["delete_sandbox"].calls["async"]
    assert "`Sandbox.create`" not in by_name["delete_sandbox"].calls["async"]
    assert by_name["run_command"].test.startswith("`contract/_async/test_commands.py::test_")
    assert by_name["create_pool"].runtime.startswith("*501: ")


def test_the_page_tells_of_all(found: list[Row]) -> None:
    text = page(found)
    assert all(f"| `{row.operation.name}` {row.operation.method} " in text for row in found)


def test_a_missing_or_unneeded_reason_is_a_mistake() -> None:
    reasons = {**REASONS, ("run_code", "call"): "because"}
    del reasons["report_metrics_event", "call"]
    with pytest.raises(Mistake) as caught:
        rows(reasons=reasons)
    said = str(caught.value).splitlines()
    assert "report_metrics_event has no call" in said
    assert "no need for a reason: run_code call" in said
