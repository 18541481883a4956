# Written by scripts/unasync.py from tests/contract/_async/test_code.py. Do not edit.
"""Code and terminals on a real server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from opensandbox import SandboxSync
from opensandbox.exceptions import SandboxApiException
from opensandbox.models.code import CodeContext


@pytest.fixture
def context(sandbox: SandboxSync) -> Iterator[CodeContext]:
    """A fresh context; the case is left out where the server's daemon has no interpreters."""
    try:
        context = sandbox.code.create_context("python")
    except SandboxApiException as error:
        if error.status_code != 501:
            raise
        pytest.skip(f"no interpreters on this server: {error}")
    yield context
    sandbox.code.delete_context(context)


def test_a_context_keeps_its_variables(sandbox: SandboxSync, context: CodeContext) -> None:
    sandbox.code.run("x = 20", context=context)
    done = sandbox.code.run("print(x); x + 1", context=context)
    assert (done.stdout, done.result[0].text) == ("20\n", "21")
    failed = sandbox.code.run("1 / 0", context=context)
    assert failed.error is not None
    assert failed.error.name == "ZeroDivisionError"


def test_contexts_are_found_and_ended(sandbox: SandboxSync, context: CodeContext) -> None:
    assert context.id is not None
    assert (sandbox.code.get_context(context.id)).language == "python"
    assert context.id in [one.id for one in sandbox.code.list_contexts("python")]
    other = sandbox.code.create_context("python")
    sandbox.code.delete_context(other)
    assert other.id not in [one.id for one in sandbox.code.list_contexts("python")]


def test_what_runs_in_a_context_is_stopped(sandbox: SandboxSync, context: CodeContext) -> None:
    sandbox.code.run("x = 1", context=context)

    def interrupt(_: object) -> None:
        sandbox.code.interrupt(context)

    stopped = sandbox.code.run(
        "import time\nprint('on')\ntime.sleep(60)", context=context, on_stdout=interrupt
    )
    assert stopped.error is not None
    assert stopped.error.name == "KeyboardInterrupt"
    assert (sandbox.code.run("print(x)", context=context)).stdout == "1\n"


def test_all_contexts_of_a_language_are_ended(sandbox: SandboxSync, context: CodeContext) -> None:
    sandbox.code.delete_contexts("bash")
    assert context.id in [one.id for one in sandbox.code.list_contexts("python")]
    made = sandbox.code.create_context("bash")
    sandbox.code.delete_contexts("bash")
    assert made.id not in [one.id for one in sandbox.code.list_contexts("bash")]


def test_a_terminal_is_typed_at(sandbox: SandboxSync) -> None:
    with sandbox.terminal(pipes=True) as terminal:
        terminal.write("echo $((6 * 7)); exit 5\n")
        said = b"".join([piece.data for piece in terminal])
        assert b"42\n" in said
        assert terminal.wait(timeout=30) == 5


def test_the_load_comes_as_a_stream(sandbox: SandboxSync) -> None:
    for metrics in sandbox.watch_metrics():
        assert metrics.memory_total_in_mib > 0
        break
