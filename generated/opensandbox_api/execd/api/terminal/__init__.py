"""The calls of this part of the API, each a module that is loaded on first use."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import create_terminal as create_terminal
    from . import delete_terminal as delete_terminal
    from . import get_terminal as get_terminal

__all__ = [
    "create_terminal",
    "delete_terminal",
    "get_terminal",
]


if not TYPE_CHECKING:  # a type checker then knows that no other name exists

    def __getattr__(name: str) -> ModuleType:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return import_module(f".{name}", __name__)


def __dir__() -> list[str]:
    return sorted(__all__)
