# Written by scripts/unasync.py from opensandbox/_async/metrics.py. Do not edit.
"""The load of a sandbox."""

from __future__ import annotations

from opensandbox_api.execd.api.metric import get_metrics

from .._wire import values
from ..models._time import Seconds
from ..models.sandboxes import SandboxMetrics
from .http import ServiceSync


class MetricsSync:
    """Measures one sandbox."""

    def __init__(self, service: ServiceSync) -> None:
        self._service = service

    def get_metrics(
        self, sandbox_id: str | None = None, *, request_timeout: Seconds | None = None
    ) -> SandboxMetrics:
        """Processors and memory of the sandbox, now.

        `sandbox_id` makes no difference: the service belongs to one sandbox.
        """
        return values.sandbox_metrics(
            self._service.call(
                lambda client: get_metrics.sync_detailed(client=client),
                request_timeout=request_timeout,
            )
        )
