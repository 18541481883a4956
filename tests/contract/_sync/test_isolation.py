# Written by scripts/unasync.py from tests/contract/_async/test_isolation.py. Do not edit.
"""Isolated sessions on a real server: what runs in one, what it leaves, its files."""

from __future__ import annotations

import pytest

from opensandbox import SandboxSync, SearchEntry, WriteEntry
from opensandbox.exceptions import SandboxApiException
from opensandbox.models.filesystem import (
    ContentReplaceEntry,
    DirectoryListEntry,
    MoveEntry,
    SetPermissionEntry,
)
from opensandbox.models.isolated import CreateIsolatedSessionRequest, IsolatedWorkspaceSpec


@pytest.fixture
def request_(sandbox: SandboxSync) -> CreateIsolatedSessionRequest:
    """What a session is to be; the case is left out where the server's daemon has none."""
    capabilities = sandbox.isolation.capabilities()
    if not capabilities.available:
        pytest.skip(f"no isolated sessions on this server: {capabilities.message}")
    workspace = IsolatedWorkspaceSpec(path="/tmp", mode="overlay")
    return CreateIsolatedSessionRequest(profile="strict", workspace=workspace)


def test_a_daemon_says_what_its_sessions_can_do(sandbox: SandboxSync) -> None:
    capabilities = sandbox.isolation.capabilities()
    assert capabilities.available or capabilities.message
    assert not capabilities.available or capabilities.isolator


def test_a_session_runs_code_and_leaves_nothing(
    sandbox: SandboxSync, request_: CreateIsolatedSessionRequest
) -> None:
    session = sandbox.isolation.create(request_)
    done = session.run("echo $NAME > /tmp/left; cat /tmp/left", envs={"NAME": "here"})
    assert (done.stdout.strip(), done.exit_code) == ("here", 0)
    assert (sandbox.isolation.attach(session.session_id)).session_id == session.session_id
    assert (session.get()).status == "active"
    assert session.session_id in [one.session_id for one in sandbox.isolation.list()]
    session.delete()
    with pytest.raises(SandboxApiException):
        session.run("true")
    assert (sandbox.commands.run("cat /tmp/left")).exit_code == 1


def test_the_files_of_a_session(
    sandbox: SandboxSync, request_: CreateIsolatedSessionRequest
) -> None:
    with sandbox.isolation.session(request_) as session:
        files = session.files
        files.create_directories([WriteEntry(path="/tmp/d", mode=755)])
        files.write_files([WriteEntry(path="/tmp/d/a.txt", data="one")])
        files.replace_contents(
            [ContentReplaceEntry(path="/tmp/d/a.txt", old_content="one", new_content="two")]
        )
        files.move_files([MoveEntry(src="/tmp/d/a.txt", dest="/tmp/d/b.txt")])
        files.set_permissions([SetPermissionEntry(path="/tmp/d/b.txt", mode=600)])
        assert files.read_bytes("/tmp/d/b.txt") == b"two"
        info = (files.get_file_info(["/tmp/d/b.txt"]))["/tmp/d/b.txt"]
        assert (info.size, info.mode) == (3, 600)
        found = files.search(SearchEntry(path="/tmp/d", pattern="*.txt"))
        assert [entry.path for entry in found] == ["/tmp/d/b.txt"]
        listed = files.list_directory(DirectoryListEntry(path="/tmp/d"))
        assert [entry.path for entry in listed] == ["/tmp/d/b.txt"]
        assert (session.run("cat /tmp/d/b.txt")).stdout == "two"
        files.delete_files(["/tmp/d/b.txt"])
        files.delete_directories(["/tmp/d"])
        assert (session.run("ls /tmp/d")).exit_code != 0
    assert (sandbox.commands.run("ls /tmp/d")).exit_code != 0


def test_a_background_run_is_watched(
    sandbox: SandboxSync, request_: CreateIsolatedSessionRequest
) -> None:
    with sandbox.isolation.session(request_) as session:
        run = session.run_background("echo begun; exit 3")
        while (status := session.run_status(run.run_id)).running:
            pass
        assert status.exit_code == 3
        assert (session.run_logs(run.run_id)).text == "begun\n"
