"""Commands on a real server: what runs, what comes back, what a failure looks like."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opensandbox import ExecutionHandlers, RunCommandOpts, Sandbox
from opensandbox._concurrency import async_sleep
from opensandbox.exceptions import InvalidArgumentException, SandboxApiException, SandboxException
from opensandbox.models.execd import ExecutionComplete, ExecutionInit, OutputMessage
from tests.contract.conftest import Server


async def test_a_command_gives_output_and_an_exit_code(sandbox: Sandbox) -> None:
    execution = await sandbox.commands.run("echo out; echo err >&2")
    assert execution.stdout.rstrip("\n") == "out"
    assert execution.stderr.rstrip("\n") == "err"
    assert execution.logs.stdout[0].text.rstrip("\n") == "out"
    assert execution.exit_code == 0
    assert execution.error is None
    assert execution.complete is not None
    assert execution.id
    assert execution.check() is execution


async def test_a_failure_is_a_value_and_check_raises_it(sandbox: Sandbox) -> None:
    execution = await sandbox.commands.run("echo bye; exit 3")
    assert execution.exit_code == 3
    assert execution.error is not None
    assert execution.text == "bye"
    with pytest.raises(SandboxException, match="3"):
        execution.check()


async def test_a_missing_program_says_so(sandbox: Sandbox) -> None:
    execution = await sandbox.commands.run("no-such-program")
    assert execution.exit_code == 127
    assert "not found" in execution.stderr


async def test_output_is_exact(sandbox: Sandbox, server: Server) -> None:
    if not server.embedded:
        pytest.skip("older daemons do not send line endings: exact only where the server says so")
    execution = await sandbox.commands.run(r"printf 'h\303\251\r\nx\n\n\ny\u2028z\n no end'")
    assert execution.stdout == "hé\r\nx\n\n\ny\u2028z\n no end"


async def test_many_lines_arrive_whole_and_in_order(sandbox: Sandbox) -> None:
    execution = await sandbox.commands.run("seq 1 20000")
    assert execution.stdout.split() == [str(n) for n in range(1, 20001)]


async def test_output_is_limited_to_its_end_and_the_rest_counted(sandbox: Sandbox) -> None:
    commands, lines = sandbox.commands, "seq 1 20000"
    session = await commands.create_session()
    running = await commands.start(lines, max_output=12)
    for execution in (
        await commands.run(lines, opts=RunCommandOpts(timeout=60), max_output=12),
        await commands.run_in_session(session, lines, max_output=12),
        await running.wait(),
    ):
        assert execution.stdout.endswith("19999\n20000\n")
        assert execution.logs.stdout_dropped > 80_000
        assert execution.text.startswith("[")
        assert execution.exit_code == 0
    await commands.delete_session(session)


async def test_directory_and_variables(sandbox: Sandbox) -> None:
    execution = await sandbox.commands.run(
        "pwd; echo $K; echo $GREETING", working_directory="/tmp", envs={"K": "v w"}
    )
    assert execution.stdout.splitlines() == ["/tmp", "v w", "from create"]


async def test_arguments_reach_the_program_untouched(sandbox: Sandbox, server: Server) -> None:
    if not server.embedded:
        pytest.skip("older servers refuse argv")
    execution = await sandbox.commands.run(["printf", "%s|", "a b", "$HOME", "*"])
    assert execution.stdout == "a b|$HOME|*|"


async def test_another_user(sandbox: Sandbox) -> None:
    execution = await sandbox.commands.run("id -u; id -g; id -G", uid=1000, gid=1000)
    assert execution.stdout.split() == ["1000", "1000", "1000"]


async def test_a_missing_directory_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxApiException) as caught:
        await sandbox.commands.run("pwd", working_directory="/nope")
    assert caught.value.status_code == 400


async def test_a_timeout_ends_the_command_and_keeps_its_output(sandbox: Sandbox) -> None:
    execution = await sandbox.commands.run("echo a; sleep 30", timeout=0.7)
    assert execution.text == "a"
    assert execution.exit_code == -1
    assert execution.timed_out


async def test_a_timeout_ends_what_the_command_started_too(sandbox: Sandbox) -> None:
    await sandbox.commands.run("sleep 4242 & sleep 4242", timeout=0.5)
    seen = await sandbox.commands.run("cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    assert "sleep 4242" not in seen.stdout.replace("cat", "")


async def test_handlers_see_output_as_it_comes(sandbox: Sandbox) -> None:
    seen: list[str] = []

    async def on_stdout(message: OutputMessage) -> None:
        seen.append(message.text)

    execution = await sandbox.commands.run("echo a; sleep 0.3; echo b", on_stdout=on_stdout)
    assert [text.strip() for text in seen] == ["a", "b"]
    assert execution.stdout.split() == ["a", "b"]


async def test_opts_and_handlers_as_older_programs_pass_them(sandbox: Sandbox) -> None:
    ids: list[str] = []

    async def on_stdout(message: OutputMessage) -> None:
        ids.append(message.text.strip())

    execution = await sandbox.commands.run(
        "pwd",
        opts=RunCommandOpts(working_directory="/usr", timeout=timedelta(seconds=20)),
        handlers=ExecutionHandlers(on_stdout=on_stdout, skip_accumulation=True),
    )
    assert ids == ["/usr"]
    assert execution.logs.stdout == []
    assert execution.exit_code == 0


async def test_both_ways_at_once_are_refused(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidArgumentException, match="opts"):
        await sandbox.commands.run("pwd", opts=RunCommandOpts(), working_directory="/tmp")


async def test_a_stream_of_events(sandbox: Sandbox) -> None:
    events = [event async for event in sandbox.commands.stream("echo one; echo two >&2")]
    assert isinstance(events[0], ExecutionInit)
    assert isinstance(events[-1], ExecutionComplete)
    output = [event for event in events if isinstance(event, OutputMessage)]
    assert sorted((message.text.strip(), message.is_error) for message in output) == [
        ("one", False),
        ("two", True),
    ]


async def test_a_background_command_has_status_and_logs(sandbox: Sandbox) -> None:
    started = await sandbox.commands.run("echo one; sleep 0.5; echo two", background=True)
    assert started.id
    status = await sandbox.commands.get_command_status(started.id)
    assert status.id == started.id
    while (await sandbox.commands.get_command_status(started.id)).running:
        await async_sleep(0.1)
    done = await sandbox.commands.get_command_status(started.id)
    assert done.exit_code == 0
    assert done.finished_at is not None
    logs = await sandbox.commands.get_background_command_logs(started.id)
    assert logs.content == "one\ntwo\n"
    assert logs.cursor == 8
    later = await sandbox.commands.get_background_command_logs(started.id, cursor=4)
    assert later.content == "two\n"


async def test_interrupt_ends_a_command(sandbox: Sandbox) -> None:
    started = await sandbox.commands.run("sleep 300", background=True)
    assert started.id
    await sandbox.commands.interrupt(started.id)
    while (await sandbox.commands.get_command_status(started.id)).running:
        await async_sleep(0.1)
    assert (await sandbox.commands.get_command_status(started.id)).exit_code != 0


async def test_an_unknown_command_is_an_error(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxApiException) as caught:
        await sandbox.commands.get_command_status("nope")
    assert caught.value.status_code == 404
    with pytest.raises(SandboxApiException):
        await sandbox.commands.interrupt("nope")


async def test_a_session_keeps_its_state(sandbox: Sandbox) -> None:
    session = await sandbox.commands.create_session(working_directory="/tmp")
    run = sandbox.commands.run_in_session
    await run(session, "export Q=7; cd /usr; f() { echo called $1; }")
    execution = await run(session, "echo $Q $PWD; f x")
    assert execution.stdout.splitlines() == ["7 /usr", "called x"]
    assert (await run(session, "false")).exit_code == 1
    assert (await run(session, "exit 4")).exit_code == 4
    assert (await run(session, "echo again")).text == "again"
    await sandbox.commands.delete_session(session)
    with pytest.raises(SandboxApiException):
        await run(session, "echo")


async def test_set_env_is_seen_by_later_commands(sandbox: Sandbox) -> None:
    await sandbox.commands.set_env("LATER", "a value")
    assert (await sandbox.commands.run("echo $LATER")).text == "a value"


async def test_python_runs_under_both_names(sandbox: Sandbox) -> None:
    for name in ("python", "python3"):
        execution = await sandbox.commands.run(f"{name} -c 'print(6 * 7)'")
        assert execution.text == "42", execution.stderr
