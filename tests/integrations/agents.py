"""Run in the environment of the two integrations: both use a real sandbox, and say what they got.

python agents.py DOMAIN KEY     prints one JSON object
"""

from __future__ import annotations

import asyncio
import json
import sys
from importlib import import_module
from importlib.metadata import version
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
        "ran": [ran.output.rstrip(), ran.exit_code],
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
    print(json.dumps(said))


if __name__ == "__main__":
    main()
