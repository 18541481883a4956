"""A call gets a value or one of our exceptions, in time, whatever the peer does."""

from __future__ import annotations

import json
import logging

import httpx
import pytest

from opensandbox._async.config import ConnectionConfig
from opensandbox._async.http import Service, _whole_request
from opensandbox._async.streams import EventStream
from opensandbox._concurrency import async_gather, async_sleep, monotonic
from opensandbox.exceptions import (
    SandboxApiException,
    SandboxConnectionException,
    SandboxRateLimitException,
    SandboxTimeoutException,
)
from opensandbox.transport.retry import RetryPolicy
from opensandbox_api.lifecycle.api.sandboxes import delete_sandbox, get_sandbox, list_sandboxes
from opensandbox_api.lifecycle.models import Sandbox
from tests.peer import (
    Peer,
    answer,
    close,
    events,
    events_without_end,
    hang,
    head,
    raw,
    refused_address,
    reset,
    trickle,
    truncated,
)

BOX = json.dumps(
    {
        "id": "sb-1",
        "image": {"uri": "python:3.11"},
        "status": {"state": "Running"},
        "entrypoint": ["tail"],
        "createdAt": "2026-01-02T03:04:05Z",
    }
).encode()
NO_RETRIES = RetryPolicy.disabled()
INIT = b'{"type":"init","text":"c-1"}\n\n'
PING = b'{"type":"ping","text":"pong"}\n\n'
DONE = b'{"type":"execution_complete","execution_time":4}\n\n'


def server(peer: Peer, policy: RetryPolicy = NO_RETRIES) -> Service:
    """The lifecycle API of a peer."""
    return Service(ConnectionConfig(domain=peer.address, api_key="k-secret", retry_policy=policy))


async def get(service: Service, *, request_timeout: float | None = None) -> Sandbox:
    return await service.call(
        lambda client: get_sandbox.asyncio_detailed("sb-1", client=client),
        request_timeout=request_timeout,
    )


async def test_a_call_gives_the_model_in_the_answer() -> None:
    with Peer(answer(200, BOX)) as peer:
        service = server(peer)
        assert (await get(service)).id == "sb-1"
        await service.config.close()
    request = peer.requests[0]
    assert (request.method, request.target) == ("GET", "/v1/sandboxes/sb-1")
    assert request.headers["open-sandbox-api-key"] == "k-secret"
    assert request.headers["user-agent"].startswith("OpenSandbox-Python-SDK/")


async def test_calls_in_turn_use_one_connection() -> None:
    with Peer(answer(200, BOX)) as peer:
        service = server(peer)
        for _ in range(3):
            await get(service)
        await service.config.close()
    assert peer.connections == 1


async def test_the_key_goes_to_the_server_only() -> None:
    with Peer(answer(200, BOX)) as peer:
        config = ConnectionConfig(api_key="k-secret", retry_policy=NO_RETRIES)
        headers = {"X-EXECD-ACCESS-TOKEN": "t"}
        await get(Service(config, f"http://{peer.address}/proxy/44772", headers=headers))
        proxied = config.model_copy(update={"use_server_proxy": True})
        await get(Service(proxied, f"http://{peer.address}", headers=headers))
        await config.close()
        await proxied.close()
    direct, through = peer.requests
    assert direct.target == "/proxy/44772/sandboxes/sb-1"
    assert direct.headers["x-execd-access-token"] == "t"
    assert "open-sandbox-api-key" not in direct.headers
    assert through.headers["open-sandbox-api-key"] == "k-secret"


async def test_a_service_below_a_prefix_keeps_address_and_headers() -> None:
    with Peer(answer(200, BOX)) as peer:
        config = ConnectionConfig(retry_policy=NO_RETRIES)
        service = Service(config, f"http://{peer.address}/", headers={"X-T": "t"}, sandbox_id="s")
        below = service.at("/v1/filesystem/0/0/")
        await get(below)
        await config.close()
    assert below.base_url == f"http://{peer.address}/v1/filesystem/0/0"
    assert below.sandbox_id == "s"
    assert peer.requests[0].target == "/v1/filesystem/0/0/sandboxes/sb-1"
    assert peer.requests[0].headers["x-t"] == "t"


