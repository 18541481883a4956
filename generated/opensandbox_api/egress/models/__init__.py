"""The models of this API, each loaded on first use."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .api_key_credential_auth import ApiKeyCredentialAuth as ApiKeyCredentialAuth
    from .api_key_credential_auth_type import ApiKeyCredentialAuthType as ApiKeyCredentialAuthType
    from .basic_credential_auth import BasicCredentialAuth as BasicCredentialAuth
    from .basic_credential_auth_type import BasicCredentialAuthType as BasicCredentialAuthType
    from .bearer_credential_auth import BearerCredentialAuth as BearerCredentialAuth
    from .bearer_credential_auth_type import BearerCredentialAuthType as BearerCredentialAuthType
    from .credential import Credential as Credential
    from .credential_auth_metadata import CredentialAuthMetadata as CredentialAuthMetadata
    from .credential_binding import CredentialBinding as CredentialBinding
    from .credential_binding_list_response import (
        CredentialBindingListResponse as CredentialBindingListResponse,
    )
    from .credential_binding_metadata import CredentialBindingMetadata as CredentialBindingMetadata
    from .credential_binding_mutation_set import (
        CredentialBindingMutationSet as CredentialBindingMutationSet,
    )
    from .credential_list_response import CredentialListResponse as CredentialListResponse
    from .credential_match import CredentialMatch as CredentialMatch
    from .credential_match_schemes_item import (
        CredentialMatchSchemesItem as CredentialMatchSchemesItem,
    )
    from .credential_metadata import CredentialMetadata as CredentialMetadata
    from .credential_mutation_set import CredentialMutationSet as CredentialMutationSet
    from .credential_substitution import CredentialSubstitution as CredentialSubstitution
    from .credential_substitution_in_item import (
        CredentialSubstitutionInItem as CredentialSubstitutionInItem,
    )
    from .credential_vault_create_request import (
        CredentialVaultCreateRequest as CredentialVaultCreateRequest,
    )
    from .credential_vault_mutation_request import (
        CredentialVaultMutationRequest as CredentialVaultMutationRequest,
    )
    from .credential_vault_state import CredentialVaultState as CredentialVaultState
    from .custom_header_entry import CustomHeaderEntry as CustomHeaderEntry
    from .custom_headers_credential_auth import (
        CustomHeadersCredentialAuth as CustomHeadersCredentialAuth,
    )
    from .custom_headers_credential_auth_type import (
        CustomHeadersCredentialAuthType as CustomHeadersCredentialAuthType,
    )
    from .inline_credential_source import InlineCredentialSource as InlineCredentialSource
    from .inline_credential_source_type import (
        InlineCredentialSourceType as InlineCredentialSourceType,
    )
    from .network_policy import NetworkPolicy as NetworkPolicy
    from .network_policy_default_action import (
        NetworkPolicyDefaultAction as NetworkPolicyDefaultAction,
    )
    from .network_rule import NetworkRule as NetworkRule
    from .network_rule_action import NetworkRuleAction as NetworkRuleAction
    from .passthrough_credential_auth import PassthroughCredentialAuth as PassthroughCredentialAuth
    from .passthrough_credential_auth_type import (
        PassthroughCredentialAuthType as PassthroughCredentialAuthType,
    )
    from .policy_status_response import PolicyStatusResponse as PolicyStatusResponse

_MODULES = {
    "ApiKeyCredentialAuth": ".api_key_credential_auth",
    "ApiKeyCredentialAuthType": ".api_key_credential_auth_type",
    "BasicCredentialAuth": ".basic_credential_auth",
    "BasicCredentialAuthType": ".basic_credential_auth_type",
    "BearerCredentialAuth": ".bearer_credential_auth",
    "BearerCredentialAuthType": ".bearer_credential_auth_type",
    "Credential": ".credential",
    "CredentialAuthMetadata": ".credential_auth_metadata",
    "CredentialBinding": ".credential_binding",
    "CredentialBindingListResponse": ".credential_binding_list_response",
    "CredentialBindingMetadata": ".credential_binding_metadata",
    "CredentialBindingMutationSet": ".credential_binding_mutation_set",
    "CredentialListResponse": ".credential_list_response",
    "CredentialMatch": ".credential_match",
    "CredentialMatchSchemesItem": ".credential_match_schemes_item",
    "CredentialMetadata": ".credential_metadata",
    "CredentialMutationSet": ".credential_mutation_set",
    "CredentialSubstitution": ".credential_substitution",
    "CredentialSubstitutionInItem": ".credential_substitution_in_item",
    "CredentialVaultCreateRequest": ".credential_vault_create_request",
    "CredentialVaultMutationRequest": ".credential_vault_mutation_request",
    "CredentialVaultState": ".credential_vault_state",
    "CustomHeaderEntry": ".custom_header_entry",
    "CustomHeadersCredentialAuth": ".custom_headers_credential_auth",
    "CustomHeadersCredentialAuthType": ".custom_headers_credential_auth_type",
    "InlineCredentialSource": ".inline_credential_source",
    "InlineCredentialSourceType": ".inline_credential_source_type",
    "NetworkPolicy": ".network_policy",
    "NetworkPolicyDefaultAction": ".network_policy_default_action",
    "NetworkRule": ".network_rule",
    "NetworkRuleAction": ".network_rule_action",
    "PassthroughCredentialAuth": ".passthrough_credential_auth",
    "PassthroughCredentialAuthType": ".passthrough_credential_auth_type",
    "PolicyStatusResponse": ".policy_status_response",
}

__all__ = [
    "ApiKeyCredentialAuth",
    "ApiKeyCredentialAuthType",
    "BasicCredentialAuth",
    "BasicCredentialAuthType",
    "BearerCredentialAuth",
    "BearerCredentialAuthType",
    "Credential",
    "CredentialAuthMetadata",
    "CredentialBinding",
    "CredentialBindingListResponse",
    "CredentialBindingMetadata",
    "CredentialBindingMutationSet",
    "CredentialListResponse",
    "CredentialMatch",
    "CredentialMatchSchemesItem",
    "CredentialMetadata",
    "CredentialMutationSet",
    "CredentialSubstitution",
    "CredentialSubstitutionInItem",
    "CredentialVaultCreateRequest",
    "CredentialVaultMutationRequest",
    "CredentialVaultState",
    "CustomHeaderEntry",
    "CustomHeadersCredentialAuth",
    "CustomHeadersCredentialAuthType",
    "InlineCredentialSource",
    "InlineCredentialSourceType",
    "NetworkPolicy",
    "NetworkPolicyDefaultAction",
    "NetworkRule",
    "NetworkRuleAction",
    "PassthroughCredentialAuth",
    "PassthroughCredentialAuthType",
    "PolicyStatusResponse",
]


if not TYPE_CHECKING:  # a type checker then knows that no other name exists

    def __getattr__(name: str) -> object:
        try:
            module = _MODULES[name]
        except KeyError:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
        value = globals()[name] = getattr(import_module(module, __name__), name)
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
