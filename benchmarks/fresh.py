"""What a short program costs from start to end: it makes a sandbox, runs a command, kills it.

PYTHON benchmarks/fresh.py PARTY URL        `PARTY` is `client` or `httpx`
"""

from __future__ import annotations

import sys

PARTY, URL = sys.argv[1:]

if PARTY == "client":
    from opensandbox import SandboxSync
    from opensandbox.config import ConnectionConfigSync

    sandbox = SandboxSync.create(
        "python:3.11", connection_config=ConnectionConfigSync(domain=URL, api_key="k")
    )
    assert sandbox.commands.run("x").logs.stdout, "no output"
    sandbox.kill()
    sandbox.close()
else:
    import json

    import httpx

    with httpx.Client(base_url=URL) as plain:
        made = plain.post("/v1/sandboxes", json={"image": {"uri": "python:3.11"}}).json()
        plain.get(f"/v1/sandboxes/{made['id']}/endpoints/44772").json()
        plain.get("/ping")
        with plain.stream("POST", "/command", json={"command": "x"}) as response:
            assert [json.loads(line) for line in response.iter_lines() if line], "no output"
        plain.delete(f"/v1/sandboxes/{made['id']}")

with open("/proc/self/status", encoding="ascii") as status:
    print(next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:")))
