"""Pools that a server keeps: sandboxes that it has started before anybody asks for them.

Kubernetes servers have them; others answer 501. Pools that a program keeps itself are another
thing: see `opensandbox.pool`.
"""

from __future__ import annotations

from datetime import datetime

from ..exceptions import InvalidArgumentException
from ._checks import at_least
from ._model import Model, field, model


@model
class ServerPoolCapacity(Model):
    """How many sandboxes a pool keeps."""

    #: The fewest and the most that wait unused.
    buffer_min: int = field(wire="bufferMin", check=at_least(0))
    buffer_max: int = field(wire="bufferMax", check=at_least(0))
    #: The fewest and the most there are, used and unused.
    pool_min: int = field(wire="poolMin", check=at_least(0))
    pool_max: int = field(wire="poolMax", check=at_least(0))

    def __attrs_post_init__(self) -> None:
        for low, high in (("buffer_min", "buffer_max"), ("pool_min", "pool_max")):
            if getattr(self, low) > getattr(self, high):
                raise InvalidArgumentException(
                    f"ServerPoolCapacity.{low} must not be more than {high},"
                    f" got {getattr(self, low)} and {getattr(self, high)}"
                )


@model(received=True)
class ServerPoolStatus(Model):
    """How many sandboxes a pool has."""

    total: int
    #: In use.
    allocated: int
    #: Waiting.
    available: int
    #: The version of the template that they are made from.
    revision: str


@model(received=True)
class ServerPool(Model):
    """A pool of a server."""

    name: str
    capacity: ServerPoolCapacity = field(wire="capacitySpec")
    #: None when the server does not know yet.
    status: ServerPoolStatus | None = None
    created_at: datetime | None = field(default=None, wire="createdAt")


__all__ = ["ServerPool", "ServerPoolCapacity", "ServerPoolStatus"]
