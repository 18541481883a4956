"""The calls of this part of the API, each a module that is loaded on first use."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import create_code_context as create_code_context
    from . import delete_code_context as delete_code_context
    from . import delete_code_contexts as delete_code_contexts
    from . import get_code_context as get_code_context
    from . import interrupt_code as interrupt_code
    from . import list_code_contexts as list_code_contexts

__all__ = [
    "create_code_context",
    "delete_code_context",
    "delete_code_contexts",
    "get_code_context",
    "interrupt_code",
    "list_code_contexts",
]


if not TYPE_CHECKING:  # a type checker then knows that no other name exists

    def __getattr__(name: str) -> ModuleType:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return import_module(f".{name}", __name__)


def __dir__() -> list[str]:
    return sorted(__all__)
