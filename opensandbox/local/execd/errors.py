"""How the daemon says no: one exception, and what each failure of the system is called on the wire.

Codes and statuses are what clients of the execd API know; the sentences are for people.
"""

from __future__ import annotations

import errno
import os

INVALID_REQUEST = "INVALID_REQUEST_BODY"
MISSING_QUERY = "MISSING_QUERY"
RUNTIME_ERROR = "RUNTIME_ERROR"
FILE_NOT_FOUND = "FILE_NOT_FOUND"
INVALID_FILE = "INVALID_FILE"
INVALID_METADATA = "INVALID_FILE_METADATA"
CONTEXT_NOT_FOUND = "CONTEXT_NOT_FOUND"
NOT_SUPPORTED = "NOT_SUPPORTED"
UNAUTHORIZED = "UNAUTHORIZED"
NOT_READY = "NOT_READY"
BUSY = "SANDBOX_BUSY"


class Refusal(Exception):
    """An answer that is not success: `status` for HTTP, `code` for programs, a text for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def body(self) -> dict[str, str]:
        """The JSON object that every error answer is."""
        return {"code": self.code, "message": self.message}


def invalid(message: str) -> Refusal:
    """The request itself is wrong."""
    return Refusal(400, INVALID_REQUEST, message)


def exhausted(what: str) -> Refusal:
    """The sandbox has no room left for one process or thread more; later it may."""
    return Refusal(503, BUSY, f"cannot start {what}: the sandbox's limit of processes is reached")


def from_os(error: OSError, action: str) -> Refusal:
    """What an OSError during `action` ("read '/x'") is on the wire."""
    reason = error.strerror or os.strerror(error.errno or errno.EIO)
    message = f"cannot {action}: {reason.lower()}"
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return Refusal(404, FILE_NOT_FOUND, message)
    return Refusal(500, RUNTIME_ERROR, message)
