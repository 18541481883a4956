"""Commands: what they print, how they end, what becomes of them when nobody looks."""

from __future__ import annotations

import hashlib
import os
import shlex
import signal
import time
from collections.abc import Callable

import pytest

from opensandbox._wire.variables import assignment
from tests.local.execd.daemons import Daemon, joined, parse

as_root = pytest.mark.skipif(os.getuid() != 0, reason="acting for other users needs root")


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether it becomes true in a generous time."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_stream_begins_with_the_id_and_a_ping_and_ends_with_the_exit(daemon: Daemon) -> None:
    run = daemon.run("echo hello; exit 3")
    assert run.kinds == ["init", "ping", "stdout", "error"]
    assert run.stdout == "hello\n"
    assert run.events[-1]["error"] == {
        "ename": "CommandExecError",
        "evalue": "3",
        "traceback": ["exit status 3"],
    }


def test_the_answer_says_that_its_output_is_exact(daemon: Daemon) -> None:
    response = daemon.client.post("/command", json={"command": "true"})
    assert response.headers["X-EXECD-OUTPUT"] == "exact"


@pytest.mark.parametrize(
    "printed",
    ["no newline", "a\n", "\n\n\n", "a\r\nb\r", "h\u00e9\u2028\u0085\U0001f600", "\x00\x01\x1b[0m"],
)
def test_text_comes_back_as_it_was_printed(daemon: Daemon, printed: str) -> None:
    octets = "".join(f"\\x{byte:02x}" for byte in printed.encode())
    assert daemon.run(f"printf '{octets}'").stdout == printed


def test_a_character_printed_in_two_pieces_is_one_character(daemon: Daemon) -> None:
    assert daemon.run(r"printf 'h\xc3'; sleep 0.1; printf '\xa9'").stdout == "h\u00e9"


def test_bytes_that_are_no_text_become_replacement_characters(daemon: Daemon) -> None:
    assert daemon.run(r"printf 'a\xffb\xc3'").stdout == "a\ufffdb\ufffd"


def test_a_million_lines_arrive_whole(daemon: Daemon) -> None:
    run = daemon.run("seq 1000000; seq 1000 >&2")
    assert run.stdout == "".join(f"{number}\n" for number in range(1, 1_000_001))
    assert run.stderr == "".join(f"{number}\n" for number in range(1, 1001))


def test_small_writes_in_a_hurry_arrive_whole_in_few_events(daemon: Daemon) -> None:
    run = daemon.run("for i in {1..20000}; do echo $i; done")
    assert run.stdout == "".join(f"{number}\n" for number in range(1, 20001))
    assert len(run.events) < 5000


def test_binary_output_is_decoded_as_one_stream(daemon: Daemon) -> None:
    noise = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(20_000))
    (daemon.files / "noise").write_bytes(noise)
    assert daemon.run("cat noise").stdout == noise.decode("utf-8", "replace")


def test_a_reader_that_is_slow_costs_no_memory_and_loses_nothing(daemon: Daemon) -> None:
    daemon.run("true")
    before = daemon.memory()
    with daemon.stream("/command", {"command": "head -c 100000000 /dev/zero | tr '\\0' x"}) as slow:
        pieces = slow.iter_bytes()
        received = len(next(pieces))
        time.sleep(0.5)
        assert daemon.memory() - before < 16 * 1024 * 1024
        received += sum(len(piece) for piece in pieces)
    assert received > 100_000_000


def test_a_dropped_stream_does_not_stop_the_command(daemon: Daemon) -> None:
    command = "echo begun; sleep 0.2; seq 200000; exit 7"
    with daemon.stream("/command", {"command": command}) as response:
        first = next(response.iter_text())
    identity = parse(first)[0]["text"]
    status = daemon.client.get(f"/command/status/{identity}").json()
    assert status["content"] == command
    assert eventually(
        lambda: not daemon.client.get(f"/command/status/{identity}").json()["running"]
    )
    assert daemon.client.get(f"/command/status/{identity}").json()["exit_code"] == 7


