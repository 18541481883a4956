"""Turns what the generated clients parsed into the values that programs hold.

Rules:
* What the API calls optional may be absent or null: both become None.
* Unknown states, types and keys pass through.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from opensandbox_api.execd.models import (
    CommandStatusResponse,
    FileInfo,
    FileInfoByPath,
    Metrics,
    ReplaceResultByPath,
)
from opensandbox_api.types import Unset

from ..exceptions import InvalidArgumentException
from ..models.execd import CommandLogs, CommandStatus
from ..models.filesystem import ContentReplaceResult, EntryInfo
from ..models.sandboxes import SandboxMetrics

T = TypeVar("T")


def optional(value: T | Unset | None) -> T | None:
    """`value`, with what was left out as None."""
    return None if isinstance(value, Unset) else value


def command_status(status: CommandStatusResponse) -> CommandStatus:
    """What `GET /command/status/{id}` says."""
    return CommandStatus(
        id=optional(status.id),
        content=optional(status.content),
        running=optional(status.running),
        exit_code=optional(status.exit_code),
        error=optional(status.error),
        started_at=optional(status.started_at),
        finished_at=optional(status.finished_at),
    )


def command_logs(content: bytes, cursor: str | None) -> CommandLogs:
    """The output of a background command, and where to read on: None unless it is a number.

    A character of which only the first bytes are there yet is left for the next read.
    """
    following = int(cursor) if cursor and cursor.isascii() and cursor.isdigit() else None
    if following is not None:
        missing = len(content) - _whole(content)
        content = content[: len(content) - missing]
        following = max(0, following - missing)
    return CommandLogs(content=content.decode("utf-8", "replace"), cursor=following)


def _whole(content: bytes) -> int:
    """How many bytes there are up to the last whole character of UTF-8."""
    for back in range(1, min(4, len(content)) + 1):
        byte = content[-back]
        if 0xC2 <= byte <= 0xF4:  # a character of several bytes begins here
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(content) - back if length > back else len(content)
        if not 0x80 <= byte < 0xC0:
            break
    return len(content)


def entry_info(info: FileInfo) -> EntryInfo:
    """One file, directory or link."""
    return EntryInfo(
        path=info.path,
        entry_type=optional(info.type_),
        mode=info.mode,
        owner=info.owner,
        group=info.group,
        size=info.size,
        modified_at=info.modified_at,
        created_at=info.created_at,
    )


def entry_infos(infos: list[FileInfo] | None) -> list[EntryInfo]:
    """A listing; execd writes an empty one as null."""
    return [entry_info(info) for info in infos or []]


def entries_by_path(infos: FileInfoByPath) -> dict[str, EntryInfo]:
    """What `GET /files/info` says, by the paths that were asked for."""
    return {path: entry_info(info) for path, info in infos.items()}


def replace_results(results: ReplaceResultByPath) -> list[ContentReplaceResult]:
    """How often each text was replaced."""
    return [
        ContentReplaceResult(path=path, replaced_count=result.replaced_count)
        for path, result in results.items()
    ]


def sandbox_metrics(metrics: Metrics) -> SandboxMetrics:
    """The load of a sandbox at one moment; servers write 2 as well as 2.0."""
    return SandboxMetrics(
        cpu_count=float(metrics.cpu_count),
        cpu_used_percentage=float(metrics.cpu_used_pct),
        memory_total_in_mib=float(metrics.mem_total_mib),
        memory_used_in_mib=float(metrics.mem_used_mib),
        timestamp=metrics.timestamp,
    )


def sandbox_metrics_frame(frame: Mapping[str, Any]) -> SandboxMetrics:
    """The same from a frame of `GET /metrics/watch`; raises KeyError and the like for others."""
    return sandbox_metrics(Metrics.from_dict(frame))


def text(content: bytes, encoding: str, path: str) -> str:
    """A file's content as text; raises InvalidArgumentException where it is none in `encoding`."""
    try:
        return content.decode(encoding)
    except (UnicodeError, LookupError) as problem:
        raise InvalidArgumentException(
            f"{path!r} is no text in {encoding}: {problem}; read_bytes gives it as it is", problem
        ) from problem
