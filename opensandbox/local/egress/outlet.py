"""The way out of one sandbox: its policy, its vault, its proxy, and its egress API.

- A change is kept before it is in force, and in force before it is answered.
- What is kept is plain JSON; it holds the credentials, and goes nowhere but into the server's own
  database.
"""

from __future__ import annotations

import asyncio
import functools
import secrets
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from ..server.values import JSON
from . import vault as vaults
from .addresses import Address
from .api import ApiListener
from .dialing import Dialer, Reach
from .errors import Refusal, conflict, invalid, not_found, precondition
from .pipes import Limits
from .policy import InvalidPolicy, Policy, read_policy, read_rules, read_targets
from .proxy import Proxy, Secrets
from .vault import Vault

if TYPE_CHECKING:
    from .authority import Authority


@frozen(kw_only=True)
class Kept:
    """What has to be kept of a sandbox's way out, so that a later server goes on with it."""

    policy: JSON = None
    """None: none was given."""
    token: str = field(factory=lambda: secrets.token_hex(32), repr=False)
    authority: Mapping[str, str] | None = field(default=None, repr=False)
    """Certificate and key, both PEM; None: the sandbox cannot have a vault."""
    vault: Mapping[str, Any] | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, JSON]:
        """The form in the database."""
        return {
            "policy": self.policy,
            "token": self.token,
            "authority": self.authority,
            "vault": self.vault,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Kept:
        """What `to_json` wrote."""
        return cls(
            policy=kept["policy"],
            token=kept["token"],
            authority=kept["authority"],
            vault=kept["vault"],
        )


Save = Callable[[Kept], Awaitable[None]]


class Outlet:
    """One sandbox's way out, for as long as this server looks after it."""

    def __init__(
        self,
        kept: Kept,
        save: Save,
        dialer: Dialer,
        *,
        room: asyncio.Semaphore,
        limits: Limits | None = None,
    ) -> None:
        limits = limits or Limits()
        self.kept = kept
        self._save = save
        self._changes = asyncio.Lock()
        self._policy: Policy = read_policy(kept.policy)
        self._vault = None if kept.vault is None else Vault.from_json(kept.vault)
        self._context_for = _speaker(kept.authority)
        reach = Reach(dialer, lambda: self._policy, timeout=limits.connect_time)
        self._proxy = Proxy(reach, self._secrets, limits, room=room)
        self._api: ApiListener | None = None

    @property
    def opened(self) -> bool:
        """Whether the sandbox is served."""
        return self._proxy.opened

    async def open(self, listener: socket.socket) -> None:
        """Serves the sandbox on a listener that lies inside it."""
        await self._proxy.open(listener)

    async def close(self) -> None:
        """Ends every connection. Nothing of it reaches the outside any more."""
        if self._api is not None:
            await self._api.close()
        await self._proxy.close()

    async def listen(self, address: str, wanted: int | None) -> int:
        """The port of `address` on which the egress API is served; `wanted` if that is free."""
        if self._api is None:
            self._api = await ApiListener.open(self, address, wanted)
        return self._api.port

    # The policy

    def status(self) -> dict[str, JSON]:
        """The policy in force, as the API shows it."""
        shown: dict[str, JSON] = {
            "status": "ok",
            "mode": self._policy.mode,
            "enforcementMode": "proxy",
            "policy": self._policy.to_dict(),
        }
        if not self._policy.given:
            shown["reason"] = (
                "No policy was given: every public host may be reached, nothing that is private."
            )
        return shown

    async def replace_policy(self, body: JSON) -> dict[str, JSON]:
        """Puts another policy in force. Raises Refusal."""
        if body is None:
            raise invalid("a policy must be an object")
        return await self._change_policy(lambda _: read_policy(body))

    async def add_rules(self, body: JSON) -> dict[str, JSON]:
        """Puts rules before those there are. Raises Refusal."""
        return await self._change_policy(lambda policy: policy.with_rules(read_rules(body)))

    async def remove_rules(self, body: JSON) -> dict[str, JSON]:
        """Removes the rules with these targets. Raises Refusal."""
        return await self._change_policy(lambda policy: policy.without(read_targets(body)))

    async def _change_policy(self, change: Callable[[Policy], Policy]) -> dict[str, JSON]:
        async with self._changes:
            try:
                policy = change(self._policy)
            except InvalidPolicy as error:
                raise invalid(f"{error}.") from None
            await self._keep(evolve(self.kept, policy=policy.to_dict() if policy.given else None))
            self._policy = policy
            self._proxy.look_again()
            return self.status()

    # The vault

    def vault(self) -> Vault:
        """The vault. Raises Refusal when there is none."""
        if self._vault is None:
            raise not_found("this sandbox has no credential vault yet")
        return self._vault

    async def create_vault(self, body: JSON) -> Vault:
        """Makes the vault. Raises Refusal."""
        async with self._changes:
            if self._context_for is None:
                raise precondition(
                    "this sandbox cannot be given credentials: it was not made with "
                    "credentialProxy.enabled"
                )
            if self._vault is not None:
                raise conflict("this sandbox has a credential vault already; change that")
            return await self._put(vaults.create(body))

    async def change_vault(self, body: JSON) -> Vault:
        """Changes the vault. Raises Refusal."""
        async with self._changes:
            return await self._put(vaults.change(self.vault(), body))

    async def delete_vault(self) -> None:
        """Removes the vault. Raises Refusal when there is none."""
        async with self._changes:
            self.vault()
            await self._keep(evolve(self.kept, vault=None))
            self._vault = None

    async def _put(self, vault: Vault) -> Vault:
        await self._keep(evolve(self.kept, vault=vault.to_json()))
        self._vault = vault
        self._proxy.look_again()
        return vault

    async def _keep(self, kept: Kept) -> None:
        try:
            await self._save(kept)
        except OSError as error:
            raise Refusal(500, "EGRESS::NOT_KEPT", "The change could not be kept.") from error
        self.kept = kept

    def _secrets(self) -> Secrets | None:
        if self._vault is None or self._context_for is None:
            return None
        return Secrets(vault=self._vault, context_for=self._context_for)


def make_authority(sandbox_id: str) -> dict[str, str]:
    """A new certificate authority, as it is kept. Takes a moment: loads `cryptography`.

    Raises ModuleNotFoundError when that is not installed.
    """
    from . import authority

    made = authority.make(sandbox_id)
    return {"certificate": made.certificate, "key": made.key}


def _speaker(
    kept: Mapping[str, str] | None,
) -> Callable[[str | Address], ssl.SSLContext] | None:
    """What makes the TLS contexts of one authority; it is called in threads."""
    if kept is None:
        return None
    lock = threading.Lock()

    @functools.cache
    def authority() -> Authority:
        from .authority import Authority, KeptAuthority

        return Authority(KeptAuthority(kept["certificate"], kept["key"]))

    def context_for(host: str | Address) -> ssl.SSLContext:
        with lock:
            return authority().context_for(host)

    return context_for
