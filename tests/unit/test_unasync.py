"""What scripts/unasync.py turns into blocking code, what it leaves alone and what it refuses."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONCURRENCY = """
    async def async_sleep(seconds): ...
    def sleep(seconds): ...
    class AsyncLock: ...
    class Lock: ...
"""


def load_script() -> ModuleType:
    """The converter as a module, from where it lies."""
    spec = importlib.util.spec_from_file_location("unasync", ROOT / "scripts" / "unasync.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["unasync"] = module
    spec.loader.exec_module(module)
    return module


unasync = load_script()
Convert = Callable[[str], str]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with nothing to convert yet."""
    put(tmp_path / "opensandbox" / "_concurrency" / "__init__.py", CONCURRENCY)
    put(
        tmp_path / "opensandbox" / "_async" / "sandbox.py", "class Sandbox: ...\nclass _Part: ...\n"
    )
    (tmp_path / "tests" / "_async").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def convert(tree: Path) -> Convert:
    """Convert one module of the package, beside one that defines `Sandbox` and `_Part`."""

    def converted(source: str) -> str:
        put(tree / "opensandbox" / "_async" / "room.py", source)
        faults = unasync.run(tree, check=False)
        if faults:
            raise unasync.Refused("\n".join(faults))
        text = (tree / "opensandbox" / "_sync" / "room.py").read_text()
        return text.partition("\n")[2].strip()

    return converted


