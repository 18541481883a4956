"""What a sandbox may reach, and the credentials that are put into its requests from outside.

Rules:

* Its service stands beside the sandbox and is looked up when it is first needed: a sandbox whose
  egress cannot be reached is of use all the same.
* One deadline bounds looking it up and calling it.
* A credential's value goes in and never comes out; none shows in an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from opensandbox_api.egress import models as api
from opensandbox_api.egress.api.credential_vault import (
    create_credential_vault,
    delete_credential_vault,
    get_credential,
    get_credential_binding,
    get_credential_vault,
    list_credential_bindings,
    list_credentials,
    patch_credential_vault,
)
from opensandbox_api.egress.api.policy import delete_policy_rules, get_policy, patch_policy
from opensandbox_api.types import AsyncClient

from .._concurrency import AsyncOperation, monotonic
from .._wire import egress as wire
from .._wire.urls import endpoint_url, path_segment
from ..constants import DEFAULT_EGRESS_PORT
from ..models._time import Seconds
from ..models.sandboxes import NetworkPolicy, NetworkRule
from ..models.vault import (
    CredentialBindingMetadata,
    CredentialBindingMutationSet,
    CredentialMetadata,
    CredentialMutationSet,
    CredentialVaultState,
)
from .http import Answer, Service, call_limit
from .lifecycle import Sandboxes

_T = TypeVar("_T")


class EgressService:
    """The service beside one sandbox, found when it is first needed."""

    def __init__(self, sandboxes: Sandboxes, sandbox_id: str) -> None:
        self._sandboxes = sandboxes
        self._id = sandbox_id

    async def call(
        self,
        operation: AsyncOperation[AsyncClient, Answer[_T]],
        request_timeout: Seconds | None,
    ) -> _T:
        """Make one call and give back the model in its answer."""
        service, left = await self._find(request_timeout)
        return await service.call(operation, request_timeout=left)

    async def send(
        self,
        operation: AsyncOperation[AsyncClient, Answer[object]],
        request_timeout: Seconds | None,
    ) -> None:
        """Make one call whose answer holds nothing we need."""
        service, left = await self._find(request_timeout)
        await service.send(operation, request_timeout=left)

    async def _find(self, request_timeout: Seconds | None) -> tuple[Service, float]:
        """The service, and how many seconds are left for the call."""
        config = self._sandboxes.config
        ends = monotonic() + call_limit(config, request_timeout)
        endpoint = await self._sandboxes.get_sandbox_endpoint(
            self._id,
            DEFAULT_EGRESS_PORT,
            config.use_server_proxy,
            request_timeout=request_timeout,
        )
        service = Service(
            config,
            endpoint_url(endpoint.endpoint, config.get_protocol()),
            headers=endpoint.headers,
            sandbox_id=self._id,
        )
        return service, max(0.001, ends - monotonic())


class CredentialVault:
    """The credentials of one sandbox, and which of its requests get them;
    `sandbox.credential_vault`.

    Example::

        await sandbox.credential_vault.create(
            credentials=[{"name": "token", "source": {"value": "..."}}],
            bindings=[
                {
                    "name": "github",
                    "match": {"hosts": ["api.github.com"]},
                    "auth": {"type": "bearer", "credential": "token"},
                }
            ],
        )

    Code in the sandbox never sees a value. The sandbox is made with
    `credential_proxy=CredentialProxyConfig(enabled=True)`. Every method takes `request_timeout`,
    in seconds (None: the config's), and raises `SandboxApiException` when the service refuses.
    """

    def __init__(self, service: EgressService) -> None:
        self._service = service

    async def create(
        self,
        *,
        credentials: wire.Credentials,
        bindings: wire.Bindings,
        request_timeout: Seconds | None = None,
    ) -> CredentialVaultState:
        """Make the vault; a list holds values or mappings with their fields.

        Raises `SandboxApiException` with 409 when there is one, `InvalidArgumentException`, before
        anything is sent, for what cannot be meant.
        """
        body = wire.new_vault(credentials, bindings)
        return wire.vault_state(
            await self._service.call(
                lambda client: create_credential_vault.asyncio_detailed(client=client, body=body),
                request_timeout,
            )
        )

    async def get(self, *, request_timeout: Seconds | None = None) -> CredentialVaultState:
        """What is in it, without values. Raises `SandboxApiException` (404) when there is none."""
        return wire.vault_state(await self._state(request_timeout))

    async def patch(
        self,
        *,
        expected_revision: int | None = None,
        credentials: CredentialMutationSet | Mapping[str, object] | None = None,
        bindings: CredentialBindingMutationSet | Mapping[str, object] | None = None,
        request_timeout: Seconds | None = None,
    ) -> CredentialVaultState:
        """Change it: all of this or nothing.

        With `expected_revision` (None: whatever it is) it is refused, as `SandboxApiException` with
        412 or 409, when somebody else has changed the vault meanwhile.
        """
        body = wire.changed_vault(expected_revision, credentials, bindings)
        return wire.vault_state(
            await self._service.call(
                lambda client: patch_credential_vault.asyncio_detailed(client=client, body=body),
                request_timeout,
            )
        )

    async def delete(self, *, request_timeout: Seconds | None = None) -> None:
        """Remove it with everything in it, from the next request of the sandbox on."""
        await self._service.send(
            lambda client: delete_credential_vault.asyncio_detailed(client=client),
            request_timeout,
        )

    async def list_credentials(
        self, *, request_timeout: Seconds | None = None
    ) -> list[CredentialMetadata]:
        """Its credentials, without values."""
        answer = await self._service.call(
            lambda client: list_credentials.asyncio_detailed(client=client), request_timeout
        )
        return [wire.credential(item) for item in answer.credentials]

    async def get_credential(
        self, name: str, *, request_timeout: Seconds | None = None
    ) -> CredentialMetadata:
        """One credential, without its value."""
        path_segment(name, "name")
        return wire.credential(
            await self._service.call(
                lambda client: get_credential.asyncio_detailed(name, client=client),
                request_timeout,
            )
        )

    async def list_bindings(
        self, *, request_timeout: Seconds | None = None
    ) -> list[CredentialBindingMetadata]:
        """Its bindings."""
        answer = await self._service.call(
            lambda client: list_credential_bindings.asyncio_detailed(client=client),
            request_timeout,
        )
        return [wire.binding(item) for item in answer.bindings]

    async def get_binding(
        self, name: str, *, request_timeout: Seconds | None = None
    ) -> CredentialBindingMetadata:
        """One binding."""
        path_segment(name, "name")
        return wire.binding(
            await self._service.call(
                lambda client: get_credential_binding.asyncio_detailed(name, client=client),
                request_timeout,
            )
        )

    async def _state(self, request_timeout: Seconds | None) -> api.CredentialVaultState:
        return await self._service.call(
            lambda client: get_credential_vault.asyncio_detailed(client=client), request_timeout
        )


class Egress(CredentialVault):
    """What one sandbox may reach, and its credentials; `sandbox.egress`."""

    async def get_policy(self, *, request_timeout: Seconds | None = None) -> NetworkPolicy:
        """The policy in force."""
        return wire.network_policy(
            await self._service.call(
                lambda client: get_policy.asyncio_detailed(client=client), request_timeout
            )
        )

    async def patch_rules(
        self, rules: Sequence[NetworkRule], *, request_timeout: Seconds | None = None
    ) -> None:
        """Add rules before those there are; one with the target of another takes its place.

        In force from the next connection on; open ones stay open.
        """
        body = [api.NetworkRule.from_dict(rule) for rule in wire.rules(rules)]
        await self._service.send(
            lambda client: patch_policy.asyncio_detailed(client=client, body=body),
            request_timeout,
        )

    async def delete_rules(
        self, targets: Sequence[str], *, request_timeout: Seconds | None = None
    ) -> None:
        """Remove the rules with these targets."""
        body = wire.targets(targets)
        await self._service.send(
            lambda client: delete_policy_rules.asyncio_detailed(client=client, body=body),
            request_timeout,
        )
