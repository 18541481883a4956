"""Run in the environment of the integrations: each uses a real sandbox, and says what it got.

python agents.py DOMAIN KEY     prints one JSON object
"""

from __future__ import annotations

import asyncio
import json
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from opensandbox import ConnectionConfigSync, SandboxManagerSync, SandboxSync


def use(backend: Any) -> dict[str, Any]:
    """What a deep agent does with its backend."""
    ran = backend.execute("printf 'one\\ntwo\\n'; exit 3")
    sent = backend.upload_files([("/tmp/work/a.txt", b"first\n"), ("/tmp/work/b.txt", b"second\n")])
    backend.write("/tmp/work/c.txt", "third\n")
    backend.edit("/tmp/work/c.txt", "third", "3rd")
    got = backend.download_files(["/tmp/work/c.txt", "/tmp/work/none"])
    return {
        "ran": [ran.output.split(), ran.exit_code],
        "sent": [item.error for item in sent],
        "listed": sorted(entry["path"] for entry in backend.ls("/tmp/work").entries),
        "read": backend.read("/tmp/work/a.txt").file_data["content"].rstrip(),
        "got": [got[0].content.decode(), got[1].error],
        "found": [match["path"] for match in backend.grep("second", "/tmp/work").matches],
    }


async def use_lazily(runtime: Any) -> list[Any]:
    """What an agent on LangGraph does: a sandbox by its thread, found or made at the first use."""
    factory = import_module("langchain_opensandbox.factory")
    backend = factory.get_backend(runtime)
    await backend.aupload_files([("/tmp/note", b"kept")])
    ran = await backend.aexecute("cat /tmp/note")
    await backend.aclose()
    again = factory.get_backend(runtime)
    found = await asyncio.to_thread(again.execute, 'cat /tmp/note; test -n "$PYTHONUNBUFFERED"')
    await again.aclose()
    return [ran.output.rstrip(), found.output.rstrip(), found.exit_code]


async def use_tools(domain: str, key: str) -> dict[str, Any]:
    """What a program does with tools that it is offered over standard input and output."""
    mcp, stdio = import_module("mcp"), import_module("mcp.client.stdio")
    server = mcp.StdioServerParameters(
        command=str(Path(sys.executable).with_name("opensandbox-mcp")),
        args=["--domain", domain, "--api-key", key],
    )
    async with stdio.stdio_client(server) as pipes, mcp.ClientSession(*pipes) as session:
        await session.initialize()
        tools = {tool.name: tool for tool in (await session.list_tools()).tools}

        async def call(name: str, **arguments: Any) -> Any:
            answer = await session.call_tool(name, arguments)
            return answer.structured_content or json.loads(answer.content[0].text)

        policy = {"default_action": "deny"}
        made = await call("sandbox_create", image="python:3.11", network_policy=policy)
        sandbox = made["sandbox_id"]
        return {
            "fields": list(
                tools["sandbox_create"].output_schema["$defs"]["SandboxInfo"]["properties"]
            ),
            "made": made["info"],
            "ran": await call("command_run", sandbox_id=sandbox, command="echo hello; exit 3"),
            "ended": await call("sandbox_kill", sandbox_id=sandbox),
        }


def main() -> None:
    """The command line."""
    domain, key = sys.argv[1:]
    langchain = import_module("langchain_opensandbox")
    deepagents = import_module("deepagents_opensandbox")
    said: dict[str, Any] = {"version": version("opensandbox")}
    with ConnectionConfigSync(domain=domain, api_key=key) as config:
        for name, backend in (
            ("langchain", langchain.OpenSandboxSandbox),
            ("deepagents", deepagents.OpensandboxBackend),
        ):
            with SandboxSync.temporary("python:3.11", connection_config=config) as sandbox:
                said[name] = use(backend(sandbox=sandbox))
        settings = {"opensandbox_url": domain, "opensandbox_api_key": key, "thread_id": "t-1"}
        runtime = SimpleNamespace(config={"configurable": settings})
        said["lazily"] = asyncio.run(use_lazily(runtime))
        manager = SandboxManagerSync.create(config)
        made = list(manager.list_all(metadata={"thread_id": "t-1"}))
        said["made"] = len(made)
        for info in made:
            manager.kill_sandbox(info.id)
    said["tools"] = asyncio.run(use_tools(domain, key))
    print(json.dumps(said))


if __name__ == "__main__":
    main()
