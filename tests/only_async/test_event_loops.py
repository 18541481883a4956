"""On which event loops the client works, and what it says on those where it does not."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import anyio
import pytest
import trio
import uvloop

from opensandbox import ConnectionConfig, ConnectionConfigSync, Sandbox, SandboxSync
from opensandbox.exceptions import InvalidArgumentException
from tests._async.operations import OPERATIONS, Operation, Scene
from tests.peer import hang
from tests.whole_peer import WholePeer, whole_peer

SENTENCE = "The async client needs an event loop of asyncio"
Main = Callable[[], Coroutine[Any, Any, None]]


async def everything(sandbox: Sandbox, folder: Path) -> None:
    """Run, stream, upload and download."""
    assert (await sandbox.commands.run("make")).stdout == "hi\n"
    kinds = [type(event).__name__ async for event in sandbox.commands.stream("make")]
    assert kinds
    (folder / "up").mkdir()
    (folder / "up" / "a.txt").write_bytes(b"abc")
    await sandbox.files.upload(folder / "up", "/d")
    await sandbox.files.download("/d", folder / "down")
    assert (folder / "down" / "a").read_bytes() == b"abc"


async def on_a_sandbox(peer: WholePeer, folder: Path) -> None:
    async with ConnectionConfig(domain=peer.address) as config:
        await everything(await Sandbox.connect("s1", config), folder)


@pytest.mark.parametrize("run", [uvloop.run, anyio.run], ids=["uvloop", "anyio on asyncio"])
def test_run_stream_upload_download(run: Callable[..., None], tmp_path: Path) -> None:
    with whole_peer() as peer:
        if run is anyio.run:
            anyio.run(on_a_sandbox, peer, tmp_path, backend="asyncio")
        else:
            run(on_a_sandbox(peer, tmp_path))
        gc.collect()  # what was not closed would warn here


def test_task_groups_and_limits_of_anyio() -> None:
    async def main() -> None:
        async with ConnectionConfig(domain=peer.address) as config:
            sandbox = await Sandbox.connect("s1", config)
            async with anyio.create_task_group() as tasks:
                for _ in range(5):
                    tasks.start_soon(sandbox.get_info)
            peer.on("GET /v1/sandboxes/[^/]+", hang())
            with anyio.move_on_after(0.05) as limit:
                await sandbox.get_info()
            assert limit.cancelled_caught

    with whole_peer() as peer:
        anyio.run(main, backend="asyncio")


# --- where it does not work -------------------------------------------------------------------


def by_hand(main: Main) -> None:
    """Begin with no event loop at all."""
    work = main()
    with contextlib.suppress(StopIteration):
        work.send(None)
        pytest.fail("it waits for something")


#: What looks only into the memory of this process.
AT_HOME = {
    "SandboxPoolAsync.resize",
    "SandboxPoolAsync.snapshot",
    "SandboxPoolAsync.snapshot_idle_entries",
    "SandboxPoolManagerAsync.destroy",
}


@pytest.mark.parametrize("run", [trio.run, by_hand], ids=["trio", "no event loop"])
def test_every_operation_says_so_before_anything_is_sent(
    run: Callable[[Main], None], tmp_path: Path
) -> None:
    with whole_peer() as peer, asyncio.Runner() as runner:
        here = runner.run(Scene(peer, tmp_path).set())
        for name, operation in OPERATIONS.items():
            prepared = runner.run(ready(operation, here))
            before = len(peer.requests)
            error = refused(run, operation.act, prepared)
            assert len(peer.requests) == before, name
            assert (error is None) == (name in AT_HOME), name
            assert error is None or SENTENCE in str(error), name
            runner.run(here.tidy())
        runner.run(here.clear())
        gc.collect()  # what was begun and never awaited would warn here


async def ready(operation: Operation, here: Scene) -> Any:
    return await operation.prepare(here)


def refused(
    run: Callable[[Main], None], act: Callable[[Any], Awaitable[object]], given: Any
) -> InvalidArgumentException | None:
    """How this call is refused where it is run; None when it comes to its end."""

    async def main() -> None:
        await act(given)

    try:
        run(main)
    except InvalidArgumentException as error:
        return error
    return None


def test_the_blocking_client_in_threads_of_trio() -> None:
    async def one(sandbox: SandboxSync) -> None:
        execution = await trio.to_thread.run_sync(lambda: sandbox.commands.run("make"))
        assert execution.stdout == "hi\n"

    async def main() -> None:
        sandbox = await trio.to_thread.run_sync(lambda: SandboxSync.connect("s1", config))
        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(one, sandbox)

    with whole_peer() as peer, ConnectionConfigSync(domain=peer.address) as config:
        trio.run(main)
