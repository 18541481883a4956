"""What every API of the package shares, under the name its modules use."""

from ..types import (
    UNSET,
    AsyncClient,
    Client,
    Response,
    Unset,
    format_datetime,
    parse_datetime,
)

__all__ = [
    "UNSET",
    "AsyncClient",
    "Client",
    "Response",
    "Unset",
    "format_datetime",
    "parse_datetime",
]