async def test_an_answer_without_a_body() -> None:
    with Peer(answer(204)) as peer:
        service = server(peer)
        await service.send(lambda client: delete_sandbox.asyncio_detailed("x", client=client))
        await service.config.close()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("body", [b"", b"{}"])
@pytest.mark.parametrize("headers", [{}, {"X-A": "1", "Host": "other"}, {"content-length": "9"}])
async def test_a_request_is_the_one_that_httpx_would_make(
    method: str, body: bytes, headers: dict[str, str]
) -> None:
    url = httpx.URL("http://box.example:81/x")
    ours = _whole_request(method, url, headers, body, {})
    theirs = httpx.Request(method, url, headers=headers, content=body)
    assert ours.content == theirs.content == body
    assert sorted(ours.headers.raw) == sorted(theirs.headers.raw)
    assert ours.headers.raw[0][0] == b"Host"


async def test_a_header_of_the_config_takes_the_place_of_ours() -> None:
    with Peer(answer(200, BOX)) as peer:
        config = ConnectionConfig(domain=peer.address, headers={"user-agent": "mine"})
        await get(Service(config))
        await config.close()
    assert [line for line in peer.requests[0].lines if line.lower().startswith("user-agent")] == [
        "user-agent: mine"
    ]


async def test_no_cookie_is_kept() -> None:
    with Peer(answer(200, BOX, headers={"Set-Cookie": "a=b; Path=/"})) as peer:
        service = server(peer)
        await get(service)
        await get(service)
        await service.config.close()
    assert "cookie" not in peer.requests[1].headers


# --- error answers ----------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422, 499, 500, 502, 503, 504, 520])
@pytest.mark.parametrize("body", [b"", b"<html><title>Oops</title></html>", b'{"code":"A::B"}'])
async def test_every_error_status_is_an_exception_with_all_that_is_known(
    status: int, body: bytes
) -> None:
    with Peer(answer(status, body, headers={"X-Request-ID": "r-7"})) as peer:
        service = server(peer)
        with pytest.raises(SandboxApiException) as caught:
            await get(service)
        await service.config.close()
    assert caught.value.status_code == status
    assert caught.value.request_id == "r-7"
    assert caught.value.response_body == body
    if body.startswith(b"{"):
        assert caught.value.error.code == "A::B"
    assert "GET /v1/sandboxes/sb-1" in str(caught.value)


@pytest.mark.parametrize("status", [404, 409, 500])
async def test_an_error_answer_is_raised_and_not_logged(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with Peer(answer(status, b'{"code":"A::B","message":"none"}')) as peer:
        service = server(peer)
        with pytest.raises(SandboxApiException):
            await get(service)
        await service.config.close()
    for record in caplog.records:
        assert record.levelno < logging.WARNING
        assert not record.name.startswith("opensandbox")
        assert record.exc_info is None


async def test_too_many_requests_says_when_to_come_back() -> None:
    with Peer(answer(429, b"{}", headers={"Retry-After": "7"})) as peer:
        service = server(peer)
        with pytest.raises(SandboxRateLimitException) as caught:
            await get(service)
        await service.config.close()
    assert caught.value.retry_after is not None
    assert caught.value.retry_after.total_seconds() == 7


async def test_an_error_whose_body_breaks_off_is_still_that_error() -> None:
    broken = head(500, {"Content-Length": "100"}) + b'{"code":"A::B","mess'
    with Peer(raw(broken)) as peer:
        service = server(peer)
        with pytest.raises(SandboxApiException) as caught:
            await get(service)
        await service.config.close()
    assert caught.value.status_code == 500


async def test_a_redirect_is_an_error_unless_it_may_be_followed() -> None:
    with Peer(answer(307, headers={"Location": "/v1/elsewhere"}), answer(200, BOX)) as peer:
        service = server(peer)
        with pytest.raises(SandboxApiException) as caught:
            await get(service)
        assert caught.value.status_code == 307
        await service.config.close()


async def test_a_redirect_to_another_host_does_not_get_the_key() -> None:
    with Peer(answer(200, BOX)) as other:
        location = f"http://{other.address}/v1/sandboxes/sb-1"
        with Peer(answer(307, headers={"Location": location})) as peer:
            config = ConnectionConfig(
                domain=peer.address, api_key="k-secret", follow_redirects=True
            )
            assert (await get(Service(config))).id == "sb-1"
            await config.close()
    assert peer.requests[0].headers["open-sandbox-api-key"] == "k-secret"
    assert "open-sandbox-api-key" not in other.requests[0].headers


# --- successes that are none ------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"<html>", b"[]", b'{"id":3}', b"null", b"\xff\xfe", b"[" * 100_000],
    ids=["empty", "cut", "a page", "a list", "a number", "null", "no text", "deep"],
)
async def test_a_success_that_cannot_be_read_is_an_error_with_its_body(body: bytes) -> None:
    with Peer(answer(200, body, headers={"X-Request-ID": "r-7"})) as peer:
        service = server(peer)
        with pytest.raises(SandboxApiException) as caught:
            await get(service)
        await service.config.close()
    assert caught.value.status_code == 200
    assert caught.value.request_id == "r-7"
    assert caught.value.response_body == body


