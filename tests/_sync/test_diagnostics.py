# Written by scripts/unasync.py from tests/_async/test_diagnostics.py. Do not edit.
"""Logs and events of a sandbox: here, or fetched from where the server says they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from opensandbox._sync.config import ConnectionConfigSync
from opensandbox._sync.manager import SandboxManagerSync
from opensandbox._sync.sandbox import SandboxSync
from opensandbox.exceptions import (
    InvalidArgumentException,
    SandboxApiException,
    SandboxConnectionException,
    SandboxInternalException,
)
from opensandbox.models.diagnostics import DiagnosticContent
from opensandbox.transport.retry import RetryPolicy
from tests.peer import Peer, answer, refused_address
from tests.sandbox_peer import CREATED, SandboxPeer, refuses, sandbox_peer, says

LOGS = "GET /v1/sandboxes/s1/diagnostics/logs"


@pytest.fixture
def peer() -> Iterator[SandboxPeer]:
    with sandbox_peer() as started:
        yield started


def config_of(peer: SandboxPeer, **more: Any) -> ConnectionConfigSync:
    return ConnectionConfigSync(
        domain=peer.address,
        api_key="key-1",
        headers={"X-Own": "private"},
        retry_policy=RetryPolicy.disabled(),
        **more,
    )


def content(**more: Any) -> dict[str, Any]:
    return {
        "sandboxId": "s1",
        "kind": "logs",
        "scope": "container",
        "delivery": "inline",
        "contentType": "text/plain; charset=utf-8",
        "truncated": False,
        **more,
    }


def test_logs_that_come_inline_are_there(peer: SandboxPeer) -> None:
    peer.on(LOGS, says(content(content="one\n", contentLength=4, warnings=["old"])))
    with config_of(peer) as config:
        sandbox = SandboxSync.create("python:3.11", connection_config=config)
        logs = sandbox.get_diagnostic_logs("container")
        assert sandbox.diagnostics.read(logs) == "one\n"
    assert (logs.content, logs.content_length, logs.warnings) == ("one\n", 4, ["old"])
    assert logs.expires_at is None
    assert peer.asked(LOGS) == [f"{LOGS}?scope=container"]


def test_events_by_the_manager_pass_unknown_words_through(peer: SandboxPeer) -> None:
    events = content(kind="stories", delivery="pigeon", content=None, contentUrl=None)
    peer.on("GET /v1/sandboxes/s1/diagnostics/events", says(events))
    with config_of(peer) as config, SandboxManagerSync.create(config) as manager:
        found = manager.get_diagnostic_events("s1", "runtime")
        with pytest.raises(InvalidArgumentException, match="neither a text nor its URL"):
            manager.diagnostics.read(found)
    assert (found.kind, found.delivery) == ("stories", "pigeon")


@pytest.mark.parametrize("use_server_proxy", [False, True])
def test_a_text_elsewhere_is_fetched_without_key_or_headers(
    peer: SandboxPeer, use_server_proxy: bool
) -> None:
    text = "gr\u00fc\u00dfe".encode("latin-1")
    headers = {"Content-Type": "text/plain; charset=latin-1"}
    with Peer(answer(200, text, headers=headers)) as elsewhere:
        url = f"http://{elsewhere.address}/bucket/logs?signature=s3cret"
        peer.on(LOGS, says(content(delivery="url", contentUrl=url, expiresAt=CREATED)))
        config = config_of(peer, use_server_proxy=use_server_proxy)
        with config, SandboxManagerSync.create(config) as manager:
            logs = manager.get_diagnostic_logs("s1", "container")
            assert logs.content is None
            assert manager.diagnostics.read(logs) == "gr\u00fc\u00dfe"
    seen = elsewhere.requests[0]
    assert seen.target == "/bucket/logs?signature=s3cret"
    assert "open-sandbox-api-key" not in seen.headers
    assert "x-own" not in seen.headers
    assert "s3cret" not in repr(logs)


def test_a_place_without_a_server_is_at_the_server(peer: SandboxPeer) -> None:
    peer.on(LOGS, says(content(delivery="url", contentUrl="/v1/texts/7")))
    peer.on("GET /v1/texts/7", answer(200, b"seven"))
    with config_of(peer) as config, SandboxManagerSync.create(config) as manager:
        logs = manager.get_diagnostic_logs("s1", "container")
        assert manager.diagnostics.read(logs) == "seven"
    assert "open-sandbox-api-key" not in peer.requests[-1].headers


def test_no_more_is_fetched_than_the_limit(peer: SandboxPeer) -> None:
    peer.on("GET /long", answer(200, b"x" * 100))
    found = DiagnosticContent.model_validate(
        content(delivery="url", contentUrl=f"http://{peer.address}/long")
    )
    with config_of(peer) as config, SandboxManagerSync.create(config) as manager:
        assert len(manager.diagnostics.read(found, limit=100)) == 100
        with pytest.raises(SandboxInternalException, match="longer than 99 bytes"):
            manager.diagnostics.read(found, limit=99)
        with pytest.raises(InvalidArgumentException, match="limit"):
            manager.diagnostics.read(found, limit=0)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x/y",
        "file:///etc/passwd",
        "http://user:pw@x/y",
        "http://[",
        "javascript:1",
        "http://ex\u2024/x",
    ],
)
def test_a_url_that_is_none_is_refused_and_not_shown(peer: SandboxPeer, url: str) -> None:
    found = DiagnosticContent.model_validate(content(delivery="url", contentUrl=url))
    with config_of(peer) as config, SandboxManagerSync.create(config) as manager:
        with pytest.raises(SandboxInternalException) as refused:
            manager.diagnostics.read(found)
    assert url not in str(refused.value)


def test_a_place_that_is_gone_or_refuses_says_so_without_its_signature(
    peer: SandboxPeer,
) -> None:
    peer.on("GET /gone", refuses(403, "EXPIRED"))
    with config_of(peer) as config, SandboxManagerSync.create(config) as manager:
        for base, kind in (
            (peer.address, SandboxApiException),
            (refused_address(), SandboxConnectionException),
        ):
            url = f"http://{base}/gone?signature=s3cret"
            found = DiagnosticContent.model_validate(content(delivery="url", contentUrl=url))
            with pytest.raises(kind) as refused:
                manager.diagnostics.read(found)
            assert "s3cret" not in str(refused.value)


def test_reports_for_people(peer: SandboxPeer) -> None:
    base = "GET /v1/sandboxes/s1/diagnostics"
    headers = {"Content-Type": "text/plain"}
    peer.on(f"{base}/inspect", answer(200, b"everything", headers=headers))
    peer.on(f"{base}/summary", answer(200, b"", headers=headers))
    with config_of(peer) as config, SandboxManagerSync.create(config) as manager:
        assert manager.diagnostics.inspect("s1") == "everything"
        assert manager.diagnostics.summarize("s1") == ""
        with pytest.raises(SandboxApiException):
            manager.diagnostics.inspect("s2")


def test_what_cannot_be_meant_is_not_sent(peer: SandboxPeer) -> None:
    with config_of(peer) as config, SandboxManagerSync.create(config) as manager:
        with pytest.raises(InvalidArgumentException, match="scope"):
            manager.get_diagnostic_logs("s1", "")
        with pytest.raises(InvalidArgumentException, match="sandbox_id"):
            manager.get_diagnostic_logs("", "container")
    assert peer.asked() == []
