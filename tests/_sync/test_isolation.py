# Written by scripts/unasync.py from tests/_async/test_isolation.py. Do not edit.
"""Isolated sessions: made, found, run in, and closed with their block."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from opensandbox._sync.config import ConnectionConfigSync
from opensandbox._sync.http import ServiceSync
from opensandbox._sync.isolation import IsolationServiceSync
from opensandbox.exceptions import (
    InvalidArgumentException,
    SandboxApiException,
    SandboxConnectionException,
    SandboxTimeoutException,
)
from opensandbox.models.execd_sync import ExecutionHandlersSync
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


def config_of(peer: SandboxPeer) -> ConnectionConfigSync:
    return ConnectionConfigSync(domain=peer.address, retry_policy=RetryPolicy.disabled())


def isolation_of(peer: SandboxPeer, config: ConnectionConfigSync) -> IsolationServiceSync:
    return IsolationServiceSync(ServiceSync(config, f"http://{peer.address}", sandbox_id="s1"))


def test_a_session_is_made_as_it_was_asked_for(peer: SandboxPeer) -> None:
    with config_of(peer) as config:
        session = isolation_of(peer, config).create(REQUEST)
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


def test_a_session_is_found_again(peer: SandboxPeer) -> None:
    state = {
        "status": "something-new",
        "created_at": CREATED,
        "last_run_at": None,
        "workspace": {"path": "/work", "mode": "future"},
        "overlays": [{"path": "/data"}],
        "uid_mode": "userns",
    }
    peer.on(f"GET {ONE}", says(state))
    with config_of(peer) as config:
        session = isolation_of(peer, config).attach("i1")
        found = session.get()
    assert session.info.workspace is not None
    assert (session.info.workspace.path, session.info.workspace.mode) == ("/work", "future")
    assert session.info.overlays is not None
    assert session.info.overlays[0].path == "/data"
    assert session.info.uid_mode == "userns"
    assert (found.status, found.last_run_at) == ("something-new", None)


def test_code_runs_in_a_session(peer: SandboxPeer) -> None:
    seen: list[str] = []
    handlers = ExecutionHandlersSync(on_stdout=lambda message: seen.append(message.text))
    with config_of(peer) as config:
        session = isolation_of(peer, config).create(REQUEST)
        done = session.run(
            "echo hi",
            opts=IsolatedRunOpts(envs={"A": "1"}, timeout_seconds=5),
            handlers=handlers,
        )
        session.run("echo hi", envs={"B": "2"}, timeout_seconds=7)
    assert (done.stdout, done.exit_code, seen) == ("hi\n", 0, ["hi\n"])
    runs = [json.loads(r.body) for r in peer.requests if r.path == f"{ONE}/run"]
    assert runs == [
        {"code": "echo hi", "envs": {"A": "1"}, "timeout_seconds": 5},
        {"code": "echo hi", "envs": {"B": "2"}, "timeout_seconds": 7},
    ]


def test_output_may_be_limited(peer: SandboxPeer) -> None:
    with config_of(peer) as config:
        isolation = isolation_of(peer, config)
        session = isolation.create(REQUEST)
        for done in (
            session.run("echo hi", max_output=1),
            isolation.run_once("echo hi", workspace="/work", max_output=1),
        ):
            assert (done.stdout, done.logs.stdout_dropped) == ("\n", 2)


def test_an_exit_code_is_no_exception(peer: SandboxPeer) -> None:
    error = {"ename": "CommandExecError", "evalue": "3"}
    peer.on(f"POST {ONE}/run", events(frame("init", text="r1"), frame("error", error=error)))
    with config_of(peer) as config:
        done = (isolation_of(peer, config).create(REQUEST)).run("exit 3")
    assert done.exit_code == 3


def test_a_run_that_breaks_off_keeps_what_came(peer: SandboxPeer) -> None:
    peer.on(f"POST {ONE}/run", events(frame("init", text="r1"), frame("stdout", text="hi\n")))
    with config_of(peer) as config:
        session = isolation_of(peer, config).create(REQUEST)
        with pytest.raises(SandboxConnectionException) as broken:
            session.run("echo hi")
    assert broken.value.execution is not None
    assert broken.value.execution.stdout == "hi\n"


def test_what_runs_in_the_background_is_watched(peer: SandboxPeer) -> None:
    run = {"session_id": "i1", "run_id": "r1", "started_at": CREATED, "more": 1}
    peer.on(f"POST {ONE}/run", says(run, 202))
    peer.on(
        f"GET {ONE}/runs/r1", says({**run, "running": False, "exit_code": 4, "finished_at": None})
    )
    headers = {"Content-Type": "text/plain", "EXECD-ISOLATED-TAIL-CURSOR": "9"}
    peer.on(f"GET {ONE}/runs/r1/logs", answer(200, b"log", headers=headers), answer(200, b"more"))
    with config_of(peer) as config:
        session = isolation_of(peer, config).create(REQUEST)
        started = session.run_background("sleep 1", timeout_seconds=9)
        status = session.run_status(started.run_id)
        logs = session.run_logs(started.run_id)
        rest = session.run_logs(started.run_id, 9)
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
def test_a_background_run_without_an_id_is_an_error(peer: SandboxPeer, body: bytes) -> None:
    peer.on(f"POST {ONE}/run", answer(202, body))
    with config_of(peer) as config:
        session = isolation_of(peer, config).create(REQUEST)
        with pytest.raises(SandboxApiException, match=f"POST {ONE}/run .*: 202, but"):
            session.run_background("true")


def test_files_are_those_of_the_session(peer: SandboxPeer) -> None:
    peer.on(f"GET {ONE}/files/download", answer(200, b"inside"))
    with config_of(peer) as config:
        session = isolation_of(peer, config).create(REQUEST)
        assert session.files.read_file("/work/a") == "inside"


def test_sessions_are_listed(peer: SandboxPeer) -> None:
    times = {"created_at": CREATED, "last_run_at": CREATED}
    one = {"session_id": "i1", "status": "new-state", "idle_remaining_seconds": None, **times}
    peer.on("GET /v1/isolated/sessions", says({"sessions": [one]}))
    with config_of(peer) as config:
        (found,) = isolation_of(peer, config).list()
    assert (found.session_id, found.status) == ("i1", "new-state")
    assert found.idle_remaining_seconds is None


def test_capabilities_say_what_is_there(peer: SandboxPeer) -> None:
    said = {
        "available": True,
        "isolator": "bwrap",
        "hardening": {"signal_shield": True, "seccomp": {"state": "active"}, "ebpf": None},
    }
    peer.on("GET /v1/isolated/capabilities", says(said))
    with config_of(peer) as config:
        found = isolation_of(peer, config).capabilities()
    assert (found.available, found.isolator, found.version) == (True, "bwrap", None)
    assert (found.commit_supported, found.diff_supported) == (False, False)
    assert found.hardening is not None
    assert found.hardening.seccomp is not None
    assert found.hardening.seccomp.state == "active"
    assert found.hardening.ebpf is None


def test_what_no_daemon_can_says_so(peer: SandboxPeer) -> None:
    peer.on(f"(POST|GET) {ONE}/(commit|diff)", refuses(501, "NOT_SUPPORTED"))
    with config_of(peer) as config:
        session = isolation_of(peer, config).create(REQUEST)
        for call in (session.commit, session.diff):
            with pytest.raises(SandboxApiException) as refused:
                call()
            assert refused.value.status_code == 501
            assert refused.value.error.code == "NOT_SUPPORTED"


# --- closed with their block


def test_run_once_closes_what_it_opened(peer: SandboxPeer) -> None:
    with config_of(peer) as config:
        done = isolation_of(peer, config).run_once(
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


def test_a_block_that_fails_closes_its_session(peer: SandboxPeer) -> None:
    peer.on(f"DELETE {ONE}", refuses(503, "BUSY"))
    with config_of(peer) as config:
        with pytest.raises(ZeroDivisionError) as failed:
            with isolation_of(peer, config).session(REQUEST):
                raise ZeroDivisionError
    assert peer.asked("DELETE .*") == [f"DELETE {ONE}"]
    assert "could not be closed" in failed.value.__notes__[0]


def test_closing_what_is_closed_is_fine_and_failing_to_close_is_not(
    peer: SandboxPeer,
) -> None:
    peer.on(f"DELETE {ONE}", refuses(404), refuses(503))
    with config_of(peer) as config:
        isolation = isolation_of(peer, config)
        with isolation.session(REQUEST):
            pass
        with pytest.raises(SandboxApiException):
            with isolation.session(REQUEST):
                pass


def test_a_close_that_gets_no_answer_is_our_error(
    peer: SandboxPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opensandbox._sync.isolation.CLEAN_UP_LIMIT", 0.2)
    peer.on(f"DELETE {ONE}", hang())
    with config_of(peer) as config:
        with pytest.raises(SandboxTimeoutException, match=rf"DELETE {ONE} .* within 0\.2 s"):
            with isolation_of(peer, config).session(REQUEST):
                pass


def test_an_answer_that_lacks_what_is_needed_is_told_with_the_request(
    peer: SandboxPeer,
) -> None:
    peer.on(f"POST {SESSIONS}", says({"wrong": True}, 201))
    peer.on(f"GET {ONE}", says({"wrong": True}))
    with config_of(peer) as config:
        isolation = isolation_of(peer, config)
        with pytest.raises(SandboxApiException, match=f"POST {SESSIONS} .*: 201, but") as caught:
            isolation.create(REQUEST)
        assert (caught.value.status_code, caught.value.sandbox_id) == (201, "s1")
        with pytest.raises(SandboxApiException, match=f"GET {ONE} .*: 200, but"):
            isolation.attach("i1")


def test_what_cannot_be_meant_is_not_sent(peer: SandboxPeer) -> None:
    wrong: Any = {"profile": "strict"}
    with config_of(peer) as config:
        isolation = isolation_of(peer, config)
        with pytest.raises(InvalidArgumentException, match="CreateIsolatedSessionRequest"):
            isolation.create(wrong)
        with pytest.raises(InvalidArgumentException, match="session_id"):
            isolation.attach("../x\n")
        with pytest.raises(InvalidArgumentException, match="path"):
            isolation.run_once("true", workspace="relative")
        assert peer.asked() == []
        session = isolation.create(REQUEST)
        with pytest.raises(InvalidArgumentException, match="not both"):
            session.run("true", opts=IsolatedRunOpts(), timeout_seconds=3)
        with pytest.raises(InvalidArgumentException, match="code"):
            session.run("")
        with pytest.raises(InvalidArgumentException, match="cursor"):
            session.run_logs("r1", -1)


def test_a_request_has_each_overlay_once_and_not_too_many() -> None:
    with pytest.raises(InvalidArgumentException, match="more than once"):
        CreateIsolatedSessionRequest(overlays=[IsolatedOverlaySpec(path="/a")] * 2)
    with pytest.raises(InvalidArgumentException, match="at most 16"):
        CreateIsolatedSessionRequest(
            overlays=[IsolatedOverlaySpec(path=f"/{number}") for number in range(17)]
        )
