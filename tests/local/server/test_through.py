"""Everything a sandbox is used for, with the server as the one address that is reached."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from opensandbox import ConnectionConfigSync, NetworkPolicy, NetworkRule, SandboxSync
from opensandbox.models.execd import OutputMessage
from opensandbox.models.sandboxes import CredentialProxyConfig
from opensandbox.runtime import LocalRuntime
from tests.local.server.servers import eventually

pytestmark = pytest.mark.isolation

NOTHING = NetworkPolicy(default_action="deny", egress=[])
SERVE = "cd /srv && python3 -m http.server 8000 --bind 127.0.0.1"


@pytest.fixture(scope="module")
def runtime() -> Iterator[LocalRuntime]:
    with LocalRuntime(spares=1) as runtime:
        yield runtime


def through(runtime: LocalRuntime) -> ConnectionConfigSync:
    """A config that goes through the server."""
    return ConnectionConfigSync(
        domain=runtime.domain, api_key=runtime.api_key, use_server_proxy=True
    )


@pytest.fixture(scope="module")
def sandbox(runtime: LocalRuntime) -> Iterator[SandboxSync]:
    with (
        through(runtime) as config,
        SandboxSync.temporary(
            "any:1",
            connection_config=config,
            network_policy=NOTHING,
            credential_proxy=CredentialProxyConfig(enabled=True),
        ) as sandbox,
    ):
        yield sandbox


def test_every_service_is_at_the_servers_address(
    runtime: LocalRuntime, sandbox: SandboxSync
) -> None:
    for port in (44772, 18080, 8000):
        assert sandbox.get_endpoint(port).endpoint.startswith(f"{runtime.domain}/v1/sandboxes/")


def test_a_command_is_followed_while_it_runs(sandbox: SandboxSync) -> None:
    wait = "echo first; until [ -e /tmp/go ]; do sleep 0.01; done; echo second; exit 3"
    seen = []
    for event in sandbox.commands.stream(wait):
        if isinstance(event, OutputMessage):
            seen.append(event.text)
            sandbox.files.write_file("/tmp/go", "")
    assert seen == ["first\n", "second\n"]


def test_a_large_file_goes_in_and_comes_out(sandbox: SandboxSync, tmp_path: Path) -> None:
    sent, returned = tmp_path / "sent", tmp_path / "returned"
    sent.write_bytes(os.urandom(1 << 20) * 48)
    digest = hashlib.sha256(sent.read_bytes()).hexdigest()
    sandbox.files.upload(sent, "/tmp/large")
    assert digest in sandbox.commands.run("sha256sum /tmp/large").stdout
    sandbox.files.download("/tmp/large", returned)
    assert hashlib.sha256(returned.read_bytes()).hexdigest() == digest


def test_a_terminal_is_typed_at(sandbox: SandboxSync) -> None:
    with sandbox.terminal() as terminal:
        terminal.write("echo $((6 * 7)); exit 5\n")
        said = b"".join(piece.data for piece in terminal)
        assert terminal.wait() == 5
    assert b"42" in said


def test_code_keeps_its_variables(sandbox: SandboxSync) -> None:
    sandbox.code.run("x = 20")
    assert sandbox.code.run("x + 1").result[0].text == "21"


def test_policy_and_vault_are_changed(sandbox: SandboxSync) -> None:
    sandbox.patch_egress_rules([NetworkRule(action="allow", target="api.test")])
    shown = sandbox.get_egress_policy()
    assert [rule.target for rule in shown.egress or []] == ["api.test"]
    made = sandbox.credential_vault.create(
        credentials=[{"name": "key", "source": {"value": "secret"}}], bindings=[]
    )
    assert made.revision == 1


def test_a_port_is_reached_by_who_has_only_its_address(
    runtime: LocalRuntime, sandbox: SandboxSync
) -> None:
    sandbox.commands.run("mkdir -p /srv && echo hello > /srv/x")
    sandbox.commands.run(SERVE, background=True)
    url = f"{sandbox.get_endpoint_url(8000)}/x"
    assert runtime.domain in url
    eventually(lambda: httpx.get(url, trust_env=False).text == "hello\n")


def test_a_port_of_a_secure_sandbox_wants_its_token(runtime: LocalRuntime) -> None:
    with (
        through(runtime) as config,
        SandboxSync.temporary("any:1", connection_config=config, secure_access=True) as sandbox,
    ):
        sandbox.commands.run("mkdir -p /srv && echo hello > /srv/x")
        sandbox.commands.run(SERVE, background=True)
        found = sandbox.get_endpoint(8000)
        url, token = f"http://{found.endpoint}/x", found.headers
        eventually(lambda: httpx.get(url, headers=token, trust_env=False).text == "hello\n")
        assert httpx.get(url, trust_env=False).status_code == 401
        wrong = dict.fromkeys(token or {}, "wrong")
        assert httpx.get(url, headers=wrong, trust_env=False).status_code == 401
