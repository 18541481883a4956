"""A blocking program as users write it; read by pyright and mypy, never run."""

from __future__ import annotations

from datetime import timedelta

from opensandbox import (
    ConnectionConfigSync,
    ExecutionHandlersSync,
    RunCommandOpts,
    SandboxFilter,
    SandboxManagerSync,
    SandboxSync,
    WriteEntry,
)
from opensandbox.models.execd import Execution, OutputMessage
from opensandbox.models.sandboxes import SandboxInfo
from opensandbox.sync.services import CommandsSync, FilesystemSync


def on_stdout(message: OutputMessage) -> None:
    """What it prints."""
    print(message.text)


def quickstart(config: ConnectionConfigSync) -> int | None:
    """Create, write, run, look, kill."""
    sandbox = SandboxSync.create(
        "python:3.11", connection_config=config, timeout=timedelta(minutes=5), env={"A": "b"}
    )
    with sandbox:
        sandbox.files.write_files([WriteEntry(path="/tmp/a", data="x", mode=644)])
        execution = sandbox.commands.run(
            "cat /tmp/a",
            opts=RunCommandOpts(timeout=timedelta(seconds=5)),
            handlers=ExecutionHandlersSync(on_stdout=on_stdout),
        )
        info = sandbox.get_info()
        print(info.status.state, info.created_at.isoformat(), execution.logs.stdout[0].text)
        sandbox.kill()
    return execution.exit_code


def keywords(config: ConnectionConfigSync) -> str:
    """The plain keywords, and seconds as numbers."""
    with SandboxSync.temporary("python:3.11", connection_config=config) as sandbox:
        execution: Execution = sandbox.commands.run(
            ["ls", "-l"], working_directory="/", timeout=2.5, envs={}, on_stdout=on_stdout
        )
        execution.check()
        url: str = sandbox.get_endpoint_url(8000)
        return execution.stdout + url


def files(sandbox: SandboxSync) -> bytes:
    """Reading, as a whole and in parts."""
    room: FilesystemSync = sandbox.files
    commands: CommandsSync = sandbox.commands
    commands.interrupt("id")
    return b"".join(room.read_bytes_stream("/tmp/a")) + room.read_file("/tmp/a").encode()


def everything(config: ConnectionConfigSync) -> list[SandboxInfo]:
    """Pages, and all of them at once."""
    with SandboxManagerSync.create(connection_config=config) as manager:
        page = manager.list_sandbox_infos(SandboxFilter(states=["Running"], page_size=10))
        print(page.pagination.total_items, len(page.items))
        return [*page.sandbox_infos, *manager.list_all()]


def mistakes(config: ConnectionConfigSync) -> None:
    """Errors, each of them."""
    SandboxSync.create("x", conection_config=config)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    SandboxSync.create(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def both_ways_to_resume(sandbox: SandboxSync) -> list[SandboxSync]:
    """By id on the class, and on an instance."""
    return [SandboxSync.resume("id"), sandbox.resume()]
