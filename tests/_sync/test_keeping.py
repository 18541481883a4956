# Written by scripts/unasync.py from tests/_async/test_keeping.py. Do not edit.
"""Snapshots, templates, pools of a server, and the server itself, by the manager."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from opensandbox._sync.config import ConnectionConfigSync
from opensandbox._sync.manager import SandboxManagerSync
from opensandbox._sync.sandbox import SandboxSync
from opensandbox.exceptions import (
    InvalidArgumentException,
    SandboxApiException,
    SandboxTimeoutException,
    SandboxUnhealthyException,
)
from opensandbox.models.sandboxes import NetworkPolicy, NetworkRule, SnapshotFilter
from opensandbox.models.server_pools import ServerPoolCapacity
from opensandbox.models.templates import CreateTemplateRequest, TemplateReadiness
from opensandbox.transport.retry import RetryPolicy
from tests.peer import answer
from tests.sandbox_peer import CREATED, SandboxPeer, info, refuses, sandbox_peer, says

SNAPSHOTS = "POST /v1/sandboxes/s1/snapshots"
CAPACITY = ServerPoolCapacity(buffer_min=1, buffer_max=2, pool_min=0, pool_max=5)


@pytest.fixture
def peer() -> Iterator[SandboxPeer]:
    with sandbox_peer() as started:
        yield started


def config_of(peer: SandboxPeer) -> ConnectionConfigSync:
    return ConnectionConfigSync(
        domain=peer.address, api_key="key-1", retry_policy=RetryPolicy.disabled()
    )


def snapshot(state: str = "Ready", snapshot_id: str = "n1", **more: Any) -> dict[str, Any]:
    return {
        "id": snapshot_id,
        "sandboxId": "s1",
        "status": {"state": state},
        "createdAt": CREATED,
        **more,
    }


def page(items: list[dict[str, Any]], *, more: bool = False) -> dict[str, Any]:
    numbers = {"page": 1, "pageSize": 2, "totalItems": 3, "totalPages": 2, "hasNextPage": more}
    return {"items": items, "pagination": numbers}


def template(phase: str = "Succeeded") -> dict[str, Any]:
    return {
        "templateId": "t1",
        "image": "python:3.11",
        "publish": "fast-python",
        "format": "something-new",
        "status": {"phase": phase, "message": None},
        "createdAt": CREATED,
        "updatedAt": CREATED,
        "metadata": None,
        "readiness": {"warmupSeconds": 3},
    }


def query(line: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(line.split(" ")[1]).query)


# --- snapshots


def test_a_sandbox_makes_a_snapshot_of_itself(peer: SandboxPeer) -> None:
    peer.on(SNAPSHOTS, says(snapshot("Creating", name="one"), 202))
    with config_of(peer) as config:
        sandbox = SandboxSync.create("python:3.11", connection_config=config)
        made = sandbox.create_snapshot("one")
    assert (made.id, made.name, made.status.state) == ("n1", "one", "Creating")
    assert made.sandbox_id == "s1"
    assert peer.body(SNAPSHOTS) == {"name": "one"}


def test_a_snapshot_without_a_name_is_asked_for_without_a_body(peer: SandboxPeer) -> None:
    peer.on(SNAPSHOTS, says(snapshot("Creating"), 202))
    with config_of(peer) as config, SandboxManagerSync.create(config) as manager:
        made = manager.create_snapshot("s1")
    assert made.name is None
    assert peer.requests[-1].body == b""


def test_a_sandbox_is_made_from_a_snapshot(peer: SandboxPeer) -> None:
    with config_of(peer) as config:
        (SandboxSync.create(snapshot_id="n1", connection_config=config)).close()
    assert peer.body("POST /v1/sandboxes")["snapshotId"] == "n1"
    assert "image" not in peer.body("POST /v1/sandboxes")


def test_snapshots_are_listed_by_filter_or_by_keywords(peer: SandboxPeer) -> None:
    peer.on("GET /v1/snapshots", says(page([snapshot("SomethingNew")])))
    with config_of(peer) as config, SandboxManagerSync.create(config) as manager:
        found = manager.list_snapshots(sandbox_id="s1", states=["Ready", "Failed"], page=2)
        manager.list_snapshots(SnapshotFilter(name="one", page_size=5))
        manager.list_snapshots()
        with pytest.raises(InvalidArgumentException, match="not both"):
            manager.list_snapshots(SnapshotFilter(), page=1)
        with pytest.raises(InvalidArgumentException, match="list of strings"):
            manager.list_snapshots(states="Ready")
    assert [one.status.state for one in found] == ["SomethingNew"]
    assert found.items == found.snapshot_infos
    assert len(found) == 1
    assert [query(line) for line in peer.asked("GET /v1/snapshots")] == [
        [("sandboxId", "s1"), ("state", "Ready"), ("state", "Failed"), ("page", "2")],
        [("name", "one"), ("pageSize", "5")],
        [],
    ]


def test_all_snapshots_come_page_after_page_and_each_once(peer: SandboxPeer) -> None:
    first = page([snapshot(), snapshot(snapshot_id="n2")], more=True)
    second = page([snapshot(snapshot_id="n2"), snapshot(snapshot_id="n3")])
    peer.on("GET /v1/snapshots", says(first), says(second))
    with config_of(peer) as config, SandboxManagerSync.create(config) as manager:
        found = [one.id for one in manager.list_all_snapshots(sandbox_id="s1")]
    assert found == ["n1", "n2", "n3"]


def test_waiting_for_a_snapshot_ends_when_it_is_ready(peer: SandboxPeer) -> None:
    peer.on("GET /v1/snapshots/n1", says(snapshot("Creating")), says(snapshot("Ready")))
    with config_of(peer) as config, SandboxManagerSync.create(config) as manager:
        ready = manager.wait_until_ready("n1", timeout=5)
    assert ready.status.state == "Ready"


def test_waiting_for_a_snapshot_that_failed_says_why(peer: SandboxPeer) -> None:
    failed = snapshot("Failed")
    failed["status"]["message"] = "the disk is full"
    peer.on("GET /v1/snapshots/n1", says(failed))
    with config_of(peer) as config, SandboxManagerSync.create(config) as manager:
        with pytest.raises(SandboxUnhealthyException, match="the disk is full"):
            manager.wait_until_ready("n1")


def test_waiting_for_a_snapshot_is_bounded(peer: SandboxPeer) -> None:
    peer.on("GET /v1/snapshots/n1", says(snapshot("Creating")))
    with config_of(peer) as config, SandboxManagerSync.create(config) as manager:
        with pytest.raises(SandboxTimeoutException, match="still Creating"):
            manager.wait_until_ready("n1", timeout=0.5, polling_interval=0.01)


def test_a_snapshot_is_deleted(peer: SandboxPeer) -> None:
    peer.on("DELETE /v1/snapshots/n1", answer(204))
    peer.on("GET /v1/snapshots/n2", refuses(404, "SNAPSHOT::NOT_FOUND"))
    with config_of(peer) as config, SandboxManagerSync.create(config) as manager:
        manager.delete_snapshot("n1")
        with pytest.raises(SandboxApiException) as refused:
            manager.get_snapshot("n2")
        with pytest.raises(InvalidArgumentException, match="snapshot_id"):
            manager.delete_snapshot("..")
    assert refused.value.status_code == 404
    assert peer.asked("DELETE .*") == ["DELETE /v1/snapshots/n1"]


# --- templates


def test_templates_are_made_read_listed_and_removed(peer: SandboxPeer) -> None:
    peer.on("POST /v1/templates", says(template("Pending"), 201))
    peer.on("GET /v1/templates/t1", says(template()))
    peer.on("GET /v1/templates", says(page([template()])))
    peer.on("DELETE /v1/templates/t1", answer(204))
    request = CreateTemplateRequest(
        image="python:3.11",
        publish="fast-python",
        resource_limits={"cpu": "2"},
        readiness=TemplateReadiness(probe="true", warmup_seconds=3),
    )
    with config_of(peer) as config, SandboxManagerSync.create(config) as manager:
        made = manager.create_template(request)
        found = manager.get_template("t1")
        listed = manager.list_templates(metadata={"a": "b"}, page_size=7)
        manager.delete_template("t1")
    assert (made.template_id, made.status.phase) == ("t1", "Pending")
    assert found.format == "something-new"
    assert found.readiness is not None
    assert found.readiness.warmup_seconds == 3
    assert [one.template_id for one in listed] == ["t1"]
    assert peer.body("POST /v1/templates") == {
        "image": "python:3.11",
        "publish": "fast-python",
        "resourceLimits": {"cpu": "2"},
        "readiness": {"probe": "true", "warmupSeconds": 3},
    }
    assert query(peer.asked("GET /v1/templates")[0]) == [("metadata", "a=b"), ("pageSize", "7")]


def test_a_sandbox_is_made_from_a_template(peer: SandboxPeer) -> None:
    with config_of(peer) as config:
        sandbox = SandboxSync.create_from_template(
            "t1",
            timeout=90.5,
            metadata={"team": "core"},
            network_policy=NetworkPolicy(egress=[NetworkRule(action="allow", target="pypi.org")]),
            connection_config=config,
        )
    assert sandbox.origin == "template"
    assert peer.body("POST /v1/sandboxes") == {
        "templateId": "t1",
        "timeout": 91,
        "metadata": {"team": "core"},
        "networkPolicy": {
            "defaultAction": "deny",
            "egress": [{"action": "allow", "target": "pypi.org"}],
        },
    }


def test_a_template_sandbox_that_cannot_be_handed_over_is_deleted(peer: SandboxPeer) -> None:
    peer.on("GET /ping", refuses(401))
    with config_of(peer) as config:
        with pytest.raises(SandboxApiException):
            SandboxSync.create_from_template("t1", timeout=60, connection_config=config)
    assert peer.asked("DELETE .*") == ["DELETE /v1/sandboxes/s1"]


# --- what a sandbox may reach, by its id


def test_the_manager_reads_and_changes_policies(peer: SandboxPeer) -> None:
    path = "/v1/sandboxes/s1/networkpolicy"
    peer.on(f"[A-Z]+ {path}", says({"policy": {"defaultAction": "log-only", "egress": None}}))
    rule = NetworkRule(action="deny", target="*.example.com")
    with config_of(peer) as config, SandboxManagerSync.create(config) as manager:
        policy = manager.get_egress_policy("s1")
        manager.replace_egress_policy("s1", NetworkPolicy(default_action="allow"))
        manager.patch_egress_rules("s1", [rule])
        manager.delete_egress_rules("s1", ["*.example.com"])
    assert str(policy.default_action) == "log-only"
    assert peer.body(f"PUT {path}") == {"defaultAction": "allow"}
    assert peer.body(f"PATCH {path}") == [{"action": "deny", "target": "*.example.com"}]
    assert peer.body(f"DELETE {path}") == ["*.example.com"]


# --- the server itself


def test_a_server_says_whether_it_works_and_what_it_is(peer: SandboxPeer) -> None:
    peer.on("GET /health", says({"status": "healthy"}))
    peer.on("GET /v1/version", says({"version": "1.2.3", "more": [1]}))
    with config_of(peer) as config, SandboxManagerSync.create(config) as manager:
        assert manager.is_server_healthy()
        assert manager.get_server_version() == "1.2.3"
        peer.on("GET /health", refuses(503))
        assert not manager.is_server_healthy()
        peer.on("GET /v1/version", says({}))
        assert manager.get_server_version() is None


def test_pools_of_a_server(peer: SandboxPeer) -> None:
    capacity = {"bufferMin": 1, "bufferMax": 2, "poolMin": 0, "poolMax": 5}
    pool = {"name": "p1", "capacitySpec": capacity, "createdAt": None}
    status = {"total": 3, "allocated": 1, "available": 2, "revision": "r"}
    peer.on("POST /v1/pools", says(pool, 201))
    peer.on("GET /v1/pools", says({"items": [{**pool, "status": status}]}))
    peer.on("(GET|PUT) /v1/pools/p1", says(pool))
    peer.on("DELETE /v1/pools/p1", answer(204))
    with config_of(peer) as config, SandboxManagerSync.create(config) as manager:
        made = manager.pools.create("p1", {"spec": {"x": 1}}, CAPACITY)
        listed = manager.pools.list_all()
        assert manager.pools.get("p1") == made
        assert manager.pools.update("p1", CAPACITY) == made
        manager.pools.delete("p1")
    assert made.capacity == CAPACITY
    assert made.status is None
    assert listed[0].status is not None
    assert listed[0].status.available == 2
    assert peer.body("POST /v1/pools") == {
        "name": "p1",
        "template": {"spec": {"x": 1}},
        "capacitySpec": capacity,
    }
    assert peer.body("PUT /v1/pools/p1") == {"capacitySpec": capacity}


def test_what_a_server_has_not_says_so(peer: SandboxPeer) -> None:
    peer.on("GET /v1/(pools|templates)", refuses(501, "NOT_SUPPORTED"))
    with config_of(peer) as config, SandboxManagerSync.create(config) as manager:
        with pytest.raises(SandboxApiException) as pools:
            manager.pools.list_all()
        with pytest.raises(SandboxApiException) as templates:
            manager.list_templates()
    assert (pools.value.status_code, templates.value.status_code) == (501, 501)
    assert pools.value.error.code == "NOT_SUPPORTED"


def test_a_capacity_that_cannot_be_is_refused() -> None:
    with pytest.raises(InvalidArgumentException, match="buffer_min"):
        ServerPoolCapacity(buffer_min=3, buffer_max=2, pool_min=0, pool_max=5)


def test_info_of_a_snapshot_sandbox_has_no_image(peer: SandboxPeer) -> None:
    peer.on("GET /v1/sandboxes/s1", says(info(image=None, snapshotId="n1")))
    with config_of(peer) as config, SandboxManagerSync.create(config) as manager:
        found = manager.get_sandbox_info("s1")
    assert (found.image, found.snapshot_id) == (None, "n1")
