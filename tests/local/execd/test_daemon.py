"""The daemon itself: who may talk to it, what it gives away, how it begins and ends."""

from __future__ import annotations

import os
import resource
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from opensandbox.local.execd.commands import REMEMBERED
from tests.local.execd.daemons import TOKEN, Daemon

as_root = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether it becomes true in a generous time."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


def state_of(pid: int) -> str:
    """R, S, Z and so on; empty for a process that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def test_nothing_is_served_before_it_is_configured_and_only_once(fresh: Daemon) -> None:
    assert fresh.ask({"op": "status"})["configured"] is False
    assert fresh.client.get("/ping").status_code == 503
    assert fresh.configure() == {"ok": True, "notes": []}
    assert fresh.client.get("/ping").status_code == 200
    assert fresh.ask({"op": "status"})["configured"] is True
    again = fresh.configure(token="another")
    assert (again["ok"], "already" in again["error"]) == (False, True)
    assert fresh.client.get("/ping").status_code == 200


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + "x", TOKEN[:-1]])
def test_every_request_needs_the_token(daemon: Daemon, token: str | None) -> None:
    headers = {} if token is None else {"X-EXECD-ACCESS-TOKEN": token}
    for path in ("/ping", "/command/status/x", "/nope", "/proxy/1/"):
        answer = httpx.get(
            f"http://127.0.0.1:{daemon.port}{path}", headers=headers, trust_env=False
        )
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
        assert TOKEN not in answer.text


@pytest.mark.parametrize(
    "message",
    [
        {"op": "nonsense"},
        {},
        {"op": "configure"},
        {"op": "configure", "sandbox_id": "x", "token": ""},
        {"op": "configure", "sandbox_id": "x", "token": "t", "env": {"A": 1}},
        {"op": "configure", "sandbox_id": "x", "token": "t", "entrypoint": "true"},
        {"op": "expose", "port": 80},
        {"op": "expose", "port": "80"},
    ],
)
def test_a_control_request_that_makes_no_sense_is_refused(
    fresh: Daemon, message: dict[str, object]
) -> None:
    answer = fresh.ask(message)
    assert answer["ok"] is False
    assert answer["error"]


def test_the_environment_is_the_configured_one_and_holds_no_secret(fresh: Daemon) -> None:
    fresh.configure(env={"A": "1", "PATH": "/usr/bin:/bin"})
    run = fresh.run("env")
    variables = dict(line.split("=", 1) for line in run.stdout.splitlines())
    assert variables["A"] == "1"
    assert variables["PATH"] == "/usr/bin:/bin"
    assert variables["FROM_THE_IMAGE"] == "1"
    usual = {"HOME", "USER", "LOGNAME", "LANG", "PWD", "SHLVL", "EXECD_ENVS", "_"}
    assert set(variables) <= {"A", "PATH", "FROM_THE_IMAGE", *usual}
    assert TOKEN not in run.stdout


def test_the_entrypoint_runs_once_the_sandbox_is_configured(fresh: Daemon) -> None:
    mark = fresh.files / "mark"
    fresh.configure(entrypoint=["sh", "-c", "echo $A > mark; exec sleep 60"], env={"A": "1"})
    assert eventually(lambda: mark.exists() and mark.read_text() == "1\n")
    assert fresh.ask({"op": "status"})["processes"] == 1


@pytest.mark.parametrize(
    ("entrypoint", "code", "said"),
    [
        (["true"], 0, ""),
        (["sh", "-c", "echo why; exit 3"], 3, "why"),
        (["sh", "-c", "printf %0999d 1; exit 4"], 4, "0" * 199 + "1"),
    ],
)
def test_the_end_of_the_entrypoint_is_told(
    fresh: Daemon, entrypoint: list[str], code: int, said: str
) -> None:
    assert fresh.ask({"op": "status"})["entrypoint"] is None
    fresh.configure()
    assert fresh.ask({"op": "start", "entrypoint": entrypoint})["ok"] is True
    assert eventually(lambda: outcome(fresh)["exit_code"] is not None)
    assert outcome(fresh) == {"exit_code": code, "said": said}


def test_what_the_entrypoint_said_may_be_forgotten(fresh: Daemon) -> None:
    fresh.configure(entrypoint=["echo", "forgotten"])
    assert eventually(lambda: outcome(fresh)["exit_code"] is not None)
    for _ in range(REMEMBERED):
        fresh.client.post("/command", json={"argv": ["true"]})
    assert outcome(fresh) == {"exit_code": 0, "said": ""}


def test_a_wrong_entrypoint_is_refused(fresh: Daemon) -> None:
    fresh.configure()
    assert fresh.ask({"op": "start", "entrypoint": "sh"})["ok"] is False


def outcome(daemon: Daemon) -> dict[str, object]:
    """What became of the entrypoint."""
    told: dict[str, object] = daemon.ask({"op": "status"})["entrypoint"]
    return told


def test_the_daemons_memory_is_closed_to_others_and_its_commands_is_not(daemon: Daemon) -> None:
    assert os.stat(f"/proc/{daemon.process.pid}/mem").st_uid == 0
    readable = "import os; os.open(f'/proc/{os.getpid()}/mem', os.O_RDONLY); print('readable')"
    assert daemon.run(f'python3 -c "{readable}"').stdout == "readable\n"


@as_root
def test_confined_commands_have_lost_what_no_sandbox_needs() -> None:
    with Daemon(["--confine"]) as daemon:
        daemon.configure()
        status = dict(
            line.split(":\t", 1) for line in daemon.run("cat /proc/self/status").stdout.splitlines()
        )
        kept = sum(1 << number for number in (0, 1, 3, 4, 5, 6, 7, 8, 10, 18, 31))
        assert (int(status["CapEff"], 16) | kept, int(status["CapBnd"], 16) | kept) == (kept, kept)
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
        denied = daemon.run("unshare --mount true")
        assert denied.exit_code != 0
        assert "not permitted" in denied.stderr


@as_root
def test_a_confined_command_may_open_fewer_files_than_the_daemon() -> None:
    with Daemon(["--confine"]) as daemon:
        daemon.configure()
        most = resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)[1]
        assert int(daemon.run("ulimit -Hn").stdout) < most


def test_limits_hold_for_what_is_started(fresh: Daemon) -> None:
    fresh.configure(limits={"file_size": 4096, "memory": None})
    run = fresh.run("ulimit -f; head -c 10000 /dev/zero > big; echo $?; stat -c %s big")
    assert run.stdout == f"4\n{128 + signal.SIGXFSZ}\n4096\n"


@contextmanager
def crowd_limit(daemon: Daemon) -> Iterator[Callable[[int], object]]:
    """A function that limits how many processes the daemon and all below it may be."""
    group = next(
        (
            base / f"execd-test-{os.getpid()}"
            for base in (Path("/sys/fs/cgroup/pids"), Path("/sys/fs/cgroup"))
            if (base / "cgroup.procs").exists() and os.access(base, os.W_OK)
        ),
        None,
    )
    if group is None:
        pytest.skip("needs a group of processes with a limit")
    group.mkdir()
    try:
        spawner = daemon.run("echo $PPID").stdout
        for pid in (daemon.process.pid, int(spawner)):
            (group / "cgroup.procs").write_text(str(pid))
        if not (group / "pids.max").exists():
            pytest.skip("needs a group of processes with a limit")
        yield lambda most: (group / "pids.max").write_text(str(most))
    finally:
        (group.parent / "cgroup.procs").write_text(str(daemon.process.pid))
        (group.parent / "cgroup.procs").write_text(spawner)
        assert eventually(lambda: (group / "cgroup.procs").read_text() == "")
        group.rmdir()


@as_root
def test_a_full_sandbox_says_so_and_still_serves_files(fresh: Daemon) -> None:
    fresh.configure()
    with crowd_limit(fresh) as limit:
        limit(1)
        answer = fresh.client.post("/command", json={"command": "true"})
        assert (answer.status_code, answer.json()["code"]) == (503, "SANDBOX_BUSY")
        assert fresh.client.get("/files/info", params={"path": "/"}).status_code == 200
        background = {"command": "true", "background": True}
        assert fresh.client.post("/command", json=background).status_code == 503
        limit(100)
        assert fresh.run("echo room").stdout == "room\n"


def test_orphans_are_reaped(daemon: Daemon) -> None:
    run = daemon.run("(sleep 0.2 & echo $!); true")
    orphan = int(run.stdout)
    assert eventually(lambda: state_of(orphan) == "")


def test_a_killed_spawner_costs_the_running_commands_and_no_more(daemon: Daemon) -> None:
    spawner = int(daemon.run("echo $PPID").stdout)
    with daemon.stream("/command", {"command": "sleep 60"}) as response:
        pieces = response.iter_text()
        next(pieces)
        os.kill(spawner, signal.SIGKILL)
        assert '"evalue":"-1"' in "".join(pieces)
    assert daemon.run("echo again").stdout == "again\n"
    assert int(daemon.run("echo $PPID").stdout) != spawner


@pytest.mark.parametrize("how", ["terminate", "shutdown", "kill"])
def test_when_it_ends_everything_ends(fresh: Daemon, how: str) -> None:
    fresh.configure(entrypoint=["sleep", "60"])
    run = fresh.run("sleep 60 & setsid sleep 60 & echo $! $(jobs -p)", background=False)
    pids = [int(word) for word in run.stdout.split()]
    with fresh.stream("/command", {"command": "echo $$; sleep 60"}) as response:
        pieces = response.iter_text()
        text = ""
        while "stdout" not in text:
            text += next(pieces)
        if how == "shutdown":
            assert fresh.ask({"op": "shutdown"}) == {"ok": True}
        elif how == "terminate":
            fresh.process.terminate()
        else:
            fresh.process.kill()
            pids = []  # What left its group is the isolation's to end; the group is the spawner's.
        fresh.process.wait(timeout=20)
    assert eventually(lambda: all(state_of(pid) in ("", "Z") for pid in pids))


def test_an_idle_daemon_does_nothing(fresh: Daemon) -> None:
    fresh.configure()
    fresh.client.get("/ping")
    fresh.client.close()

    def switches() -> int:
        lines = Path(f"/proc/{fresh.process.pid}/status").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if "ctxt_switches" in line)

    assert eventually(lambda: _is_still(switches))


def _is_still(switches: Callable[[], int]) -> bool:
    before = switches()
    time.sleep(1)
    return switches() - before <= 1


def test_an_unknown_path_and_a_wrong_method_are_not_found(daemon: Daemon) -> None:
    for path in ("/nope", "/nope/ws", "/files/", "//ping"):
        answer = daemon.client.get(path)
        assert (answer.status_code, answer.text) == (404, "404 page not found")


def test_a_body_that_is_not_json_and_one_that_is_too_deep_are_refused(daemon: Daemon) -> None:
    for content in (b"{", b"\xff", b"[" * 200_000):
        answer = daemon.client.post("/command", content=content)
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST_BODY")


def test_rubbish_on_the_wire_harms_nobody(daemon: Daemon) -> None:
    with socket.create_connection(("127.0.0.1", daemon.port)) as connection:
        connection.sendall(b"\x00\x01 nonsense\r\n\r\n")
        assert b"400" in connection.recv(1000)
    assert daemon.client.get("/ping").status_code == 200
