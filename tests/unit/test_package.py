"""The package's front door: its names are there, and knocking costs nothing."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import opensandbox
from opensandbox import exceptions

SOURCE = Path(opensandbox.__file__)
# Second names of classes, which programs use as well.
ALIASES = {
    "AsyncSandboxPool": "SandboxPoolAsync",
    "SandboxPool": "SandboxPoolSync",
    "SandboxPoolManagerSync": "SandboxPoolManager",
}


def names_for_type_checkers() -> dict[str, str]:
    """Name -> module, as the block that only type checkers read has it."""
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    return {
        alias.name: str(node.module)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_type_checkers_and_programs_see_the_same_names() -> None:
    homes = {name: home for home, names in opensandbox._HOMES.items() for name in names}
    assert homes == names_for_type_checkers()
    assert sorted(homes) == sorted(opensandbox.__all__)


@pytest.mark.parametrize("name", opensandbox.__all__)
def test_each_name_is_there(name: str) -> None:
    assert getattr(opensandbox, name).__name__ == ALIASES.get(name, name)
    assert name in dir(opensandbox)


def test_every_exception_is_at_the_root() -> None:
    public = {
        name
        for name, value in vars(exceptions).items()
        if isinstance(value, type) and issubclass(value, Exception) and not name.startswith("_")
    }
    assert public <= set(opensandbox.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Sandwich'"):
        getattr(opensandbox, "Sand" + "wich")


def test_the_short_import_paths_hold_the_same_classes() -> None:
    for path, name in [
        ("opensandbox.sandbox", "Sandbox"),
        ("opensandbox.manager", "SandboxManager"),
        ("opensandbox.config", "ConnectionConfig"),
        ("opensandbox.config", "ConnectionConfigSync"),
        ("opensandbox.config.connection", "ConnectionConfig"),
        ("opensandbox.config.connection_sync", "ConnectionConfigSync"),
        ("opensandbox.sync", "SandboxSync"),
        ("opensandbox.sync.sandbox", "SandboxSync"),
        ("opensandbox.sync.manager", "SandboxManagerSync"),
    ]:
        assert getattr(importlib.import_module(path), name) is getattr(opensandbox, name)


def test_importing_the_package_alone_loads_nothing_else() -> None:
    program = "import sys, opensandbox; print(*sorted(n for n in sys.modules if 'sandbox' in n))"
    path = [str(SOURCE.parent.parent)]
    run = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path[:0] = {path}; {program}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == ["opensandbox"]
