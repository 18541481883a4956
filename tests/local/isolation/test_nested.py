"""Isolated sessions within a sandbox: what they see, what they change, how they end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opensandbox.local.isolation.probe import Machine
from tests.local.isolation.boxes import Box, box

pytestmark = pytest.mark.isolation

ABSENT = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory, machine: Machine) -> Iterator[Box]:
    with box(tmp_path_factory.mktemp("nested"), machine) as running:
        lines = "mkdir -p /root/ws /srv/other; echo base > /root/ws/file; echo s > /srv/other/s"
        assert running.run(f"{lines}; sleep 1000 & ").error is None
        yield running


class Session:
    """An open session."""

    def __init__(self, sandbox: Box, **wish: Any) -> None:
        self.sandbox = sandbox
        wish = {"workspace": {"path": "/root/ws"}, **wish}
        status, said = sandbox.ask("POST", "/v1/isolated/session", wish)
        assert status == 201, said
        self.id = json.loads(said)["session_id"]
        self.path = f"/v1/isolated/session/{self.id}"

    def events(self, code: str, **more: Any) -> list[dict[str, Any]]:
        status, said = self.sandbox.ask("POST", f"{self.path}/run", {"code": code, **more})
        assert status == 200, said
        return [json.loads(frame) for frame in said.split("\n\n") if frame]

    def run(self, code: str, **more: Any) -> str:
        """All that code prints."""
        kinds = ("stdout", "stderr")
        found = self.events(code, **more)
        return "".join(event["text"] for event in found if event.get("type") in kinds)

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, str]:
        return self.sandbox.ask(method, f"{self.path}{path}", body)

    def close(self) -> None:
        assert self.ask("DELETE", "")[0] == 200


def test_an_overlay_keeps_its_writes_to_itself(sandbox: Box) -> None:
    session = Session(sandbox)
    assert session.run("pwd; cat file; echo own > file; rm -f gone; touch new; cat file; ls") == (
        "/root/ws\nbase\nown\nfile\nnew\n"
    )
    assert sandbox.run("cat /root/ws/file; ls /root/ws").stdout == "base\nfile\n"
    session.close()


def test_a_directory_may_be_writable_or_not_at_all(sandbox: Box) -> None:
    open_one = Session(sandbox, workspace={"path": "/root/ws", "mode": "rw"})
    assert "Read-only" in open_one.run("echo seen > shared; touch /srv/other/x")
    assert sandbox.run("cat /root/ws/shared; rm /root/ws/shared").stdout == "seen\n"
    closed = Session(sandbox, workspace={"path": "/root/ws", "mode": "ro"})
    assert "Read-only" in closed.run("touch x")
    assert closed.run("echo own > /tmp/own; cat /tmp/own") == "own\n"
    assert sandbox.run("ls /tmp/own").error is not None
    open_one.close()
    closed.close()


def test_more_places_can_be_seen_elsewhere(sandbox: Box) -> None:
    session = Session(
        sandbox,
        overlays=[{"path": "/srv", "mode": "overlay"}],
        binds=[{"source": "/srv/other", "dest": "/tmp/here", "readonly": True}],
        extra_writable=["/mnt"],
    )
    assert session.run("touch /srv/a; ls /srv; cat /tmp/here/s; echo m > /mnt/m") == (
        "a\nother\ns\n"
    )
    assert "Read-only" in session.run("touch /tmp/here/x")
    assert sandbox.run("ls /srv; cat /mnt/m").stdout == "other\nm\n"
    session.close()


def test_processes_of_the_sandbox_are_out_of_sight_and_reach(sandbox: Box) -> None:
    session = Session(sandbox, profile="strict")
    assert int(session.run("ls -d /proc/[0-9]* | wc -l")) < 9
    look = "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 'sleep 100[0]'"
    assert sandbox.run(look).stdout == "1\n"
    assert session.run(look) == "0\n"
    look = "grep -hE '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status"
    assert session.run(look).split() == [
        *("CapEff:", "0" * 16, "CapBnd:", "0" * 16, "NoNewPrivs:", "1", "Seccomp:", "2"),
    ]
    assert "not permitted" in session.run("unshare -U true")
    assert "not permitted" in session.run("mount -o remount,rw /") or session.run("id -u") == "0\n"
    assert "Read-only" in session.run("mount -o remount,rw / 2>/dev/null; touch /srv/x")
    session.close()


@pytest.mark.parametrize(("profile", "reached"), [("strict", False), ("balanced", True)])
def test_the_network_is_the_sandboxes_or_none(sandbox: Box, profile: str, reached: bool) -> None:
    server = "import socket,time; s=socket.create_server(('127.0.0.1', {})); time.sleep(20)"
    port = 7101 if reached else 7102
    sandbox.run(f'python3 -c "{server.format(port)}" >/dev/null 2>&1 & sleep 0.5')
    session = Session(sandbox, profile=profile)
    connect = f"import socket; socket.create_connection(('127.0.0.1', {port}), 2); print('in')"
    assert (session.run(f'python3 -c "{connect}" 2>/dev/null') == "in\n") == reached
    session.close()


def test_the_bash_lives_from_run_to_run_and_variables_of_a_run_do_not(sandbox: Box) -> None:
    session = Session(sandbox)
    session.run("cd /usr; X=5; f() { echo f$X; }")
    assert session.run("pwd; f; echo $ONCE", envs={"ONCE": "here"}) == "/usr\nf5\nhere\n"
    assert session.run("echo -$ONCE-") == "--\n"
    last = session.events("exit 4")[-1]
    assert (last["type"], last["error"]["evalue"]) == ("error", "4")
    assert session.run("echo alive") == "alive\n"
    assert "code" in session.events("sleep 60", timeout_seconds=1)[-1]
    assert session.events("true")[0]["text"] == session.id
    session.close()


def test_a_background_run_has_a_status_and_logs(sandbox: Box) -> None:
    session = Session(sandbox)
    code = "echo one; cat file; exit 3"
    status, said = session.ask("POST", "/run", {"code": code, "background": True})
    assert status == 202
    run_id = json.loads(said)["run_id"]
    while (state := json.loads(session.ask("GET", f"/runs/{run_id}")[1]))["running"]:
        pass
    assert (state["exit_code"], state["session_id"], state["run_id"]) == (3, session.id, run_id)
    assert session.ask("GET", f"/runs/{run_id}/logs") == (200, "one\nbase\n")
    assert session.ask("GET", f"/runs/{run_id}/logs?cursor=4") == (200, "base\n")
    assert session.ask("GET", f"/runs/{ABSENT}")[0] == 404
    assert session.ask("GET", f"/runs/{ABSENT}/logs")[0] == 404
    session.close()


def test_files_are_those_that_the_session_sees(sandbox: Box) -> None:
    session = Session(sandbox)
    session.run("echo own > made; rm file")
    assert session.ask("GET", "/files/download?path=/root/ws/made") == (200, "own\n")
    assert session.ask("GET", "/files/info?path=/root/ws/file")[0] == 404
    listed = json.loads(session.ask("GET", "/directories/list?path=/root/ws")[1])
    assert [each["path"] for each in listed] == ["/root/ws/made"]
    assert session.ask("POST", "/directories", {"/root/ws/d": {"mode": 755}})[0] == 200
    assert session.ask("DELETE", "/directories?path=/root/ws/d")[0] == 200
    assert session.ask("POST", "/directories", {"/srv/d": {"mode": 755}})[0] == 500
    assert sandbox.run("ls /root/ws").stdout == "file\n"
    session.close()


def test_a_session_may_be_another_user(sandbox: Box, machine: Machine) -> None:
    if not machine.many_ids:
        pytest.skip("an ordinary user's sandbox has one user")
    sandbox.run("mkdir -p /srv/of; chown 1234:77 /srv/of")
    session = Session(sandbox, workspace={"path": "/srv/of", "mode": "rw"}, uid=1234, gid=77)
    assert session.run("id -u; id -g; touch x && stat -c %u:%g x") == "1234\n77\n1234:77\n"
    session.close()


def test_variables_are_passed_as_asked(sandbox: Box) -> None:
    allow = Session(sandbox, env_passthrough={"mode": "allow", "keys": ["LANG"]})
    assert "LANG" in allow.run("env")
    deny = Session(sandbox, env_passthrough={"mode": "deny", "keys": ["LANG"]})
    assert deny.run("echo $HOME") == "/root\n"
    allow.close()
    deny.close()


def test_the_end_of_a_session_is_the_end_of_its_processes(sandbox: Box) -> None:
    session = Session(sandbox, workspace={"path": "/root/ws", "mode": "rw"})
    session.run("sleep 4321 & setsid sleep 4321 &")
    find = "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -o 'sleep 432[1]' | wc -l"
    assert sandbox.run(find).stdout == "2\n"
    session.close()
    wait = f"for i in $(seq 50); do {find} | grep -q '^0' && break; sleep 0.1; done"
    assert sandbox.run(f"{wait}; {find}").stdout == "0\n"
    status, said = session.ask("GET", "")
    assert (status, json.loads(said)["status"]) == (200, "destroyed")
    assert session.ask("POST", "/run", {"code": "true"})[0] == 404
    listed = json.loads(sandbox.ask("GET", "/v1/isolated/sessions")[1])["sessions"]
    assert {"session_id": session.id, "status": "destroyed"}.items() <= next(
        each for each in listed if each["session_id"] == session.id
    ).items()


def test_an_idle_session_is_closed(sandbox: Box) -> None:
    session = Session(sandbox, idle_timeout_seconds=1)
    while (state := json.loads(session.ask("GET", "")[1]))["status"] == "active":
        assert state["idle_remaining_seconds"] <= 1
    assert state["status"] == "destroyed"


def test_what_cannot_be_says_so(sandbox: Box) -> None:
    session = Session(sandbox)
    for method, path in (("POST", "/commit"), ("GET", "/diff")):
        status, said = session.ask(method, path)
        assert (status, json.loads(said)["code"]) == (501, "NOT_SUPPORTED")
    session.close()
    able = json.loads(sandbox.ask("GET", "/v1/isolated/capabilities")[1])
    assert able["available"] is True
    assert able["commit_supported"] is able["diff_supported"] is able["userns_available"] is False
    assert able["hardening"]["init_mode"] == "pid1"
    assert able["hardening"]["seccomp"]["state"] == "active"


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"workspace": {"path": "relative"}},
        {"workspace": {"path": "/root/../etc"}},
        {"workspace": {"path": "/none"}},
        {"workspace": {"path": "/proc"}},
        {"workspace": {"path": "/root/ws", "mode": "odd"}},
        {"workspace": {"path": "/root/ws"}, "overlays": [{"path": "/root/ws"}]},
        {"workspace": {"path": "/root/ws"}, "uid_mode": "userns"},
        {"workspace": {"path": "/root/ws"}, "profile": "lax"},
        {"overlays": [{"path": "/root/ws", "mode": "ro", "persist": True}]},
        {"workspace": {"path": "/root/ws"}, "idle_timeout_seconds": -1},
        {"workspace": {"path": "/root/ws"}, "extra_writable": [7]},
    ],
)
def test_a_wish_that_contradicts_itself_is_refused(sandbox: Box, wish: dict[str, Any]) -> None:
    status, said = sandbox.ask("POST", "/v1/isolated/session", wish)
    assert status == 400, said


def test_the_opener_ends_with_its_sandbox(tmp_path: Path, machine: Machine) -> None:
    with box(tmp_path, machine) as running:
        Session(running, workspace={"path": "/root"})
        outer = running.started.outer_pid
        (opener,) = [pid for pid in _children(outer) if pid != running.started.pid]
    assert not Path(f"/proc/{opener}").exists()


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_sandbox_without_isolation_has_no_sessions(tmp_path: Path, machine: Machine) -> None:
    with box(tmp_path, machine, isolation="none") as plain:
        able = json.loads(plain.ask("GET", "/v1/isolated/capabilities")[1])
        assert (able["available"], "not isolated" in able["message"]) == (False, True)
        status, said = plain.ask("POST", "/v1/isolated/session", {"workspace": {"path": "/usr"}})
        assert (status, json.loads(said)["code"]) == (503, "NOT_SUPPORTED")
