"""Code in contexts: what it prints, comes to and raises, and what follows its end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from opensandbox._async.code import Code
from opensandbox._async.config import ConnectionConfig
from opensandbox._async.http import Service
from opensandbox.exceptions import (
    InvalidArgumentException,
    SandboxApiException,
    SandboxConnectionException,
)
from opensandbox.models.code import CodeContext
from opensandbox.models.execd import ExecutionHandlers
from opensandbox.transport.retry import RetryPolicy
from tests.peer import answer, events
from tests.sandbox_peer import SandboxPeer, refuses, sandbox_peer, says


@pytest.fixture
def peer() -> Iterator[SandboxPeer]:
    with sandbox_peer() as started:
        yield started


def config_of(peer: SandboxPeer) -> ConnectionConfig:
    return ConnectionConfig(domain=peer.address, retry_policy=RetryPolicy.disabled())


def code_of(peer: SandboxPeer, config: ConnectionConfig) -> Code:
    return Code(Service(config, f"http://{peer.address}"))


def frame(kind: str, **more: Any) -> bytes:
    return json.dumps({"type": kind, "timestamp": 1, **more}).encode() + b"\n\n"


INIT = frame("init", text="c1")
RESULT = frame("result", results={"text/plain": "42", "image/png": "aWNvbg=="})
COUNT = frame("execution_count", execution_count=3)
END = frame("execution_complete", execution_time=5)


async def test_code_gives_output_results_and_its_count(peer: SandboxPeer) -> None:
    peer.on("POST /code", events(INIT, frame("stdout", text="hi\n"), RESULT, COUNT, END))
    seen: list[str] = []
    async with config_of(peer) as config:
        done = await code_of(peer, config).run(
            "print('hi'); 42", on_result=lambda result: seen.append(result.text or "")
        )
    assert (done.stdout, done.id, done.execution_count) == ("hi\n", "c1", 3)
    assert done.result[0].text == "42"
    assert done.result[0].extra_properties == {"image/png": "aWNvbg=="}
    assert done.complete is not None
    assert done.exit_code is None
    assert done.check() is done
    assert seen == ["42"]
    assert peer.body("POST /code") == {
        "code": "print('hi'); 42",
        "context": {"language": "python"},
    }


async def test_output_may_be_limited(peer: SandboxPeer) -> None:
    peer.on("POST /code", events(INIT, frame("stdout", text="12345"), RESULT, COUNT, END))
    async with config_of(peer) as config:
        done = await code_of(peer, config).run("42", max_output=2)
    assert (done.logs.stdout[0].text, done.logs.stdout_dropped) == ("45", 3)
    assert done.result[0].text == "42"


async def test_what_follows_the_end_is_waited_for(peer: SandboxPeer) -> None:
    peer.on("POST /code", events(INIT, END, RESULT, COUNT, lingers=5))
    seen: list[str] = []
    async with config_of(peer) as config:
        done = await code_of(peer, config).run(
            "42",
            handlers=ExecutionHandlers(on_result=lambda result: seen.append(result.text or "")),
        )
    assert done.result[0].text == "42"
    assert done.execution_count == 3
    assert seen == ["42"]


async def test_what_follows_in_the_same_piece_is_taken(peer: SandboxPeer) -> None:
    peer.on("POST /code", events(INIT + END + RESULT + COUNT, lingers=5))
    async with config_of(peer) as config:
        done = await code_of(peer, config).run("42")
    assert (done.result[0].text, done.execution_count) == ("42", 3)


async def test_a_stream_that_stays_open_is_not_waited_for_long(peer: SandboxPeer) -> None:
    peer.on("POST /code", events(INIT, COUNT, END, lingers=30))
    async with config_of(peer) as config:
        done = await code_of(peer, config).run("x = 1")
    assert done.complete is not None
    assert done.result == []


async def test_an_exception_in_the_code_is_told_and_is_no_exit_code(peer: SandboxPeer) -> None:
    error = {"ename": "KeyError", "evalue": "3", "traceback": ["Traceback", "KeyError: 3"]}
    peer.on("POST /code", events(INIT, frame("error", error=error), COUNT))
    async with config_of(peer) as config:
        done = await code_of(peer, config).run("{}[3]")
    assert done.error is not None
    assert (done.error.name, done.error.value) == ("KeyError", "3")
    assert done.exit_code is None
    assert done.execution_count == 3
    assert not done.timed_out


async def test_a_stream_that_breaks_off_keeps_what_came(peer: SandboxPeer) -> None:
    peer.on("POST /code", events(INIT, frame("stdout", text="so far\n")))
    async with config_of(peer) as config:
        with pytest.raises(SandboxConnectionException) as broken:
            await code_of(peer, config).run("1")
    assert broken.value.execution is not None
    assert broken.value.execution.stdout == "so far\n"
    assert broken.value.execution_id == "c1"


async def test_code_runs_in_a_context(peer: SandboxPeer) -> None:
    peer.on("POST /code", events(INIT, COUNT, RESULT, END))
    async with config_of(peer) as config:
        code = code_of(peer, config)
        await code.run("1", context=CodeContext(id="c9", language="bash"))
        assert peer.body("POST /code")["context"] == {"id": "c9", "language": "bash"}
        await code.run("1", context="c9", language="javascript")
        assert peer.body("POST /code")["context"] == {"id": "c9", "language": "javascript"}
        await code.run("1", language="go")
        assert peer.body("POST /code")["context"] == {"language": "go"}


async def test_contexts_are_made_found_and_ended(peer: SandboxPeer) -> None:
    context = {"id": "c1", "language": "python"}
    peer.on("POST /code/context", says(context))
    peer.on("GET /code/contexts", says([context]))
    peer.on("GET /code/contexts/c1", says(context))
    peer.on("DELETE /code(/contexts(/c1)?)?", answer(200))
    async with config_of(peer) as config:
        code = code_of(peer, config)
        made = await code.create_context()
        assert made == CodeContext(id="c1", language="python")
        assert await code.list_contexts() == [made]
        assert await code.get_context("c1") == made
        await code.interrupt(made)
        await code.delete_context(made)
        await code.delete_contexts("python")
    assert peer.asked("DELETE .*") == [
        "DELETE /code?id=c1",
        "DELETE /code/contexts/c1",
        "DELETE /code/contexts?language=python",
    ]


async def test_what_cannot_be_meant_is_not_sent(peer: SandboxPeer) -> None:
    context = CodeContext(id="c1", language="python")
    async with config_of(peer) as config:
        code = code_of(peer, config)
        with pytest.raises(InvalidArgumentException, match="code"):
            await code.run("")
        with pytest.raises(InvalidArgumentException, match="one of python"):
            await code.run("1", context=context, language="bash")
        with pytest.raises(InvalidArgumentException, match="context"):
            await code.delete_context("")
    assert peer.asked() == []


async def test_a_daemon_without_interpreters_refuses(peer: SandboxPeer) -> None:
    peer.on("POST /code", refuses(501, "NOT_SUPPORTED"))
    async with config_of(peer) as config:
        with pytest.raises(SandboxApiException) as refused:
            await code_of(peer, config).run("1")
    assert refused.value.status_code == 501
