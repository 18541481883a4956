"""The embedded runtime is found where it runs, started once, and refused with a reason."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from opensandbox import _launch
from opensandbox._launch import IsolationUnavailableException, Runtime, find, find_or_start
from opensandbox.exceptions import SandboxConnectionException

# Does what `python -m opensandbox serve` does as far as who starts it can see: takes the lock,
# says where it is, answers /health, ends on SIGTERM.
STAND_IN = textwrap.dedent(
    """
    import fcntl, http.server, json, os, pathlib, sys
    directory = pathlib.Path(sys.argv[1])
    with open(directory / "starts", "a") as file:
        file.write("x")
    if len(sys.argv) > 2:
        if sys.argv[2] == "refuse":
            said = {"message": "no user namespaces", "problems": ["Install bubblewrap."]}
            (directory / "refused.json").write_text(json.dumps(said))
            sys.exit(3)
        print("opensandbox: disk is full", file=sys.stderr)
        sys.exit(2)
    lock = open(directory / "server.lock", "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(4)
    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            known = self.headers["OPEN-SANDBOX-API-KEY"] == "k-secret"
            self.send_response(200 if self.path == "/health" and known else 401)
            self.end_headers()
        def log_message(self, *_):
            pass
    server = http.server.HTTPServer(("127.0.0.1", 0), Answers)
    start = int(open("/proc/self/stat").read().rpartition(")")[2].split()[19])
    said = {"url": f"http://127.0.0.1:{server.server_port}", "api_key": "k-secret",
            "pid": os.getpid(), "start_time": start, "version": "1"}
    draft = directory / "draft"
    draft.write_text(json.dumps(said))
    draft.rename(directory / "server.json")
    server.serve_forever()
    """
)


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[list[str]]:
    """A command that runs a stand-in for the server; what it started is ended with the test."""
    script = tmp_path / "stand_in.py"
    script.write_text(STAND_IN)
    yield [sys.executable, "-I", str(script), str(tmp_path)]
    if (said := said_by(tmp_path)) is not None:
        end(said["pid"])


def said_by(directory: Path) -> dict[str, int] | None:
    try:
        content: dict[str, int] = json.loads((directory / "server.json").read_text())
    except FileNotFoundError:
        return None
    return content


def end(pid: int) -> None:
    """End a process and wait until it is gone, whoever its parent is."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        pause = threading.Event()
        while Path(f"/proc/{pid}").exists():
            pause.wait(0.01)


def starts(directory: Path) -> int:
    return len((directory / "starts").read_text())


def test_nothing_is_found_where_nothing_runs(tmp_path: Path) -> None:
    assert find(tmp_path) is None
    (tmp_path / "server.json").write_text("{")
    assert find(tmp_path) is None


def test_it_is_started_once_and_found_from_then_on(tmp_path: Path, stand_in: list[str]) -> None:
    first = find_or_start(tmp_path, command=stand_in)
    assert find_or_start(tmp_path, command=stand_in) == first
    assert find(tmp_path) == first
    assert first.api_key == "k-secret"
    assert first.pid != os.getpid()
    assert starts(tmp_path) == 1
    assert "secret" not in repr(first)


def test_it_is_a_session_of_its_own(tmp_path: Path, stand_in: list[str]) -> None:
    runtime = find_or_start(tmp_path, command=stand_in)
    assert os.getsid(runtime.pid) == runtime.pid


def test_ten_processes_at_once_start_one(tmp_path: Path, stand_in: list[str]) -> None:
    program = (
        "import pathlib, sys\n"
        "from opensandbox._launch import find_or_start\n"
        "print(find_or_start(pathlib.Path(sys.argv[1]), command=sys.argv[2:]).pid)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path), *stand_in]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(10)]
    pids = {process.communicate(timeout=60)[0] for process in processes}
    assert len(pids) == 1
    assert starts(tmp_path) == 1


def test_what_a_dead_one_left_behind_does_not_count(tmp_path: Path, stand_in: list[str]) -> None:
    first = find_or_start(tmp_path, command=stand_in)
    end(first.pid)
    assert find(tmp_path) is None
    second = find_or_start(tmp_path, command=stand_in)
    assert second.pid != first.pid
    assert starts(tmp_path) == 2


@pytest.mark.parametrize("wrong", ["start_time", "api_key"])
def test_another_process_with_that_pid_or_another_key_does_not_count(
    tmp_path: Path, stand_in: list[str], wrong: str
) -> None:
    find_or_start(tmp_path, command=stand_in)
    path = tmp_path / "server.json"
    kept = path.read_text()
    said = json.loads(kept)
    path.write_text(json.dumps({**said, wrong: 1}))
    assert find(tmp_path) is None
    path.write_text(kept)
    assert find(tmp_path) is not None


def test_a_machine_that_cannot_isolate_is_refused_in_the_servers_words(
    tmp_path: Path, stand_in: list[str]
) -> None:
    with pytest.raises(IsolationUnavailableException, match="no user namespaces") as caught:
        find_or_start(tmp_path, command=[*stand_in, "refuse"])
    assert caught.value.problems == ["Install bubblewrap."]
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.problems == caught.value.problems


def test_a_server_that_ends_at_once_is_an_error_with_its_last_words(
    tmp_path: Path, stand_in: list[str]
) -> None:
    with pytest.raises(SandboxConnectionException, match="disk is full"):
        find_or_start(tmp_path, command=[*stand_in, "fail"])


def test_a_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    note = "import os, pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))"
    command = [sys.executable, "-I", "-c", f"{note}; time.sleep(600)", str(tmp_path / "pid")]
    with pytest.raises(SandboxConnectionException, match="not ready in time"):
        find_or_start(tmp_path, command=command, seconds=1)
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text()}").exists()


def test_a_folder_that_cannot_be_used_names_the_variable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SandboxConnectionException, match="OPEN_SANDBOX_LOCAL_DIR"):
        find_or_start(tmp_path / "file" / "below")


def test_other_systems_are_told_what_else_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(SandboxConnectionException, match=r"Linux.*OPEN_SANDBOX_DOMAIN"):
        find_or_start()


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_launch, "_NEEDED", ("starlette", "no_such_package"))
    with pytest.raises(SandboxConnectionException, match=r"no_such_package.*opensandbox\[local\]"):
        find_or_start()


def test_where_the_state_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _launch.state_directory({"OPEN_SANDBOX_LOCAL_DIR": "/x/y"}) == Path("/x/y")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert _launch.state_directory({}) == Path("/var/lib/opensandbox")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert _launch.state_directory({"XDG_STATE_HOME": "/s"}) == Path("/s/opensandbox")
    assert _launch.state_directory({}) == Path.home() / ".local/state/opensandbox"


def test_the_server_agrees_where_the_state_is_kept() -> None:
    from opensandbox.local.settings import state_directory

    for environ in ({}, {"OPEN_SANDBOX_LOCAL_DIR": "/x"}, {"XDG_STATE_HOME": "/s"}):
        assert _launch.state_directory(environ) == state_directory(environ)


def test_the_key_of_another_server_is_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPEN_SANDBOX_API_KEY", "of another server")
    assert "OPEN_SANDBOX_API_KEY" not in _launch.environment()


def test_a_runtime_is_a_value() -> None:
    made = Runtime(url="http://h", api_key="k", pid=1, start_time=2)
    assert made == Runtime(url="http://h", api_key="k", pid=1, start_time=2)
