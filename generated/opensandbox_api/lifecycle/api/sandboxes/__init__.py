"""The calls of this part of the API, each a module that is loaded on first use."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import create_sandbox as create_sandbox
    from . import delete_network_policy_rules as delete_network_policy_rules
    from . import delete_sandbox as delete_sandbox
    from . import get_network_policy as get_network_policy
    from . import get_sandbox as get_sandbox
    from . import get_sandbox_endpoint as get_sandbox_endpoint
    from . import list_sandboxes as list_sandboxes
    from . import patch_network_policy as patch_network_policy
    from . import patch_sandbox_metadata as patch_sandbox_metadata
    from . import pause_sandbox as pause_sandbox
    from . import renew_sandbox_expiration as renew_sandbox_expiration
    from . import replace_network_policy as replace_network_policy
    from . import resume_sandbox as resume_sandbox

__all__ = [
    "create_sandbox",
    "delete_network_policy_rules",
    "delete_sandbox",
    "get_network_policy",
    "get_sandbox",
    "get_sandbox_endpoint",
    "list_sandboxes",
    "patch_network_policy",
    "patch_sandbox_metadata",
    "pause_sandbox",
    "renew_sandbox_expiration",
    "replace_network_policy",
    "resume_sandbox",
]


if not TYPE_CHECKING:  # a type checker then knows that no other name exists

    def __getattr__(name: str) -> ModuleType:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return import_module(f".{name}", __name__)


def __dir__() -> list[str]:
    return sorted(__all__)
