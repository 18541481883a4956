"""Code and terminals on a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from opensandbox import Sandbox
from opensandbox.exceptions import SandboxApiException
from opensandbox.models.code import CodeContext


@pytest.fixture
async def context(sandbox: Sandbox) -> AsyncIterator[CodeContext]:
    """A fresh context; the case is left out where the server's daemon has no interpreters."""
    try:
        context = await sandbox.code.create_context("python")
    except SandboxApiException as error:
        if error.status_code != 501:
            raise
        pytest.skip(f"no interpreters on this server: {error}")
    yield context
    await sandbox.code.delete_context(context)


async def test_a_context_keeps_its_variables(sandbox: Sandbox, context: CodeContext) -> None:
    await sandbox.code.run("x = 20", context=context)
    done = await sandbox.code.run("print(x); x + 1", context=context)
    assert (done.stdout, done.result[0].text) == ("20\n", "21")
    failed = await sandbox.code.run("1 / 0", context=context)
    assert failed.error is not None
    assert failed.error.name == "ZeroDivisionError"


async def test_contexts_are_found_and_ended(sandbox: Sandbox, context: CodeContext) -> None:
    assert context.id is not None
    assert (await sandbox.code.get_context(context.id)).language == "python"
    assert context.id in [one.id for one in await sandbox.code.list_contexts("python")]
    other = await sandbox.code.create_context("python")
    await sandbox.code.delete_context(other)
    assert other.id not in [one.id for one in await sandbox.code.list_contexts("python")]


async def test_what_runs_in_a_context_is_stopped(sandbox: Sandbox, context: CodeContext) -> None:
    await sandbox.code.run("x = 1", context=context)

    async def interrupt(_: object) -> None:
        await sandbox.code.interrupt(context)

    stopped = await sandbox.code.run(
        "import time\nprint('on')\ntime.sleep(60)", context=context, on_stdout=interrupt
    )
    assert stopped.error is not None
    assert stopped.error.name == "KeyboardInterrupt"
    assert (await sandbox.code.run("print(x)", context=context)).stdout == "1\n"


async def test_all_contexts_of_a_language_are_ended(sandbox: Sandbox, context: CodeContext) -> None:
    await sandbox.code.delete_contexts("bash")
    assert context.id in [one.id for one in await sandbox.code.list_contexts("python")]
    made = await sandbox.code.create_context("bash")
    await sandbox.code.delete_contexts("bash")
    assert made.id not in [one.id for one in await sandbox.code.list_contexts("bash")]


async def test_a_terminal_is_typed_at(sandbox: Sandbox) -> None:
    async with sandbox.terminal(pipes=True) as terminal:
        await terminal.write("echo $((6 * 7)); exit 5\n")
        said = b"".join([piece.data async for piece in terminal])
        assert b"42\n" in said
        assert await terminal.wait(timeout=30) == 5


async def test_the_load_comes_as_a_stream(sandbox: Sandbox) -> None:
    async for metrics in sandbox.watch_metrics():
        assert metrics.memory_total_in_mib > 0
        break