async def test_a_body_that_breaks_off_is_a_broken_connection() -> None:
    with Peer(truncated(BOX[:20], of=len(BOX))) as peer:
        service = server(peer)
        with pytest.raises(SandboxConnectionException, match="broke"):
            await get(service)
        await service.config.close()


@pytest.mark.parametrize("headers", [{}, {"Transfer-Encoding": "chunked"}])
async def test_a_body_has_a_limit(headers: dict[str, str]) -> None:
    body = b"[" + b" " * 1000 + b"]"
    if headers:
        full = head(200, headers) + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    else:
        full = head(200, {"Content-Length": str(len(body))}) + body
    with Peer(raw(full)) as peer:
        service = server(peer)
        with pytest.raises(SandboxApiException, match="100 bytes"):
            await service.call(
                lambda client: list_sandboxes.asyncio_detailed(client=client), body_limit=100
            )
        await service.config.close()


# --- no answer --------------------------------------------------------------------------------


async def test_no_server_names_the_address_and_the_ways_to_get_one() -> None:
    address = refused_address()
    service = Service(ConnectionConfig(domain=address, retry_policy=NO_RETRIES))
    with pytest.raises(SandboxConnectionException) as caught:
        await get(service)
    message = str(caught.value)
    assert address in message
    assert "OPEN_SANDBOX_DOMAIN" in message
    assert 'domain="local"' in message
    assert caught.value.is_retryable


async def test_no_sandbox_at_its_address_names_the_sandbox() -> None:
    config = ConnectionConfig(retry_policy=NO_RETRIES)
    service = Service(config, f"http://{refused_address()}", sandbox_id="sb-1")
    with pytest.raises(SandboxConnectionException) as caught:
        await get(service)
    assert caught.value.sandbox_id == "sb-1"
    assert "OPEN_SANDBOX_DOMAIN" not in str(caught.value)


@pytest.mark.parametrize("fault", [close(), reset(), raw(b"HTTP/1.1 200 "), raw(b"nonsense\r\n")])
async def test_a_connection_that_breaks_before_the_answer(fault: object) -> None:
    with Peer(fault) as peer:  # type: ignore[arg-type]
        service = server(peer)
        with pytest.raises(SandboxConnectionException) as caught:
            await get(service)
        await service.config.close()
    assert not caught.value.is_retryable


