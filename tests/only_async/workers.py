"""A program whose workers are processes: it uses a config, starts them, and works on beside them.

`workers.py prefork|fork|spawn host:port 4 asyncio|uvloop aiohttp|httpcore`: forked by itself
between two uses of its event loop, or started by multiprocessing while that runs.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

from opensandbox import ConnectionConfig, Sandbox, SandboxManager

CALLS = 12
Run = Callable[[Coroutine[Any, Any, None]], None]

if "httpcore" in sys.argv:  # also in what multiprocessing spawns
    sys.modules["aiohttp"] = None  # type: ignore[assignment]


async def work(config: ConnectionConfig, name: str) -> None:
    """Ask for sandboxes nobody else asks for, all at once, and use one."""
    manager = await SandboxManager.create(config)
    wanted = [f"{name}-{number}" for number in range(CALLS)]
    found = await asyncio.gather(*map(manager.get_sandbox_info, wanted))
    assert [info.id for info in found] == wanted
    sandbox = await Sandbox.connect(f"{name}-connected", config)
    assert sandbox.id == f"{name}-connected"
    assert (await sandbox.commands.run("make")).stdout == "hi\n"


async def work_and_close(config: ConnectionConfig, name: str) -> None:
    async with config:
        await work(config, name)


def worker(config: ConnectionConfig, name: str, barrier: Any, run: Run) -> None:
    """Work when all the others do, on an event loop of its own."""
    barrier.wait(30)
    run(work_and_close(config, name))


def prefork(config: ConnectionConfig, barrier: Any, run: Run, runner: asyncio.Runner) -> None:
    """Do as a server does that forks its workers."""
    children = []
    for number in range(barrier.parties - 1):
        child = os.fork()
        if child == 0:
            worker(config, f"worker{number}", barrier, run)
            os._exit(0)  # the event loop of the parent is not this one's to close
        children.append(child)
    barrier.wait(30)
    runner.run(work(config, "parent"))
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert not any(codes)


async def start(config: ConnectionConfig, context: Any, barrier: Any, run: Run) -> None:
    """Let multiprocessing start them."""
    processes = [
        context.Process(target=worker, args=(config, f"worker{number}", barrier, run))
        for number in range(barrier.parties - 1)
    ]
    for process in processes:
        process.start()
    await asyncio.to_thread(barrier.wait, 30)
    await work(config, "parent")
    for process in processes:
        await asyncio.to_thread(process.join, 30)
    assert not any(process.exitcode for process in processes)


def main(how: str, address: str, workers: str, loop: str, _: str) -> None:
    config = ConnectionConfig(domain=address)
    context = multiprocessing.get_context("spawn" if how == "spawn" else "fork")
    barrier = context.Barrier(1 + int(workers))
    run: Run = uvloop.run if loop == "uvloop" else asyncio.run
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if loop == "uvloop" else None) as runner:
        runner.run(work(config, "parent"))
        if how == "prefork":
            prefork(config, barrier, run, runner)
        else:
            runner.run(start(config, context, barrier, run))
        runner.run(work_and_close(config, "parent"))


if __name__ == "__main__":
    main(*sys.argv[1:])
