from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import models
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.server_stream_event_error import ServerStreamEventError
    from ..models.server_stream_event_results import ServerStreamEventResults
    from ..models.server_stream_event_type import (
        ServerStreamEventType,
    )


@_attrs_define(kw_only=True)
class ServerStreamEvent:
    """One event of a stream. Which fields there are depends on the type."""

    type_: ServerStreamEventType | Unset = UNSET
    """What it is. Readers pass over types they do not know."""
    text: str | Unset = UNSET
    """Of `init` the id; of `stdout` and `stderr` the output; of `ping` nothing of interest."""
    execution_count: int | Unset = UNSET
    """Of `execution_count` how many runs the context has had."""
    execution_time: int | Unset = UNSET
    """Of `execution_complete` how many milliseconds it took."""
    timestamp: int | Unset = UNSET
    """When that was, in milliseconds since 1970."""
    results: ServerStreamEventResults | Unset = UNSET
    """Of `result` the value by mime type. `text/plain` may be called `text`."""
    error: ServerStreamEventError | Unset = UNSET
    """How something ended that did not end well."""
    additional_properties: dict[str, Any] = _attrs_field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fields: dict[str, Any] = dict(self.additional_properties)
        if not isinstance(self.type_, Unset):
            fields["type"] = self.type_
        if not isinstance(self.text, Unset):
            fields["text"] = self.text
        if not isinstance(self.execution_count, Unset):
            fields["execution_count"] = self.execution_count
        if not isinstance(self.execution_time, Unset):
            fields["execution_time"] = self.execution_time
        if not isinstance(self.timestamp, Unset):
            fields["timestamp"] = self.timestamp
        if not isinstance(self.results, Unset):
            fields["results"] = self.results
        if not isinstance(self.error, Unset):
            fields["error"] = self.error.to_dict()
        return fields

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        return cls(
            type_=UNSET if (value := d.pop("type", None)) is None else value,
            text=UNSET if (value := d.pop("text", None)) is None else value,
            execution_count=UNSET if (value := d.pop("execution_count", None)) is None else value,
            execution_time=UNSET if (value := d.pop("execution_time", None)) is None else value,
            timestamp=UNSET if (value := d.pop("timestamp", None)) is None else value,
            results=UNSET if (value := d.pop("results", None)) is None else dict(value),
            error=UNSET
            if (value := d.pop("error", None)) is None
            else models.ServerStreamEventError.from_dict(value),
            additional_properties=d,
        )
