"""An async program as users write it; read by pyright and mypy, never run."""

from __future__ import annotations

from datetime import timedelta

from opensandbox import (
    ConnectionConfig,
    ExecutionHandlers,
    RunCommandOpts,
    Sandbox,
    SandboxException,
    SandboxFilter,
    SandboxManager,
    WriteEntry,
)
from opensandbox.models.execd import Execution, OutputMessage
from opensandbox.models.filesystem import EntryInfo
from opensandbox.models.sandboxes import SandboxInfo
from opensandbox.services import Commands, Filesystem


async def on_stdout(message: OutputMessage) -> None:
    """What it prints."""
    print(message.text)


async def quickstart(config: ConnectionConfig) -> int | None:
    """Create, write, run, look, kill."""
    sandbox = await Sandbox.create(
        "python:3.11",
        connection_config=config,
        timeout=timedelta(minutes=5),
        env={"A": "b"},
        metadata={"team": "a"},
        resource={"cpu": "1", "memory": "512Mi"},
    )
    async with sandbox:
        await sandbox.files.write_files([WriteEntry(path="/tmp/a", data="x", mode=644)])
        execution = await sandbox.commands.run(
            "cat /tmp/a",
            opts=RunCommandOpts(timeout=timedelta(seconds=5)),
            handlers=ExecutionHandlers(on_stdout=on_stdout),
        )
        info = await sandbox.get_info()
        print(info.status.state, info.created_at.isoformat(), execution.logs.stdout[0].text)
        await sandbox.kill()
    return execution.exit_code


async def keywords(config: ConnectionConfig) -> str:
    """The plain keywords, and seconds as numbers."""
    async with Sandbox.temporary("python:3.11", connection_config=config) as sandbox:
        execution: Execution = await sandbox.commands.run(
            ["ls", "-l"], working_directory="/", timeout=2.5, envs={}, on_stdout=on_stdout
        )
        execution.check()
        url: str = await sandbox.get_endpoint_url(8000)
        return execution.stdout + url


async def files(sandbox: Sandbox) -> bytes:
    """Reading, as a whole and in parts."""
    room: Filesystem = sandbox.files
    commands: Commands = sandbox.commands
    await commands.interrupt("id")
    infos: dict[str, EntryInfo] = await room.get_file_info(["/tmp/a"])
    data = b"".join([part async for part in await room.read_bytes_stream("/tmp/a")])
    async for part in room.read_bytes_stream("/tmp/a"):
        data += part
    return data + str(infos["/tmp/a"].size).encode() + (await room.read_file("/tmp/a")).encode()


async def everything(config: ConnectionConfig) -> list[SandboxInfo]:
    """Pages, and all of them at once."""
    async with await SandboxManager.create(connection_config=config) as manager:
        page = await manager.list_sandbox_infos(SandboxFilter(states=["Running"], page_size=10))
        print(page.pagination.total_items, len(page.items))
        return [*page.sandbox_infos, *[info async for info in manager.list_all()]]


async def mistakes(config: ConnectionConfig) -> None:
    """Errors, each of them."""
    await Sandbox.create("x", conection_config=config)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await Sandbox.create(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ConnectionConfig(domian="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def both_ways_to_resume(sandbox: Sandbox) -> list[Sandbox]:
    """By id on the class, and on an instance."""
    try:
        return [await Sandbox.resume("id"), await sandbox.resume()]
    except SandboxException as error:
        print(error.request_id, error.is_retryable)
        raise
