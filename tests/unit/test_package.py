"""The package's front door: its names are there, and knocking costs nothing."""

from __future__ import annotations

import ast
import importlib
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import opensandbox
from opensandbox import config, exceptions, models
from opensandbox.models import sandboxes

SOURCE = Path(opensandbox.__file__)
# Second names of classes, which programs use as well.
ALIASES = {
    "AsyncSandboxPool": "SandboxPoolAsync",
    "SandboxPool": "SandboxPoolSync",
    "SandboxPoolManagerSync": "SandboxPoolManager",
}


def names_for_type_checkers(source: Path = SOURCE) -> dict[str, str]:
    """Name -> module, as the block that only type checkers read has it."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
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
    homes = {name: home for home, names in models._HOMES.items() for name in names}
    assert homes == names_for_type_checkers(Path(str(models.__file__)))
    assert sorted(homes) == sorted(models.__all__)


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


def loaded_by(program: str, *, after: str = "pass") -> set[str]:
    """The modules that a program loads in a fresh process, without those there `after` another."""
    path = [str(SOURCE.parent.parent), str(SOURCE.parent.parent / "generated")]
    whole = f"import sys; sys.path[:0] = {path}; {after}; before = set(sys.modules); {program}"
    run = subprocess.run(
        [sys.executable, "-I", "-c", f"{whole}; print(*sorted(set(sys.modules) - before))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(run.stdout.split())


def test_importing_the_package_alone_loads_nothing_else() -> None:
    assert loaded_by("import opensandbox", after="import importlib, __future__") == {"opensandbox"}


def test_the_names_of_a_first_program_load_little() -> None:
    """What a call needs comes with the first call; what it all stands on is httpx."""
    program = (
        "from opensandbox import Sandbox, SandboxSync, SandboxManager, SandboxManagerSync;"
        "from opensandbox.config import ConnectionConfig, ConnectionConfigSync"
    )
    loaded = loaded_by(program, after="import httpx")
    assert {"opensandbox._async.sandbox", "opensandbox._sync.sandbox", "attrs"} <= loaded
    for name in ("opensandbox_api", "httpcore", "h11", "websockets", "asyncio", "dateutil"):
        assert name not in loaded
    for name in ("redis", "opentelemetry", "aiohttp", "pydantic"):  # installed where tests run
        assert name not in loaded
    for name in ("models.sandboxes", "models.execd", "_wire.sse", "_async.files", "_async.http"):
        assert f"opensandbox.{name}" not in loaded
    assert len(loaded) < 100


def test_the_blocking_half_loads_nothing_of_the_other() -> None:
    program = (
        "from opensandbox import SandboxSync, SandboxManagerSync;"
        "from opensandbox.config import ConnectionConfigSync;"
        "import opensandbox._sync.lifecycle, opensandbox._sync.commands, opensandbox._sync.files"
    )
    loaded = loaded_by(program)
    assert "opensandbox._sync.transport" in loaded
    assert "asyncio" not in loaded
    assert not [name for name in loaded if name.startswith("opensandbox._async")]
    assert "opensandbox.models.vault" not in loaded
    assert not [name for name in loaded if name.startswith("opensandbox_api.lifecycle.models.")]


def test_what_is_loaded_later_can_be_pickled_and_listed() -> None:
    assert "Credential" in dir(sandboxes)
    assert "ConnectionConfig" in dir(config)
    assert "Credential" in dir(models)
    credential = sandboxes.Credential(name="token", source={"value": "x"})
    assert pickle.loads(pickle.dumps(credential)) == credential
    for module in (config, models, sandboxes):
        assert not hasattr(module, "Sandwich")
        assert all(hasattr(module, name) for name in module.__all__)
