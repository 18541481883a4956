"""Sessions: what one run leaves for the next."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.local.execd.daemons import Daemon


@pytest.fixture
def session(daemon: Daemon) -> Iterator[str]:
    """A session's id."""
    identity = daemon.new_session()
    yield identity
    daemon.client.delete(f"/session/{identity}")


def test_directory_variables_and_functions_are_kept(daemon: Daemon, session: str) -> None:
    daemon.run_in(session, "cd /usr; export A=1; b='two  words\n\"$x\"'; f() { echo f$1; }")
    daemon.run_in(session, "list=(1 '2 3'); declare -A map=([k]=v); declare -r fixed=9")
    run = daemon.run_in(
        session, 'pwd; env | grep ^A; echo "$b"; f 2; echo "${list[1]}" ${map[k]} $fixed'
    )
    assert run.stdout == '/usr\nA=1\ntwo  words\n"$x"\nf2\n2 3 v 9\n'
    assert run.stderr == ""


def test_aliases_options_mask_and_status_are_kept(daemon: Daemon, session: str) -> None:
    daemon.run_in(session, "alias greet='echo hello'; shopt -s nullglob; set -u; umask 077; false")
    run = daemon.run_in(session, "echo $?; greet; echo /nothing/*; umask; shopt -po nounset")
    assert run.stdout == "1\nhello\n\n0077\nset -o nounset\n"


def test_an_exit_ends_the_run_and_the_session_lives_on_with_its_state(
    daemon: Daemon, session: str
) -> None:
    run = daemon.run_in(session, "x=7; cd /tmp; exit 4; echo never")
    assert (run.exit_code, run.stdout) == (4, "")
    assert daemon.run_in(session, "echo $x $PWD").stdout == "7 /tmp\n"


def test_a_failure_under_errexit_ends_the_run_only(daemon: Daemon, session: str) -> None:
    assert daemon.run_in(session, "set -e; y=1; false; echo never").exit_code == 1
    assert daemon.run_in(session, "set +e; echo $y").stdout == "1\n"


def test_words_are_split_as_the_run_before_left_it(daemon: Daemon, session: str) -> None:
    daemon.run_in(session, "IFS=,; v=a,b; unset HOME")
    assert daemon.run_in(session, "printf '<%s>' $v; echo ${HOME-none}").stdout == "<a><b>none\n"


def test_a_variable_taken_away_stays_away(daemon: Daemon, session: str) -> None:
    assert daemon.run_in(session, "unset USER; unset -f f").exit_code == 0
    assert daemon.run_in(session, "echo ${USER-gone}").stdout == "gone\n"


def test_the_shell_says_where_an_error_is_as_it_always_does(daemon: Daemon, session: str) -> None:
    run = daemon.run_in(session, "no-such-program")
    assert run.exit_code == 127
    assert "no-such-program: command not found" in run.stderr
    assert daemon.run_in(session, "if then").exit_code == 2


def test_a_time_limit_is_a_bare_refusal_and_changes_nothing(daemon: Daemon, session: str) -> None:
    daemon.run_in(session, "kept=1")
    run = daemon.run_in(session, "kept=2; sleep 60", timeout=200)
    assert set(run.events[-1]) == {"code", "message"}
    assert run.events[-1]["code"] == "RUNTIME_ERROR"
    assert daemon.run_in(session, "echo $kept").stdout == "1\n"


def test_a_run_that_is_killed_changes_nothing(daemon: Daemon, session: str) -> None:
    assert daemon.run_in(session, "lost=1; kill -9 $$").exit_code == -1
    assert daemon.run_in(session, "echo ${lost-none}").stdout == "none\n"


def test_the_events_carry_the_sessions_id(daemon: Daemon, session: str) -> None:
    assert daemon.run_in(session, "true").id == session


def test_a_runs_own_directory_comes_after_the_one_kept(daemon: Daemon, session: str) -> None:
    assert daemon.run_in(session, "pwd", cwd="/etc").stdout == "/etc\n"
    assert daemon.run_in(session, "pwd").stdout == "/etc\n"


def test_runs_at_the_same_time_take_turns(daemon: Daemon, session: str) -> None:
    daemon.run_in(session, "n=0")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: daemon.run_in(session, "n=$((n+1))"), range(8)))
    assert daemon.run_in(session, "echo $n").stdout == "8\n"


def test_a_run_sees_only_its_own_three_descriptors_and_leaves_no_file(
    daemon: Daemon, session: str
) -> None:
    run = daemon.run_in(session, "ls /proc/self/fd; ls -d /tmp/.opensandbox-*/save | wc -l")
    assert run.stdout.split()[:4] == ["0", "1", "2", "3"]


def test_what_is_deleted_is_gone(daemon: Daemon) -> None:
    session = daemon.new_session()
    assert daemon.client.delete(f"/session/{session}").status_code == 200
    assert daemon.client.delete(f"/session/{session}").status_code == 404
    answer = daemon.client.post(f"/session/{session}/run", json={"command": "true"})
    assert (answer.status_code, answer.json()["code"]) == (500, "RUNTIME_ERROR")
