"""What the generated APIs share: absent values, answers, the client they send with, timestamps.

- A field that was not given, or that an answer leaves out, is `UNSET`, which is false.
- Anything with a matching `request` method sends: an `httpx.Client` or `httpx.AsyncClient` with a
  base URL, or an object of the caller's that also keeps deadlines and raises for error statuses.
- Timestamps are aware. One without an offset, which the APIs forbid, is taken as UTC.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

from attrs import frozen

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


class Unset:
    """The type of `UNSET`."""

    __slots__ = ()

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "UNSET"


UNSET = Unset()


class Client(Protocol):
    """What `sync_detailed` sends with."""

    def request(
        self,
        method: str,
        url: str,
        *,
        params: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        json: Any = None,
    ) -> httpx.Response: ...


class AsyncClient(Protocol):
    """What `asyncio_detailed` sends with."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        params: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        json: Any = None,
    ) -> httpx.Response: ...


@frozen
class Response(Generic[T]):
    """An answer: its status, headers and bytes, and what they mean."""

    status_code: int
    headers: httpx.Headers
    content: bytes
    parsed: T | None
    """None when the answer has no body, or is not a success."""


def parse_datetime(text: str) -> datetime.datetime:
    """The moment that an RFC 3339 timestamp names, to the microsecond.

    Raises:
        ValueError: the text is not a timestamp.
    """
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        # Ten times slower, and imported only for the few forms the standard library refuses.
        from dateutil.parser import isoparse

        moment = isoparse(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.UTC)


def format_datetime(moment: datetime.datetime) -> str:
    """An RFC 3339 timestamp in UTC. A moment without a time zone is local time."""
    return moment.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
