"""What a real server keeps beside sandboxes, and knows of them: snapshots, policies, texts."""

from __future__ import annotations

import pytest

from opensandbox import ConnectionConfig, NetworkPolicy, NetworkRule, Sandbox, SandboxManager
from opensandbox.exceptions import SandboxApiException
from opensandbox.models.filesystem import WriteEntry
from tests.contract.conftest import Server


async def test_a_snapshot_makes_sandboxes(
    sandbox: Sandbox, config: ConnectionConfig, server: Server
) -> None:
    await sandbox.files.write_files([WriteEntry(path="/opt/kept", data="kept")])
    async with await SandboxManager.create(config) as manager:
        snapshot = await manager.create_snapshot(sandbox.id, "a-name")
        try:
            ready = await manager.wait_until_ready(snapshot.id)
            assert (ready.sandbox_id, ready.status.state) == (sandbox.id, "Ready")
            assert snapshot.id in [one.id async for one in manager.list_all_snapshots()]
            async with Sandbox.temporary(
                snapshot_id=snapshot.id,
                connection_config=config,
                ready_timeout=server.ready_timeout,
            ) as again:
                assert await again.files.read_file("/opt/kept") == "kept"
        finally:
            await manager.delete_snapshot(snapshot.id)
        with pytest.raises(SandboxApiException) as caught:
            await manager.get_snapshot(snapshot.id)
    assert caught.value.status_code == 404


async def test_metadata_and_the_end_are_changed(sandbox: Sandbox) -> None:
    info = await sandbox.patch_metadata({"colour": "green"})
    assert (info.metadata or {})["colour"] == "green"
    info = await sandbox.patch_metadata({"colour": None})
    assert "colour" not in (info.metadata or {})
    renewed = await sandbox.renew(3600)
    assert (await sandbox.get_info()).expires_at == renewed.expires_at


async def test_a_policy_is_read_and_changed_in_both_places(
    config: ConnectionConfig, server: Server
) -> None:
    allowed = NetworkRule(action="allow", target="example.com")
    policy = NetworkPolicy(default_action="deny", egress=[allowed])
    async with (
        Sandbox.temporary(
            server.image,
            connection_config=config,
            network_policy=policy,
            ready_timeout=server.ready_timeout,
        ) as sandbox,
        await SandboxManager.create(config) as manager,
    ):
        assert (await sandbox.egress.get_policy()).egress == [allowed]
        other = NetworkRule(action="deny", target="example.org")
        await sandbox.egress.patch_rules([other])
        await sandbox.egress.delete_rules(["example.com"])
        assert (await manager.get_egress_policy(sandbox.id)).egress == [other]
        await manager.patch_egress_rules(sandbox.id, [allowed])
        await manager.delete_egress_rules(sandbox.id, ["example.org"])
        assert (await sandbox.egress.get_policy()).egress == [allowed]
        await sandbox.replace_egress_policy(NetworkPolicy(default_action="deny"))
        assert not (await sandbox.egress.get_policy()).egress


async def test_a_server_says_why_a_sandbox_does_not_work(sandbox: Sandbox) -> None:
    diagnostics = sandbox.diagnostics
    for content in (
        await diagnostics.get_logs(sandbox.id, "container"),
        await diagnostics.get_events(sandbox.id, "runtime"),
    ):
        assert content.sandbox_id == sandbox.id
        assert isinstance(await diagnostics.read(content), str)
    assert sandbox.id in await diagnostics.inspect(sandbox.id)
    assert sandbox.id in await diagnostics.summarize(sandbox.id)


async def test_a_server_says_what_it_is(config: ConnectionConfig) -> None:
    async with await SandboxManager.create(config) as manager:
        assert await manager.is_server_healthy()
        assert await manager.get_server_version()
