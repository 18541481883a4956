"""`domain="local"` finds or starts the embedded runtime, and finds it again when it has gone."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from opensandbox._async.config import ConnectionConfig
from opensandbox._async.http import Service
from opensandbox._async.sandbox import Sandbox
from opensandbox._concurrency import async_gather, async_sleep
from opensandbox.runtime import LocalRuntime
from opensandbox_api.lifecycle.api.sandboxes import list_sandboxes

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the embedded runtime needs Linux")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state directory of the test's own; what runs there is ended with the test."""
    monkeypatch.setenv("OPEN_SANDBOX_LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("OPEN_SANDBOX_LOCAL_ISOLATION", "none")
    yield tmp_path
    try:
        pid = server_pid(tmp_path)
    except FileNotFoundError:
        return
    os.kill(pid, signal.SIGTERM)
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        return


def server_pid(state: Path) -> int:
    pid: int = json.loads((state / "server.json").read_text())["pid"]
    return pid


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def count(config: ConnectionConfig) -> int:
    service = Service(config)
    listed = await service.call(lambda client: list_sandboxes.asyncio_detailed(client=client))
    return len(listed.items)


async def test_the_first_calls_start_one_runtime(state: Path) -> None:
    config = ConnectionConfig(domain="local")
    counts = await async_gather(*[lambda: count(config) for _ in range(5)])
    assert counts == [0] * 5
    assert config.get_base_url().startswith("http://127.0.0.1:")
    other = ConnectionConfig(domain="local")
    assert await count(other) == 0
    assert other.get_base_url() == config.get_base_url()
    await config.close()
    await other.close()


async def test_the_environment_names_it_too(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPEN_SANDBOX_DOMAIN", "local")
    config = ConnectionConfig()
    assert config.is_local
    assert await count(config) == 0
    await config.close()


async def test_a_runtime_that_has_gone_is_started_again(state: Path) -> None:
    config = ConnectionConfig(domain="local")
    await count(config)
    before = config.get_base_url()
    pid = server_pid(state)
    kill(pid)
    assert await count(config) == 0
    assert server_pid(state) != pid
    assert config.get_base_url() != before
    await config.close()


async def test_a_runtime_of_ones_own_leaves_nothing_behind() -> None:
    async with LocalRuntime(isolation="none", spares=0) as runtime:
        config = ConnectionConfig(domain=runtime.domain, api_key=runtime.api_key)
        assert await count(config) == 0
        await config.close()
        directory, pid = runtime.directory, runtime.pid
        assert directory.exists()
    assert not directory.exists()
    while runs(pid):
        await async_sleep(0.01)


async def test_a_runtime_of_ones_own_whose_server_was_killed_leaves_nothing_either() -> None:
    async with LocalRuntime(isolation="none", spares=1) as runtime:
        config = ConnectionConfig(domain=runtime.domain, api_key=runtime.api_key)
        sandbox = await Sandbox.create("any:1", connection_config=config)
        told = await sandbox.commands.run("echo $PPID")
        await sandbox.close()
        await config.close()
        directory = runtime.directory
        kill(runtime.pid)
        assert runs(int(told.stdout))
    assert not directory.exists()
    for _ in range(2000):
        if not runs(int(told.stdout)):
            return
        await async_sleep(0.01)
    pytest.fail("its sandbox runs on")
