"""Why something was not done: for the egress API's callers, and for programs in the sandbox.

No message holds a credential.
"""

from __future__ import annotations


class Refusal(Exception):
    """An answer of the egress API that is not success: a status, a code, a sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def invalid(message: str) -> Refusal:
    """The request breaks a rule."""
    return Refusal(400, "EGRESS::INVALID_REQUEST", message)


def not_found(message: str) -> Refusal:
    """There is none of that name, or no vault."""
    return Refusal(404, "EGRESS::NOT_FOUND", message)


def conflict(message: str) -> Refusal:
    """Names clash."""
    return Refusal(409, "EGRESS::CONFLICT", message)


def precondition(message: str) -> Refusal:
    """The vault is not as the caller thought, or there can be none."""
    return Refusal(412, "EGRESS::PRECONDITION_FAILED", message)


class NotSent(Exception):
    """What a program in the sandbox gets instead of an answer: a status and a sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def blocked(reason: str) -> NotSent:
    """The policy says no."""
    return NotSent(403, f"Blocked by the network policy of this sandbox: {reason}.")
