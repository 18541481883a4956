"""The protocol without I/O: what is sent and what comes back, as bytes, mappings and values.

A module can be imported, or named as an attribute of this package: then it is loaded when it is
first used, which is for what few calls need.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import egress as egress
    from . import keeping as keeping

_LATER = ("egress", "keeping")

if not TYPE_CHECKING:  # a type checker then knows that no other name exists

    def __getattr__(name: str) -> ModuleType:
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return import_module(f"{__name__}.{name}")
