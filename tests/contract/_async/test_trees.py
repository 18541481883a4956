"""Whole directories and held commands on a real server; terminals that are left and found."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensandbox import Sandbox
from opensandbox.exceptions import SandboxApiException, SandboxConnectionException
from opensandbox.models.execd import OutputMessage


async def test_a_directory_goes_there_and_back(sandbox: Sandbox, tmp_path: Path) -> None:
    source, back = tmp_path / "source", tmp_path / "back"
    (source / "deep" / "empty").mkdir(parents=True)
    (source / "deep" / "big").write_bytes(bytes(range(256)) * 4000)
    (source / "run.sh").write_text("#!/bin/sh\necho ran\n")
    (source / "run.sh").chmod(0o755)
    up = await sandbox.files.upload(source, "/tmp/tree")
    assert (up.files, up.skipped) == (2, {})
    ran = await sandbox.commands.run(
        "cd /tmp/tree && ./run.sh && ls -d deep/empty && ln -s /etc/passwd out && mkfifo pipe"
    )
    assert ran.stdout == "ran\ndeep/empty\n"
    down = await sandbox.files.download("/tmp/tree", back)
    assert (back / "deep" / "big").read_bytes() == (source / "deep" / "big").read_bytes()
    assert (back / "deep" / "empty").is_dir()
    assert (back / "run.sh").stat().st_mode & 0o777 == 0o755
    assert set(down.skipped) == {"out", "pipe"}
    assert sorted(path.name for path in back.iterdir()) == ["deep", "run.sh"]


async def test_a_directory_that_is_there_keeps_its_mode(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"1")
    await sandbox.files.upload(tmp_path, "/tmp")
    found = await sandbox.commands.run("stat -c %a /tmp; cat /tmp/one")
    assert found.stdout == "1777\n1"


async def test_a_command_is_held_and_stopped(sandbox: Sandbox) -> None:
    async with await sandbox.commands.start("echo ready; sleep 100") as command:
        async for event in command:
            if isinstance(event, OutputMessage):
                break
        assert (await command.get_status()).running
        await command.interrupt()
        done = await command.wait(timeout=30)
    assert done.stdout == "ready\n"
    assert done.exit_code != 0


async def test_a_terminal_is_left_and_found_again(sandbox: Sandbox) -> None:
    try:
        async with sandbox.terminal(pipes=True, keep=True) as terminal:
            await terminal.write("printf abcdef\n")
            first = await terminal.read(timeout=30)
            found = terminal.session_id
    except SandboxApiException as error:
        if error.status_code == 404:
            pytest.skip("this daemon has no terminals")
        raise
    assert first == b"abcdef"
    async with sandbox.terminal(session_id=found, since=2) as terminal:
        assert await terminal.read(timeout=30) == b"cdef"
        assert terminal.offset == 6
        with pytest.raises(SandboxApiException) as taken:
            async with sandbox.terminal(session_id=found):
                pass
        assert taken.value.status_code == 409
        async with sandbox.terminal(session_id=found, takeover=True) as other:
            with pytest.raises(SandboxConnectionException, match="took it over"):
                await terminal.wait(timeout=30)
            await other.write("exit 3\n")
            assert await other.wait(timeout=30) == 3
