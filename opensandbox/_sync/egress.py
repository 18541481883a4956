# Written by scripts/unasync.py from opensandbox/_async/egress.py. Do not edit.
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
from opensandbox_api.types import Client

from .._concurrency import Operation, monotonic
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
from .http import AnswerSync, ServiceSync, call_limit
from .lifecycle import SandboxesSync

_T = TypeVar("_T")


class EgressServiceSync:
    """The service beside one sandbox, found when it is first needed."""

    def __init__(self, sandboxes: SandboxesSync, sandbox_id: str) -> None:
        self._sandboxes = sandboxes
        self._id = sandbox_id

    def call(
        self,
        operation: Operation[Client, AnswerSync[_T]],
        request_timeout: Seconds | None,
    ) -> _T:
        """Make one call and give back the model in its answer."""
        service, left = self._find(request_timeout)
        return service.call(operation, request_timeout=left)

    def send(
        self,
        operation: Operation[Client, AnswerSync[object]],
        request_timeout: Seconds | None,
    ) -> None:
        """Make one call whose answer holds nothing we need."""
        service, left = self._find(request_timeout)
        service.send(operation, request_timeout=left)

    def _find(self, request_timeout: Seconds | None) -> tuple[ServiceSync, float]:
        """The service, and how many seconds are left for the call."""
        config = self._sandboxes.config
        ends = monotonic() + call_limit(config, request_timeout)
        endpoint = self._sandboxes.get_sandbox_endpoint(
            self._id,
            DEFAULT_EGRESS_PORT,
            config.use_server_proxy,
            request_timeout=request_timeout,
        )
        service = ServiceSync(
            config,
            endpoint_url(endpoint.endpoint, config.get_protocol()),
            headers=endpoint.headers,
            sandbox_id=self._id,
        )
        return service, max(0.001, ends - monotonic())


class CredentialVaultSync:
    """The credentials of one sandbox, and which of its requests get them;
    `sandbox.credential_vault`.

    Example::

        sandbox.credential_vault.create(
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

    def __init__(self, service: EgressServiceSync) -> None:
        self._service = service

    def create(
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
            self._service.call(
                lambda client: create_credential_vault.sync_detailed(client=client, body=body),
                request_timeout,
            )
        )

    def get(self, *, request_timeout: Seconds | None = None) -> CredentialVaultState:
        """What is in it, without values. Raises `SandboxApiException` (404) when there is none."""
        return wire.vault_state(self._state(request_timeout))

    def patch(
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
            self._service.call(
                lambda client: patch_credential_vault.sync_detailed(client=client, body=body),
                request_timeout,
            )
        )

    def delete(self, *, request_timeout: Seconds | None = None) -> None:
        """Remove it with everything in it, from the next request of the sandbox on."""
        self._service.send(
            lambda client: delete_credential_vault.sync_detailed(client=client),
            request_timeout,
        )

    def list_credentials(
        self, *, request_timeout: Seconds | None = None
    ) -> list[CredentialMetadata]:
        """Its credentials, without values."""
        answer = self._service.call(
            lambda client: list_credentials.sync_detailed(client=client), request_timeout
        )
        return [wire.credential(item) for item in answer.credentials]

    def get_credential(
        self, name: str, *, request_timeout: Seconds | None = None
    ) -> CredentialMetadata:
        """One credential, without its value."""
        path_segment(name, "name")
        return wire.credential(
            self._service.call(
                lambda client: get_credential.sync_detailed(name, client=client),
                request_timeout,
            )
        )

    def list_bindings(
        self, *, request_timeout: Seconds | None = None
    ) -> list[CredentialBindingMetadata]:
        """Its bindings."""
        answer = self._service.call(
            lambda client: list_credential_bindings.sync_detailed(client=client),
            request_timeout,
        )
        return [wire.binding(item) for item in answer.bindings]

    def get_binding(
        self, name: str, *, request_timeout: Seconds | None = None
    ) -> CredentialBindingMetadata:
        """One binding."""
        path_segment(name, "name")
        return wire.binding(
            self._service.call(
                lambda client: get_credential_binding.sync_detailed(name, client=client),
                request_timeout,
            )
        )

    def _state(self, request_timeout: Seconds | None) -> api.CredentialVaultState:
        return self._service.call(
            lambda client: get_credential_vault.sync_detailed(client=client), request_timeout
        )


class EgressSync(CredentialVaultSync):
    """What one sandbox may reach, and its credentials; `sandbox.egress`."""

    def get_policy(self, *, request_timeout: Seconds | None = None) -> NetworkPolicy:
        """The policy in force."""
        return wire.network_policy(
            self._service.call(
                lambda client: get_policy.sync_detailed(client=client), request_timeout
            )
        )

    def patch_rules(
        self, rules: Sequence[NetworkRule], *, request_timeout: Seconds | None = None
    ) -> None:
        """Add rules before those there are; one with the target of another takes its place.

        In force from the next connection on; open ones stay open.
        """
        body = [api.NetworkRule.from_dict(rule) for rule in wire.rules(rules)]
        self._service.send(
            lambda client: patch_policy.sync_detailed(client=client, body=body),
            request_timeout,
        )

    def delete_rules(
        self, targets: Sequence[str], *, request_timeout: Seconds | None = None
    ) -> None:
        """Remove the rules with these targets."""
        body = wire.targets(targets)
        self._service.send(
            lambda client: delete_policy_rules.sync_detailed(client=client, body=body),
            request_timeout,
        )
