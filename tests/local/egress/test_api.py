"""The egress API over HTTP: who may ask, what is answered, what is refused and how."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from opensandbox.local.egress.dialing import Dialer
from opensandbox.local.egress.outlet import Kept, Outlet, make_authority

SECRET = "s3cret-of-the-vault"
POLICY: dict[str, Any] = {
    "defaultAction": "deny",
    "egress": [{"action": "allow", "target": "a.test"}],
}
VAULT = {
    "credentials": [{"name": "a key", "source": {"type": "inline", "value": SECRET}}],
    "bindings": [
        {
            "name": "to a/b",
            "match": {"hosts": ["a.test"]},
            "auth": {"type": "apiKey", "name": "X-Key", "credential": "a key"},
        }
    ],
}


class Owner:
    """A served outlet, a client of its API, and what was kept of it."""

    def __init__(self, outlet: Outlet, client: httpx.AsyncClient, saved: list[Kept]) -> None:
        self.outlet = outlet
        self.client = client
        self.saved = saved

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """A status and a body."""
        answer = await self.client.request(method, path, json=body)
        assert SECRET not in answer.text
        return answer.status_code, answer.json() if answer.content else None


@asynccontextmanager
async def owner(*, authority: bool = True, failing: bool = False) -> AsyncIterator[Owner]:
    """An outlet with a policy, that may have a vault."""
    saved: list[Kept] = []

    async def save(kept: Kept) -> None:
        if failing:
            raise OSError("the disk is full")
        saved.append(kept)

    kept = Kept(policy=POLICY, authority=make_authority("test") if authority else None)
    dialer = Dialer()
    outlet = Outlet(kept, save, dialer, room=asyncio.Semaphore(10))
    port = await outlet.listen("127.0.0.1", None)
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            headers={"OPENSANDBOX-EGRESS-AUTH": kept.token},
            trust_env=False,
        ) as client:
            yield Owner(outlet, client, saved)
    finally:
        await outlet.close()
        dialer.close()


@pytest.mark.parametrize("token", ["", "wrong", "\u00fc"])
async def test_every_request_needs_the_token(token: str) -> None:
    async with owner() as owned:
        headers = {b"OPENSANDBOX-EGRESS-AUTH": token.encode()}
        for path in ("/policy", "/credential-vault", "/nowhere"):
            answer = await owned.client.get(path, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "EGRESS::UNAUTHORIZED")


async def test_the_port_is_the_same_each_time() -> None:
    async with owner() as owned:
        port = owned.client.base_url.port
        assert await owned.outlet.listen("127.0.0.1", None) == port


async def test_a_policy_is_read_changed_and_kept() -> None:
    async with owner() as owned:
        assert await owned.ask("GET", "/policy") == (
            200,
            {"status": "ok", "mode": "enforcing", "enforcementMode": "proxy", "policy": POLICY},
        )
        denied = {"action": "deny", "target": "a.test"}
        _, changed = await owned.ask("PATCH", "/policy", [denied])
        assert changed["policy"] == {"defaultAction": "deny", "egress": [denied]}
        _, emptied = await owned.ask("DELETE", "/policy", ["a.test", "unknown.test"])
        assert emptied["mode"] == "deny_all"
    assert [kept.policy for kept in owned.saved] == [changed["policy"], emptied["policy"]]


@pytest.mark.parametrize(
    ("method", "body"),
    [("PATCH", {}), ("PATCH", [{"action": "allow"}]), ("DELETE", "a.test"), ("DELETE", [1])],
)
async def test_rules_that_mean_nothing_are_refused(method: str, body: Any) -> None:
    async with owner() as owned:
        assert (await owned.ask(method, "/policy", body))[0] == 400
        assert (await owned.ask("GET", "/policy"))[1]["policy"] == POLICY
    assert owned.saved == []


async def test_a_body_that_is_not_json_is_refused() -> None:
    async with owner() as owned:
        answer = await owned.client.patch("/policy", content=b"{")
        assert (answer.status_code, answer.json()["code"]) == (400, "EGRESS::INVALID_REQUEST")


async def test_a_change_that_cannot_be_kept_does_not_count() -> None:
    async with owner(failing=True) as owned:
        assert (await owned.ask("DELETE", "/policy", ["a.test"]))[0] == 500
        assert (await owned.ask("POST", "/credential-vault", VAULT))[0] == 500
        assert (await owned.ask("GET", "/policy"))[1]["policy"] == POLICY
        assert (await owned.ask("GET", "/credential-vault"))[0] == 404


async def test_a_vault_is_made_read_changed_and_removed() -> None:
    async with owner() as owned:
        assert (await owned.ask("GET", "/credential-vault"))[0] == 404
        status, made = await owned.ask("POST", "/credential-vault", VAULT)
        assert (status, made["revision"]) == (201, 1)
        assert await owned.ask("GET", "/credential-vault") == (200, made)
        assert (await owned.ask("POST", "/credential-vault", VAULT))[0] == 409
        change = {"expectedRevision": 1, "bindings": {"delete": ["to a/b"]}}
        assert (await owned.ask("PATCH", "/credential-vault", change))[1]["revision"] == 2
        assert (await owned.ask("PATCH", "/credential-vault", change))[0] == 412
        assert await owned.ask("DELETE", "/credential-vault") == (204, None)
        assert (await owned.ask("DELETE", "/credential-vault"))[0] == 404
    assert [kept.vault is None for kept in owned.saved] == [False, False, True]
    assert SECRET not in repr(owned.saved)


async def test_what_a_vault_holds_is_listed_without_values() -> None:
    async with owner() as owned:
        await owned.ask("POST", "/credential-vault", VAULT)
        key = {"name": "a key", "sourceType": "inline", "revision": 1}
        listed = await owned.ask("GET", "/credential-vault/credentials")
        assert listed == (200, {"revision": 1, "credentials": [key]})
        assert await owned.ask("GET", "/credential-vault/credentials/a%20key") == (200, key)
        assert (await owned.ask("GET", "/credential-vault/credentials/none"))[0] == 404
        _, bindings = await owned.ask("GET", "/credential-vault/bindings")
        assert bindings["bindings"][0]["auth"] == {"type": "apiKey", "name": "X-Key"}
        found = await owned.ask("GET", "/credential-vault/bindings/to%20a%2Fb")
        assert found == (200, bindings["bindings"][0])


async def test_without_an_authority_there_is_no_vault() -> None:
    async with owner(authority=False) as owned:
        assert (await owned.ask("POST", "/credential-vault", VAULT))[0] == 412


async def test_what_was_kept_goes_on_in_another_outlet() -> None:
    async with owner() as owned:
        await owned.ask("POST", "/credential-vault", VAULT)
        kept = Kept.from_json(owned.saved[-1].to_json())
        dialer = Dialer()
        later = Outlet(kept, owned.outlet._save, dialer, room=asyncio.Semaphore(10))
        assert later.vault() == owned.outlet.vault()
        assert later.status() == owned.outlet.status()
        dialer.close()


async def test_an_operation_that_there_is_not() -> None:
    async with owner() as owned:
        assert (await owned.ask("PUT", "/policy", POLICY))[0] == 405
        assert (await owned.ask("GET", "/nowhere"))[0] == 404
