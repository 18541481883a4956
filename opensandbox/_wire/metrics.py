"""What a daemon says about the load of its sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opensandbox_api.execd.models import Metrics

from ..models.sandboxes import SandboxMetrics


def sandbox_metrics(metrics: Metrics) -> SandboxMetrics:
    """The load of a sandbox at one moment; servers write 2 as well as 2.0."""
    return SandboxMetrics(
        cpu_count=float(metrics.cpu_count),
        cpu_used_percentage=float(metrics.cpu_used_pct),
        memory_total_in_mib=float(metrics.mem_total_mib),
        memory_used_in_mib=float(metrics.mem_used_mib),
        timestamp=metrics.timestamp,
    )


def sandbox_metrics_frame(frame: Mapping[str, Any]) -> SandboxMetrics:
    """The same from a frame of `GET /metrics/watch`; raises KeyError and the like for others."""
    return sandbox_metrics(Metrics.from_dict(frame))
