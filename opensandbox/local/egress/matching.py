"""Which requests a binding means, and what is put into them. Pure.

- A path that another program could read as another path (``..``, encoded slashes) fits only a
  binding that means every path.
- Replacing is one pass: what was put in is not looked through again.
- A value is written the way its place needs: percent-encoded in an address and a form, escaped in
  JSON, as it is in a header.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, quote_plus

from attrs import evolve, field, frozen

from .addresses import Address, InvalidHost, parse_host

DEFAULT_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PLACES = ("body", "header", "path", "query")
_PORTS = {"http": 80, "https": 443}
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+")
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?")
_TRICKY_PATH = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|;|$)|%2f|%5c|\\|//|%00", re.IGNORECASE)
_FORM = "application/x-www-form-urlencoded"
_NOT_OURS = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


class InvalidBinding(ValueError):
    """A binding that cannot be used; the text says why, and holds no credential."""


@frozen(kw_only=True)
class Match:
    """Which requests are meant; all of it has to fit."""

    hosts: tuple[str, ...]
    parsed: tuple[tuple[bool, str | Address], ...] = field(repr=False)
    schemes: tuple[str, ...]
    ports: tuple[int, ...]
    methods: tuple[str, ...]
    paths: tuple[str, ...]

    def fits_place(self, scheme: str, host: object, port: int) -> bool:
        """Whether requests to this place may be meant."""
        return (
            scheme in self.schemes
            and port == _PORTS[scheme]
            and port in self.ports
            and any(_fits_host(wildcard, known, host) for wildcard, known in self.parsed)
        )

    def fits(self, scheme: str, host: object, port: int, method: str, path: str) -> bool:
        """Whether a request is meant; `path` is as it was sent, without the query."""
        return (
            self.fits_place(scheme, host, port)
            and method in self.methods
            and any(_fits_path(glob, path) for glob in self.paths)
        )

    def to_dict(self) -> dict[str, Any]:
        """The form it has on the wire, defaults written out."""
        return {
            "hosts": list(self.hosts),
            "schemes": list(self.schemes),
            "ports": list(self.ports),
            "methods": list(self.methods),
            "paths": list(self.paths),
        }


def _fits_host(wildcard: bool, known: str | Address, host: object) -> bool:
    if not wildcard:
        return host == known
    if not isinstance(host, str):
        return False
    label, dot, rest = host.partition(".")
    return bool(label and dot and rest == known)


def _fits_path(glob: str, path: str) -> bool:
    if glob in ("*", "/*"):
        return True
    if _TRICKY_PATH.search(path):
        return False
    pattern = ".*".join(re.escape(part) for part in re.split(r"\*+", glob))
    return re.fullmatch(pattern, path, re.DOTALL) is not None


@frozen(kw_only=True)
class Substitution:
    """A text to be replaced by a credential's value."""

    credential: str
    placeholder: str
    places: frozenset[str]


@frozen(kw_only=True)
class Auth:
    """What is done to a request: headers to set, as (name, credential), and texts to replace."""

    type: str
    headers: tuple[tuple[str, str], ...] = ()
    substitutions: tuple[Substitution, ...] = ()

    def credentials(self) -> frozenset[str]:
        """The names of all credentials in it."""
        named = {credential for _, credential in self.headers}
        return frozenset(named | {s.credential for s in self.substitutions})

    def check_values(self, values: Mapping[str, str]) -> None:
        """Raises Refusal when a value cannot be put where this puts it."""
        from .errors import invalid

        in_headers = {credential for _, credential in self.headers}
        in_headers |= {s.credential for s in self.substitutions if "header" in s.places}
        for name in sorted(in_headers):
            if self.type == "basic" and name == self.headers[0][1]:
                if ":" not in values[name]:
                    raise invalid(f"the value of {name!r} must be 'user:password' for basic auth")
            elif not _HEADER_VALUE.fullmatch(values[name]):
                raise invalid(
                    f"the value of {name!r} goes into a header and holds what no header can carry"
                )

    def header_lines(self, values: Mapping[str, str]) -> list[tuple[str, str]]:
        """The headers to set, with their values."""
        return [(name, self._header_value(values[credential])) for name, credential in self.headers]

    def _header_value(self, value: str) -> str:
        if self.type == "bearer":
            return f"Bearer {value}"
        if self.type == "basic":
            return "Basic " + base64.b64encode(value.encode()).decode()
        return value


