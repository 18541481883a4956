"""The calls of this part of the API, each a module that is loaded on first use."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import create_pool as create_pool
    from . import delete_pool as delete_pool
    from . import get_pool as get_pool
    from . import list_pools as list_pools
    from . import update_pool as update_pool

__all__ = [
    "create_pool",
    "delete_pool",
    "get_pool",
    "list_pools",
    "update_pool",
]


if not TYPE_CHECKING:  # a type checker then knows that no other name exists

    def __getattr__(name: str) -> ModuleType:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return import_module(f".{name}", __name__)


def __dir__() -> list[str]:
    return sorted(__all__)
