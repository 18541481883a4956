"""Both connection configs under the import path that programs use, each loaded when it is asked
for: most programs use one.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opensandbox._async.config import ConnectionConfig as ConnectionConfig
    from opensandbox._sync.config import ConnectionConfigSync as ConnectionConfigSync

_HOMES = {
    "ConnectionConfig": "opensandbox._async.config",
    "ConnectionConfigSync": "opensandbox._sync.config",
}

__all__ = ["ConnectionConfig", "ConnectionConfigSync"]


if not TYPE_CHECKING:  # for them, a misspelt name has to stay an error

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_HOMES[name]), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
