from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import httpx
import pytest

from opensandbox._async.commands import Commands
from opensandbox._async.config import ConnectionConfig
from opensandbox._async.http import Service
from opensandbox.exceptions import (
    InvalidArgumentException,
    SandboxApiException,
    SandboxConnectionException,
    SandboxInternalException,
)
from opensandbox.models.execd import (
    ExecutionComplete,
    ExecutionError,
    ExecutionEvent,
    ExecutionHandlers,
    ExecutionInit,
    ExecutionResult,
    OtherEvent,
    OutputMessage,
    RunCommandOpts,
)
from opensandbox.transport.retry import RetryPolicy
from tests import peer
from tests.peer import Peer


def frame(kind: str, text: str | None = None, **more: Any) -> bytes:
    return json.dumps({"type": kind, "text": text, "timestamp": 1, **more}).encode() + b"\n\n"


INIT, PING = frame("init", "c-1"), frame("ping", "pong")
OUT, ERR = frame("stdout", "out"), frame("stderr", "err")
DONE = frame("execution_complete", execution_time=4)
FAILED = frame("error", error={"ename": "CommandExecError", "evalue": "3", "traceback": ["x"]})
RESULT = frame("result", results={"text/plain": "5", "text/html": "<b>5</b>"})


class Execd:
    """Answers with what it is told to, and keeps what it was asked."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.commands = Commands(
            Service(
                ConnectionConfig(transport=httpx.MockTransport(self.answer)),
                "http://execd",
                sandbox_id="sb-1",
            )
        )

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def sent(self) -> Any:
        """The body of the last request."""
        return json.loads(self.requests[-1].content)


def stream(*frames: bytes, **headers: str) -> httpx.Response:
    return httpx.Response(200, content=b"".join(frames), headers=headers)


def at(peer: Peer) -> Commands:
    """Commands over real sockets."""
    config = ConnectionConfig(retry_policy=RetryPolicy.disabled())
    return Commands(Service(config, f"http://{peer.address}", sandbox_id="sb-1"))


# --- run --------------------------------------------------------------------------------------


async def test_a_command_and_what_comes_of_it() -> None:
    execd = Execd(stream(INIT, PING, OUT, ERR, RESULT, DONE))
    execution = await execd.commands.run("make")
    assert execution.id == "c-1"
    assert (execution.stdout, execution.stderr, execution.exit_code) == ("out\n", "err\n", 0)
    assert execution.logs.stdout[0].text == "out"
    assert execution.result[0].extra_properties == {"text/html": "<b>5</b>"}
    assert (execd.requests[0].method, execd.requests[0].url.path) == ("POST", "/command")
    assert execd.sent == {"command": "make"}


async def test_a_non_zero_exit_is_no_exception() -> None:
    execution = await Execd(stream(INIT, OUT, FAILED)).commands.run("make")
    assert execution.exit_code == 3
    assert execution.error is not None


async def test_options_as_keywords_or_in_one_value() -> None:
    execd = Execd(stream(INIT, DONE))
    given: dict[str, Any] = {
        "working_directory": "/src",
        "timeout": 2.5,
        "uid": 0,
        "gid": 0,
        "envs": {"A": "b"},
    }
    sent = {"cwd": "/src", "timeout": 2500, "uid": 0, "gid": 0, "envs": {"A": "b"}}
    await execd.commands.run(["make", "all"], background=True, **given)
    assert execd.sent == {"argv": ["make", "all"], "background": True, **sent}
    await execd.commands.run("make", opts=RunCommandOpts(background=True, **given))
    assert execd.sent == {"command": "make", "background": True, **sent}


async def test_output_may_be_limited() -> None:
    execd = Execd(*(stream(INIT, frame("stdout", "12345"), DONE) for _ in range(3)))
    for execution in (
        await execd.commands.run("x", max_output=2, opts=RunCommandOpts()),
        await execd.commands.run_in_session("s", "x", max_output=2),
        await (await execd.commands.start("x", max_output=2)).wait(),
    ):
        assert execution.logs.stdout[0].text == "45"
        assert execution.logs.stdout_dropped == 3
    for wrong in (0, -1, "2", True):
        with pytest.raises(InvalidArgumentException, match="max_output"):
            await execd.commands.run("x", max_output=wrong)  # type: ignore[arg-type]


async def test_a_background_command_has_an_id_and_no_exit_code() -> None:
    execd = Execd(stream(INIT, PING, DONE))
    execution = await execd.commands.run("make", background=True)
    assert (execution.id, execution.exit_code) == ("c-1", None)
    execution = await execd.commands.run("make", opts=RunCommandOpts(background=True))
    assert execution.exit_code is None


@pytest.mark.parametrize(
    "arguments",
    [
        {"command": ""},
        {"command": []},
        {"timeout": -1},
        {"timeout": 0},
        {"gid": 1},
        {"opts": RunCommandOpts(), "timeout": 1},
        {"opts": RunCommandOpts(), "background": True},
        {"opts": {"timeout": 1}},
        {"handlers": ExecutionHandlers(), "on_stdout": print},
        {"on_stdout": "print"},
        {"request_timeout": 0},
    ],
)
async def test_what_cannot_be_meant_is_refused_before_anything_is_sent(
    arguments: dict[str, Any],
) -> None:
    execd = Execd(stream(INIT, DONE))
    with pytest.raises(InvalidArgumentException):
        await execd.commands.run(**{"command": "make", **arguments})
    assert execd.requests == []


async def test_the_header_says_that_output_is_exact() -> None:
    answer = stream(INIT, frame("stdout", "no end"), DONE, **{"X-EXECD-OUTPUT": "exact"})
    assert (await Execd(answer).commands.run("x")).stdout == "no end"


# --- handlers ---------------------------------------------------------------------------------

EVERYTHING = (INIT, OUT, ERR, RESULT, DONE)


async def test_handlers_are_called_in_order() -> None:
    seen: list[object] = []
    await Execd(stream(*EVERYTHING)).commands.run(
        "x",
        on_init=seen.append,
        on_stdout=seen.append,
        on_stderr=seen.append,
        on_result=seen.append,
        on_execution_complete=seen.append,
        on_error=seen.append,
    )
    kinds = [ExecutionInit, OutputMessage, OutputMessage, ExecutionResult, ExecutionComplete]
    assert [type(event) for event in seen] == kinds


async def test_a_failure_has_a_handler() -> None:
    seen: list[ExecutionError] = []
    await Execd(stream(INIT, FAILED)).commands.run("x", on_error=seen.append)
    assert [error.value for error in seen] == ["3"]


async def test_handlers_of_the_clients_colour_and_in_one_value() -> None:
    seen: list[str] = []

    async def note(message: OutputMessage) -> None:
        seen.append(message.text)

    handlers = ExecutionHandlers(on_stdout=note, on_stderr=note, skip_accumulation=True)
    execution = await Execd(stream(*EVERYTHING)).commands.run("x", handlers=handlers)
    assert seen == ["out", "err"]
    assert execution.logs.stdout == []
    assert execution.exit_code == 0


@pytest.mark.parametrize(
    "fault", [ValueError("mine"), TimeoutError("mine"), httpx.ReadError("mine")]
)
async def test_what_a_handler_raises_is_raised_as_it_is(fault: Exception) -> None:
    def fail(message: OutputMessage) -> None:
        raise fault

    with Peer(peer.events(INIT, OUT, DONE)) as script:
        commands = at(script)
        with pytest.raises(type(fault)) as problem:
            await commands.run("x", on_stdout=fail)
        assert problem.value is fault
        assert fault.__cause__ is None
        await commands._service.config.close()


async def test_a_handlers_own_sandbox_exception_is_left_alone() -> None:
    fault = SandboxApiException("mine")

    def fail(message: OutputMessage) -> None:
        raise fault

    with pytest.raises(SandboxApiException) as problem:
        await Execd(stream(INIT, OUT, DONE)).commands.run("x", on_stdout=fail)
    assert problem.value is fault
    assert fault.execution is None


# --- the end of a command ---------------------------------------------------------------------


@pytest.mark.parametrize("end", [DONE, FAILED])
async def test_a_command_is_over_with_its_end_though_the_stream_goes_on(end: bytes) -> None:
    lingering = peer.events(INIT, OUT, end, PING, lingers=0.3)
    with Peer(lingering, peer.answer(200, b'{"id": "c-1", "running": false}')) as script:
        commands = at(script)
        execution = await commands.run("x")
        assert execution.stdout == "out\n"
        # Still lingering: this needs a connection of its own.
        await commands.get_command_status("c-1")
        assert script.connections == 2
        await commands._service.config.close()


async def test_the_rest_of_a_stream_is_read_so_that_its_connection_is_used_again() -> None:
    lingering = peer.events(INIT, OUT, DONE, PING, lingers=0.1)
    with Peer(lingering, peer.answer(200, b'{"id": "c-1", "running": false}')) as script:
        config = ConnectionConfig(retry_policy=RetryPolicy.disabled())
        transport = config.new_owned_transport(max_connections=1)
        one = ConnectionConfig(transport=transport)
        commands = Commands(Service(one, f"http://{script.address}"))
        await commands.run("x")
        await commands.get_command_status("c-1")  # waits for the only connection there is
        assert script.connections == 1
        await one.close()
        await transport.aclose()


async def test_a_stream_without_an_end_asks_for_the_status_once() -> None:
    status = {"id": "c-1", "running": False, "exit_code": 3, "error": "exit status 3"}
    execd = Execd(stream(INIT, OUT), httpx.Response(200, json=status))
    seen: list[ExecutionError] = []
    execution = await execd.commands.run("x", on_error=seen.append)
    assert (execution.exit_code, execution.stdout) == (3, "out\n")
    assert len(seen) == 1
    assert [request.url.path for request in execd.requests] == ["/command", "/command/status/c-1"]


@pytest.mark.parametrize(
    "status",
    [
        httpx.Response(200, json={"id": "c-1", "running": True}),
        httpx.Response(404, json={"code": "NOT_FOUND", "message": "no such command"}),
        httpx.Response(200, content=b"<html>"),
    ],
)
async def test_an_end_that_nobody_knows_raises_with_all_that_came(status: httpx.Response) -> None:
    execd = Execd(stream(INIT, OUT, ERR), status)
    with pytest.raises(SandboxConnectionException, match="without the command's end") as problem:
        await execd.commands.run("x")
    assert len(execd.requests) == 2
    assert problem.value.execution_id == "c-1"
    assert problem.value.sandbox_id == "sb-1"
    assert problem.value.execution is not None
    assert problem.value.execution.stdout == "out\n"
    assert problem.value.execution.exit_code is None


async def test_a_stream_with_nothing_in_it_raises() -> None:
    execd = Execd(stream())
    with pytest.raises(SandboxConnectionException, match="without the command's end"):
        await execd.commands.run("x")
    assert len(execd.requests) == 1


async def test_a_stream_that_is_cut_off_keeps_what_came() -> None:
    with Peer(peer.events_without_end(INIT, OUT, b'{"type":"std', silent=False)) as script:
        commands = at(script)
        with pytest.raises(SandboxConnectionException) as problem:
            await commands.run("x")
        assert problem.value.execution_id == "c-1"
        assert problem.value.execution is not None
        assert problem.value.execution.stdout == "out\n"
        assert not problem.value.is_retryable
        await commands._service.config.close()


async def test_what_is_no_event_stream_is_an_error_that_shows_it() -> None:
    execd = Execd(stream(INIT, OUT, b"<html><title>Proxy error</title>\n", DONE))
    with pytest.raises(SandboxApiException, match="Proxy error") as problem:
        await execd.commands.run("x")
    assert problem.value.status_code == 200
    assert problem.value.execution is not None
    assert problem.value.execution.stdout == "out\n"


async def test_a_refusal() -> None:
    answer = httpx.Response(
        400,
        json={"code": "INVALID_REQUEST_BODY", "message": "no such directory"},
        headers={"X-Request-ID": "r-1"},
    )
    with pytest.raises(SandboxApiException, match="no such directory") as problem:
        await Execd(answer).commands.run("x", working_directory="/nope")
    assert (problem.value.status_code, problem.value.request_id) == (400, "r-1")
    assert problem.value.execution_id is None
    assert problem.value.execution is None


# --- stream -----------------------------------------------------------------------------------


async def test_events_as_they_come() -> None:
    execd = Execd(stream(INIT, PING, OUT, frame("novelty", "?"), DONE))
    events = [event async for event in execd.commands.stream("make", envs={"A": "b"})]
    kinds = [ExecutionInit, OutputMessage, OtherEvent, ExecutionComplete]
    assert [type(event) for event in events] == kinds
    assert execd.sent == {"command": "make", "envs": {"A": "b"}}


async def test_leaving_a_stream_early_closes_it() -> None:
    with Peer(peer.events_without_end(INIT, OUT)) as script:
        commands = at(script)
        events: list[ExecutionEvent] = []
        async with aclosing(commands.stream("x")) as running:
            async for event in running:
                events.append(event)
                if len(events) == 2:
                    break
        assert [type(event) for event in events] == [ExecutionInit, OutputMessage]
        await commands._service.config.close()


async def test_a_stream_without_an_end_gives_it_from_the_status() -> None:
    execd = Execd(stream(INIT, OUT), httpx.Response(200, json={"running": False, "exit_code": 0}))
    events = [event async for event in execd.commands.stream("x")]
    assert isinstance(events[-1], ExecutionComplete)


# --- sessions ---------------------------------------------------------------------------------


async def test_a_session() -> None:
    execd = Execd(httpx.Response(200, json={"session_id": "s/1"}))
    assert await execd.commands.create_session(working_directory="/src") == "s/1"
    assert execd.sent == {"cwd": "/src"}
    assert await execd.commands.create_session() == "s/1"
    assert execd.requests[-1].content in (b"", b"{}")
    execd.answers = [stream(frame("init", "s/1"), OUT, FAILED)]
    execution = await execd.commands.run_in_session(
        "s/1", "false", working_directory="/src", timeout=0.5
    )
    assert (execution.id, execution.exit_code) == ("s/1", 3)
    assert execd.requests[-1].url.raw_path == b"/session/s%2F1/run"
    assert execd.sent == {"command": "false", "cwd": "/src", "timeout": 500}
    execd.answers = [httpx.Response(200)]
    await execd.commands.delete_session("s/1")
    assert execd.requests[-1].url.raw_path == b"/session/s%2F1"


async def test_a_session_has_no_status_to_ask_for() -> None:
    execd = Execd(stream(frame("init", "s-1"), OUT))
    with pytest.raises(SandboxConnectionException) as problem:
        await execd.commands.run_in_session("s-1", "ls")
    assert len(execd.requests) == 1
    assert problem.value.execution is not None
    assert problem.value.execution.stdout == "out\n"


async def test_a_sessions_limit_is_told_by_a_bare_code_and_message() -> None:
    def late(exchange: peer.Exchange) -> None:
        exchange.wait(0.02)
        peer.events(frame("init", "s-1"), OUT, b'{"code":"RUNTIME_ERROR","message":"late"}')(
            exchange
        )

    with Peer(late) as script:
        commands = at(script)
        seen: list[ExecutionError] = []
        execution = await commands.run_in_session("s-1", "x", timeout=0.01, on_error=seen.append)
        assert execution.timed_out
        assert execution.error is not None
        assert (execution.error.name, execution.exit_code) == ("RUNTIME_ERROR", None)
        assert len(seen) == 1
        await commands._service.config.close()


# --- status, logs, variables ------------------------------------------------------------------


async def test_status_and_interrupt() -> None:
    execd = Execd(httpx.Response(200, json={"id": "c 1", "running": True, "exit_code": None}))
    status = await execd.commands.get_command_status("c 1")
    assert (status.running, status.exit_code) == (True, None)
    assert execd.requests[-1].url.raw_path == b"/command/status/c%201"
    execd.answers = [httpx.Response(200)]
    await execd.commands.interrupt("c&1")
    assert execd.requests[-1].method == "DELETE"
    assert dict(execd.requests[-1].url.params) == {"id": "c&1"}


async def test_logs_and_where_to_read_on() -> None:
    execd = Execd(
        httpx.Response(
            200, content="one\nhé".encode()[:-1], headers={"EXECD-COMMANDS-TAIL-CURSOR": "6"}
        )
    )
    logs = await execd.commands.get_background_command_logs("c/1")
    assert (logs.content, logs.cursor) == ("one\nh", 5)
    assert execd.requests[-1].url.raw_path == b"/command/c%2F1/logs"
    await execd.commands.get_background_command_logs("c/1", cursor=0)
    assert dict(execd.requests[-1].url.params) == {"cursor": "0"}


async def test_logs_beyond_what_one_call_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opensandbox._async.executions.LOGS_LIMIT", 4)

    async def long() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"abc"

    execd = Execd(httpx.Response(200, content=long(), headers={"EXECD-COMMANDS-TAIL-CURSOR": "25"}))
    logs = await execd.commands.get_background_command_logs("c-1", cursor=10)
    assert (logs.content, logs.cursor) == ("abca", 14)


@pytest.mark.parametrize("identity", ["", "..", "a\nb", None])
async def test_ids_that_are_none(identity: Any) -> None:
    execd = Execd(httpx.Response(200))
    with pytest.raises(InvalidArgumentException, match="execution_id"):
        await execd.commands.interrupt(identity)
    with pytest.raises(InvalidArgumentException, match="execution_id"):
        await execd.commands.get_command_status(identity)
    with pytest.raises(InvalidArgumentException, match="execution_id"):
        await execd.commands.get_background_command_logs(identity)
    with pytest.raises(InvalidArgumentException, match="session_id"):
        await execd.commands.run_in_session(identity, "ls")
    with pytest.raises(InvalidArgumentException, match="session_id"):
        await execd.commands.delete_session(identity)
    assert execd.requests == []


async def test_a_variable_is_set_by_a_command() -> None:
    execd = Execd(stream(INIT, DONE))
    await execd.commands.set_env("KEY", "a value")
    assert "KEY=" in execd.sent["command"]
    assert "EXECD_ENVS" in execd.sent["command"]


async def test_a_variable_that_could_not_be_set() -> None:
    execd = Execd(stream(INIT, frame("stderr", "read-only"), FAILED))
    with pytest.raises(
        SandboxInternalException, match="KEY could not be set: read-only"
    ) as problem:
        await execd.commands.set_env("KEY", "hunter2")
    assert "hunter2" not in str(problem.value)
    assert problem.value.execution is not None