@pytest.mark.parametrize(
    "fault",
    [
        hang(),
        trickle(head(200, {"Content-Length": "9"}), every=0.05),
        trickle(head(200, {"Content-Length": "100"}) + b" " * 100, every=0.01),
        raw(head(200, {"Content-Length": "9"}), closes=False),
    ],
    ids=["silent", "headers a byte at a time", "body a byte at a time", "no body"],
)
async def test_the_deadline_ends_a_call_however_the_peer_drags_it_out(fault: object) -> None:
    with Peer(fault) as peer:  # type: ignore[arg-type]
        service = server(peer, RetryPolicy())
        started = monotonic()
        with pytest.raises(SandboxTimeoutException) as caught:
            await get(service, request_timeout=0.3)
        took = monotonic() - started
        await service.config.close()
    assert 0.25 <= took < 5
    assert "0.3 s" in str(caught.value)
    assert "GET /v1/sandboxes/sb-1" in str(caught.value)


async def test_the_deadline_covers_the_retries() -> None:
    with Peer(answer(503)) as peer:
        service = server(peer, RetryPolicy(max_retries=50, initial_backoff=0.05))  # type: ignore[arg-type]
        with pytest.raises((SandboxTimeoutException, SandboxApiException)):
            await get(service, request_timeout=0.4)
        await service.config.close()
    assert 1 < len(peer.requests) < 20


async def test_the_config_has_the_deadline_of_calls_that_name_none() -> None:
    with Peer(hang()) as peer:
        config = ConnectionConfig(domain=peer.address, request_timeout=0.2, retry_policy=NO_RETRIES)
        with pytest.raises(SandboxTimeoutException, match=r"0\.2 s"):
            await get(Service(config))
        await config.close()


async def test_a_call_that_timed_out_leaves_no_connection() -> None:
    with Peer(hang(), answer(200, BOX)) as peer:
        service = server(peer)
        with pytest.raises(SandboxTimeoutException):
            await get(service, request_timeout=0.1)
        assert (await get(service)).id == "sb-1"
        while peer.open_connections > 1:
            await async_sleep(0.01)
        await service.config.close()


async def test_waiting_for_a_connection_is_bounded_and_says_how_many_there_are() -> None:
    with Peer(events_without_end(INIT), answer(200, BOX)) as peer:
        config = ConnectionConfig(domain=peer.address, retry_policy=NO_RETRIES)
        config = config.with_transport_if_missing(max_connections=1)
        service = Service(config)
        async with service.event_stream("POST", "/command"):
            with pytest.raises(SandboxTimeoutException, match=r"1 connections|within 0\.2 s"):
                await get(service, request_timeout=0.2)
        assert (await get(service)).id == "sb-1"
        await config.close()


# --- what the caller's own functions raise ----------------------------------------------------


async def test_a_hooks_own_error_comes_out_as_it_is() -> None:
    async def hook(response: httpx.Response) -> None:
        raise LookupError("mine")

    with Peer(answer(200, BOX)) as peer:
        config = ConnectionConfig(domain=peer.address, event_hooks={"response": [hook]})
        with pytest.raises(LookupError, match="mine"):
            await get(Service(config))
        await config.close()


# --- streams ----------------------------------------------------------------------------------


async def read_stream(service: Service, *, idle_timeout: float | None = None) -> bytes:
    async with service.stream("GET", "/x", idle_timeout=idle_timeout) as response:
        return b"".join([part async for part in response.aiter_bytes()])


async def test_a_stream_hands_out_the_body_as_it_comes() -> None:
    with Peer(answer(200, b"x" * 300_000)) as peer:
        service = server(peer)
        size = 0
        async with service.stream("GET", "/files/download", params={"path": "/a b"}) as response:
            async for part in response.aiter_bytes():
                size += len(part)
        await service.config.close()
    assert size == 300_000
    assert peer.requests[0].target == "/v1/files/download?path=%2Fa+b"


async def test_a_stream_raises_for_an_error_answer() -> None:
    with Peer(answer(404, b'{"code":"FILE_NOT_FOUND","message":"none"}')) as peer:
        service = server(peer)
        with pytest.raises(SandboxApiException, match="FILE_NOT_FOUND"):
            async with service.stream("GET", "/files/download"):
                pytest.fail("entered")
        await service.config.close()


