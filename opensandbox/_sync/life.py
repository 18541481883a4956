# Written by scripts/unasync.py from opensandbox/_async/life.py. Do not edit.
"""Whether the sandbox that a service belongs to is still there, for when it does not answer.

Rules:

* What this program ended itself is known without asking.
* The server is asked once, for a short time; one that does not answer has said nothing.
"""

from __future__ import annotations

from ..exceptions import SandboxApiException, SandboxException, SandboxUnhealthyException
from ..models.sandboxes import SandboxState
from .lifecycle import SandboxesSync

#: How many seconds the server has to say whether a sandbox exists.
_ASKING_LIMIT = 5.0


class LifeSync:
    """What is known of one sandbox's life."""

    def __init__(self, sandboxes: SandboxesSync, sandbox_id: str) -> None:
        self._sandboxes = sandboxes
        self._id = sandbox_id
        self._killed = False

    def end(self) -> None:
        """It was killed here."""
        self._killed = True

    def check(self) -> None:
        """Raise `SandboxUnhealthyException` when it was killed here."""
        if self._killed:
            raise SandboxUnhealthyException(
                f"Sandbox {self._id} was killed by this program: nothing can be asked of it",
                sandbox_id=self._id,
            )

    def is_paused(self) -> bool | None:
        """Whether the server says that it is paused, or about to be; None when it says nothing."""
        try:
            info = self._sandboxes.once().get_sandbox_info(self._id, request_timeout=_ASKING_LIMIT)
        except SandboxException:
            return None
        return info.status.state in (SandboxState.PAUSED, SandboxState.PAUSING)

    def look(self) -> None:
        """Raise `SandboxUnhealthyException` when the server knows that it has ended."""
        try:
            info = self._sandboxes.once().get_sandbox_info(self._id, request_timeout=_ASKING_LIMIT)
        except SandboxApiException as error:
            if error.status_code == 404:
                raise SandboxUnhealthyException(
                    f"Sandbox {self._id} is gone: it has ended or expired",
                    cause=error,
                    sandbox_id=self._id,
                ) from error
        except SandboxException:
            return
        else:
            status = info.status
            if status.state in (SandboxState.FAILED, SandboxState.TERMINATED):
                raise SandboxUnhealthyException(
                    f"Sandbox {self._id} is {status.state}"
                    + (f": {status.message}" if status.message else ""),
                    sandbox_id=self._id,
                )
