"""What a request gets that cannot be served: a status, a code that programs know, a sentence.

Codes are those of the OpenSandbox server on Docker, because programs compare them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from .values import JSON

INVALID_PARAMETER = "SANDBOX::INVALID_PARAMETER"
INVALID_METADATA = "SANDBOX::INVALID_METADATA_LABEL"
NOT_SUPPORTED = "SANDBOX::API_NOT_SUPPORTED"
BACKEND_FAILED = "BACKEND_CONNECTION_FAILED"


class Fault(Exception):
    """An answer of the form ``{"code", "message"}``."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def invalid(message: str, *, code: str = INVALID_PARAMETER) -> Fault:
    """A request that is well formed and asks for something that is not allowed."""
    return Fault(400, code, message)


def no_templates() -> Fault:
    """Templates are built, and this runtime builds nothing."""
    message = "This runtime has no templates: create from an image or a snapshot."
    return Fault(501, "FSB::API_NOT_SUPPORTED", message)


def no_server_pools() -> Fault:
    """Server-side pools are made of pods."""
    message = "Server-side pools need Kubernetes; the client's own pools run here too."
    return Fault(501, "KUBERNETES::POOL_NOT_SUPPORTED", message)


def no_sandbox(sandbox_id: str) -> Fault:
    """The id names no sandbox of this server."""
    return Fault(404, "DOCKER::SANDBOX_NOT_FOUND", f"There is no sandbox {sandbox_id!r}.")


def no_snapshot(snapshot_id: str) -> Fault:
    """The id names no snapshot of this server."""
    return Fault(404, "SNAPSHOT::NOT_FOUND", f"There is no snapshot {snapshot_id!r}.")


def snapshot_busy(snapshot_id: str, doing: str) -> Fault:
    """The snapshot would have to be left alone; `doing` is "made" or "used"."""
    return Fault(
        409, "SNAPSHOT::BUSY", f"Snapshot {snapshot_id} is being {doing}; delete it afterwards."
    )


def not_running(sandbox_id: str, state: str) -> Fault:
    """The sandbox would have to be running."""
    return Fault(
        409, "DOCKER::SANDBOX_NOT_RUNNING", f"Sandbox {sandbox_id} is {state}, not Running."
    )


def not_paused(sandbox_id: str, state: str) -> Fault:
    """The sandbox would have to be paused."""
    return Fault(409, "DOCKER::SANDBOX_NOT_PAUSED", f"Sandbox {sandbox_id} is {state}, not Paused.")


@frozen
class Problem:
    """One thing that is wrong with a request's form."""

    type: str
    loc: tuple[str | int, ...]
    msg: str
    input: JSON
    ctx: Mapping[str, JSON] | None = None

    def to_dict(self) -> dict[str, JSON]:
        """The form it has on the wire."""
        shown: dict[str, JSON] = {
            "type": self.type,
            "loc": list(self.loc),
            "msg": self.msg,
            "input": self.input,
        }
        if self.ctx is not None:
            shown["ctx"] = dict(self.ctx)
        return shown


class Malformed(Exception):
    """An answer of the form ``{"detail": [...]}`` with status 422."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(", ".join(problem.msg for problem in problems))
        self.problems = tuple(problems)
