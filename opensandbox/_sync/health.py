# Written by scripts/unasync.py from opensandbox/_async/health.py. Do not edit.
"""Whether the daemon in a sandbox answers."""

from __future__ import annotations

from opensandbox_api.execd.api.health import ping

from ..models._time import Seconds
from .http import ServiceSync


class HealthSync:
    """Asks one sandbox for a sign of life."""

    def __init__(self, service: ServiceSync) -> None:
        self._service = service

    def ping(
        self, sandbox_id: str | None = None, *, request_timeout: Seconds | None = None
    ) -> bool:
        """True once the daemon answers.

        `sandbox_id` makes no difference: the service belongs to one sandbox.  Raises the exception
        that says why there was no answer; `SandboxSync.is_healthy()` makes a bool of that.
        """
        self._service.send(
            lambda client: ping.sync_detailed(client=client), request_timeout=request_timeout
        )
        return True
