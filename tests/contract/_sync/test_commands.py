# Written by scripts/unasync.py from tests/contract/_async/test_commands.py. Do not edit.
"""Commands on a real server: what runs, what comes back, what a failure looks like."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opensandbox import ExecutionHandlersSync, RunCommandOpts, SandboxSync
from opensandbox._concurrency import sleep
from opensandbox.exceptions import InvalidArgumentException, SandboxApiException, SandboxException
from opensandbox.models.execd import ExecutionComplete, ExecutionInit, OutputMessage
from tests.contract.conftest import Server


def test_a_command_gives_output_and_an_exit_code(sandbox: SandboxSync) -> None:
    execution = sandbox.commands.run("echo out; echo err >&2")
    assert execution.stdout.rstrip("\n") == "out"
    assert execution.stderr.rstrip("\n") == "err"
    assert execution.logs.stdout[0].text.rstrip("\n") == "out"
    assert execution.exit_code == 0
    assert execution.error is None
    assert execution.complete is not None
    assert execution.id
    assert execution.check() is execution


def test_a_failure_is_a_value_and_check_raises_it(sandbox: SandboxSync) -> None:
    execution = sandbox.commands.run("echo bye; exit 3")
    assert execution.exit_code == 3
    assert execution.error is not None
    assert execution.text == "bye"
    with pytest.raises(SandboxException, match="3"):
        execution.check()


def test_a_missing_program_says_so(sandbox: SandboxSync) -> None:
    execution = sandbox.commands.run("no-such-program")
    assert execution.exit_code == 127
    assert "not found" in execution.stderr


def test_output_is_exact(sandbox: SandboxSync, server: Server) -> None:
    if not server.embedded:
        pytest.skip("older daemons do not send line endings: exact only where the server says so")
    execution = sandbox.commands.run(r"printf 'h\303\251\r\nx\n\n\ny\u2028z\n no end'")
    assert execution.stdout == "hé\r\nx\n\n\ny\u2028z\n no end"


def test_many_lines_arrive_whole_and_in_order(sandbox: SandboxSync) -> None:
    execution = sandbox.commands.run("seq 1 20000")
    assert execution.stdout.split() == [str(n) for n in range(1, 20001)]


def test_output_is_limited_to_its_end_and_the_rest_counted(sandbox: SandboxSync) -> None:
    commands, lines = sandbox.commands, "seq 1 20000"
    session = commands.create_session()
    running = commands.start(lines, max_output=12)
    for execution in (
        commands.run(lines, opts=RunCommandOpts(timeout=60), max_output=12),
        commands.run_in_session(session, lines, max_output=12),
        running.wait(),
    ):
        assert execution.stdout.endswith("19999\n20000\n")
        assert execution.logs.stdout_dropped > 80_000
        assert execution.text.startswith("[")
        assert execution.exit_code == 0
    commands.delete_session(session)


def test_directory_and_variables(sandbox: SandboxSync) -> None:
    execution = sandbox.commands.run(
        "pwd; echo $K; echo $GREETING", working_directory="/tmp", envs={"K": "v w"}
    )
    assert execution.stdout.splitlines() == ["/tmp", "v w", "from create"]


def test_arguments_reach_the_program_untouched(sandbox: SandboxSync, server: Server) -> None:
    if not server.embedded:
        pytest.skip("older servers refuse argv")
    execution = sandbox.commands.run(["printf", "%s|", "a b", "$HOME", "*"])
    assert execution.stdout == "a b|$HOME|*|"


def test_another_user(sandbox: SandboxSync) -> None:
    execution = sandbox.commands.run("id -u; id -g; id -G", uid=1000, gid=1000)
    assert execution.stdout.split() == ["1000", "1000", "1000"]


def test_a_missing_directory_is_refused(sandbox: SandboxSync) -> None:
    with pytest.raises(SandboxApiException) as caught:
        sandbox.commands.run("pwd", working_directory="/nope")
    assert caught.value.status_code == 400


def test_a_timeout_ends_the_command_and_keeps_its_output(sandbox: SandboxSync) -> None:
    execution = sandbox.commands.run("echo a; sleep 30", timeout=0.7)
    assert execution.text == "a"
    assert execution.exit_code == -1
    assert execution.timed_out


def test_a_timeout_ends_what_the_command_started_too(sandbox: SandboxSync) -> None:
    sandbox.commands.run("sleep 4242 & sleep 4242", timeout=0.5)
    seen = sandbox.commands.run("cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    assert "sleep 4242" not in seen.stdout.replace("cat", "")


def test_handlers_see_output_as_it_comes(sandbox: SandboxSync) -> None:
    seen: list[str] = []

    def on_stdout(message: OutputMessage) -> None:
        seen.append(message.text)

    execution = sandbox.commands.run("echo a; sleep 0.3; echo b", on_stdout=on_stdout)
    assert [text.strip() for text in seen] == ["a", "b"]
    assert execution.stdout.split() == ["a", "b"]


def test_opts_and_handlers_as_older_programs_pass_them(sandbox: SandboxSync) -> None:
    ids: list[str] = []

    def on_stdout(message: OutputMessage) -> None:
        ids.append(message.text.strip())

    execution = sandbox.commands.run(
        "pwd",
        opts=RunCommandOpts(working_directory="/usr", timeout=timedelta(seconds=20)),
        handlers=ExecutionHandlersSync(on_stdout=on_stdout, skip_accumulation=True),
    )
    assert ids == ["/usr"]
    assert execution.logs.stdout == []
    assert execution.exit_code == 0


def test_both_ways_at_once_are_refused(sandbox: SandboxSync) -> None:
    with pytest.raises(InvalidArgumentException, match="opts"):
        sandbox.commands.run("pwd", opts=RunCommandOpts(), working_directory="/tmp")


def test_a_stream_of_events(sandbox: SandboxSync) -> None:
    events = [event for event in sandbox.commands.stream("echo one; echo two >&2")]
    assert isinstance(events[0], ExecutionInit)
    assert isinstance(events[-1], ExecutionComplete)
    output = [event for event in events if isinstance(event, OutputMessage)]
    assert sorted((message.text.strip(), message.is_error) for message in output) == [
        ("one", False),
        ("two", True),
    ]


def test_a_background_command_has_status_and_logs(sandbox: SandboxSync) -> None:
    started = sandbox.commands.run("echo one; sleep 0.5; echo two", background=True)
    assert started.id
    status = sandbox.commands.get_command_status(started.id)
    assert status.id == started.id
    while (sandbox.commands.get_command_status(started.id)).running:
        sleep(0.1)
    done = sandbox.commands.get_command_status(started.id)
    assert done.exit_code == 0
    assert done.finished_at is not None
    logs = sandbox.commands.get_background_command_logs(started.id)
    assert logs.content == "one\ntwo\n"
    assert logs.cursor == 8
    later = sandbox.commands.get_background_command_logs(started.id, cursor=4)
    assert later.content == "two\n"


def test_interrupt_ends_a_command(sandbox: SandboxSync) -> None:
    started = sandbox.commands.run("sleep 300", background=True)
    assert started.id
    sandbox.commands.interrupt(started.id)
    while (sandbox.commands.get_command_status(started.id)).running:
        sleep(0.1)
    assert (sandbox.commands.get_command_status(started.id)).exit_code != 0


def test_an_unknown_command_is_an_error(sandbox: SandboxSync) -> None:
    with pytest.raises(SandboxApiException) as caught:
        sandbox.commands.get_command_status("nope")
    assert caught.value.status_code == 404
    with pytest.raises(SandboxApiException):
        sandbox.commands.interrupt("nope")


def test_a_session_keeps_its_state(sandbox: SandboxSync) -> None:
    session = sandbox.commands.create_session(working_directory="/tmp")
    run = sandbox.commands.run_in_session
    run(session, "export Q=7; cd /usr; f() { echo called $1; }")
    execution = run(session, "echo $Q $PWD; f x")
    assert execution.stdout.splitlines() == ["7 /usr", "called x"]
    assert (run(session, "false")).exit_code == 1
    assert (run(session, "exit 4")).exit_code == 4
    assert (run(session, "echo again")).text == "again"
    sandbox.commands.delete_session(session)
    with pytest.raises(SandboxApiException):
        run(session, "echo")


def test_set_env_is_seen_by_later_commands(sandbox: SandboxSync) -> None:
    sandbox.commands.set_env("LATER", "a value")
    assert (sandbox.commands.run("echo $LATER")).text == "a value"


def test_python_runs_under_both_names(sandbox: SandboxSync) -> None:
    for name in ("python", "python3"):
        execution = sandbox.commands.run(f"{name} -c 'print(6 * 7)'")
        assert execution.text == "42", execution.stderr
