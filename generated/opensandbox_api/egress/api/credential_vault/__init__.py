"""The calls of this part of the API, each a module that is loaded on first use."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import create_credential_vault as create_credential_vault
    from . import delete_credential_vault as delete_credential_vault
    from . import get_credential as get_credential
    from . import get_credential_binding as get_credential_binding
    from . import get_credential_vault as get_credential_vault
    from . import list_credential_bindings as list_credential_bindings
    from . import list_credentials as list_credentials
    from . import patch_credential_vault as patch_credential_vault

__all__ = [
    "create_credential_vault",
    "delete_credential_vault",
    "get_credential",
    "get_credential_binding",
    "get_credential_vault",
    "list_credential_bindings",
    "list_credentials",
    "patch_credential_vault",
]


if not TYPE_CHECKING:  # a type checker then knows that no other name exists

    def __getattr__(name: str) -> ModuleType:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return import_module(f".{name}", __name__)


def __dir__() -> list[str]:
    return sorted(__all__)
