"""The egress API without I/O: policies and credential vaults, as requests and as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from opensandbox_api.egress import models as api
from opensandbox_api.lifecycle import models as lifecycle_api
from opensandbox_api.types import Unset

from ..exceptions import InvalidArgumentException
from ..models._model import Model
from ..models.sandboxes import NetworkPolicy, NetworkRule
from ..models.vault import (
    Credential,
    CredentialAuthMetadata,
    CredentialBinding,
    CredentialBindingMetadata,
    CredentialBindingMutationSet,
    CredentialMatch,
    CredentialMetadata,
    CredentialMutationSet,
    CredentialVaultPatchRequest,
    CredentialVaultState,
)
from .received import received
from .requests import texts

M = TypeVar("M", bound=Model)

#: What a policy comes to where a server names no policy.
_MODES = {"allow_all": "allow", "deny_all": "deny"}

#: A value, or a mapping with its fields.
Credentials = Sequence[Credential | dict[str, object]]
Bindings = Sequence[CredentialBinding | dict[str, object]]


# --- requests ---------------------------------------------------------------------------------


def rules(given: Sequence[NetworkRule]) -> list[dict[str, Any]]:
    """The rules of `PATCH /policy`, of which there is at least one."""
    found = values(given, NetworkRule, "rules")
    if not found:
        raise InvalidArgumentException("rules must hold at least one NetworkRule")
    return [rule.model_dump(by_alias=True) for rule in found]


def targets(given: Sequence[str]) -> list[str]:
    """The targets of `DELETE /policy`, of which there is at least one."""
    found = texts(given, "targets")
    if not found:
        raise InvalidArgumentException("targets must hold at least one target")
    return found


def policy(given: NetworkPolicy) -> dict[str, Any]:
    """The body of `PUT .../networkpolicy`."""
    if not isinstance(given, NetworkPolicy):
        raise InvalidArgumentException(
            f"policy must be a NetworkPolicy, got {type(given).__name__}"
        )
    return given.model_dump(by_alias=True, exclude_none=True)


def new_vault(credentials: Credentials, bindings: Bindings) -> api.CredentialVaultCreateRequest:
    """The body of `POST /credential-vault`."""
    return api.CredentialVaultCreateRequest.from_dict(
        {
            "credentials": _dumped(values(credentials, Credential, "credentials")),
            "bindings": _dumped(values(bindings, CredentialBinding, "bindings")),
        }
    )


def changed_vault(
    expected_revision: int | None,
    credentials: CredentialMutationSet | Mapping[str, object] | None,
    bindings: CredentialBindingMutationSet | Mapping[str, object] | None,
) -> api.CredentialVaultMutationRequest:
    """The body of `PATCH /credential-vault`, which changes something."""
    patch = CredentialVaultPatchRequest.from_dict(
        {
            "expected_revision": expected_revision,
            "credentials": credentials,
            "bindings": bindings,
        }
    )
    body = patch.model_dump(by_alias=True, exclude_none=True)
    if not body.get("credentials") and not body.get("bindings"):
        raise InvalidArgumentException("give credentials or bindings to add, replace or delete")
    return api.CredentialVaultMutationRequest.from_dict(body)


def values(given: Sequence[M | dict[str, object]], kind: type[M], name: str) -> list[M]:
    """Values from values or mappings. What is wrong is told without showing any of it."""
    if isinstance(given, str | bytes | Mapping | Model) or not isinstance(given, Sequence):
        raise InvalidArgumentException(
            f"{name} must be a list of {kind.__name__}, got {type(given).__name__}"
        )
    return [kind.from_dict(one) for one in given]


def _dumped(models: Sequence[Model]) -> list[dict[str, Any]]:
    return [model.model_dump(by_alias=True, exclude_none=True) for model in models]


# --- answers ----------------------------------------------------------------------------------


def network_policy(
    answer: api.PolicyStatusResponse | lifecycle_api.PolicyStatusResponse,
) -> NetworkPolicy:
    """The policy in force. Where the server names none, what its mode comes to."""
    found = answer.policy
    if isinstance(found, Unset):
        mode = None if isinstance(answer.mode, Unset) else _MODES.get(answer.mode)
        return NetworkPolicy._as_received({"default_action": mode})
    return NetworkPolicy._as_received(
        {
            "default_action": None
            if isinstance(found.default_action, Unset)
            else found.default_action,
            "egress": None
            if isinstance(found.egress, Unset)
            else [
                NetworkRule._as_received({"action": rule.action, "target": rule.target})
                for rule in found.egress
            ],
        }
    )


def vault_state(answer: api.CredentialVaultState) -> CredentialVaultState:
    """Everything a vault tells."""
    return CredentialVaultState(
        revision=answer.revision,
        credentials=[credential(item) for item in answer.credentials],
        bindings=[binding(item) for item in answer.bindings],
    )


def credential(answer: api.CredentialMetadata) -> CredentialMetadata:
    """A credential without its value."""
    return received(CredentialMetadata, answer)


def binding(answer: api.CredentialBindingMetadata) -> CredentialBindingMetadata:
    """A binding, without anything secret."""
    return received(
        CredentialBindingMetadata,
        answer,
        {"match": CredentialMatch, "auth": CredentialAuthMetadata},
    )