def test_who_keeps_a_pipe_open_in_the_background_does_not_hold_the_command_up(
    daemon: Daemon,
) -> None:
    run = daemon.run("(sleep 60; echo late) & echo $!")
    pid = int(run.stdout)
    assert run.exit_code == 0
    assert alive(pid)
    os.kill(pid, signal.SIGKILL)


def test_who_goes_on_printing_in_the_background_is_not_killed_for_it(daemon: Daemon) -> None:
    run = daemon.run("(for i in 1 2 3 4; do sleep 0.1; echo $i; done; echo > survived) & true")
    assert run.exit_code == 0
    assert eventually((daemon.files / "survived").exists)


def test_what_a_child_of_a_child_prints_at_the_last_moment_is_not_lost(daemon: Daemon) -> None:
    assert daemon.run("exec > >(sleep 0.02; cat); echo through cat").stdout == "through cat\n"


@pytest.mark.parametrize(
    ("number", "words"), [("KILL", "killed"), ("TERM", "terminated"), ("INT", "interrupt")]
)
def test_an_end_by_a_signal_is_minus_one_and_names_it(
    daemon: Daemon, number: str, words: str
) -> None:
    last = daemon.run(f"kill -{number} $$").events[-1]
    assert last["error"]["evalue"] == "-1"
    assert last["error"]["traceback"] == [f"signal: {words}"]


def test_a_time_limit_kills_the_whole_process_group(daemon: Daemon) -> None:
    run = daemon.run("sleep 60 & echo $!; sleep 60", timeout=200)
    assert run.exit_code == -1
    assert eventually(lambda: not alive(int(run.stdout)))


def test_an_interrupt_ends_the_group_and_those_in_it_that_ignore_it(daemon: Daemon) -> None:
    started = daemon.run("sleep 60 & echo $! > group; sleep 60", background=True)
    assert started.kinds == ["init", "ping", "execution_complete"]
    assert eventually(lambda: (daemon.files / "group").exists())
    assert eventually(lambda: (daemon.files / "group").read_text() != "")
    sleeper = int((daemon.files / "group").read_text())
    answer = daemon.client.delete("/command", params={"id": started.id})
    assert answer.status_code == 200
    status = daemon.client.get(f"/command/status/{started.id}").json()
    assert (status["running"], status["exit_code"], status["error"]) == (
        False,
        -1,
        "signal: interrupt",
    )
    assert eventually(lambda: not alive(sleeper))


def test_logs_of_a_background_command_are_read_from_a_cursor_in_bytes(daemon: Daemon) -> None:
    started = daemon.run("echo \u00e9ne; echo two >&2", background=True)
    path = f"/command/{started.id}/logs"
    assert eventually(lambda: daemon.client.get(path).text == "\u00e9ne\ntwo\n")
    rest = daemon.client.get(path, params={"cursor": 5})
    assert rest.text == "two\n"
    assert rest.headers["EXECD-COMMANDS-TAIL-CURSOR"] == "9"
    assert daemon.client.get(path, params={"cursor": 9}).text == ""
    assert daemon.client.get(path, params={"cursor": "x"}).status_code == 400


def test_a_foreground_command_has_no_logs(daemon: Daemon) -> None:
    run = daemon.run("true")
    assert daemon.client.get(f"/command/{run.id}/logs").status_code == 400


def test_arguments_reach_a_program_as_they_are(daemon: Daemon) -> None:
    assert daemon.run(argv=["printf", "%s|", "a b", "$HOME", ""]).stdout == "a b|$HOME||"


def test_a_program_that_does_not_exist_or_cannot_run_ends_as_in_a_shell(daemon: Daemon) -> None:
    missing = daemon.run(argv=["no-such-program"])
    assert (missing.exit_code, missing.stderr) == (127, "no-such-program: command not found\n")
    assert daemon.run(argv=[str(daemon.files)]).exit_code == 126


def test_directory_and_variables_are_the_requests(daemon: Daemon) -> None:
    run = daemon.run("pwd; echo $K", cwd="/usr", envs={"K": "a\n'b'"})
    assert run.stdout == "/usr\na 'b'\n"


