# Written by scripts/unasync.py from opensandbox/_async/metrics.py. Do not edit.
"""The load of a sandbox."""

from __future__ import annotations

from collections.abc import Generator

from opensandbox_api.execd.api.metric import get_metrics

from .._wire import metrics as wire
from .._wire.routes import STREAMED
from .._wire.sse import Frame
from ..exceptions import SandboxInternalException
from ..models._time import Seconds
from ..models.sandboxes import SandboxMetrics
from .http import ServiceSync

_WATCH = STREAMED["watch_metrics"]
#: How many seconds of silence mean that the daemon is gone.
_SILENCE = 15.0


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
        return wire.sandbox_metrics(
            self._service.call(
                lambda client: get_metrics.sync_detailed(client=client),
                request_timeout=request_timeout,
            )
        )

    def watch(
        self, *, request_timeout: Seconds | None = None
    ) -> Generator[SandboxMetrics, None, None]:
        """Processors and memory of the sandbox, every second or as often as the daemon says.

        It ends when the daemon ends it. Raises `SandboxTimeoutException` after 15 s of silence.

        Example::

            for metrics in sandbox.watch_metrics():
                print(metrics.memory_used_in_mib)
        """
        with self._service.event_stream(
            *_WATCH, request_timeout=request_timeout, idle_timeout=_SILENCE
        ) as stream:
            for frames in stream:
                for frame in frames:
                    if frame.get("type") == "ping":
                        continue
                    yield self._measured(frame)

    def _measured(self, frame: Frame) -> SandboxMetrics:
        try:
            return wire.sandbox_metrics_frame(frame)
        except (KeyError, TypeError, ValueError) as error:
            said = frame.get("message") or frame.get("error") or "nothing that can be read"
            raise SandboxInternalException(
                f"the daemon could not measure: it said {said}",
                cause=error,
                sandbox_id=self._service.sandbox_id,
            ) from error