@frozen(kw_only=True)
class Head:
    """The head of a request, as it goes out."""

    target: str = field(repr=False)
    headers: tuple[tuple[bytes, bytes], ...] = field(repr=False)


def dress(auth: Auth, values: Mapping[str, str], head: Head) -> Head:
    """The head with credentials in it: placeholders replaced, then headers set."""
    path, mark, query = head.target.partition("?")
    path = replacer(auth, values, "path").text(path)
    query = replacer(auth, values, "query").text(query)
    in_header = replacer(auth, values, "header")
    lines = auth.header_lines(values)
    taken = {name.lower().encode() for name, _ in lines}
    headers = [
        (name, value if name.lower().decode() in _NOT_OURS else in_header.data(value))
        for name, value in head.headers
        if name.lower() not in taken
    ]
    headers += [(name.encode(), value.encode()) for name, value in lines]
    return evolve(head, target=path + mark + query, headers=tuple(headers))


def body_form(content_type: str, content_encoding: str) -> str | None:
    """How values are written in a body: "json", "form" or "text"; None: it is left alone."""
    kind = content_type.partition(";")[0].strip().lower()
    if content_encoding.strip().lower() not in ("", "identity") or kind.startswith("multipart/"):
        return None
    if kind == _FORM:
        return "form"
    return "json" if kind.endswith(("/json", "+json")) or "ndjson" in kind else "text"


def replaces_in_body(auth: Auth) -> bool:
    """Whether bodies have to be looked through."""
    return any("body" in substitution.places for substitution in auth.substitutions)


