# Written by scripts/unasync.py from tests/_async/test_lifecycle.py. Do not edit.
"""Addresses are looked up once for all who ask, and forgotten when they may have changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from opensandbox._concurrency import gather
from opensandbox._sync.config import ConnectionConfigSync
from opensandbox._sync.lifecycle import SandboxesSync
from opensandbox.exceptions import InvalidArgumentException, SandboxApiException
from opensandbox.models.sandboxes import SandboxEndpoint
from opensandbox.transport.retry import RetryPolicy
from tests.peer import answer
from tests.sandbox_peer import SandboxPeer, refuses, sandbox_peer

ENDPOINT = r"GET /v1/sandboxes/s1/endpoints/\d+"


@pytest.fixture
def peer() -> Iterator[SandboxPeer]:
    with sandbox_peer() as started:
        yield started


def config_of(peer: SandboxPeer, **more: Any) -> ConnectionConfigSync:
    return ConnectionConfigSync(domain=peer.address, retry_policy=RetryPolicy.disabled(), **more)


def slow(peer: SandboxPeer, status: int = 200) -> None:
    body = b'{"endpoint":"h:1"}' if status == 200 else b'{"code":"C","message":"m"}'
    peer.on(ENDPOINT, answer(status, body, after=0.05))


def test_many_who_ask_at_once_share_one_look_up(peer: SandboxPeer) -> None:
    slow(peer)
    with config_of(peer) as config:
        sandboxes = SandboxesSync(config)

        def ask() -> SandboxEndpoint:
            return sandboxes.get_sandbox_endpoint("s1", 8000)

        found = gather(*[ask for _ in range(10)])
    assert {endpoint.endpoint for endpoint in found} == {"h:1"}
    assert len(peer.asked(ENDPOINT)) == 1


def test_many_who_ask_at_once_share_a_refusal_and_later_ones_do_not(
    peer: SandboxPeer,
) -> None:
    slow(peer, 404)
    with config_of(peer) as config:
        sandboxes = SandboxesSync(config)

        def ask() -> int | None:
            try:
                sandboxes.get_sandbox_endpoint("s1", 8000)
            except SandboxApiException as error:
                return error.status_code
            return None

        assert gather(*[ask for _ in range(5)]) == [404] * 5
        assert len(peer.asked(ENDPOINT)) == 1
        slow(peer)
        assert ask() is None


def test_an_address_is_remembered_for_all_of_a_config(peer: SandboxPeer) -> None:
    with config_of(peer) as config:
        SandboxesSync(config).get_sandbox_endpoint("s1", 8000)
        SandboxesSync(config).get_sandbox_endpoint("s1", 8000)
        assert len(peer.asked(ENDPOINT)) == 1
        SandboxesSync(config).get_sandbox_endpoint("s1", 8001)
        SandboxesSync(config).get_sandbox_endpoint("s1", 8000, True)
    assert len(peer.asked(ENDPOINT)) == 3


@pytest.mark.parametrize(
    "options", [{"endpoint_cache_disabled": True}, {"endpoint_cache_ttl": 0.000001}]
)
def test_an_address_can_be_asked_for_each_time(peer: SandboxPeer, options: dict[str, Any]) -> None:
    with config_of(peer, **options) as config:
        SandboxesSync(config).get_sandbox_endpoint("s1", 8000)
        SandboxesSync(config).get_sandbox_endpoint("s1", 8000)
    assert len(peer.asked(ENDPOINT)) == 2


def test_no_more_addresses_are_remembered_than_the_config_says(peer: SandboxPeer) -> None:
    with config_of(peer, endpoint_cache_size=1) as config:
        sandboxes = SandboxesSync(config)
        for port in (1, 2, 2, 1):
            sandboxes.get_sandbox_endpoint("s1", port)
    assert [line[-1] for line in peer.asked(ENDPOINT)] == ["1", "2", "1"]


def test_what_moves_a_sandbox_makes_its_addresses_forgotten(peer: SandboxPeer) -> None:
    with config_of(peer) as config:
        sandboxes = SandboxesSync(config)

        def forgotten() -> bool:
            before = len(peer.asked(ENDPOINT))
            sandboxes.get_sandbox_endpoint("s1", 8000)
            return len(peer.asked(ENDPOINT)) > before

        assert forgotten()
        assert not forgotten()
        sandboxes.pause_sandbox("s1")
        assert forgotten()
        sandboxes.resume_sandbox("s1")
        assert forgotten()
        sandboxes.kill_sandbox("s1")
        assert forgotten()
        sandboxes.invalidate_endpoint_cache("s1")
        assert forgotten()


def test_an_id_is_one_segment_of_the_path(peer: SandboxPeer) -> None:
    with config_of(peer) as config:
        with pytest.raises(SandboxApiException):
            SandboxesSync(config).get_sandbox_info("a/../b?c")
        assert peer.requests[-1].target == "/v1/sandboxes/a%2F..%2Fb%3Fc"
        for bad in ("", "..", "."):
            with pytest.raises(InvalidArgumentException, match="sandbox_id"):
                SandboxesSync(config).kill_sandbox(bad)
    assert len(peer.requests) == 1


def test_an_error_names_the_sandbox(peer: SandboxPeer) -> None:
    peer.on("DELETE /v1/sandboxes/s1", refuses(500))
    with config_of(peer) as config:
        with pytest.raises(SandboxApiException) as caught:
            SandboxesSync(config).kill_sandbox("s1")
    assert caught.value.sandbox_id == "s1"


def test_a_time_without_a_zone_is_sent_with_one(peer: SandboxPeer) -> None:
    with config_of(peer) as config:
        SandboxesSync(config).renew_sandbox_expiration("s1", datetime(2030, 1, 1))
        with pytest.raises(InvalidArgumentException, match="must be a datetime"):
            SandboxesSync(config).renew_sandbox_expiration("s1", 5)  # type: ignore[arg-type]
    sent = datetime.fromisoformat(peer.body("POST .*/renew-expiration")["expiresAt"])
    assert sent == datetime(2030, 1, 1).astimezone()
