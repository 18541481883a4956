# Written by scripts/unasync.py from tests/_async/test_manager.py. Do not edit.
"""A manager looks after sandboxes by their ids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from opensandbox._sync.config import ConnectionConfigSync
from opensandbox._sync.manager import SandboxManagerSync
from opensandbox.exceptions import InvalidArgumentException, SandboxApiException
from opensandbox.models.sandboxes import PaginationInfo, SandboxFilter
from opensandbox.transport.retry import RetryPolicy
from tests.peer import Exchange
from tests.sandbox_peer import SandboxPeer, info, refuses, sandbox_peer, says

LIST = "GET /v1/sandboxes"


@pytest.fixture
def peer() -> Iterator[SandboxPeer]:
    with sandbox_peer() as started:
        started.on(LIST, says(page(["s1"])))
        yield started


def config_of(peer: SandboxPeer) -> ConnectionConfigSync:
    return ConnectionConfigSync(domain=peer.address, retry_policy=RetryPolicy.disabled())


def page(ids: list[str], number: int = 1, *, more: bool = False) -> dict[str, Any]:
    return {
        "items": [info(sandbox_id=sandbox_id) for sandbox_id in ids],
        "pagination": {
            "page": number,
            "pageSize": 2,
            "totalItems": 3,
            "totalPages": 2,
            "hasNextPage": more,
        },
    }


def query(line: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(line.split(" ")[1]).query)


def test_a_page_of_sandboxes(peer: SandboxPeer) -> None:
    with config_of(peer) as config:
        manager = SandboxManagerSync.create(config)
        found = manager.list_sandbox_infos(
            states=["Running", "Paused"], metadata={"a b": "c&d"}, page=2, page_size=10
        )
    assert [entry.id for entry in found.sandbox_infos] == ["s1"]
    assert found.items == found.sandbox_infos == list(found)
    assert found.pagination == PaginationInfo(
        page=1, page_size=2, total_items=3, total_pages=2, has_next_page=False
    )
    assert query(peer.asked(LIST)[0]) == [
        ("state", "Running"),
        ("state", "Paused"),
        ("metadata", "a%20b=c%26d"),
        ("page", "2"),
        ("pageSize", "10"),
    ]


def test_a_filter_says_the_same(peer: SandboxPeer) -> None:
    with config_of(peer) as config:
        manager = SandboxManagerSync.create(config)
        manager.list_sandbox_infos(SandboxFilter(states=["Failed"], page=3))
        manager.list_sandbox_infos(SandboxFilter())
        manager.list_sandbox_infos()
    assert [query(line) for line in peer.asked(LIST)] == [
        [("state", "Failed"), ("page", "3")],
        [],
        [],
    ]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"filter": SandboxFilter(), "page": 1}, "not both"),
        ({"filter": {"page": 1}}, "filter must be a SandboxFilter"),
        ({"page": 0}, "page must be at least 1"),
        ({"page_size": -1}, "page_size must be at least 1"),
        ({"page": "1"}, "page must be a whole number"),
        ({"states": "Running"}, "states must be a list"),
        ({"metadata": {"a": 1}}, "metadata['a'] must be a string"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_sent(
    peer: SandboxPeer, options: dict[str, Any], told: str
) -> None:
    with config_of(peer) as config:
        manager = SandboxManagerSync.create(config)
        with pytest.raises(InvalidArgumentException) as caught:
            manager.list_sandbox_infos(**options)
    assert told in str(caught.value)
    assert peer.connections == 0


def test_all_pages_are_gone_through_and_each_sandbox_comes_once(peer: SandboxPeer) -> None:
    # One was made while the first page was read: s2 moved onto the next one.
    peer.on(LIST, says(page(["s1", "s2"], more=True)), says(page(["s2", "s3"], 2)))
    with config_of(peer) as config:
        manager = SandboxManagerSync.create(config)
        found = [entry.id for entry in manager.list_all(states=["Running"], page_size=2)]
    assert found == ["s1", "s2", "s3"]
    assert [query(line)[1:] for line in peer.asked(LIST)] == [
        [("page", "1"), ("pageSize", "2")],
        [("page", "2"), ("pageSize", "2")],
    ]


def test_a_server_that_always_promises_another_page_is_believed_no_longer(
    peer: SandboxPeer,
) -> None:
    peer.on(LIST, says(page(["s1"], more=True)), says(page([], 2, more=True)))
    with config_of(peer) as config:
        manager = SandboxManagerSync.create(config)
        assert len([entry for entry in manager.list_all()]) == 1
    assert len(peer.asked(LIST)) == 2


def test_one_strange_sandbox_does_not_break_a_page(peer: SandboxPeer) -> None:
    strange = info("Hibernating", platform={"os": "plan9", "arch": "mips"}, image={"uri": ""})
    strange.update(expiresAt=None, metadata=None, entrypoint=None, allocation=None)
    peer.on(LIST, says({**page(["s1"]), "items": [info(), strange]}))
    with config_of(peer) as config:
        manager = SandboxManagerSync.create(config)
        found = manager.list_sandbox_infos()
    assert [entry.status.state for entry in found] == ["Running", "Hibernating"]


def test_each_sandbox_is_looked_after_by_its_id(peer: SandboxPeer) -> None:
    with config_of(peer) as config:
        manager = SandboxManagerSync.create(config)
        assert (manager.get_sandbox_info("s1")).id == "s1"
        manager.patch_sandbox_metadata("s1", {"team": "core"})
        manager.renew_sandbox("s1", 300)
        manager.pause_sandbox("s1")
        manager.resume_sandbox("s1")
        manager.kill_sandbox("s1")
    assert peer.asked() == [
        "GET /v1/sandboxes/s1",
        "PATCH /v1/sandboxes/s1/metadata",
        "POST /v1/sandboxes/s1/renew-expiration",
        "POST /v1/sandboxes/s1/pause",
        "POST /v1/sandboxes/s1/resume",
        "DELETE /v1/sandboxes/s1",
    ]


def test_killing_an_unknown_sandbox_is_told(peer: SandboxPeer) -> None:
    with config_of(peer) as config:
        manager = SandboxManagerSync.create(config)
        with pytest.raises(SandboxApiException) as caught:
            manager.kill_sandbox("s2")
    assert caught.value.status_code == 404


def test_a_given_config_stays_open(peer: SandboxPeer) -> None:
    def look(exchange: Exchange) -> None:
        says(page([]))(exchange)

    peer.on(LIST, look)
    with config_of(peer) as config:
        with SandboxManagerSync.create(config) as manager:
            manager.list_sandbox_infos()
        assert manager.connection_config is config
        manager.list_sandbox_infos()
        assert peer.connections == 1


def test_a_refusal_is_told(peer: SandboxPeer) -> None:
    peer.on(LIST, refuses(401, "INVALID_API_KEY"))
    with config_of(peer) as config:
        manager = SandboxManagerSync.create(config)
        with pytest.raises(SandboxApiException, match="INVALID_API_KEY"):
            manager.list_sandbox_infos()
