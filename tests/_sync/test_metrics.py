# Written by scripts/unasync.py from tests/_async/test_metrics.py. Do not edit.
from __future__ import annotations

import httpx
import pytest

from opensandbox._sync.config import ConnectionConfigSync
from opensandbox._sync.health import HealthSync
from opensandbox._sync.http import ServiceSync
from opensandbox._sync.metrics import MetricsSync
from opensandbox.exceptions import SandboxApiException
from opensandbox.transport.retry import RetryPolicy


def service(answer: httpx.Response) -> ServiceSync:
    def handler(request: httpx.Request) -> httpx.Response:
        return answer if request.url.path in ("/metrics", "/ping") else httpx.Response(404)

    config = ConnectionConfigSync(
        transport=httpx.MockTransport(handler), retry_policy=RetryPolicy.disabled()
    )
    return ServiceSync(config, "http://execd")


def test_metrics() -> None:
    body = {
        "cpu_count": 2,
        "cpu_used_pct": 0.5,
        "mem_total_mib": 24105.5,
        "mem_used_mib": 448.25,
        "timestamp": 1795383833710,
    }
    metrics = MetricsSync(service(httpx.Response(200, json=body))).get_metrics("sb-1")
    assert (metrics.cpu_count, metrics.cpu_used_percentage) == (2, 0.5)
    assert (metrics.memory_total_in_mib, metrics.memory_used_in_mib) == (24105.5, 448.25)
    assert metrics.timestamp == 1795383833710


def test_a_sign_of_life() -> None:
    assert HealthSync(service(httpx.Response(200))).ping("sb-1")


def test_none_says_why() -> None:
    with pytest.raises(SandboxApiException) as problem:
        HealthSync(service(httpx.Response(503, json={"code": "X", "message": "not yet"}))).ping()
    assert problem.value.is_retryable
