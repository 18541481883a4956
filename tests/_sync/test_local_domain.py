# Written by scripts/unasync.py from tests/_async/test_local_domain.py. Do not edit.
"""`domain="local"` finds or starts the embedded runtime, and finds it again when it has gone."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from opensandbox._concurrency import gather, sleep
from opensandbox._sync.config import ConnectionConfigSync
from opensandbox._sync.http import ServiceSync
from opensandbox._sync.sandbox import SandboxSync
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


def count(config: ConnectionConfigSync) -> int:
    service = ServiceSync(config)
    listed = service.call(lambda client: list_sandboxes.sync_detailed(client=client))
    return len(listed.items)


def test_the_first_calls_start_one_runtime(state: Path) -> None:
    config = ConnectionConfigSync(domain="local")
    counts = gather(*[lambda: count(config) for _ in range(5)])
    assert counts == [0] * 5
    assert config.get_base_url().startswith("http://127.0.0.1:")
    other = ConnectionConfigSync(domain="local")
    assert count(other) == 0
    assert other.get_base_url() == config.get_base_url()
    config.close()
    other.close()


def test_the_environment_names_it_too(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPEN_SANDBOX_DOMAIN", "local")
    config = ConnectionConfigSync()
    assert config.is_local
    assert count(config) == 0
    config.close()


def test_a_runtime_that_has_gone_is_started_again(state: Path) -> None:
    config = ConnectionConfigSync(domain="local")
    count(config)
    before = config.get_base_url()
    pid = server_pid(state)
    kill(pid)
    assert count(config) == 0
    assert server_pid(state) != pid
    assert config.get_base_url() != before
    config.close()


def test_a_runtime_of_ones_own_leaves_nothing_behind() -> None:
    with LocalRuntime(isolation="none", spares=0) as runtime:
        config = ConnectionConfigSync(domain=runtime.domain, api_key=runtime.api_key)
        assert count(config) == 0
        config.close()
        directory, pid = runtime.directory, runtime.pid
        assert directory.exists()
    assert not directory.exists()
    while runs(pid):
        sleep(0.01)


def test_a_runtime_of_ones_own_whose_server_was_killed_leaves_nothing_either() -> None:
    with LocalRuntime(isolation="none", spares=1) as runtime:
        config = ConnectionConfigSync(domain=runtime.domain, api_key=runtime.api_key)
        sandbox = SandboxSync.create("any:1", connection_config=config)
        told = sandbox.commands.run("echo $PPID")
        sandbox.close()
        config.close()
        directory = runtime.directory
        kill(runtime.pid)
        assert runs(int(told.stdout))
    assert not directory.exists()
    for _ in range(2000):
        if not runs(int(told.stdout)):
            return
        sleep(0.01)
    pytest.fail("its sandbox runs on")
