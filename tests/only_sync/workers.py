"""A program whose workers are processes: it uses a config, starts them, and works on beside them.

`workers.py prefork|fork|spawn host:port 4`: forked by itself, or started by multiprocessing.
A worker ends as a program does, with what it has inherited.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from opensandbox import ConnectionConfigSync, SandboxManagerSync, SandboxSync

CALLS, AT_ONCE = 12, 3


def work(config: ConnectionConfigSync, name: str) -> None:
    """Ask for sandboxes nobody else asks for, some at a time, and use one."""
    manager = SandboxManagerSync.create(config)
    wanted = [f"{name}-{number}" for number in range(CALLS)]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        assert [info.id for info in threads.map(manager.get_sandbox_info, wanted)] == wanted
    sandbox = SandboxSync.connect(f"{name}-connected", config)
    assert sandbox.id == f"{name}-connected"
    assert sandbox.commands.run("make").stdout == "hi\n"


def worker(config: ConnectionConfigSync, name: str, barrier: Any) -> None:
    """Work when all the others do."""
    with config:
        barrier.wait(30)
        work(config, name)


def prefork(config: ConnectionConfigSync, barrier: Any) -> None:
    """Do as a server does that forks its workers."""
    children = []
    for number in range(barrier.parties - 1):
        child = os.fork()
        if child == 0:
            worker(config, f"worker{number}", barrier)
            sys.exit()
        children.append(child)
    barrier.wait(30)
    work(config, "parent")
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert not any(codes)


def start(config: ConnectionConfigSync, context: Any, barrier: Any) -> None:
    """Let multiprocessing start them."""
    processes = [
        context.Process(target=worker, args=(config, f"worker{number}", barrier))
        for number in range(barrier.parties - 1)
    ]
    for process in processes:
        process.start()
    barrier.wait(30)
    work(config, "parent")
    for process in processes:
        process.join(30)
    assert not any(process.exitcode for process in processes)


def main(how: str, address: str, workers: str) -> None:
    config = ConnectionConfigSync(domain=address)
    work(config, "parent")
    context = multiprocessing.get_context("spawn" if how == "spawn" else "fork")
    barrier = context.Barrier(1 + int(workers))
    if how == "prefork":
        prefork(config, barrier)
    else:
        start(config, context, barrier)
    work(config, "parent")
    config.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
