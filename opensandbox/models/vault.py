"""Credentials that are put into a sandbox's requests from outside, and which requests get them.

Programs import these from `opensandbox.models.sandboxes`.

Rules:

* A value goes in and never comes out: what a vault tells holds names and revisions only.
* No value shows in `repr` or in an error.
* Wherever one of these is wanted, a mapping with its fields will do.
"""

from __future__ import annotations

from typing import Literal

from ..exceptions import InvalidArgumentException
from ._checks import at_least, not_empty, some
from ._model import Model, field, model

# --- what is put in ---------------------------------------------------------------------------


@model
class InlineCredentialSource(Model):
    """The value itself."""

    value: str = field(check=not_empty, secret=True)
    type: Literal["inline"] = "inline"


@model
class Credential(Model):
    """A secret and its name: `Credential(name="token", source={"value": "..."})`."""

    name: str = field(check=not_empty)
    source: InlineCredentialSource | dict[str, str] = field(secret=True)


@model
class CredentialMatch(Model):
    """Which requests are meant. All that is given must fit; a list fits when one entry does."""

    #: Any of `https` and `http`. None for https.
    schemes: list[str] | None = None
    #: None for 443.
    ports: list[int] | None = None
    #: Names, `*.example.com` for those below one.
    hosts: list[str] = field(check=some)
    #: None for GET, POST, PUT, PATCH and DELETE.
    methods: list[str] | None = None
    #: Such as `/api/*`. None for every path.
    paths: list[str] | None = None


@model
class CustomHeaderEntry(Model):
    """A header whose value is a credential."""

    name: str = field(check=not_empty)
    #: The credential's name.
    credential: str = field(check=not_empty)


@model
class CredentialSubstitution(Model):
    """A text that the sandbox writes into its requests, and the credential that replaces it."""

    #: The credential's name.
    credential: str = field(check=not_empty)
    placeholder: str = field(check=not_empty)
    #: Where it is replaced.
    in_: list[Literal["path", "query", "header", "body"]] = field(wire="in", check=some)


#: What each type of `CredentialAuth` cannot do without.
_NEEDED: dict[str, tuple[str, ...]] = {
    "bearer": ("credential",),
    "basic": ("credential",),
    "apiKey": ("credential", "name"),
    "customHeaders": ("headers",),
    "passthrough": (),
}


@model
class CredentialAuth(Model):
    """How a request gets a credential.

    `bearer` and `basic` write an Authorization header of `credential`, `apiKey` the header `name`,
    `customHeaders` each of `headers`; `passthrough` writes none. All of them also make
    `substitutions`.
    """

    type: Literal["bearer", "basic", "apiKey", "customHeaders", "passthrough"]
    #: The credential's name.
    credential: str | None = None
    #: The header's name.
    name: str | None = None
    headers: list[CustomHeaderEntry] | None = None
    substitutions: list[CredentialSubstitution] | None = None

    def __attrs_post_init__(self) -> None:
        missing = [name for name in _NEEDED[self.type] if not getattr(self, name)]
        if missing:
            raise InvalidArgumentException(
                f"CredentialAuth of type {self.type!r} needs {' and '.join(missing)}"
            )


@model
class CredentialBinding(Model):
    """Which requests get which credential, and how."""

    name: str = field(check=not_empty)
    match: CredentialMatch | dict[str, object]
    auth: CredentialAuth | dict[str, object]


@model
class CredentialMutationSet(Model):
    """What changes among the credentials."""

    add: list[Credential | dict[str, object]] | None = field(default=None, secret=True)
    replace: list[Credential | dict[str, object]] | None = field(default=None, secret=True)
    #: Names.
    delete: list[str] | None = None


@model
class CredentialBindingMutationSet(Model):
    """What changes among the bindings."""

    add: list[CredentialBinding | dict[str, object]] | None = None
    replace: list[CredentialBinding | dict[str, object]] | None = None
    #: Names.
    delete: list[str] | None = None


@model
class CredentialVaultPatchRequest(Model):
    """What changes in a vault: all of it or nothing."""

    #: The revision that this was made for; another one is refused. None for any.
    expected_revision: int | None = field(default=None, wire="expectedRevision", check=at_least(0))
    credentials: CredentialMutationSet | dict[str, object] | None = field(default=None, secret=True)
    bindings: CredentialBindingMutationSet | dict[str, object] | None = None


# --- what is told about it --------------------------------------------------------------------


@model(received=True)
class CredentialMetadata(Model):
    """A credential without its value."""

    name: str
    source_type: str = field(wire="sourceType")
    #: The vault's revision in which it last changed.
    revision: int


@model(received=True)
class CredentialAuthMetadata(Model):
    """How a request gets a credential, without the credential's name."""

    type: str
    name: str | None = None


@model(received=True)
class CredentialBindingMetadata(Model):
    """A binding, without anything secret."""

    name: str
    #: The vault's revision in which it last changed.
    revision: int
    match: CredentialMatch | None = None
    auth: CredentialAuthMetadata | None = None


@model(received=True)
class CredentialVaultState(Model):
    """Everything a vault tells."""

    #: How often it was changed, from 1.
    revision: int
    credentials: list[CredentialMetadata]
    bindings: list[CredentialBindingMetadata]


@model(received=True)
class CredentialListResponse(Model):
    """The credentials of a vault."""

    revision: int
    credentials: list[CredentialMetadata]


@model(received=True)
class CredentialBindingListResponse(Model):
    """The bindings of a vault."""

    revision: int
    bindings: list[CredentialBindingMetadata]


__all__ = [
    "Credential",
    "CredentialAuth",
    "CredentialAuthMetadata",
    "CredentialBinding",
    "CredentialBindingListResponse",
    "CredentialBindingMetadata",
    "CredentialBindingMutationSet",
    "CredentialListResponse",
    "CredentialMatch",
    "CredentialMetadata",
    "CredentialMutationSet",
    "CredentialSubstitution",
    "CredentialVaultPatchRequest",
    "CredentialVaultState",
    "CustomHeaderEntry",
    "InlineCredentialSource",
]
