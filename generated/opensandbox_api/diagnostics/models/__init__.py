"""The models of this API, each loaded on first use."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .diagnostic_content_response import DiagnosticContentResponse as DiagnosticContentResponse
    from .diagnostic_content_response_delivery import (
        DiagnosticContentResponseDelivery as DiagnosticContentResponseDelivery,
    )
    from .diagnostic_content_response_kind import (
        DiagnosticContentResponseKind as DiagnosticContentResponseKind,
    )
    from .error_response import ErrorResponse as ErrorResponse

_MODULES = {
    "DiagnosticContentResponse": ".diagnostic_content_response",
    "DiagnosticContentResponseDelivery": ".diagnostic_content_response_delivery",
    "DiagnosticContentResponseKind": ".diagnostic_content_response_kind",
    "ErrorResponse": ".error_response",
}

__all__ = [
    "DiagnosticContentResponse",
    "DiagnosticContentResponseDelivery",
    "DiagnosticContentResponseKind",
    "ErrorResponse",
]


if not TYPE_CHECKING:  # a type checker then knows that no other name exists

    def __getattr__(name: str) -> object:
        try:
            module = _MODULES[name]
        except KeyError:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
        value = globals()[name] = getattr(import_module(module, __name__), name)
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
