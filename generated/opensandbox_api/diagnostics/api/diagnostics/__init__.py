"""The calls of this part of the API, each a module that is loaded on first use."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import get_diagnostic_events as get_diagnostic_events
    from . import get_diagnostic_logs as get_diagnostic_logs
    from . import inspect_sandbox as inspect_sandbox
    from . import summarize_sandbox as summarize_sandbox

__all__ = [
    "get_diagnostic_events",
    "get_diagnostic_logs",
    "inspect_sandbox",
    "summarize_sandbox",
]


if not TYPE_CHECKING:  # a type checker then knows that no other name exists

    def __getattr__(name: str) -> ModuleType:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return import_module(f".{name}", __name__)


def __dir__() -> list[str]:
    return sorted(__all__)
