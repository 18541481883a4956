"""Mixed work in sandboxes, one thing after another, for as long as the soak lasts.

Rules:

* Whatever goes wrong has to be one of our exceptions: those are counted, any other is a finding.
* What a piece of work makes it ends itself, as far as the faults let it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

from opensandbox import ConnectionConfig, Sandbox, SandboxException, SandboxManager, SearchEntry
from opensandbox._concurrency import AsyncOperation, async_time_limit, monotonic
from tests.faults.tally import Tally
from tests.faults.world import IMAGE, WORKSPACE

#: Seconds; far more than any limit of the work itself.
_HANG = 90.0
#: The metadata of what is made here.
MARK = {"made-by": "soak"}


class Bench:
    """What one worker has at hand."""

    def __init__(self, sandbox: Sandbox, manager: SandboxManager, number: int) -> None:
        self.sandbox, self.manager, self.number = sandbox, manager, number
        self.turn = 0

    @property
    def path(self) -> str:
        """A file of this worker's own."""
        return f"{WORKSPACE}/worker-{self.number}.txt"


async def _run(bench: Bench) -> None:
    done = await bench.sandbox.commands.run("seq 50; echo oops >&2; exit 3", timeout=20)
    if done.complete is None and done.error is None:
        raise AssertionError("a command without an end")


async def _stream(bench: Bench) -> None:
    async with aclosing(bench.sandbox.commands.stream("seq 200")) as events:
        async for _ in events:
            pass


async def _leave(bench: Bench) -> None:
    async with aclosing(bench.sandbox.commands.stream("seq 20000", timeout=5)) as events:
        async for _ in events:
            break


async def _files(bench: Bench) -> None:
    text = f"{bench.turn}\n" * 500
    await bench.sandbox.files.write_file(bench.path, text)
    back = await bench.sandbox.files.read_file(bench.path)
    if back not in (text, "", json.dumps({"wrong": True})):
        raise AssertionError(f"a file came back changed: {back[:90]!r} for {text[:30]!r}")


async def _look(bench: Bench) -> None:
    await bench.sandbox.get_info()
    await bench.sandbox.get_metrics()
    await bench.sandbox.is_healthy()


async def _list(bench: Bench) -> None:
    async for _ in bench.manager.list_all(page_size=20):
        pass


async def _search(bench: Bench) -> None:
    await bench.sandbox.files.search(SearchEntry(path=WORKSPACE, pattern="*.txt"))


async def _session(bench: Bench) -> None:
    session = await bench.sandbox.commands.create_session()
    try:
        await bench.sandbox.commands.run_in_session(session, "cd /; pwd")
    finally:
        await bench.sandbox.commands.delete_session(session)


async def _background(bench: Bench) -> None:
    started = await bench.sandbox.commands.run("echo hi", background=True)
    if started.id:
        await bench.sandbox.commands.get_command_status(started.id)
        await bench.sandbox.commands.get_background_command_logs(started.id)


async def _terminal(bench: Bench) -> None:
    async with bench.sandbox.terminal() as terminal:
        await terminal.write("exit\n")
        await terminal.wait(timeout=10)


async def _watch(bench: Bench) -> None:
    async with aclosing(bench.sandbox.watch_metrics()) as measured:
        async for _ in measured:
            break


async def _code(bench: Bench) -> None:
    await bench.sandbox.code.run("6 * 7")


async def _make(bench: Bench) -> None:
    async with Sandbox.temporary(
        IMAGE,
        connection_config=bench.sandbox.connection_config,
        metadata=MARK,
        timeout=120,
        ready_timeout=15,
        resource={"cpu": "1", "memory": "256Mi"},
    ) as sandbox:
        await sandbox.commands.run("true")


_WORK: list[AsyncOperation[Bench, None]] = [
    *(_run, _files, _stream, _look, _run, _search, _session, _leave, _files, _background),
    *(_run, _list, _watch, _run, _code, _files, _terminal, _stream, _run, _look),
]
#: Making a sandbox costs as much as a hundred commands: each worker does it this seldom.
_MAKES_EVERY = 150


async def work(
    config: ConnectionConfig,
    sandbox_of: Callable[[], str],
    number: int,
    ended: Callable[[], bool],
    tally: Tally,
) -> None:
    """Work until told to end; `sandbox_of` says in which sandbox."""
    manager = await SandboxManager.create(config)
    bench: Any = None
    turn = number * 7
    while not ended():
        turn += 1
        name = "connect"
        began = monotonic()
        try:
            async with async_time_limit(_HANG):
                if bench is None or bench.sandbox.id != sandbox_of():
                    bench = Bench(
                        await Sandbox.connect(
                            sandbox_of(), config, connect_timeout=10, skip_health_check=True
                        ),
                        manager,
                        number,
                    )
                bench.turn = turn
                piece = _make if turn % _MAKES_EVERY == 0 else _WORK[turn % len(_WORK)]
                name = piece.__name__.strip("_")
                await piece(bench)
        except SandboxException as error:
            # In a thread the limit on hanging comes out as one of ours.
            (tally.wrong if monotonic() - began >= _HANG else tally.failed)(name, error)
        except Exception as error:
            tally.wrong(name, error)
        else:
            tally.done(name)
        tally.took(name, monotonic() - began)
