"""Commands from blocking code, over a transport of the program's own."""

import json
import time
from datetime import timedelta

import httpx

from opensandbox import SandboxSync
from opensandbox.config import ConnectionConfigSync
from opensandbox.models.execd import Execution, RunCommandOpts
from opensandbox.models.execd_sync import ExecutionHandlersSync

transport = httpx.HTTPTransport(limits=httpx.Limits(max_connections=20))
config = ConnectionConfigSync(
    request_timeout=timedelta(seconds=30), transport=transport, headers={"X-Custom": "v"}
)
sandbox = SandboxSync.create("ubuntu", connection_config=config)
try:
    print(sandbox.origin, isinstance(sandbox.id, str), sandbox.is_healthy())
    print(sandbox.connection_config.owns_transport)
    hello = sandbox.commands.run("echo 'Hello Sandbox!'")
    print(hello.logs.stdout[0].text)

    seen = []
    handlers = ExecutionHandlersSync(
        on_stdout=lambda message: seen.append(message.text),
        on_stderr=lambda message: seen.append(message.text),
        on_error=lambda error: seen.append(error.value),
        on_init=lambda event: seen.append("init"),
        on_execution_complete=lambda event: seen.append("complete"),
    )
    result = sandbox.commands.run("echo a; sleep 0.2; echo b >&2; exit 2", handlers=handlers)
    print(seen, result.exit_code)

    session_id = sandbox.commands.create_session()
    print(sandbox.commands.run_in_session(session_id, "x=3").exit_code)
    print(sandbox.commands.run_in_session(session_id, "echo $x").text)
    sandbox.commands.delete_session(session_id)

    started = sandbox.commands.run("echo later", opts=RunCommandOpts(background=True))
    while sandbox.commands.get_command_status(started.id).running:
        time.sleep(0.1)
    print(sandbox.commands.get_background_command_logs(started.id).content)

    metrics = sandbox.get_metrics()
    print(metrics.cpu_count > 0, metrics.memory_total_in_mib > 0, sorted(metrics.model_dump()))
    dumped = hello.model_dump()
    print(dumped["logs"]["stdout"][0]["text"], dumped["exit_code"])
    print(Execution.model_validate(dumped) == hello)
    print(json.loads(hello.model_dump_json())["id"] == hello.id)
    endpoint = sandbox.get_endpoint(44772)
    print(bool(endpoint.endpoint), isinstance(endpoint.headers, dict))
finally:
    sandbox.destroy()
    transport.close()
