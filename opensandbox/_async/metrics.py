"""The load of a sandbox."""

from __future__ import annotations

from opensandbox_api.execd.api.metric import get_metrics

from .._wire import values
from ..models._time import Seconds
from ..models.sandboxes import SandboxMetrics
from .http import Service


class Metrics:
    """Measures one sandbox."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def get_metrics(
        self, sandbox_id: str | None = None, *, request_timeout: Seconds | None = None
    ) -> SandboxMetrics:
        """Processors and memory of the sandbox, now.

        `sandbox_id` makes no difference: the service belongs to one sandbox.
        """
        return values.sandbox_metrics(
            await self._service.call(
                lambda client: get_metrics.asyncio_detailed(client=client),
                request_timeout=request_timeout,
            )
        )
