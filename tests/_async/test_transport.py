"""Retries happen when they can do no harm, and requests go the way they should."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from opensandbox._async.transport import (
    DEADLINE,
    PooledTransport,
    RetryAsyncTransport,
    unwrap_retry_transport,
)
from opensandbox._concurrency import async_sleep, monotonic
from opensandbox.transport.retry import JitterMode, RetryCause, RetryEvent, RetryPolicy
from tests.peer import Peer, Step, answer, close, hang, head, raw, refused_address, reset, trickle

QUICK = RetryPolicy(initial_backoff=timedelta(0), jitter=JitterMode.NONE)


class Scripted(httpx.AsyncBaseTransport):
    """Answers or raises what it was told to, and counts."""

    def __init__(self, *outcomes: int | Exception) -> None:
        self.outcomes = list(outcomes)
        self.calls = 0
        self.closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return httpx.Response(outcome)

    async def aclose(self) -> None:
        self.closed = True


async def send(
    inner: httpx.AsyncBaseTransport,
    method: str = "GET",
    *,
    policy: RetryPolicy = QUICK,
    content: bytes | AsyncIterator[bytes] | None = None,
    deadline: float | None = None,
    url: str = "http://box.example/x",
) -> int:
    """Send one request with retries and give back the status."""
    transport = RetryAsyncTransport(inner, policy, rng=random.Random(1))
    extensions = {} if deadline is None else {DEADLINE: monotonic() + deadline}
    extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), 2.0)  # type: ignore[assignment]
    request = httpx.Request(method, url, content=content, extensions=extensions)
    response = await transport.handle_async_request(request)
    await response.aclose()
    return response.status_code


NOTHING_SENT = [httpx.ConnectError("x"), httpx.ConnectTimeout("x"), httpx.PoolTimeout("x")]
PERHAPS_SENT = [
    httpx.ReadError("x"),
    httpx.WriteError("x"),
    httpx.ReadTimeout("x"),
    httpx.WriteTimeout("x"),
    httpx.RemoteProtocolError("x"),
]


@pytest.mark.parametrize("error", NOTHING_SENT, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
async def test_any_method_goes_again_when_nothing_was_sent(error: Exception, method: str) -> None:
    inner = Scripted(error, 200)
    assert await send(inner, method) == 200
    assert inner.calls == 2


@pytest.mark.parametrize("error", PERHAPS_SENT, ids=lambda error: type(error).__name__)
async def test_after_something_was_sent_only_idempotent_methods_go_again(error: Exception) -> None:
    inner = Scripted(error, 200)
    assert await send(inner, "PUT", content=b"x") == 200
    once = Scripted(error, 200)
    with pytest.raises(type(error)):
        await send(once, "POST", content=b"x")
    assert once.calls == 1


async def pieces() -> AsyncIterator[bytes]:
    yield b"x"


async def test_a_body_that_cannot_be_sent_again_is_sent_once() -> None:
    inner = Scripted(httpx.ReadError("x"), 200)
    with pytest.raises(httpx.ReadError):
        await send(inner, "PUT", content=pieces())
    assert inner.calls == 1


@pytest.mark.parametrize("status", [429, 502, 503])
async def test_idempotent_methods_go_again_after_statuses_that_pass(status: int) -> None:
    assert await send(Scripted(status, 200), "GET") == 200
    assert await send(Scripted(status, 200), "POST") == status


@pytest.mark.parametrize("status", [200, 404, 500, 504])
async def test_other_statuses_are_the_answer(status: int) -> None:
    inner = Scripted(status, 200)
    assert await send(inner) == status
    assert inner.calls == 1


async def test_it_gives_up_after_so_many_retries() -> None:
    inner = Scripted(503)
    assert await send(inner) == 503
    assert inner.calls == 4
    failing = Scripted(httpx.ConnectError("x"))
    with pytest.raises(httpx.ConnectError):
        await send(failing)
    assert failing.calls == 4


async def test_a_wait_past_the_deadline_is_not_begun() -> None:
    slow = RetryPolicy(initial_backoff=timedelta(seconds=20), jitter=JitterMode.NONE)
    started = monotonic()
    assert await send(Scripted(503), policy=slow, deadline=5) == 503
    overall = RetryPolicy(
        initial_backoff=timedelta(seconds=20), overall_deadline=timedelta(seconds=5)
    )
    assert await send(Scripted(503), policy=overall) == 503
    assert monotonic() - started < 4


async def test_retry_after_wins_over_the_back_off() -> None:
    with Peer(answer(503, headers={"Retry-After": "0"}), answer(200)) as peer:
        slow = RetryPolicy(initial_backoff=timedelta(seconds=30), jitter=JitterMode.NONE)
        pooled = PooledTransport()
        assert await send(pooled, policy=slow, url=f"http://{peer.address}/") == 200
        await pooled.aclose()
    with Peer(answer(503, headers={"Retry-After": "50"}), answer(200)) as peer:
        pooled = PooledTransport()
        assert await send(pooled, deadline=10, url=f"http://{peer.address}/") == 503
        await pooled.aclose()


async def test_the_hook_is_told_before_each_wait() -> None:
    told: list[RetryEvent] = []
    policy = RetryPolicy(initial_backoff=timedelta(0), jitter=JitterMode.NONE, on_retry=told.append)
    await send(
        Scripted(httpx.ConnectError("no"), 503, 200),
        policy=policy,
        url="http://me:secret@box.example/x?token=secret",
    )
    first, second = told
    assert (first.attempt, first.retries_used, first.cause) == (2, 0, RetryCause.PRE_SEND)
    assert isinstance(first.exception, httpx.ConnectError)
    assert (second.attempt, second.status_code) == (3, 503)
    assert second.cause is RetryCause.STATUS_503
    assert "secret" not in first.url


async def test_closing_it_closes_the_inner_one_only_when_it_owns_that() -> None:
    for owns in (True, False):
        inner = Scripted(200)
        await RetryAsyncTransport(inner, QUICK, owns_inner=owns).aclose()
        assert inner.closed is owns


async def test_unwrapping() -> None:
    inner: httpx.AsyncBaseTransport = Scripted(200)
    wrapped: httpx.AsyncBaseTransport = RetryAsyncTransport(
        RetryAsyncTransport(inner, QUICK), QUICK
    )
    assert unwrap_retry_transport(wrapped) is inner
    assert unwrap_retry_transport(inner) is inner
    assert RetryAsyncTransport(inner, QUICK).inner is inner


# --- on real sockets --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (close(), httpx.RemoteProtocolError),
        (reset(), httpx.NetworkError),
        (raw(b"HTTP/1.1 200 "), httpx.RemoteProtocolError),
        (raw(b"nonsense\r\n\r\n"), httpx.RemoteProtocolError),
    ],
)
async def test_a_peer_that_breaks_gets_a_post_once_and_a_get_again(
    fault: Step, error: type[Exception]
) -> None:
    with Peer(fault) as peer:
        pooled = PooledTransport()
        with pytest.raises(error):
            await send(pooled, "POST", content=b"x", url=f"http://{peer.address}/")
        assert len(peer.requests) == 1
        await pooled.aclose()
    with Peer(fault, answer(200)) as peer:
        pooled = PooledTransport()
        assert await send(pooled, "GET", url=f"http://{peer.address}/") == 200
        await pooled.aclose()


async def test_a_kept_connection_that_the_peer_closed_is_not_used() -> None:
    ends = raw(head(200, {"Content-Length": "0"}))
    with Peer(ends, answer(200)) as peer:
        pooled = PooledTransport()
        url = f"http://{peer.address}/"
        assert await send(pooled, "POST", content=b"x", url=url) == 200
        while peer.open_connections:
            await async_sleep(0.01)
        assert await send(pooled, "POST", content=b"x", url=url) == 200
        await pooled.aclose()
    assert peer.connections == 2


async def test_nobody_there_is_a_connect_error() -> None:
    pooled = PooledTransport()
    with pytest.raises(httpx.ConnectError):
        await send(pooled, policy=RetryPolicy.disabled(), url=f"http://{refused_address()}/")
    await pooled.aclose()


@pytest.mark.parametrize("fault", [hang(), trickle(head(200, {}) * 9, every=0.03)])
async def test_one_attempt_has_a_limit_of_its_own(fault: Step) -> None:
    policy = RetryPolicy(
        initial_backoff=timedelta(0),
        jitter=JitterMode.NONE,
        per_attempt_timeout=timedelta(seconds=0.2),
    )
    with Peer(fault, answer(200)) as peer:
        pooled = PooledTransport()
        url = f"http://{peer.address}/"
        assert await send(pooled, "GET", policy=policy, url=url) == 200
        await pooled.aclose()
    with Peer(fault, answer(200)) as peer:
        pooled = PooledTransport()
        with pytest.raises(httpx.ReadTimeout):
            await send(pooled, "POST", policy=policy, url=f"http://{peer.address}/")
        await pooled.aclose()
    assert len(peer.requests) == 1


async def test_idle_connections_expire() -> None:
    with Peer(answer(200)) as peer:
        pooled = PooledTransport(keepalive_expiry=0.0)
        for _ in range(2):
            await send(pooled, url=f"http://{peer.address}/")
        await pooled.aclose()
    assert peer.connections == 2


# --- proxies ----------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def no_proxy_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


async def test_the_environment_names_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with Peer(answer(200)) as proxy:
        monkeypatch.setenv("http_proxy", f"http://{proxy.address}")
        pooled = PooledTransport()
        assert await send(pooled, url="http://box.example/x") == 200
        await pooled.aclose()
    assert proxy.requests[0].target == "http://box.example/x"


async def test_the_environment_names_a_proxy_for_https(monkeypatch: pytest.MonkeyPatch) -> None:
    with Peer(answer(407)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
        pooled = PooledTransport()
        with pytest.raises(httpx.ProxyError):
            await send(pooled, url="https://box.example/x")
        await pooled.aclose()
    assert (proxy.requests[0].method, proxy.requests[0].target) == ("CONNECT", "box.example:443")


@pytest.mark.parametrize("none", ["box.example", ".example", "*"])
async def test_what_no_proxy_names_goes_direct(none: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://{refused_address()}")
    monkeypatch.setenv("no_proxy", none)
    pooled = PooledTransport()
    assert pooled._proxy_for(httpx.URL("http://box.example/x")) is None
    await pooled.aclose()


async def test_this_machine_itself_is_never_reached_through_a_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", f"http://{refused_address()}")
    with Peer(answer(200)) as peer:
        pooled = PooledTransport()
        assert await send(pooled, url=f"http://{peer.address}/") == 200
        assert await send(pooled, url=f"http://localhost:{peer.port}/") == 200
        await pooled.aclose()


async def test_a_proxy_that_was_asked_for_gets_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with Peer(answer(200)) as proxy:
        pooled = PooledTransport(proxy=f"http://me:pw@{proxy.address}")
        assert await send(pooled, url="http://127.0.0.1:1/x") == 200
        await pooled.aclose()
    assert proxy.requests[0].target == "http://127.0.0.1:1/x"
    assert proxy.requests[0].headers["proxy-authorization"].startswith("Basic ")


async def test_a_proxy_that_refuses_is_not_asked_again() -> None:
    with Peer(answer(407)) as proxy:
        pooled = PooledTransport(proxy=f"http://{proxy.address}")
        with pytest.raises(httpx.ProxyError):
            await send(pooled, url="https://box.example/x")
        await pooled.aclose()
    assert len(proxy.requests) == 1
