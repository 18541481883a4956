"""The way out of a sandbox whose server runs as an ordinary user."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import httpx
import pytest

from tests.local.egress.upstream import own_address, trusted, upstream
from tests.local.isolation.test_ordinary_user import folder, ordinary, variables
from tests.local.server.servers import Server

pytestmark = pytest.mark.isolation

SECRET = "s3cret-of-the-vault"


def test_policy_and_credentials_count_there_as_well() -> None:
    if os.geteuid() != 0:
        pytest.skip("the other tests of this folder show it: they do not run as root")
    started, host = ordinary(), own_address()
    with (
        folder() as work,
        trusted("api.test") as trust,
        upstream(port=443, context=trust.context, address=host) as sealed,
    ):
        shutil.copy(trust.certificate, work / "ca.pem")
        (work / "ca.pem").chmod(0o644)
        more = {"SSL_CERT_FILE": str(work / "ca.pem"), "OPEN_SANDBOX_API_KEY": "a key"}
        process = subprocess.Popen(
            [
                *(*started, "-m", "opensandbox", "serve", "--port=0", "--kill-on-exit"),
                *(f"--directory={work / 'state'}", f"--host-alias=api.test={host}"),
                "--spares=0",
            ],
            cwd=work,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=variables(work) | more,
        )
        server = Server(process, work / "state")
        try:
            said = _requests(server, host)
        finally:
            server.stop()
        assert said == ["200", "403"]
        assert sealed.seen[-1].headers["authorization"] == f"Bearer {SECRET}"


def _requests(server: Server, host: str) -> list[str]:
    rules = [{"action": "allow", "target": target} for target in ("api.test", host)]
    made = server.create(
        networkPolicy={"defaultAction": "deny", "egress": rules}, credentialProxy={"enabled": True}
    )["id"]
    _ask(
        server,
        made,
        18080,
        "/credential-vault",
        {
            "credentials": [{"name": "key", "source": {"type": "inline", "value": SECRET}}],
            "bindings": [
                {
                    "name": "api",
                    "match": {"hosts": ["api.test"]},
                    "auth": {"type": "bearer", "credential": "key"},
                }
            ],
        },
    )
    shown = "-o /dev/null -sS -m 10 -w '%{http_connect}'"
    urls = ("https://api.test/", "https://other.test/")
    return [_run(server, made, f"curl {shown} {url}") for url in urls]


def _run(server: Server, sandbox: str, command: str) -> str:
    said = _ask(server, sandbox, 44772, "/command", {"command": command})
    events = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return "".join(event["text"] for event in events if event["type"] == "stdout")


def _ask(server: Server, sandbox: str, port: int, path: str, body: object) -> str:
    place = server.client.get(f"/sandboxes/{sandbox}/endpoints/{port}").json()
    answer = httpx.post(
        f"http://{place['endpoint']}{path}",
        json=body,
        headers=place["headers"],
        trust_env=False,
        timeout=60,
    )
    assert answer.status_code in (200, 201), answer.text
    return answer.text
