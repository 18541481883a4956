"""Isolated sessions: made, found, run in, and closed with their block."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from opensandbox._async.config import ConnectionConfig
from opensandbox._async.http import Service
from opensandbox._async.isolation import IsolationService
from opensandbox.exceptions import (
    InvalidArgumentException,
    SandboxApiException,
    SandboxConnectionException,
    SandboxTimeoutException,
)
from opensandbox.models.execd import ExecutionHandlers
from opensandbox.models.isolated import (
    BindMount,
    CreateIsolatedSessionRequest,
    EnvPassthroughSpec,
    IsolatedOverlaySpec,
    IsolatedRunOpts,
    IsolatedWorkspaceSpec,
)
from opensandbox.transport.retry import RetryPolicy
from tests.peer import answer, events, hang
from tests.sandbox_peer import CREATED, SandboxPeer, refuses, sandbox_peer, says

SESSIONS = "/v1/isolated/session"
ONE = f"{SESSIONS}/i1"
REQUEST = CreateIsolatedSessionRequest(
    workspace=IsolatedWorkspaceSpec(path="/work", mode="overlay"),
    overlays=[IsolatedOverlaySpec(path="/data", persist=True)],
    profile="strict",
    binds=[BindMount(source="/etc/hosts", readonly=True)],
    env_passthrough=EnvPassthroughSpec(mode="allow", keys=["PATH"]),
    idle_timeout_seconds=60,
)


def frame(kind: str, **more: Any) -> bytes:
    return json.dumps({"type": kind, "timestamp": 1, **more}).encode() + b"\n\n"


DONE = events(frame("init", text="r1"), frame("stdout", text="hi\n"), frame("execution_complete"))


@pytest.fixture
def peer() -> Iterator[SandboxPeer]:
    with sandbox_peer() as started:
        made = {"session_id": "i1", "created_at": CREATED}
        started.on(f"POST {SESSIONS}", says(made, 201))
        started.on(f"DELETE {ONE}", answer(200))
        started.on(f"POST {ONE}/run", DONE)
        yield started


def config_of(peer: SandboxPeer) -> ConnectionConfig:
    return ConnectionConfig(domain=peer.address, retry_policy=RetryPolicy.disabled())


def isolation_of(peer: SandboxPeer, config: ConnectionConfig) -> IsolationService:
    return IsolationService(Service(config, f"http://{peer.address}", sandbox_id="s1"))


async def test_a_session_is_made_as_it_was_asked_for(peer: SandboxPeer) -> None:
    async with config_of(peer) as config:
        session = await isolation_of(peer, config).create(REQUEST)
    assert session.session_id == "i1"
    assert session.info.profile == "strict"
    assert session.info.workspace == REQUEST.workspace
    assert session.info.created_at is not None
    assert peer.body(f"POST {SESSIONS}") == {
        "workspace": {"path": "/work", "mode": "overlay"},
        "overlays": [{"path": "/data", "persist": True}],
        "profile": "strict",
        "binds": [{"source": "/etc/hosts", "readonly": True}],
        "env_passthrough": {"mode": "allow", "keys": ["PATH"]},
        "idle_timeout_seconds": 60,
    }


async def test_a_session_is_found_again(peer: SandboxPeer) -> None:
    state = {
        "status": "something-new",
        "created_at": CREATED,
        "last_run_at": None,
        "workspace": {"path": "/work", "mode": "future"},
        "overlays": [{"path": "/data"}],
        "uid_mode": "userns",
    }
    peer.on(f"GET {ONE}", says(state))
    async with config_of(peer) as config:
        session = await isolation_of(peer, config).attach("i1")
        found = await session.get()
    assert session.info.workspace is not None
    assert (session.info.workspace.path, session.info.workspace.mode) == ("/work", "future")
    assert session.info.overlays is not None
    assert session.info.overlays[0].path == "/data"
    assert session.info.uid_mode == "userns"
    assert (found.status, found.last_run_at) == ("something-new", None)


async def test_code_runs_in_a_session(peer: SandboxPeer) -> None:
    seen: list[str] = []
    handlers = ExecutionHandlers(on_stdout=lambda message: seen.append(message.text))
    async with config_of(peer) as config:
        session = await isolation_of(peer, config).create(REQUEST)
        done = await session.run(
            "echo hi",
            opts=IsolatedRunOpts(envs={"A": "1"}, timeout_seconds=5),
            handlers=handlers,
        )
        await session.run("echo hi", envs={"B": "2"}, timeout_seconds=7)
    assert (done.stdout, done.exit_code, seen) == ("hi\n", 0, ["hi\n"])
    runs = [json.loads(r.body) for r in peer.requests if r.path == f"{ONE}/run"]
    assert runs == [
        {"code": "echo hi", "envs": {"A": "1"}, "timeout_seconds": 5},
        {"code": "echo hi", "envs": {"B": "2"}, "timeout_seconds": 7},
    ]


async def test_output_may_be_limited(peer: SandboxPeer) -> None:
    async with config_of(peer) as config:
        isolation = isolation_of(peer, config)
        session = await isolation.create(REQUEST)
        for done in (
            await session.run("echo hi", max_output=1),
            await isolation.run_once("echo hi", workspace="/work", max_output=1),
        ):
            assert (done.stdout, done.logs.stdout_dropped) == ("\n", 2)


async def test_an_exit_code_is_no_exception(peer: SandboxPeer) -> None:
    error = {"ename": "CommandExecError", "evalue": "3"}
    peer.on(f"POST {ONE}/run", events(frame("init", text="r1"), frame("error", error=error)))
    async with config_of(peer) as config:
        done = await (await isolation_of(peer, config).create(REQUEST)).run("exit 3")
    assert done.exit_code == 3


async def test_a_run_that_breaks_off_keeps_what_came(peer: SandboxPeer) -> None:
    peer.on(f"POST {ONE}/run", events(frame("init", text="r1"), frame("stdout", text="hi\n")))
    async with config_of(peer) as config:
        session = await isolation_of(peer, config).create(REQUEST)
        with pytest.raises(SandboxConnectionException) as broken:
            await session.run("echo hi")
    assert broken.value.execution is not None
    assert broken.value.execution.stdout == "hi\n"


async def test_what_runs_in_the_background_is_watched(peer: SandboxPeer) -> None:
    run = {"session_id": "i1", "run_id": "r1", "started_at": CREATED, "more": 1}
    peer.on(f"POST {ONE}/run", says(run, 202))
    peer.on(
        f"GET {ONE}/runs/r1", says({**run, "running": False, "exit_code": 4, "finished_at": None})
    )
    headers = {"Content-Type": "text/plain", "EXECD-ISOLATED-TAIL-CURSOR": "9"}
    peer.on(f"GET {ONE}/runs/r1/logs", answer(200, b"log", headers=headers), answer(200, b"more"))
    async with config_of(peer) as config:
        session = await isolation_of(peer, config).create(REQUEST)
        started = await session.run_background("sleep 1", timeout_seconds=9)
        status = await session.run_status(started.run_id)
        logs = await session.run_logs(started.run_id)
        rest = await session.run_logs(started.run_id, 9)
    assert peer.body(f"POST {ONE}/run") == {
        "code": "sleep 1",
        "timeout_seconds": 9,
        "background": True,
    }
    assert started.started_at is not None
    assert (status.running, status.exit_code, status.finished_at) == (False, 4, None)
    assert (logs.text, logs.cursor) == ("log", 9)
    assert (rest.text, rest.cursor) == ("more", 13)
    assert peer.asked(".*/logs") == [
        f"GET {ONE}/runs/r1/logs?cursor=0",
        f"GET {ONE}/runs/r1/logs?cursor=9",
    ]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"<html>"])
async def test_a_background_run_without_an_id_is_an_error(peer: SandboxPeer, body: bytes) -> None:
    peer.on(f"POST {ONE}/run", answer(202, body))
    async with config_of(peer) as config:
        session = await isolation_of(peer, config).create(REQUEST)
        with pytest.raises(SandboxApiException, match=f"POST {ONE}/run .*: 202, but"):
            await session.run_background("true")


async def test_files_are_those_of_the_session(peer: SandboxPeer) -> None:
    peer.on(f"GET {ONE}/files/download", answer(200, b"inside"))
    async with config_of(peer) as config:
        session = await isolation_of(peer, config).create(REQUEST)
        assert await session.files.read_file("/work/a") == "inside"


async def test_sessions_are_listed(peer: SandboxPeer) -> None:
    times = {"created_at": CREATED, "last_run_at": CREATED}
    one = {"session_id": "i1", "status": "new-state", "idle_remaining_seconds": None, **times}
    peer.on("GET /v1/isolated/sessions", says({"sessions": [one]}))
    async with config_of(peer) as config:
        (found,) = await isolation_of(peer, config).list()
    assert (found.session_id, found.status) == ("i1", "new-state")
    assert found.idle_remaining_seconds is None


async def test_capabilities_say_what_is_there(peer: SandboxPeer) -> None:
    said = {
        "available": True,
        "isolator": "bwrap",
        "hardening": {"signal_shield": True, "seccomp": {"state": "active"}, "ebpf": None},
    }
    peer.on("GET /v1/isolated/capabilities", says(said))
    async with config_of(peer) as config:
        found = await isolation_of(peer, config).capabilities()
    assert (found.available, found.isolator, found.version) == (True, "bwrap", None)
    assert (found.commit_supported, found.diff_supported) == (False, False)
    assert found.hardening is not None
    assert found.hardening.seccomp is not None
    assert found.hardening.seccomp.state == "active"
    assert found.hardening.ebpf is None


async def test_what_no_daemon_can_says_so(peer: SandboxPeer) -> None:
    peer.on(f"(POST|GET) {ONE}/(commit|diff)", refuses(501, "NOT_SUPPORTED"))
    async with config_of(peer) as config:
        session = await isolation_of(peer, config).create(REQUEST)
        for call in (session.commit, session.diff):
            with pytest.raises(SandboxApiException) as refused:
                await call()
            assert refused.value.status_code == 501
            assert refused.value.error.code == "NOT_SUPPORTED"


# --- closed with their block


async def test_run_once_closes_what_it_opened(peer: SandboxPeer) -> None:
    async with config_of(peer) as config:
        done = await isolation_of(peer, config).run_once(
            "echo hi",
            workspace="/work",
            workspace_mode="ro",
            profile="balanced",
            share_net=False,
            binds=[BindMount(source="/opt")],
        )
    assert done.stdout == "hi\n"
    assert peer.body(f"POST {SESSIONS}") == {
        "workspace": {"path": "/work", "mode": "ro"},
        "profile": "balanced",
        "share_net": False,
        "binds": [{"source": "/opt"}],
    }
    assert peer.asked("DELETE .*") == [f"DELETE {ONE}"]


async def test_a_block_that_fails_closes_its_session(peer: SandboxPeer) -> None:
    peer.on(f"DELETE {ONE}", refuses(503, "BUSY"))
    async with config_of(peer) as config:
        with pytest.raises(ZeroDivisionError) as failed:
            async with isolation_of(peer, config).session(REQUEST):
                raise ZeroDivisionError
    assert peer.asked("DELETE .*") == [f"DELETE {ONE}"]
    assert "could not be closed" in failed.value.__notes__[0]


async def test_closing_what_is_closed_is_fine_and_failing_to_close_is_not(
    peer: SandboxPeer,
) -> None:
    peer.on(f"DELETE {ONE}", refuses(404), refuses(503))
    async with config_of(peer) as config:
        isolation = isolation_of(peer, config)
        async with isolation.session(REQUEST):
            pass
        with pytest.raises(SandboxApiException):
            async with isolation.session(REQUEST):
                pass


async def test_a_close_that_gets_no_answer_is_our_error(
    peer: SandboxPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opensandbox._async.isolation.CLEAN_UP_LIMIT", 0.2)
    peer.on(f"DELETE {ONE}", hang())
    async with config_of(peer) as config:
        with pytest.raises(SandboxTimeoutException, match=rf"DELETE {ONE} .* within 0\.2 s"):
            async with isolation_of(peer, config).session(REQUEST):
                pass


async def test_an_answer_that_lacks_what_is_needed_is_told_with_the_request(
    peer: SandboxPeer,
) -> None:
    peer.on(f"POST {SESSIONS}", says({"wrong": True}, 201))
    peer.on(f"GET {ONE}", says({"wrong": True}))
    async with config_of(peer) as config:
        isolation = isolation_of(peer, config)
        with pytest.raises(SandboxApiException, match=f"POST {SESSIONS} .*: 201, but") as caught:
            await isolation.create(REQUEST)
        assert (caught.value.status_code, caught.value.sandbox_id) == (201, "s1")
        with pytest.raises(SandboxApiException, match=f"GET {ONE} .*: 200, but"):
            await isolation.attach("i1")


async def test_what_cannot_be_meant_is_not_sent(peer: SandboxPeer) -> None:
    wrong: Any = {"profile": "strict"}
    async with config_of(peer) as config:
        isolation = isolation_of(peer, config)
        with pytest.raises(InvalidArgumentException, match="CreateIsolatedSessionRequest"):
            await isolation.create(wrong)
        with pytest.raises(InvalidArgumentException, match="session_id"):
            await isolation.attach("../x\n")
        with pytest.raises(InvalidArgumentException, match="path"):
            await isolation.run_once("true", workspace="relative")
        assert peer.asked() == []
        session = await isolation.create(REQUEST)
        with pytest.raises(InvalidArgumentException, match="not both"):
            await session.run("true", opts=IsolatedRunOpts(), timeout_seconds=3)
        with pytest.raises(InvalidArgumentException, match="code"):
            await session.run("")
        with pytest.raises(InvalidArgumentException, match="cursor"):
            await session.run_logs("r1", -1)


def test_a_request_has_each_overlay_once_and_not_too_many() -> None:
    with pytest.raises(InvalidArgumentException, match="more than once"):
        CreateIsolatedSessionRequest(overlays=[IsolatedOverlaySpec(path="/a")] * 2)
    with pytest.raises(InvalidArgumentException, match="at most 16"):
        CreateIsolatedSessionRequest(
            overlays=[IsolatedOverlaySpec(path=f"/{number}") for number in range(17)]
        )