def test_a_command_has_no_descriptor_but_its_own_three_and_reads_nothing(daemon: Daemon) -> None:
    assert daemon.run(argv=["ls", "/proc/self/fd"]).stdout.split() == ["0", "1", "2", "3"]
    assert daemon.run("cat; echo end").stdout == "end\n"


def test_a_command_is_the_first_to_die_of_memory_and_ignores_no_signal(daemon: Daemon) -> None:
    if os.getuid() == 0:
        assert daemon.run("cat /proc/self/oom_score_adj").stdout == "1000\n"
    ignored = int(daemon.run("grep SigIgn /proc/self/status").stdout.split()[1], 16)
    # The two above 31 are the C library's own: whoever starts the tests may have them ignored.
    assert ignored & 0x7FFFFFFF == 0


@as_root
def test_a_command_runs_as_another_user_without_any_of_our_groups(daemon: Daemon) -> None:
    run = daemon.run("id -u; id -g; id -G; echo $HOME", uid=12345, gid=54321)
    assert run.stdout == "12345\n54321\n54321\n/\n"


@as_root
def test_a_user_without_a_group_gets_the_one_of_the_list_of_users(daemon: Daemon) -> None:
    import pwd

    nobody = pwd.getpwnam("nobody")
    run = daemon.run("id -u; id -g; echo $USER", uid=nobody.pw_uid)
    assert run.stdout == f"{nobody.pw_uid}\n{nobody.pw_gid}\nnobody\n"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"command": ""},
        {"command": 5},
        {"command": "a\0b"},
        {"command": "true", "argv": ["true"]},
        {"argv": "true"},
        {"argv": ["true", 1]},
        {"command": "true", "cwd": "/no/such/place"},
        {"command": "true", "cwd": "/etc/passwd"},
        {"command": "true", "timeout": -1},
        {"command": "true", "timeout": "1"},
        {"command": "true", "timeout": True},
        {"command": "true", "envs": {"A=B": "c"}},
        {"command": "true", "envs": {"A": 1}},
        {"command": "true", "envs": []},
        {"command": "true", "uid": -1},
        {"command": "true", "gid": 2**32},
        {"command": "true", "background": "yes"},
        {"command": "x" * 200_000},
        [],
        "text",
        None,
    ],
)
def test_a_request_that_makes_no_sense_is_refused_with_a_sentence(
    daemon: Daemon, body: object
) -> None:
    answer = daemon.client.post("/command", json=body)
    assert answer.status_code == 400
    assert answer.json()["code"] == "INVALID_REQUEST_BODY"
    assert answer.json()["message"]


def test_nothing_is_left_open_after_many_commands(daemon: Daemon) -> None:
    daemon.run("true")
    before = daemon.descriptors()
    for _ in range(20):
        daemon.run("echo x; (echo y >&2)")
    assert daemon.descriptors() <= before


def test_a_ping_comes_while_a_command_is_silent(daemon: Daemon) -> None:
    run = daemon.run("sleep 3.3")
    assert run.kinds == ["init", "ping", "ping", "execution_complete"]


def test_output_is_joined_by_kind(daemon: Daemon) -> None:
    run = daemon.run("echo out; echo err >&2")
    assert (joined(run.events, "stdout"), joined(run.events, "stderr")) == ("out\n", "err\n")


def test_variables_are_kept_in_a_file_and_a_request_wins_over_them(daemon: Daemon) -> None:
    kept = daemon.run("echo $EXECD_ENVS").stdout.strip()
    line = assignment("KEPT", "it's\n$HOME")
    daemon.run(f"mkdir -p $(dirname {kept}); printf '%s\\n' {shlex.quote(line)} >> {kept}")
    assert daemon.run('printf %s "$KEPT"').stdout == "it's\n$HOME"
    own = daemon.run("echo $KEPT", envs={"KEPT": "own"})
    assert own.stdout == "own\n"
    daemon.run(f"rm {kept}; mkfifo {kept}")
    assert daemon.run('printf %s "$KEPT"').stdout == ""
    daemon.run(f"rm {kept}")
