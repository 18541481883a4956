"""Isolated sessions on a real server: what runs in one, what it leaves, its files."""

from __future__ import annotations

import pytest

from opensandbox import Sandbox, SearchEntry, WriteEntry
from opensandbox.exceptions import SandboxApiException
from opensandbox.models.filesystem import (
    ContentReplaceEntry,
    DirectoryListEntry,
    MoveEntry,
    SetPermissionEntry,
)
from opensandbox.models.isolated import CreateIsolatedSessionRequest, IsolatedWorkspaceSpec


@pytest.fixture
async def request_(sandbox: Sandbox) -> CreateIsolatedSessionRequest:
    """What a session is to be; the case is left out where the server's daemon has none."""
    capabilities = await sandbox.isolation.capabilities()
    if not capabilities.available:
        pytest.skip(f"no isolated sessions on this server: {capabilities.message}")
    workspace = IsolatedWorkspaceSpec(path="/tmp", mode="overlay")
    return CreateIsolatedSessionRequest(profile="strict", workspace=workspace)


async def test_a_daemon_says_what_its_sessions_can_do(sandbox: Sandbox) -> None:
    capabilities = await sandbox.isolation.capabilities()
    assert capabilities.available or capabilities.message
    assert not capabilities.available or capabilities.isolator


async def test_a_session_runs_code_and_leaves_nothing(
    sandbox: Sandbox, request_: CreateIsolatedSessionRequest
) -> None:
    session = await sandbox.isolation.create(request_)
    done = await session.run("echo $NAME > /tmp/left; cat /tmp/left", envs={"NAME": "here"})
    assert (done.stdout.strip(), done.exit_code) == ("here", 0)
    assert (await sandbox.isolation.attach(session.session_id)).session_id == session.session_id
    assert (await session.get()).status == "active"
    assert session.session_id in [one.session_id for one in await sandbox.isolation.list()]
    await session.delete()
    with pytest.raises(SandboxApiException):
        await session.run("true")
    assert (await sandbox.commands.run("cat /tmp/left")).exit_code == 1


async def test_the_files_of_a_session(
    sandbox: Sandbox, request_: CreateIsolatedSessionRequest
) -> None:
    async with sandbox.isolation.session(request_) as session:
        files = session.files
        await files.create_directories([WriteEntry(path="/tmp/d", mode=755)])
        await files.write_files([WriteEntry(path="/tmp/d/a.txt", data="one")])
        await files.replace_contents(
            [ContentReplaceEntry(path="/tmp/d/a.txt", old_content="one", new_content="two")]
        )
        await files.move_files([MoveEntry(src="/tmp/d/a.txt", dest="/tmp/d/b.txt")])
        await files.set_permissions([SetPermissionEntry(path="/tmp/d/b.txt", mode=600)])
        assert await files.read_bytes("/tmp/d/b.txt") == b"two"
        info = (await files.get_file_info(["/tmp/d/b.txt"]))["/tmp/d/b.txt"]
        assert (info.size, info.mode) == (3, 600)
        found = await files.search(SearchEntry(path="/tmp/d", pattern="*.txt"))
        assert [entry.path for entry in found] == ["/tmp/d/b.txt"]
        listed = await files.list_directory(DirectoryListEntry(path="/tmp/d"))
        assert [entry.path for entry in listed] == ["/tmp/d/b.txt"]
        assert (await session.run("cat /tmp/d/b.txt")).stdout == "two"
        await files.delete_files(["/tmp/d/b.txt"])
        await files.delete_directories(["/tmp/d"])
        assert (await session.run("ls /tmp/d")).exit_code != 0
    assert (await sandbox.commands.run("ls /tmp/d")).exit_code != 0


async def test_a_background_run_is_watched(
    sandbox: Sandbox, request_: CreateIsolatedSessionRequest
) -> None:
    async with sandbox.isolation.session(request_) as session:
        run = await session.run_background("echo begun; exit 3")
        while (status := await session.run_status(run.run_id)).running:
            pass
        assert status.exit_code == 3
        assert (await session.run_logs(run.run_id)).text == "begun\n"
