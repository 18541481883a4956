from __future__ import annotations

import httpx
import pytest

from opensandbox._async.config import ConnectionConfig
from opensandbox._async.health import Health
from opensandbox._async.http import Service
from opensandbox._async.metrics import Metrics
from opensandbox.exceptions import SandboxApiException
from opensandbox.transport.retry import RetryPolicy


def service(answer: httpx.Response) -> Service:
    def handler(request: httpx.Request) -> httpx.Response:
        return answer if request.url.path in ("/metrics", "/ping") else httpx.Response(404)

    config = ConnectionConfig(
        transport=httpx.MockTransport(handler), retry_policy=RetryPolicy.disabled()
    )
    return Service(config, "http://execd")


async def test_metrics() -> None:
    body = {
        "cpu_count": 2,
        "cpu_used_pct": 0.5,
        "mem_total_mib": 24105.5,
        "mem_used_mib": 448.25,
        "timestamp": 1795383833710,
    }
    metrics = await Metrics(service(httpx.Response(200, json=body))).get_metrics("sb-1")
    assert (metrics.cpu_count, metrics.cpu_used_percentage) == (2, 0.5)
    assert (metrics.memory_total_in_mib, metrics.memory_used_in_mib) == (24105.5, 448.25)
    assert metrics.timestamp == 1795383833710


async def test_a_sign_of_life() -> None:
    assert await Health(service(httpx.Response(200))).ping("sb-1")


async def test_none_says_why() -> None:
    with pytest.raises(SandboxApiException) as problem:
        await Health(service(httpx.Response(503, json={"code": "X", "message": "not yet"}))).ping()
    assert problem.value.is_retryable
