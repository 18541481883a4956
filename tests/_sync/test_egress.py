# Written by scripts/unasync.py from tests/_async/test_egress.py. Do not edit.
"""What a sandbox may reach, and its credentials: looked up late, sent once, never shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from opensandbox._sync.config import ConnectionConfigSync
from opensandbox._sync.sandbox import SandboxSync
from opensandbox.exceptions import (
    InvalidArgumentException,
    SandboxApiException,
    SandboxException,
    SandboxTimeoutException,
)
from opensandbox.models.sandboxes import (
    Credential,
    CredentialAuth,
    CredentialBinding,
    CredentialMatch,
    CredentialMutationSet,
    CredentialSubstitution,
    CredentialVaultPatchRequest,
    InlineCredentialSource,
    NetworkPolicy,
    NetworkRule,
)
from opensandbox.transport.retry import RetryPolicy
from tests.peer import answer, hang
from tests.sandbox_peer import SandboxPeer, refuses, sandbox_peer, says

EGRESS = "GET /v1/sandboxes/s1/endpoints/18080"
SECRET = "hunter2-the-secret"
STATE = {
    "revision": 4,
    "credentials": [{"name": "token", "sourceType": "inline", "revision": 2}],
    "bindings": [
        {
            "name": "github",
            "revision": 4,
            "match": {"hosts": ["api.github.com"], "schemes": ["wss"]},
            "auth": {"type": "something-new"},
        },
        {"name": "bare", "revision": 1},
    ],
}


@pytest.fixture
def peer() -> Iterator[SandboxPeer]:
    with sandbox_peer() as started:
        headers = {"OPENSANDBOX-EGRESS-AUTH": "egress-1"}
        started.on(EGRESS, says({"endpoint": f"{started.address}/side", "headers": headers}))
        yield started


def config_of(peer: SandboxPeer) -> ConnectionConfigSync:
    return ConnectionConfigSync(
        domain=peer.address, api_key="key-1", retry_policy=RetryPolicy.disabled()
    )


def made(config: ConnectionConfigSync) -> SandboxSync:
    return SandboxSync.create("python:3.11", connection_config=config)


def test_egress_is_looked_up_when_it_is_first_needed(peer: SandboxPeer) -> None:
    peer.on(EGRESS, refuses(404))
    with config_of(peer) as config:
        sandbox = made(config)
        assert peer.asked(EGRESS) == []
        with pytest.raises(SandboxApiException):
            sandbox.get_egress_policy()
    assert len(peer.asked(EGRESS)) == 1


def test_the_policy_is_read_and_changed_beside_the_sandbox(peer: SandboxPeer) -> None:
    policy = {"defaultAction": "deny", "egress": [{"action": "allow", "target": "pypi.org"}]}
    peer.on("[A-Z]+ /side/policy", says({"status": "ok", "mode": "enforcing", "policy": policy}))
    with config_of(peer) as config:
        sandbox = made(config)
        found = sandbox.get_egress_policy()
        sandbox.patch_egress_rules([NetworkRule(action="allow", target="*.example.com")])
        sandbox.delete_egress_rules(["pypi.org"])
    assert found == NetworkPolicy(egress=[NetworkRule(action="allow", target="pypi.org")])
    assert peer.body("PATCH /side/policy") == [{"action": "allow", "target": "*.example.com"}]
    assert peer.body("DELETE /side/policy") == ["pypi.org"]
    assert len(peer.asked(EGRESS)) == 1
    last = peer.requests[-1].headers
    assert last["opensandbox-egress-auth"] == "egress-1"
    assert "open-sandbox-api-key" not in last


def test_a_policy_is_replaced_at_the_server(peer: SandboxPeer) -> None:
    peer.on("PUT /v1/sandboxes/s1/networkpolicy", says({"status": "ok"}))
    with config_of(peer) as config:
        sandbox = made(config)
        sandbox.replace_egress_policy(NetworkPolicy(default_action="allow"))
    assert peer.body("PUT /v1/sandboxes/s1/networkpolicy") == {"defaultAction": "allow"}


@pytest.mark.parametrize(
    ("said", "action"),
    [({"mode": "allow_all"}, "allow"), ({"mode": "deny_all"}, "deny"), ({}, None)],
)
def test_without_a_policy_its_mode_tells(
    peer: SandboxPeer, said: dict[str, Any], action: str | None
) -> None:
    peer.on("GET /side/policy", says(said))
    with config_of(peer) as config:
        sandbox = made(config)
        found = sandbox.get_egress_policy()
    assert (found.default_action, found.egress) == (action, None)


def test_rules_that_cannot_be_meant_are_not_sent(peer: SandboxPeer) -> None:
    wrong: Any = ["pypi.org"]
    with config_of(peer) as config:
        sandbox = made(config)
        with pytest.raises(InvalidArgumentException, match="at least one"):
            sandbox.patch_egress_rules([])
        with pytest.raises(InvalidArgumentException, match="list of strings"):
            sandbox.delete_egress_rules("pypi.org")
        with pytest.raises(InvalidArgumentException, match="NetworkRule"):
            sandbox.patch_egress_rules(wrong)
    assert peer.asked(EGRESS) == []


def test_one_limit_bounds_the_look_up_and_the_call(peer: SandboxPeer) -> None:
    found = json.dumps({"endpoint": f"{peer.address}/side"}).encode()
    peer.on(EGRESS, answer(200, found, after=0.1))
    peer.on("GET /side/policy", hang())
    with config_of(peer) as config:
        sandbox = made(config)
        with pytest.raises(SandboxTimeoutException, match=r"within 0\.[0-3]"):
            sandbox.get_egress_policy(request_timeout=0.4)


def test_a_vault_is_made_of_values_or_mappings(peer: SandboxPeer) -> None:
    peer.on("POST /side/credential-vault", says(STATE, 201))
    with config_of(peer) as config:
        sandbox = made(config)
        vault = sandbox.credential_vault
        state = vault.create(
            credentials=[
                Credential(name="token", source=InlineCredentialSource(value=SECRET)),
                {"name": "other", "source": {"value": SECRET}},
            ],
            bindings=[
                CredentialBinding(
                    name="github",
                    match=CredentialMatch(hosts=["api.github.com"]),
                    auth=CredentialAuth(
                        type="bearer",
                        credential="token",
                        substitutions=[
                            CredentialSubstitution(
                                credential="other", placeholder="__KEY__", in_=["query"]
                            )
                        ],
                    ),
                ),
                {
                    "name": "plain",
                    "match": {"hosts": ["example.com"]},
                    "auth": {"type": "apiKey", "name": "X-Key", "credential": "other"},
                },
            ],
        )
    assert state.revision == 4
    assert state.credentials[0].source_type == "inline"
    assert state.bindings[0].match is not None
    assert state.bindings[0].match.schemes == ["wss"]
    assert state.bindings[1].auth is None
    sent = peer.body("POST /side/credential-vault")
    inline = {"type": "inline", "value": SECRET}
    assert sent["credentials"] == [
        {"name": "token", "source": inline},
        {"name": "other", "source": inline},
    ]
    assert sent["bindings"][0]["auth"]["substitutions"] == [
        {"credential": "other", "placeholder": "__KEY__", "in": ["query"]}
    ]
    assert sent["bindings"][1]["auth"] == {
        "type": "apiKey",
        "name": "X-Key",
        "credential": "other",
    }


def test_a_vault_is_changed_for_the_revision_that_was_seen(peer: SandboxPeer) -> None:
    peer.on("PATCH /side/credential-vault", says(STATE), refuses(412, "REVISION"))
    with config_of(peer) as config:
        sandbox = made(config)
        vault = sandbox.credential_vault
        vault.patch(
            expected_revision=3,
            credentials=CredentialMutationSet(
                replace=[{"name": "token", "source": {"value": SECRET}}], delete=["old"]
            ),
            bindings={"delete": ["github"]},
        )
        with pytest.raises(SandboxApiException) as refused:
            vault.patch(expected_revision=3, bindings={"delete": ["github"]})
        with pytest.raises(InvalidArgumentException, match="to add, replace or delete"):
            vault.patch(expected_revision=3)
    assert refused.value.status_code == 412
    first = next(r for r in peer.requests if r.method == "PATCH")
    assert b'"expectedRevision":3' in first.body.replace(b": ", b":")
    assert peer.body("PATCH /side/credential-vault") == {
        "expectedRevision": 3,
        "bindings": {"delete": ["github"]},
    }


def test_a_vault_tells_names_and_never_values(peer: SandboxPeer) -> None:
    base = "/side/credential-vault"
    peer.on(f"GET {base}", says(STATE))
    peer.on(f"GET {base}/credentials", says(STATE))
    peer.on(f"GET {base}/bindings", says(STATE))
    peer.on(f"GET {base}/credentials/a%20b", says(STATE["credentials"][0]))  # type: ignore[index]
    peer.on(f"GET {base}/bindings/github", says(STATE["bindings"][0]))  # type: ignore[index]
    peer.on(f"DELETE {base}", answer(204))
    with config_of(peer) as config:
        sandbox = made(config)
        vault = sandbox.credential_vault
        assert (vault.get()).revision == 4
        assert [one.name for one in vault.list_credentials()] == ["token"]
        assert [one.name for one in vault.list_bindings()] == ["github", "bare"]
        assert (vault.get_credential("a b")).revision == 2
        binding = vault.get_binding("github")
        vault.delete()
        with pytest.raises(InvalidArgumentException, match="name"):
            vault.get_credential("..")
    assert binding.auth is not None
    assert binding.auth.type == "something-new"


WRONG: list[Any] = [
    {"credentials": [{"name": "t", "source": SECRET}]},
    {"credentials": [{"name": "t", "source": {"valeu": SECRET}}]},
    {"credentials": [{"name": "t", "source": {"value": 3, "type": SECRET}}]},
    {"credentials": SECRET},
    {"credentials": [SECRET]},
    {"credentials": {"t": SECRET}},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_in_a_vault_is_told_without_the_secret(
    peer: SandboxPeer, wrong: dict[str, Any]
) -> None:
    with config_of(peer) as config:
        sandbox = made(config)
        vault = sandbox.credential_vault
        with pytest.raises(SandboxException) as created:
            vault.create(bindings=[], **wrong)
        with pytest.raises(SandboxException) as patched:
            vault.patch(credentials={"add": wrong["credentials"]})
    for error in (created.value, patched.value):
        assert isinstance(error, InvalidArgumentException)
        assert SECRET not in str(error)
        assert SECRET not in repr(error)
    assert peer.asked(EGRESS) == []


def test_no_value_shows_its_secret() -> None:
    credential = Credential(name="token", source={"value": SECRET})
    for value in (
        credential,
        credential.source,
        CredentialMutationSet(add=[credential]),
        CredentialVaultPatchRequest(credentials={"add": [credential]}),
    ):
        assert SECRET not in repr(value)
        assert SECRET not in str(value)


def test_a_refusal_does_not_show_what_was_sent(peer: SandboxPeer) -> None:
    peer.on("POST /side/credential-vault", refuses(409, "EXISTS"))
    with config_of(peer) as config:
        sandbox = made(config)
        vault = sandbox.credential_vault
        with pytest.raises(SandboxApiException) as refused:
            vault.create(credentials=[{"name": "t", "source": {"value": SECRET}}], bindings=[])
    assert SECRET not in str(refused.value)
    assert SECRET not in repr(refused.value)