class Replacer:
    """Replaces all placeholders of one place at once."""

    def __init__(self, pairs: Sequence[tuple[str, str]], form: str) -> None:
        self._values: dict[str, str] = {}
        patterns = []
        # The longest first: one placeholder may be the beginning of another.
        for number, (placeholder, value) in enumerate(sorted(pairs, key=lambda p: -len(p[0]))):
            patterns.append(f"(?P<p{number}>{_pattern(placeholder, form)})")
            self._values[f"p{number}"] = _written(value, form)
        self._pattern = re.compile("|".join(patterns)) if patterns else None

    def text(self, text: str) -> str:
        """`text` with the values in it."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: self._values[str(found.lastgroup)], text)

    def data(self, data: bytes) -> bytes:
        """`data` with the values in it; bytes that are no text stay as they are."""
        if self._pattern is None:
            return data
        text = data.decode("utf-8", "surrogateescape")
        return self.text(text).encode("utf-8", "surrogateescape")


def replacer(auth: Auth, values: Mapping[str, str], place: str, form: str = "") -> Replacer:
    """What replaces the placeholders of `auth` in a place; `form` is how a body is written."""
    pairs = [
        (substitution.placeholder, values[substitution.credential])
        for substitution in auth.substitutions
        if place in substitution.places
    ]
    return Replacer(pairs, form or place)


def _pattern(placeholder: str, form: str) -> str:
    if form in ("path", "query", "form"):
        return "".join(_in_address(byte, form) for byte in placeholder.encode())
    if form == "json":
        spellings = {placeholder, _in_json(placeholder), json.dumps(placeholder)[1:-1]}
        return "|".join(re.escape(s) for s in sorted(spellings, key=len, reverse=True))
    return re.escape(placeholder)


def _in_address(byte: int, form: str) -> str:
    coded = "%" + "".join(f"[{d}{d.lower()}]" if d.isalpha() else d for d in f"{byte:02X}")
    plain = re.escape(chr(byte)) if byte < 128 else ""
    plus = r"\+" if byte == 32 and form != "path" else ""
    return f"(?:{'|'.join(choice for choice in (coded, plain, plus) if choice)})"


def _in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _written(value: str, form: str) -> str:
    if form in ("path", "query"):
        return quote(value, safe="")
    if form == "form":
        return quote_plus(value)
    return json.dumps(value)[1:-1] if form == "json" else value


def read_match(value: Mapping[str, Any]) -> Match:
    """A match from a request. Raises InvalidBinding."""
    hosts = _texts(value, "hosts")
    if not hosts:
        raise InvalidBinding("match.hosts must not be empty")
    schemes = _texts(value, "schemes") or ("https",)
    if not set(schemes) <= set(_PORTS):
        raise InvalidBinding("match.schemes can be 'http' and 'https'")
    ports = value.get("ports") or [_PORTS[scheme] for scheme in schemes]
    if not isinstance(ports, list) or not all(port in (80, 443) for port in ports):
        raise InvalidBinding("match.ports can be 80 and 443")
    paths = _texts(value, "paths") or ("/*",)
    if not all(path.startswith(("/", "*")) for path in paths):
        raise InvalidBinding("match.paths begin with '/'")
    return Match(
        hosts=hosts,
        parsed=tuple(_host(host) for host in hosts),
        schemes=schemes,
        ports=tuple(ports),
        methods=tuple(method.upper() for method in _texts(value, "methods")) or DEFAULT_METHODS,
        paths=paths,
    )


def _host(text: str) -> tuple[bool, str | Address]:
    try:
        wildcard = text.startswith("*.")
        host = parse_host(text[2:] if wildcard else text)
    except InvalidHost as error:
        raise InvalidBinding(f"match.hosts: {error}") from None
    if wildcard and not isinstance(host, str):
        raise InvalidBinding(f"match.hosts: {text!r} is no name")
    return wildcard, host


def read_auth(value: Mapping[str, Any]) -> Auth:
    """What is to be done, from a request. Raises InvalidBinding."""
    kind = value.get("type")
    substitutions = tuple(_substitution(item) for item in _objects(value, "substitutions"))
    if kind in ("bearer", "basic"):
        headers: tuple[tuple[str, str], ...] = (("Authorization", _text(value, "credential")),)
    elif kind == "apiKey":
        headers = ((_header_name(value), _text(value, "credential")),)
    elif kind == "customHeaders":
        entries = _objects(value, "headers")
        headers = tuple((_header_name(entry), _text(entry, "credential")) for entry in entries)
        if not headers or len({name.lower() for name, _ in headers}) != len(headers):
            raise InvalidBinding("auth.headers must name one header or more, each of them once")
    elif kind == "passthrough":
        headers = ()
    else:
        raise InvalidBinding(
            "auth.type must be bearer, basic, apiKey, customHeaders or passthrough"
        )
    return Auth(type=kind, headers=headers, substitutions=substitutions)


def _substitution(value: Mapping[str, Any]) -> Substitution:
    places = _texts(value, "in")
    if not places or not set(places) <= set(PLACES):
        raise InvalidBinding(f"a substitution's 'in' must list some of {', '.join(PLACES)}")
    return Substitution(
        credential=_text(value, "credential"),
        placeholder=_text(value, "placeholder"),
        places=frozenset(places),
    )


def _header_name(value: Mapping[str, Any]) -> str:
    name = _text(value, "name")
    if not _TOKEN.fullmatch(name) or name.lower() in _NOT_OURS:
        raise InvalidBinding(f"{name!r} cannot be the name of a credential's header")
    return name


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    if not isinstance(found, str) or not found:
        raise InvalidBinding(f"{name} must be a string that is not empty")
    return found


def _texts(value: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = value.get(name)
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(item, str) and item for item in found):
        raise InvalidBinding(f"{name} must be a list of strings")
    return tuple(found)


def _objects(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = value.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
        raise InvalidBinding(f"{name} must be a list of objects")
    return found