@pytest.mark.parametrize("code", [200, 500])
async def test_leaving_a_stream_early_leaves_no_connection(code: int) -> None:
    with Peer(raw(head(code, {"Content-Length": "99999"}) + b"x" * 100, closes=False)) as peer:
        service = server(peer)
        for _ in range(3):
            try:
                async with service.stream("GET", "/x", request_timeout=0.2):
                    pass
            except (SandboxApiException, SandboxTimeoutException):
                pass
        while peer.open_connections:
            await async_sleep(0.01)
        await service.config.close()


async def test_a_stream_that_breaks_while_it_is_read_is_our_error() -> None:
    with Peer(truncated(b"x" * 10, of=100)) as peer:
        service = server(peer)
        with pytest.raises(SandboxConnectionException, match="broke"):
            await read_stream(service)
        await service.config.close()


async def test_a_stream_that_falls_silent_is_left_after_the_idle_limit() -> None:
    with Peer(raw(head(200, {"Content-Length": "100"}) + b"x", closes=False)) as peer:
        service = server(peer)
        with pytest.raises(SandboxTimeoutException, match=r"0\.2 s"):
            await read_stream(service, idle_timeout=0.2)
        await service.config.close()


async def test_a_slow_stream_outlives_the_request_timeout() -> None:
    body = head(200, {"Content-Length": "5"}) + b"x"
    with Peer(answer(200, b"hello"), raw(body)) as peer:
        service = server(peer)
        async with service.stream("GET", "/x", request_timeout=0.2) as response:
            await async_sleep(0.4)
            parts = [part async for part in response.aiter_bytes()]
        await service.config.close()
    assert b"".join(parts) == b"hello"


# --- event streams ----------------------------------------------------------------------------


async def read_events(stream: EventStream) -> list[str]:
    """The types of the events up to the terminal one, which ends the interest."""
    seen: list[str] = []
    async for frames in stream:
        seen += [frame["type"] for frame in frames]
        if "execution_complete" in seen:
            stream.leave()
            break
    return seen


async def run(service: Service) -> list[str]:
    async with service.event_stream("POST", "/command") as stream:
        return await read_events(stream)


async def test_events_come_as_they_are_sent() -> None:
    with Peer(events(INIT, PING, DONE, headers={"X-Exact": "1"})) as peer:
        service = server(peer)
        async with service.event_stream("POST", "/command", json={"command": "ls"}) as stream:
            assert stream.headers["x-exact"] == "1"
            assert await read_events(stream) == ["init", "ping", "execution_complete"]
        await service.config.close()
    assert json.loads(peer.requests[0].body) == {"command": "ls"}


async def test_a_stream_that_lingers_after_the_end_does_not_hold_up_the_caller() -> None:
    with Peer(events(INIT, DONE, lingers=1.0)) as peer:
        service = server(peer)
        started = monotonic()
        await run(service)
        assert monotonic() - started < 0.9
        await service.config.close()


async def test_a_drained_connection_is_used_again() -> None:
    with Peer(events(INIT, DONE, lingers=0.1)) as peer:
        service = server(peer)
        for _ in range(2):
            await run(service)
            await async_sleep(0.5)
        await service.config.close()
    assert peer.connections == 1


async def test_closing_the_config_ends_what_is_still_drained() -> None:
    with Peer(events(INIT, DONE, lingers=60)) as peer:
        service = server(peer)
        for _ in range(3):
            await run(service)
        started = monotonic()
        await service.config.close()
        assert monotonic() - started < 1.5
        while peer.open_connections:
            await async_sleep(0.01)


async def test_what_is_drained_is_bounded_in_number() -> None:
    with Peer(events(INIT, DONE, lingers=60)) as peer:
        service = server(peer)
        for _ in range(40):
            await run(service)
        await async_sleep(0.1)
        assert peer.open_connections <= 33
        await service.config.close()


async def test_a_stream_left_in_the_middle_is_closed() -> None:
    with Peer(events_without_end(INIT)) as peer:
        service = server(peer)
        async with service.event_stream("POST", "/command") as stream:
            assert (await anext(aiter(stream)))[0]["type"] == "init"
        while peer.open_connections:
            await async_sleep(0.01)
        await service.config.close()


