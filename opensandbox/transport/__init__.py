"""When a request is sent again: `RetryPolicy`, what it is made of, and the transports that obey it.

The transports are loaded when they are first used: they belong to the colours, and bring httpx.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar, cast

from opensandbox.transport.retry import JitterMode as JitterMode
from opensandbox.transport.retry import RetryCause as RetryCause
from opensandbox.transport.retry import RetryEvent as RetryEvent
from opensandbox.transport.retry import RetryPolicy as RetryPolicy

if TYPE_CHECKING:
    from opensandbox._async.transport import RetryAsyncTransport as RetryAsyncTransport
    from opensandbox._sync.transport import RetrySyncTransport as RetrySyncTransport

_T = TypeVar("_T")
_HOMES = {
    "RetryAsyncTransport": "opensandbox._async.transport",
    "RetrySyncTransport": "opensandbox._sync.transport",
}

__all__ = [
    "JitterMode",
    "RetryAsyncTransport",
    "RetryCause",
    "RetryEvent",
    "RetryPolicy",
    "RetrySyncTransport",
    "unwrap_retry_transport",
]


def unwrap_retry_transport(transport: _T) -> _T:
    """The transport inside one that sends again, whichever its colour; any other as it is."""
    unwrapped: Any = transport
    for home in _HOMES.values():
        unwrapped = import_module(home).unwrap_retry_transport(unwrapped)
    return cast(_T, unwrapped)


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
