"""What is known of a command that nobody watches: how it stands, and its output so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..exceptions import SandboxInternalException
from ..models.execd import CommandLogs, CommandStatus
from .received import optional

if TYPE_CHECKING:
    from opensandbox_api.execd.models import CommandStatusResponse


def command_status(status: CommandStatusResponse) -> CommandStatus:
    """What `GET /command/status/{id}` says.

    Raises SandboxInternalException when it says nothing.
    """
    if not any(optional(value) is not None for value in (status.id, status.running)):
        raise SandboxInternalException("it does not say whether the command is running")
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
