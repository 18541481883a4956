"""scripts/surface.py: what counts as public, and how it is written down."""

from __future__ import annotations

import enum
import importlib.util
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import overload

import attrs
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def surface() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("surface", ROOT / "scripts" / "surface.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Plain:
    """With a member of each kind."""

    def __init__(self, name: str, *, size: int | None = None) -> None:
        self._name, self._size = name, size

    async def later(self, wait: timedelta = timedelta(seconds=30)) -> None:
        """Async."""

    @property
    def name(self) -> str:
        """Read only."""
        return self._name

    @classmethod
    def make(cls) -> Plain:
        """On the class."""
        return cls("made")

    @contextmanager
    def block(self) -> Iterator[int]:
        """A context manager."""
        yield 1

    @overload
    def of(self, value: int) -> int: ...
    @overload
    def of(self, value: str) -> str: ...
    def of(self, value: int | str) -> int | str:
        """Overloaded."""
        return value

    def _private(self) -> None:
        """Not shown."""

    def __enter__(self) -> Plain:
        return self


@attrs.frozen(kw_only=True)
class Value:
    """A value."""

    path: str
    handler: Callable[[str], Awaitable[None]] | None = None
    names: list[str] = attrs.field(factory=list)


class Colour(enum.Enum):
    """An enumeration."""

    RED = "red"


def test_a_class_shows_its_constructor_and_its_public_members(surface: ModuleType) -> None:
    assert list(surface.describe_class(Plain)) == [
        "class Plain",
        "  __init__(name: str, *, size: int | None = None) -> None",
        "  __enter__() -> Plain",
        "  block() -> Iterator[int]",
        "  async later(wait: timedelta = datetime.timedelta(seconds=30)) -> None",
        "  classmethod make() -> Plain",
        "  property name: str",
        "  of(value: int) -> int",
        "  of(value: str) -> str",
    ]


def test_a_value_shows_its_fields(surface: ModuleType) -> None:
    assert list(surface.describe_class(Value)) == [
        "class Value",
        "  path: str",
        "  handler: Callable[[str], Awaitable[None]] | None = None",
        "  names: list[str] = ...",
    ]


def test_an_enumeration_shows_its_members(surface: ModuleType) -> None:
    assert list(surface.describe_class(Colour)) == ["class Colour(Enum)", "  RED = 'red'"]


def test_defaults_are_the_same_in_every_run(surface: ModuleType) -> None:
    assert surface.default(frozenset({"b", "a"})) == "{'a', 'b'}"
    assert surface.default(Colour.RED) == "Colour.RED"
    assert " at 0x" not in surface.default(object())


def test_private_rooms_and_the_runtime_are_not_public(surface: ModuleType) -> None:
    modules = surface.public_modules()
    assert {"opensandbox", "opensandbox.sandbox", "opensandbox.sync.services"} <= set(modules)
    assert not [name for name in modules if "._" in name or ".local" in name or ".cli" in name]


def test_a_change_fails_the_check_and_shows_it(
    surface: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(surface, "TARGET", tmp_path / "surface.txt")
    monkeypatch.setattr(surface, "describe", lambda: "a\nb\n")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "argv", ["surface.py"])
    assert surface.main() == 0
    monkeypatch.setattr(sys, "argv", ["surface.py", "--check"])
    assert surface.main() == 0
    monkeypatch.setattr(surface, "describe", lambda: "a\nc\n")
    assert surface.main() == 1
    assert "-b\n+c\n" in capsys.readouterr().out
