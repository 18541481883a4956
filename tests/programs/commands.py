"""Commands: output, handlers, options, failures, background, sessions, interrupting."""

import asyncio
from datetime import timedelta

from opensandbox.config import ConnectionConfig
from opensandbox.exceptions import SandboxApiException
from opensandbox.models.execd import ExecutionHandlers, RunCommandOpts
from opensandbox.sandbox import Sandbox


async def output(sandbox):
    result = await sandbox.commands.run("echo 'Hello Sandbox!'")
    print(repr(result.logs.stdout[0].text), result.exit_code, result.text, result.error)
    print("".join(message.text for message in result.logs.stdout))
    result = await sandbox.commands.run("printf 'a\\n\\n\\nb\\r\\nc'; printf 'x\\ny\\n' >&2")
    print(repr(result.text), repr(str(result)))
    result = await sandbox.commands.run("seq 1 3; kill -9 $$")
    print(result.exit_code, result.text, result.error.name, result.error.value)
    print(result.logs.model_dump().keys() >= {"stdout", "stderr"}, result.complete)


async def handlers(sandbox):
    seen = []

    async def on_stdout(message):
        seen.append(("out", message.text, message.is_error))

    async def on_stderr(message):
        seen.append(("err", message.text, message.is_error))

    async def on_init(event):
        seen.append(("init", bool(event.id)))

    async def on_complete(event):
        seen.append(("complete", event.execution_time_in_millis >= 0))

    async def on_error(error):
        seen.append(("error", error.name, error.value, error.traceback))

    told = ExecutionHandlers(
        on_stdout=on_stdout,
        on_stderr=on_stderr,
        on_init=on_init,
        on_execution_complete=on_complete,
        on_error=on_error,
    )
    await sandbox.commands.run("echo out; sleep 0.2; echo err >&2", handlers=told)
    print(seen)
    seen.clear()
    result = await sandbox.commands.run("echo last; exit 7", handlers=told)
    print(seen, result.exit_code, str(result))
    quiet = ExecutionHandlers(on_stdout=on_stdout, skip_accumulation=True)
    print((await sandbox.commands.run("echo hi", handlers=quiet)).logs.stdout)


async def options(sandbox):
    opts = RunCommandOpts(working_directory="/tmp", envs={"K": "v"}, uid=1000, gid=1000)
    print((await sandbox.commands.run("pwd; echo $K$A; id -u; id -g", opts=opts)).text)
    result = await sandbox.commands.run(
        "sleep 20", opts=RunCommandOpts(timeout=timedelta(seconds=1))
    )
    print(result.exit_code, result.error.name, result.error.value)
    print((await sandbox.commands.run(["echo", "a b", "$HOME"])).text)
    await sandbox.commands.set_env("KEPT", "1")
    print((await sandbox.commands.run("echo [$KEPT]")).text)


async def background(sandbox):
    opts = RunCommandOpts(background=True)
    started = await sandbox.commands.run("echo one; sleep 0.3; echo two; exit 3", opts=opts)
    print(bool(started.id), started.exit_code, started.logs.stdout)
    status = await sandbox.commands.get_command_status(started.id)
    print(status.id == started.id, status.running, status.exit_code, status.content)
    while status.running:
        await asyncio.sleep(0.1)
        status = await sandbox.commands.get_command_status(started.id)
    print(status.exit_code, status.error, status.started_at <= status.finished_at)
    for cursor in (None, 4, 8):
        logs = await sandbox.commands.get_background_command_logs(started.id, cursor=cursor)
        print(repr(logs.content), logs.cursor)


async def session(sandbox):
    session_id = await sandbox.commands.create_session(working_directory="/tmp")
    run = sandbox.commands.run_in_session
    print((await run(session_id, "pwd; export Z=5; f(){ echo f$Z; }")).text)
    print((await run(session_id, "f; cd /", timeout=timedelta(seconds=10))).text)
    result = await run(session_id, "pwd; (exit 4)")
    print(result.exit_code, result.text, result.error.value)
    print((await run(session_id, "pwd", working_directory="/usr")).text)
    await sandbox.commands.delete_session(session_id)


async def interrupting(sandbox):
    started = asyncio.Event()
    ids = []

    async def on_init(event):
        ids.append(event.id)
        started.set()

    running = asyncio.create_task(
        sandbox.commands.run("sleep 30", handlers=ExecutionHandlers(on_init=on_init))
    )
    await started.wait()
    await sandbox.commands.interrupt(ids[0])
    result = await running
    print(result.exit_code, result.error.name, result.error.value)


async def refusals(sandbox):
    commands = sandbox.commands
    for call in (
        lambda: commands.run("pwd", opts=RunCommandOpts(working_directory="/nope")),
        lambda: commands.get_command_status("nope"),
        lambda: commands.get_background_command_logs("nope"),
        lambda: commands.interrupt("nope"),
        lambda: commands.run_in_session("nope", "pwd"),
        lambda: commands.delete_session("nope"),
    ):
        try:
            await call()
        except SandboxApiException as error:
            print(error.status_code, error.error.code, error.is_retryable)


async def main():
    config = ConnectionConfig(request_timeout=timedelta(seconds=60))
    sandbox = await Sandbox.create("ubuntu", connection_config=config, env={"A": "1"})
    try:
        for part in (output, handlers, options, background, session, interrupting, refusals):
            await part(sandbox)
    finally:
        await sandbox.destroy()


asyncio.run(main())
