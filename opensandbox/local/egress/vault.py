"""The credential vault of one sandbox: what it holds, how it changes, what it says of itself. Pure.

- A change is checked as a whole, against the vault as it would be, and happens or does not.
- Values are shown by nothing here but `to_json`, which is for the server's own database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from attrs import evolve, field, frozen

from ..server.values import JSON
from .errors import conflict, invalid, not_found, precondition
from .matching import Auth, Match, read_auth, read_match

MOST_ENTRIES = 512
LONGEST_NAME = 253
LONGEST_VALUE = 64 * 1024


@frozen
class Credential:
    """A secret and its name."""

    name: str
    value: str = field(repr=False)
    revision: int

    def shown(self) -> dict[str, JSON]:
        """What anybody may see of it."""
        return {"name": self.name, "sourceType": "inline", "revision": self.revision}


@frozen
class Binding:
    """Which requests credentials go into, and how."""

    name: str
    match: Match
    auth: Auth
    revision: int
    written: Mapping[str, Any] = field(repr=False)

    def shown(self) -> dict[str, JSON]:
        """What anybody may see of it."""
        auth: dict[str, JSON] = {"type": self.auth.type}
        if self.auth.type == "apiKey":
            auth["name"] = self.auth.headers[0][0]
        return {
            "name": self.name,
            "revision": self.revision,
            "match": self.match.to_dict(),
            "auth": auth,
        }


@frozen
class Vault:
    """All credentials and bindings, at one revision."""

    revision: int
    credentials: Mapping[str, Credential]
    bindings: Mapping[str, Binding]

    def values(self) -> dict[str, str]:
        """The secrets by name, for putting them into requests."""
        return {name: credential.value for name, credential in self.credentials.items()}

    def find(self, scheme: str, host: object, port: int, method: str, path: str) -> Binding | None:
        """The first binding, in the order they were made, that means a request."""
        for binding in self.bindings.values():
            if binding.match.fits(scheme, host, port, method, path):
                return binding
        return None

    def covers(self, host: object, port: int) -> bool:
        """Whether some https request to a host is meant."""
        return any(b.match.fits_place("https", host, port) for b in self.bindings.values())

    def shown(self) -> dict[str, JSON]:
        """The vault without values."""
        return {"revision": self.revision, **self.shown_credentials(), **self.shown_bindings()}

    def shown_credentials(self) -> dict[str, JSON]:
        """The list of credentials, by name."""
        listed = sorted(self.credentials.values(), key=lambda credential: credential.name)
        return {"revision": self.revision, "credentials": [c.shown() for c in listed]}

    def shown_bindings(self) -> dict[str, JSON]:
        """The list of bindings, by name."""
        listed = sorted(self.bindings.values(), key=lambda binding: binding.name)
        return {"revision": self.revision, "bindings": [b.shown() for b in listed]}

    def to_json(self) -> dict[str, JSON]:
        """The form in the database, values included."""
        return {
            "revision": self.revision,
            "credentials": [
                {"name": c.name, "value": c.value, "revision": c.revision}
                for c in self.credentials.values()
            ],
            "bindings": [
                {"revision": b.revision, "written": b.written} for b in self.bindings.values()
            ],
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Vault:
        """The vault that `to_json` wrote."""
        credentials = [
            Credential(c["name"], c["value"], c["revision"]) for c in kept["credentials"]
        ]
        bindings = [_binding(b["written"], b["revision"]) for b in kept["bindings"]]
        return cls(
            kept["revision"],
            {credential.name: credential for credential in credentials},
            {binding.name: binding for binding in bindings},
        )


def create(body: JSON) -> Vault:
    """The first revision of a vault. Raises Refusal."""
    fields = _object(body, "the body")
    for name in ("credentials", "bindings"):
        if name not in fields:
            raise invalid(f"{name} is missing")
    empty = Vault(1, {}, {})
    return _check(
        evolve(
            empty,
            credentials=_added({}, fields["credentials"], "credentials", _credential, 1),
            bindings=_added({}, fields["bindings"], "bindings", _binding, 1),
        )
    )


def change(vault: Vault, body: JSON) -> Vault:
    """The vault after a mutation request. Raises Refusal."""
    fields = _object(body, "the body")
    expected = fields.get("expectedRevision")
    if expected is not None and (not isinstance(expected, int) or isinstance(expected, bool)):
        raise invalid("expectedRevision must be a whole number")
    if expected is not None and expected != vault.revision:
        raise precondition(
            f"the vault is at revision {vault.revision}, not at {expected}; read it again"
        )
    revision = vault.revision + 1
    credentials, bindings = fields.get("credentials"), fields.get("bindings")
    changed = Vault(
        revision,
        _mutated(vault.credentials, credentials, "credentials", _credential, revision),
        _mutated(vault.bindings, bindings, "bindings", _binding, revision),
    )
    gone = vault.credentials.keys() - changed.credentials.keys()
    for binding in changed.bindings.values():
        for name in binding.auth.credentials() & gone:
            raise conflict(f"the credential {name!r} is used by the binding {binding.name!r}")
    return _check(changed)


Entry = TypeVar("Entry", Credential, Binding)
Reader = Callable[[JSON, int], Entry]


def _mutated(
    entries: Mapping[str, Entry], value: JSON, what: str, read: Reader[Entry], revision: int
) -> dict[str, Entry]:
    fields = {} if value is None else _object(value, what)
    removed: list[str] = [
        _name(name, what) for name in _list(fields.get("delete"), f"{what}.delete")
    ]
    replaced: list[Entry] = [
        read(item, revision) for item in _list(fields.get("replace"), f"{what}.replace")
    ]
    named = [*removed, *(entry.name for entry in replaced)]
    missing = [name for name in named if name not in entries]
    if missing:
        raise not_found(f"there is no {missing[0]!r} among the {what}")
    mutated = {**entries, **{entry.name: entry for entry in replaced}}
    added = _added(mutated, fields.get("add"), what, read, revision)
    named += [name for name in added if name not in entries]
    if len(set(named)) != len(named):
        raise invalid(f"a name appears twice among the changes of {what}")
    return {name: entry for name, entry in added.items() if name not in removed}


def _added(
    entries: Mapping[str, Entry], value: JSON, what: str, read: Reader[Entry], revision: int
) -> dict[str, Entry]:
    result = dict(entries)
    new: set[str] = set()
    for item in _list(value, what):
        entry = read(item, revision)
        if entry.name in new:
            raise invalid(f"the name {entry.name!r} appears twice among the {what}")
        if entry.name in entries:
            raise conflict(f"there is a {entry.name!r} among the {what} already")
        new.add(entry.name)
        result[entry.name] = entry
    return result


def _check(vault: Vault) -> Vault:
    if max(len(vault.credentials), len(vault.bindings)) > MOST_ENTRIES:
        raise invalid(f"a vault holds at most {MOST_ENTRIES} credentials and bindings")
    for binding in vault.bindings.values():
        for name in sorted(binding.auth.credentials()):
            if name not in vault.credentials:
                raise invalid(f"the binding {binding.name!r} names no credential: {name!r}")
        binding.auth.check_values(vault.values())
    return vault


def _credential(value: JSON, revision: int) -> Credential:
    fields = _object(value, "a credential")
    name = _name(fields.get("name"), "credentials")
    source = _object(fields.get("source"), f"the source of {name!r}")
    secret = source.get("value")
    if source.get("type", "inline") != "inline":
        raise invalid(f"the source of {name!r} must be of the type 'inline'")
    if not isinstance(secret, str) or not secret or len(secret) > LONGEST_VALUE:
        raise invalid(f"the value of {name!r} must be a string of 1 to {LONGEST_VALUE} characters")
    return Credential(name, secret, revision)


def _binding(value: JSON, revision: int) -> Binding:
    fields = _object(value, "a binding")
    name = _name(fields.get("name"), "bindings")
    try:
        match = read_match(_object(fields.get("match"), "match"))
        auth = read_auth(_object(fields.get("auth"), "auth"))
    except ValueError as problem:
        raise invalid(f"the binding {name!r}: {problem}") from None
    written = {"name": name, "match": fields["match"], "auth": fields["auth"]}
    return Binding(name, match, auth, revision, written)


def _object(value: JSON, what: str) -> Mapping[str, JSON]:
    if not isinstance(value, Mapping):
        raise invalid(f"{what} must be an object")
    return value


def _list(value: JSON, what: str) -> Sequence[JSON]:
    if value is None:
        return ()
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise invalid(f"{what} must be a list")
    return value


def _name(value: JSON, what: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_NAME:
        raise invalid(f"a name among the {what} must be 1 to {LONGEST_NAME} characters")
    return value
