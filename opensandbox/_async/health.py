"""Whether the daemon in a sandbox answers."""

from __future__ import annotations

from opensandbox_api.execd.api.health import ping

from ..models._time import Seconds
from .http import Service


class Health:
    """Asks one sandbox for a sign of life."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def ping(
        self, sandbox_id: str | None = None, *, request_timeout: Seconds | None = None
    ) -> bool:
        """True once the daemon answers.

        `sandbox_id` makes no difference: the service belongs to one sandbox.  Raises the exception
        that says why there was no answer; `Sandbox.is_healthy()` makes a bool of that.
        """
        await self._service.send(
            lambda client: ping.asyncio_detailed(client=client), request_timeout=request_timeout
        )
        return True
