"""The credential vault of a sandbox on a real server: what goes in does not come out."""

from __future__ import annotations

import pytest

from opensandbox import ConnectionConfig, Sandbox
from opensandbox.exceptions import SandboxApiException
from opensandbox.models.sandboxes import CredentialProxyConfig, NetworkPolicy, NetworkRule
from tests.contract.conftest import Server

SECRET = "hunter2-the-secret"
BINDING: dict[str, object] = {
    "name": "example",
    "match": {"hosts": ["example.com"]},
    "auth": {"type": "bearer", "credential": "token"},
}


async def test_a_vault_lives_beside_its_sandbox(server: Server, config: ConnectionConfig) -> None:
    if not server.embedded:
        pytest.skip("not every server has a credential proxy")
    async with Sandbox.temporary(
        server.image,
        connection_config=config,
        ready_timeout=server.ready_timeout,
        credential_proxy=CredentialProxyConfig(enabled=True),
        network_policy=NetworkPolicy(egress=[NetworkRule(action="allow", target="example.com")]),
    ) as sandbox:
        vault = sandbox.credential_vault
        with pytest.raises(SandboxApiException) as missing:
            await vault.get()
        assert missing.value.status_code == 404

        made = await vault.create(
            credentials=[{"name": "token", "source": {"value": SECRET}}], bindings=[BINDING]
        )
        assert [one.name for one in made.credentials] == ["token"]
        assert (await vault.get_credential("token")).source_type == "inline"
        binding = await vault.get_binding("example")
        assert binding.match is not None
        assert binding.match.hosts == ["example.com"]

        changed = await vault.patch(
            expected_revision=made.revision,
            credentials={"add": [{"name": "other", "source": {"value": SECRET}}]},
        )
        assert changed.revision > made.revision
        assert sorted(one.name for one in await vault.list_credentials()) == ["other", "token"]
        with pytest.raises(SandboxApiException) as late:
            await vault.patch(expected_revision=made.revision, bindings={"delete": ["example"]})
        assert late.value.status_code in (409, 412)
        assert [one.name for one in await vault.list_bindings()] == ["example"]

        inside = await sandbox.commands.run("cat /proc/*/environ; env")
        assert SECRET not in inside.stdout + inside.stderr
        assert SECRET not in repr(await vault.get())
        await vault.delete()
        with pytest.raises(SandboxApiException):
            await vault.get()
