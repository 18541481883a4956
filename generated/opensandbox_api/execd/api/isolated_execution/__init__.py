"""The calls of this part of the API, each a module that is loaded on first use."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import commit_isolated_session as commit_isolated_session
    from . import create_isolated_session as create_isolated_session
    from . import delete_isolated_session as delete_isolated_session
    from . import diff_isolated_session as diff_isolated_session
    from . import get_isolated_capabilities as get_isolated_capabilities
    from . import get_isolated_run as get_isolated_run
    from . import get_isolated_session as get_isolated_session
    from . import isolated_delete_directories as isolated_delete_directories
    from . import isolated_delete_files as isolated_delete_files
    from . import isolated_get_files_info as isolated_get_files_info
    from . import isolated_list_directory as isolated_list_directory
    from . import isolated_make_directories as isolated_make_directories
    from . import isolated_move_files as isolated_move_files
    from . import isolated_replace_contents as isolated_replace_contents
    from . import isolated_search_files as isolated_search_files
    from . import isolated_set_permissions as isolated_set_permissions
    from . import list_isolated_sessions as list_isolated_sessions

__all__ = [
    "commit_isolated_session",
    "create_isolated_session",
    "delete_isolated_session",
    "diff_isolated_session",
    "get_isolated_capabilities",
    "get_isolated_run",
    "get_isolated_session",
    "isolated_delete_directories",
    "isolated_delete_files",
    "isolated_get_files_info",
    "isolated_list_directory",
    "isolated_make_directories",
    "isolated_move_files",
    "isolated_replace_contents",
    "isolated_search_files",
    "isolated_set_permissions",
    "list_isolated_sessions",
]


if not TYPE_CHECKING:  # a type checker then knows that no other name exists

    def __getattr__(name: str) -> ModuleType:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return import_module(f".{name}", __name__)


def __dir__() -> list[str]:
    return sorted(__all__)
