"""The calls of this part of the API, each a module that is loaded on first use."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import delete_directories as delete_directories
    from . import delete_files as delete_files
    from . import get_files_info as get_files_info
    from . import list_directory as list_directory
    from . import make_directories as make_directories
    from . import move_files as move_files
    from . import replace_contents as replace_contents
    from . import search_files as search_files
    from . import set_permissions as set_permissions

__all__ = [
    "delete_directories",
    "delete_files",
    "get_files_info",
    "list_directory",
    "make_directories",
    "move_files",
    "replace_contents",
    "search_files",
    "set_permissions",
]


if not TYPE_CHECKING:  # a type checker then knows that no other name exists

    def __getattr__(name: str) -> ModuleType:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return import_module(f".{name}", __name__)


def __dir__() -> list[str]:
    return sorted(__all__)
