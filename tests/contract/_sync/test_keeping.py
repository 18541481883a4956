# Written by scripts/unasync.py from tests/contract/_async/test_keeping.py. Do not edit.
"""What a real server keeps beside sandboxes, and knows of them: snapshots, policies, texts."""

from __future__ import annotations

import pytest

from opensandbox import (
    ConnectionConfigSync,
    NetworkPolicy,
    NetworkRule,
    SandboxManagerSync,
    SandboxSync,
)
from opensandbox.exceptions import SandboxApiException
from opensandbox.models.filesystem import WriteEntry
from tests.contract.conftest import Server


def test_a_snapshot_makes_sandboxes(
    sandbox: SandboxSync, config: ConnectionConfigSync, server: Server
) -> None:
    sandbox.files.write_files([WriteEntry(path="/opt/kept", data="kept")])
    with SandboxManagerSync.create(config) as manager:
        snapshot = manager.create_snapshot(sandbox.id, "a-name")
        try:
            ready = manager.wait_until_ready(snapshot.id)
            assert (ready.sandbox_id, ready.status.state) == (sandbox.id, "Ready")
            assert snapshot.id in [one.id for one in manager.list_all_snapshots()]
            with SandboxSync.temporary(
                snapshot_id=snapshot.id,
                connection_config=config,
                ready_timeout=server.ready_timeout,
            ) as again:
                assert again.files.read_file("/opt/kept") == "kept"
        finally:
            manager.delete_snapshot(snapshot.id)
        with pytest.raises(SandboxApiException) as caught:
            manager.get_snapshot(snapshot.id)
    assert caught.value.status_code == 404


def test_metadata_and_the_end_are_changed(sandbox: SandboxSync) -> None:
    info = sandbox.patch_metadata({"colour": "green"})
    assert (info.metadata or {})["colour"] == "green"
    info = sandbox.patch_metadata({"colour": None})
    assert "colour" not in (info.metadata or {})
    renewed = sandbox.renew(3600)
    assert (sandbox.get_info()).expires_at == renewed.expires_at


def test_a_policy_is_read_and_changed_in_both_places(
    config: ConnectionConfigSync, server: Server
) -> None:
    allowed = NetworkRule(action="allow", target="example.com")
    policy = NetworkPolicy(default_action="deny", egress=[allowed])
    with (
        SandboxSync.temporary(
            server.image,
            connection_config=config,
            network_policy=policy,
            ready_timeout=server.ready_timeout,
        ) as sandbox,
        SandboxManagerSync.create(config) as manager,
    ):
        assert (sandbox.egress.get_policy()).egress == [allowed]
        other = NetworkRule(action="deny", target="example.org")
        sandbox.egress.patch_rules([other])
        sandbox.egress.delete_rules(["example.com"])
        assert (manager.get_egress_policy(sandbox.id)).egress == [other]
        manager.patch_egress_rules(sandbox.id, [allowed])
        manager.delete_egress_rules(sandbox.id, ["example.org"])
        assert (sandbox.egress.get_policy()).egress == [allowed]
        sandbox.replace_egress_policy(NetworkPolicy(default_action="deny"))
        assert not (sandbox.egress.get_policy()).egress


def test_a_server_says_why_a_sandbox_does_not_work(sandbox: SandboxSync) -> None:
    diagnostics = sandbox.diagnostics
    for content in (
        diagnostics.get_logs(sandbox.id, "container"),
        diagnostics.get_events(sandbox.id, "runtime"),
    ):
        assert content.sandbox_id == sandbox.id
        assert isinstance(diagnostics.read(content), str)
    assert sandbox.id in diagnostics.inspect(sandbox.id)
    assert sandbox.id in diagnostics.summarize(sandbox.id)


def test_a_server_says_what_it_is(config: ConnectionConfigSync) -> None:
    with SandboxManagerSync.create(config) as manager:
        assert manager.is_server_healthy()
        assert manager.get_server_version()
