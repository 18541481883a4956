"""Run code in a sandbox on this machine, once from async and once from sync Python.

    make quickstart

It starts an embedded runtime of its own, uses it from both colours, and leaves nothing behind.
Against a server, the lines between `create` and `kill` are the same.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from opensandbox import (
    ConnectionConfig,
    ConnectionConfigSync,
    ExecutionHandlers,
    ExecutionHandlersSync,
    Sandbox,
    SandboxSync,
    WriteEntry,
)
from opensandbox.models.execd import OutputMessage
from opensandbox.models.sandboxes import SandboxInfo
from opensandbox.runtime import IsolationUnavailableException, LocalRuntime

SCRIPT = "print('Hello World')\n"
SCRIPT_PATH = "/tmp/script.py"


class Times:
    """When the first sandbox was there, and when it first said something."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self.created: float | None = None
        self.first_output: float | None = None

    def elapsed(self) -> float:
        """Seconds since the runtime was up."""
        return time.perf_counter() - self._began

    def note_created(self) -> None:
        """The sandbox is ready."""
        self.created = self.created or self.elapsed()

    def note_output(self) -> None:
        """The sandbox has printed."""
        self.first_output = self.first_output or self.elapsed()


async def run_async(config: ConnectionConfig, times: Times) -> None:
    """The async half."""
    sandbox = await Sandbox.create(
        "python:3.11", connection_config=config, timeout=timedelta(minutes=5)
    )
    async with config, sandbox:
        times.note_created()

        async def print_line(message: OutputMessage) -> None:
            times.note_output()
            print(f"Output: {message.text.rstrip()}")

        script = WriteEntry(path=SCRIPT_PATH, data=SCRIPT, mode=644)
        await sandbox.files.write_files([script])
        await sandbox.commands.run(
            f"python {SCRIPT_PATH}", handlers=ExecutionHandlers(on_stdout=print_line)
        )
        print_info(await sandbox.get_info())
        await sandbox.kill()


def run_sync(config: ConnectionConfigSync) -> None:
    """The same, blocking."""
    sandbox = SandboxSync.create(
        "python:3.11", connection_config=config, timeout=timedelta(minutes=5)
    )
    with config, sandbox:

        def print_line(message: OutputMessage) -> None:
            print(f"Output: {message.text.rstrip()}")

        script = WriteEntry(path=SCRIPT_PATH, data=SCRIPT, mode=644)
        sandbox.files.write_files([script])
        sandbox.commands.run(
            f"python {SCRIPT_PATH}", handlers=ExecutionHandlersSync(on_stdout=print_line)
        )
        print_info(sandbox.get_info())
        sandbox.kill()


def print_info(info: SandboxInfo) -> None:
    """The state of a sandbox and its times."""
    print(f"State: {info.status.state}")
    print(f"Created: {info.created_at:%H:%M:%S}, expires: {info.expires_at or 'never'}")


def start_runtime(stack: ExitStack) -> LocalRuntime:
    """A runtime for as long as the stack; without isolation, and saying why, if there is none."""
    try:
        return stack.enter_context(LocalRuntime())
    except IsolationUnavailableException as refusal:
        print("This machine cannot isolate sandboxes:", *refusal.problems, sep="\n  ")
        print("The script of this example is trusted, so it runs without isolation.")
        # The sandbox's /tmp is this machine's then.
        stack.callback(Path(SCRIPT_PATH).unlink, missing_ok=True)
        return stack.enter_context(LocalRuntime(isolation="none"))


def main() -> None:
    """Both halves on one runtime, and how long they took."""
    began = time.perf_counter()
    with ExitStack() as stack:
        runtime = start_runtime(stack)
        times = Times()
        print("async:")
        asyncio.run(run_async(runtime.config(), times))
        print("sync:")
        run_sync(runtime.config_sync())
    print(
        f"create {times.created or 0:.2f} s, first output {times.first_output or 0:.2f} s, "
        f"the whole {time.perf_counter() - began:.2f} s"
    )


if __name__ == "__main__":
    main()
