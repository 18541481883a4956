"""The life of a sandbox on a real server: made, found, renewed, paused, killed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from opensandbox import ConnectionConfig, Sandbox, SandboxFilter, SandboxManager
from opensandbox._concurrency import async_sleep
from opensandbox.exceptions import (
    InvalidArgumentException,
    SandboxApiException,
    SandboxException,
)
from tests.contract.conftest import Server


async def test_a_sandbox_tells_about_itself(sandbox: Sandbox) -> None:
    info = await sandbox.get_info()
    assert info.id == sandbox.id
    assert info.status.state == "Running"
    assert info.entrypoint == ["tail", "-f", "/dev/null"]
    assert info.expires_at is not None
    remaining = info.expires_at - datetime.now(UTC)
    assert timedelta(seconds=300) < remaining <= timedelta(seconds=605)
    assert await sandbox.is_healthy()


async def test_metadata_is_set_patched_and_searched(
    server: Server, config: ConnectionConfig
) -> None:
    async with Sandbox.temporary(
        server.image,
        connection_config=config,
        metadata={"team": "wire", "old": "1"},
        ready_timeout=server.ready_timeout,
    ) as sandbox:
        info = await sandbox.patch_metadata({"team": "core", "old": None})
        assert info.metadata == {"team": "core"}
        async with await SandboxManager.create(config) as manager:
            page = await manager.list_sandbox_infos(
                SandboxFilter(states=["Running"], metadata={"team": "core"})
            )
            assert [item.id for item in page.sandbox_infos] == [sandbox.id]
            assert page.items == page.sandbox_infos
            assert page.pagination.total_items == 1
            none = await manager.list_sandbox_infos(SandboxFilter(metadata={"team": "wire"}))
            assert none.items == []


async def test_list_all_walks_the_pages(server: Server, config: ConnectionConfig) -> None:
    async with (
        Sandbox.temporary(server.image, connection_config=config, metadata={"m": "walk"}) as one,
        Sandbox.temporary(server.image, connection_config=config, metadata={"m": "walk"}) as two,
        await SandboxManager.create(config) as manager,
    ):
        found = [info.id async for info in manager.list_all(metadata={"m": "walk"}, page_size=1)]
        assert sorted(found) == sorted([one.id, two.id])


async def test_renew_moves_the_end(server: Server, config: ConnectionConfig) -> None:
    async with Sandbox.temporary(server.image, connection_config=config, timeout=120) as sandbox:
        renewed = await sandbox.renew(timedelta(hours=1))
        assert (await sandbox.get_info()).expires_at == renewed.expires_at
        assert renewed.expires_at - datetime.now(UTC) > timedelta(minutes=55)


async def test_no_timeout_means_no_end(server: Server, config: ConnectionConfig) -> None:
    async with Sandbox.temporary(server.image, connection_config=config, timeout=None) as sandbox:
        assert (await sandbox.get_info()).expires_at is None


async def test_pause_stops_and_resume_goes_on(server: Server, config: ConnectionConfig) -> None:
    async with Sandbox.temporary(server.image, connection_config=config) as sandbox:
        count = "sh -c 'while :; do echo x; sleep 0.05; done'"
        started = await sandbox.commands.run(count, background=True)
        assert started.id
        await sandbox.pause()
        await sandbox.wait_until("Paused", timeout=20)
        resumed = await Sandbox.resume(sandbox.id, connection_config=config)
        assert (await resumed.get_info()).status.state == "Running"
        status = await resumed.commands.get_command_status(started.id)
        assert status.running
        await resumed.pause()
        await resumed.wait_until("Paused", timeout=20)
        fresh = await resumed.resume()
        assert fresh.id == sandbox.id
        assert (await fresh.commands.run("echo alive")).text == "alive"


async def test_connect_reaches_the_same_sandbox(sandbox: Sandbox, config: ConnectionConfig) -> None:
    await sandbox.files.write_file("/tmp/mark", "here")
    again = await Sandbox.connect(sandbox.id, connection_config=config)
    assert await again.files.read_file("/tmp/mark") == "here"


async def test_kill_is_done_once_or_twice(server: Server, config: ConnectionConfig) -> None:
    sandbox = await Sandbox.create(server.image, connection_config=config)
    await sandbox.kill()
    await sandbox.kill()
    assert not await sandbox.is_healthy()
    with pytest.raises(SandboxApiException) as caught:
        await sandbox.get_info()
    assert caught.value.status_code == 404


async def test_the_manager_kills_only_what_exists(config: ConnectionConfig) -> None:
    async with await SandboxManager.create(config) as manager:
        with pytest.raises(SandboxApiException) as caught:
            await manager.kill_sandbox("00000000-0000-0000-0000-000000000000")
        assert caught.value.status_code == 404


async def test_a_temporary_sandbox_is_killed_when_its_block_fails(
    server: Server, config: ConnectionConfig
) -> None:
    with pytest.raises(RuntimeError, match="ours"):
        async with Sandbox.temporary(server.image, connection_config=config) as sandbox:
            raise RuntimeError("ours")
    with pytest.raises(SandboxApiException):
        await sandbox.get_info()


async def test_a_port_is_reached_from_outside(sandbox: Sandbox) -> None:
    started = await sandbox.commands.run(
        "mkdir -p /tmp/www; cd /tmp/www; echo hello > index.html; python3 -m http.server 8000",
        background=True,
    )
    assert started.id
    url = await sandbox.get_endpoint_url(8000)
    assert url.startswith(("http://", "https://"))
    endpoint = await sandbox.get_endpoint(8000)
    async with httpx.AsyncClient(headers=endpoint.headers, trust_env=False) as client:
        for _ in range(100):
            try:
                answer = await client.get(f"{url}/index.html")
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == 200:
                break
            await async_sleep(0.1)
        assert answer is not None
        assert answer.text == "hello\n"
    await sandbox.commands.interrupt(started.id)


async def test_metrics_are_of_the_sandbox(sandbox: Sandbox) -> None:
    metrics = await sandbox.get_metrics()
    assert metrics.cpu_count > 0
    assert 0 < metrics.memory_used_in_mib <= metrics.memory_total_in_mib


async def test_a_wrong_key_is_refused_with_the_way_out(server: Server) -> None:
    wrong = ConnectionConfig(domain=server.domain, api_key="wrong")
    with pytest.raises(SandboxApiException) as caught:
        await Sandbox.create(server.image, connection_config=wrong)
    assert caught.value.status_code == 401
    assert "OPEN_SANDBOX_API_KEY" in str(caught.value)
    await wrong.close_transport_if_owned()


async def test_no_server_names_the_address_and_the_ways_to_get_one() -> None:
    nobody = ConnectionConfig(domain="127.0.0.1:9", api_key="k")
    with pytest.raises(SandboxException, match=r"127\.0\.0\.1:9") as caught:
        await Sandbox.create("python:3.11", connection_config=nobody)
    assert "local" in str(caught.value)
    await nobody.close_transport_if_owned()


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"image": "python:3.11", "snapshot_id": "s"},
        {"image": "python:3.11", "timeout": -1},
        {"image": "python:3.11", "timeout": 5},
        {"image": "python:3.11", "metadata": {"bad key!": "x"}},
    ],
    ids=["no image", "image and snapshot", "negative", "below the minimum", "metadata key"],
)
async def test_what_is_wrong_is_said_before_anything_is_sent(arguments: dict[str, Any]) -> None:
    nobody = ConnectionConfig(domain="127.0.0.1:9", api_key="k")
    with pytest.raises(InvalidArgumentException):
        await Sandbox.create(connection_config=nobody, **arguments)