def put(path: Path, source: str) -> None:
    """Write a module, without the indentation it has in a test."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(source), encoding="utf-8")


def faults(tree: Path, *, check: bool = True) -> list[str]:
    """What a run finds, but for rules that so small a tree does not use."""
    found: list[str] = unasync.run(tree, check=check)
    return [fault for fault in found if "rule never used" not in fault]


# --- what is renamed ---


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("async def f():\n    await g()", "def f():\n    g()"),
        (
            "async def f():\n    async with a as b:\n        pass",
            "def f():\n    with a as b:\n        pass",
        ),
        (
            "async def f():\n    async for x in y:\n        pass",
            "def f():\n    for x in y:\n        pass",
        ),
        ("async def f():\n    return [x async for x in y]", "def f():\n    return [x for x in y]"),
        ("async def f():\n    await (\n        g()\n    )", "def f():\n    (g())"),
        ("x: Sandbox", "x: SandboxSync"),
        ("x = [_Part]", "x = [_PartSync]"),
        ("x = SandboxInfo", "x = SandboxInfo"),
        ("def f(self):\n    self.aclose()", "def f(self):\n    self.close()"),
        (
            "from opensandbox._async import sandbox\n\nx = sandbox",
            "from opensandbox._sync import sandbox\n\nx = sandbox",
        ),
    ],
)
def test_it_renames_tokens(convert: Convert, source: str, wanted: str) -> None:
    assert convert(source) == wanted


def test_pairs_of_concurrency_lose_their_prefix(convert: Convert) -> None:
    assert (
        convert("""
        from opensandbox._concurrency import AsyncLock, async_sleep

        async def f():
            async with AsyncLock():
                await async_sleep(1)
    """)
        == dedent("""
        from opensandbox._concurrency import Lock, sleep


        def f():
            with Lock():
                sleep(1)
    """).strip()
    )


def test_classes_are_renamed_whichever_module_defines_them(tree: Path) -> None:
    put(tree / "tests" / "_async" / "test_it.py", "from opensandbox import Sandbox\nx = Sandbox\n")
    assert faults(tree, check=False) == []
    converted = (tree / "tests" / "_sync" / "test_it.py").read_text()
    assert converted.endswith("from opensandbox import SandboxSync\n\nx = SandboxSync\n")


@pytest.mark.parametrize("module", ["elsewhere", "..models", "tests.servers"])
def test_a_class_from_elsewhere_that_only_shares_the_name_keeps_it(
    convert: Convert, module: str
) -> None:
    source = f"from {module} import Sandbox\n\nx = [Sandbox, _Part]"
    assert convert(source) == f"from {module} import Sandbox\n\nx = [Sandbox, _PartSync]"


def test_a_class_of_another_module_keeps_its_name(convert: Convert) -> None:
    source = "import httpx\n\nx = [httpx.Sandbox, httpx.AsyncClient, a.Sandbox]"
    wanted = "import httpx\n\nx = [httpx.Sandbox, httpx.Client, a.SandboxSync]"
    assert convert(source) == wanted


def test_a_public_twin_is_imported_from_its_own_module(convert: Convert) -> None:
    assert (
        convert("""
        from opensandbox.models.execd import Execution, ExecutionHandlers

        x = [Execution, ExecutionHandlers]
    """)
        == dedent("""
        from opensandbox.models.execd import Execution
        from opensandbox.models.execd_sync import ExecutionHandlersSync

        x = [Execution, ExecutionHandlersSync]
    """).strip()
    )


def test_relative_imports_stay_relative(convert: Convert) -> None:
    assert (
        convert("""
        from .._concurrency import async_sleep
        from ..models.execd import ExecutionHandlers
        from . import sandbox
        from .sandbox import Sandbox

        x = [async_sleep, ExecutionHandlers, Sandbox, sandbox]
    """)
        == dedent("""
        from .._concurrency import sleep
        from ..models.execd_sync import ExecutionHandlersSync
        from . import sandbox
        from .sandbox import SandboxSync

        x = [sleep, ExecutionHandlersSync, SandboxSync, sandbox]
    """).strip()
    )


@pytest.mark.parametrize(
    ("annotation", "wanted"),
    [
        ("Awaitable[None]", "None"),
        ("Callable[[Sandbox], Awaitable[bool]]", "Callable[[SandboxSync], bool]"),
        ("Callable[[], bool | Awaitable[bool]]", "Callable[[], bool]"),
        ("AsyncIterator[bytes]", "Iterator[bytes]"),
        ("AsyncGenerator[bytes, None]", "Generator[bytes, None, None]"),
        ("'Sandbox | None'", '"SandboxSync | None"'),
        ("Literal['read only', '']", 'Literal["read only", ""]'),
        ("'Callable[[], Awaitable[Sandbox]]'", '"Callable[[], SandboxSync]"'),
    ],
)
def test_annotations_say_what_is_there_without_waiting(
    convert: Convert, annotation: str, wanted: str
) -> None:
    assert convert(f"x: {annotation}") == f"x: {wanted}"


def test_imports_that_are_no_longer_needed_go(convert: Convert) -> None:
    source = "from collections.abc import Awaitable, Callable\nx: Callable[[], Awaitable[None]]\n"
    wanted = "from collections.abc import Callable\n\nx: Callable[[], None]"
    assert convert(source) == wanted


def test_letters_beyond_ascii_do_not_shift_what_is_replaced(convert: Convert) -> None:
    assert convert('é = "é"; x: "Sandbox | None" = é') == 'é = "é"\nx: "SandboxSync | None" = é'


# --- prose ---


def test_prose_changes_only_in_class_names_and_code(convert: Convert) -> None:
    assert convert('''
        """A Sandbox awaits; `Sandbox` is a class, `await s.aclose()` is code, aclose is not."""
    ''') == (
        '"""A Sandbox awaits; `SandboxSync` is a class, `s.close()` is code, aclose is not."""'
    )


def test_examples_in_docstrings_become_blocking_code(convert: Convert) -> None:
    assert (
        convert('''
        """How it goes::

            async with await Sandbox.create() as sandbox:
                await sandbox.aclose()

        Then await the end.
        """
    ''')
        == dedent('''
        """How it goes::

            with SandboxSync.create() as sandbox:
                sandbox.close()

        Then await the end.
        """
    ''').strip()
    )


def test_examples_in_other_long_strings_are_converted_too(convert: Convert) -> None:
    source = 'TEXT = """Do::\n\n    await s.aclose()\n\nIt is `aclose`.\n"""'
    assert convert(source) == 'TEXT = """Do::\n\n    s.close()\n\nIt is `close`.\n"""'


def test_fields_of_f_strings_are_code_and_the_rest_is_prose(convert: Convert) -> None:
    assert (
        convert('x = f"Sandbox {Sandbox!r} {{Sandbox}} {Sandbox:>{_Part}}"')
        == 'x = f"Sandbox {SandboxSync!r} {{Sandbox}} {SandboxSync:>{_PartSync}}"'
    )


@pytest.mark.parametrize(
    ("literal", "wanted"),
    [
        ('"Sandbox"', '"SandboxSync"'),
        ('"Sandbox is gone"', '"Sandbox is gone"'),
        ('b"Sandbox"', 'b"Sandbox"'),
        ('"opensandbox._async.sandbox.Sandbox"', '"opensandbox._sync.sandbox.SandboxSync"'),
    ],
)
def test_a_string_is_code_only_when_it_is_a_name(
    convert: Convert, literal: str, wanted: str
) -> None:
    assert convert(f"x = {literal}") == f"x = {wanted}"


# --- what is refused ---


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ('async def f():\n    return f"{await g()}"', "await inside an f-string"),
        ("import asyncio", "use a pair of opensandbox/_concurrency"),
        ("from threading import Lock", "use a pair of opensandbox/_concurrency"),
        ("import time", "use a pair of opensandbox/_concurrency"),
        ("async_thing = 1", "no rule turns this name blocking"),
        ("import inspect\nx = inspect.isawaitable(1)", "no rule turns this name blocking"),
        ("x = isinstance(1, Awaitable)", "Awaitable without [...] has no blocking form"),
        ("class A:\n    def __await__(self): ...", "__await__ has no blocking form"),
        (
            "from ..models.execd import (\n    ExecutionHandlers,  # why\n)",
            "a comment inside this import would be lost",
        ),
        ('"""Do::\n\n    asyncio.run(main())\n"""', "an example in a docstring stays async"),
        ("def f(:", "invalid syntax"),
    ],
)
def test_it_refuses_what_it_would_spoil(convert: Convert, source: str, why: str) -> None:
    with pytest.raises(unasync.Refused) as refused:
        convert(source)
    assert why in str(refused.value)


def test_the_place_of_what_is_refused_is_named(convert: Convert) -> None:
    with pytest.raises(unasync.Refused, match=r"^opensandbox/_async/room\.py:2: "):
        convert("x = 1\nimport asyncio\n")


def test_tests_may_use_threads_but_not_asyncio(tree: Path) -> None:
    put(tree / "tests" / "_async" / "test_a.py", "import threading\n\nx = threading.Thread\n")
    put(tree / "tests" / "_async" / "test_b.py", "import asyncio\n")
    found = faults(tree, check=False)
    assert [fault.partition(":")[0] for fault in found] == ["tests/_async/test_b.py"]


def test_half_a_pair_is_refused(tree: Path) -> None:
    put(
        tree / "opensandbox" / "_concurrency" / "__init__.py",
        "async def async_sleep(seconds): ...\n",
    )
    with pytest.raises(unasync.Refused, match="no blocking half for async_sleep"):
        unasync.run(tree, check=False)


def test_one_file_refused_does_not_hold_up_the_others(tree: Path) -> None:
    put(tree / "opensandbox" / "_async" / "bad.py", "import asyncio\n")
    put(tree / "opensandbox" / "_sync" / "bad.py", "as it was\n")
    assert len(faults(tree, check=False)) == 1
    assert (tree / "opensandbox" / "_sync" / "sandbox.py").exists()
    assert (tree / "opensandbox" / "_sync" / "bad.py").read_text() == "as it was\n"


# --- whole trees ---


def test_a_fresh_tree_passes_the_check(tree: Path) -> None:
    assert faults(tree, check=False) == []
    assert faults(tree) == []


def test_a_missing_a_changed_and_an_orphaned_file_fail_the_check(tree: Path) -> None:
    put(tree / "opensandbox" / "_async" / "other.py", "x = 1\n")
    faults(tree, check=False)
    put(tree / "opensandbox" / "_async" / "new.py", "x = 1\n")
    put(tree / "opensandbox" / "_sync" / "other.py", "x = 2\n")
    put(tree / "opensandbox" / "_sync" / "orphan.txt", "")
    assert faults(tree) == [
        "opensandbox/_sync/new.py: missing",
        "opensandbox/_sync/other.py: out of date",
        "opensandbox/_sync/orphan.txt: orphaned, nothing to convert it from",
    ]
    faults(tree, check=False)
    assert faults(tree) == []
    assert not (tree / "opensandbox" / "_sync" / "orphan.txt").exists()


def test_a_check_writes_nothing(tree: Path) -> None:
    faults(tree)
    assert not (tree / "opensandbox" / "_sync").exists()


def test_a_rule_that_nothing_needs_fails_the_check(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tree / "opensandbox" / "_async" / "room.py", "x.aclose()\n")
    monkeypatch.setattr(unasync, "NAMES", {"aclose": "close", "anext": "next"})
    unused = unasync.run(tree, check=True)
    assert "scripts/unasync.py: rule never used: anext" in unused
    assert "scripts/unasync.py: rule never used: aclose" not in unused


def test_the_output_says_where_it_comes_from(tree: Path) -> None:
    faults(tree, check=False)
    first = (tree / "opensandbox" / "_sync" / "sandbox.py").read_text().partition("\n")[0]
    assert "opensandbox/_async/sandbox.py" in first