async def test_events_that_break_off_are_our_error() -> None:
    with Peer(events_without_end(INIT, silent=False)) as peer:
        service = server(peer)
        with pytest.raises(SandboxConnectionException, match="broke"):
            await run(service)
        await service.config.close()


async def test_a_peer_that_pinged_and_fell_silent_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opensandbox._async.streams.PING_SILENCE", 0.2)
    with Peer(events_without_end(INIT, PING)) as peer:
        service = server(peer)
        with pytest.raises(SandboxTimeoutException, match=r"0\.2 s"):
            await run(service)
        await service.config.close()


async def test_a_peer_that_falls_silent_within_an_event_is_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("opensandbox._async.streams.PING_SILENCE", 0.2)
    with Peer(events_without_end(INIT, PING[: len(PING) // 2])) as peer:
        service = server(peer)
        with pytest.raises(SandboxTimeoutException, match=r"0\.2 s"):
            await run(service)
        await service.config.close()


async def test_what_is_no_event_stream_is_an_error_with_its_body() -> None:
    with Peer(answer(200, b"<html><title>Welcome</title></html>\n")) as peer:
        service = server(peer)
        with pytest.raises(SandboxApiException, match="Welcome"):
            await run(service)
        await service.config.close()


async def test_events_that_do_not_begin_run_into_the_limit() -> None:
    with Peer(events_without_end()) as peer:
        service = server(peer)
        with pytest.raises(SandboxTimeoutException, match=r"within 0\.2 s"):
            async with service.event_stream("POST", "/command", request_timeout=0.2) as stream:
                await read_events(stream)
        await service.config.close()


async def test_a_stream_that_has_begun_may_be_silent_for_longer_than_a_request() -> None:
    with Peer(events(INIT, lingers=0.5)) as peer:
        service = server(peer)
        async with service.event_stream("POST", "/command", request_timeout=0.2) as stream:
            assert await read_events(stream) == ["init"]
        await service.config.close()


# --- a page in place of an answer ----------------------------------------------------------------

PAGE = answer(
    200,
    b"<html><title>Sign in to the network</title></html>",
    headers={"Content-Type": "text/html; charset=utf-8", "X-Request-ID": "r-1"},
)


async def test_a_page_is_no_success_even_when_nothing_of_it_is_needed() -> None:
    with Peer(PAGE) as peer:
        service = server(peer)
        with pytest.raises(SandboxApiException, match="Sign in to the network") as caught:
            await service.send(lambda client: delete_sandbox.asyncio_detailed("s", client=client))
        assert (caught.value.status_code, caught.value.request_id) == (200, "r-1")
        assert "DELETE /v1/sandboxes/s" in str(caught.value)
        await service.config.close()


async def test_a_page_is_no_stream_of_bytes_or_events() -> None:
    with Peer(PAGE) as peer:
        service = server(peer)
        with pytest.raises(SandboxApiException, match="Sign in to the network"):
            async with service.stream("GET", "/files/download"):
                pass
        with pytest.raises(SandboxApiException, match="Sign in to the network"):
            await run(service)
        while peer.open_connections > 1:
            await async_sleep(0.01)
        await service.config.close()


async def test_a_page_that_is_a_file_is_the_file() -> None:
    headers = {"Content-Type": "text/html", "Content-Disposition": "attachment"}
    with Peer(answer(200, b"<html></html>", headers=headers)) as peer:
        service = server(peer)
        async with service.stream("GET", "/files/download") as response:
            assert await response.aread() == b"<html></html>"
        await service.config.close()


# --- side by side -----------------------------------------------------------------------------


async def test_many_calls_side_by_side() -> None:
    with Peer(answer(200, BOX, after=0.02)) as peer:
        service = server(peer)
        boxes = await async_gather(*[lambda: get(service) for _ in range(40)])
        assert {box.id for box in boxes} == {"sb-1"}
        await service.config.close()
    assert len(peer.requests) == 40
