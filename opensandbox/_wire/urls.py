"""Builds addresses: of the server, of a sandbox's ports, of what is named in a path or a query.

Rules:
* A scheme in `domain` wins for every request, those to the sandboxes' own addresses included.
* What comes from a caller and goes into a path is checked here and percent-encoded once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote, urlsplit

from ..exceptions import InvalidArgumentException

Protocol = Literal["http", "https"]


def protocol_and_host(domain: str, protocol: str = "http") -> tuple[str, str]:
    """The protocol that counts, and the domain without scheme or trailing slash.

    `domain` is `host`, `host:port` or either with a scheme and a path: `https://host/opensandbox/`.
    Raises InvalidArgumentException for anything that is no such address.
    """
    scheme, separator, rest = domain.strip().partition("://")
    if not separator:
        scheme, rest = protocol, domain.strip()
    scheme = scheme.lower()
    if scheme not in ("http", "https"):
        raise InvalidArgumentException(
            f"the domain's protocol must be http or https, got {scheme!r}"
        )
    host = rest.rstrip("/")
    _check_host(host)
    return scheme, host


def server_url(domain: str, protocol: str = "http") -> str:
    """The base of the lifecycle API, without a trailing slash.

    A domain that ends in `/v1` names that base itself.
    """
    scheme, host = protocol_and_host(domain, protocol)
    return f"{scheme}://{host.removesuffix('/v1')}/v1"


def endpoint_url(endpoint: str, protocol: str) -> str:
    """The URL of an endpoint as the server names it: `host:port`, perhaps with a path.

    `protocol` is the one that `protocol_and_host` gave for the server.  An endpoint that carries a
    scheme of its own keeps it.
    """
    scheme, host = protocol_and_host(endpoint, protocol)
    return f"{scheme}://{host}"


def path_segment(value: str, name: str) -> str:
    """`value` if it can stand as one segment of a path: percent-encoding does the rest.

    Raises InvalidArgumentException for what would name another place: nothing, `.` and `..`, which
    clients and proxies take out of a path even when they are encoded.
    """
    if not isinstance(value, str):
        raise InvalidArgumentException(f"{name} must be a string, got {type(value).__name__}")
    if not value.strip():
        raise InvalidArgumentException(f"{name} must not be empty")
    if value in (".", ".."):
        raise InvalidArgumentException(f"{name} must not be {value!r}")
    if any(ord(character) < 0x20 or character == "\x7f" for character in value):
        raise InvalidArgumentException(f"{name} must not hold control characters: {value!r}")
    return value


def metadata_query(metadata: Mapping[str, str]) -> str:
    """The value of the `metadata` query: `k=v&k2=v2`, keys and values percent-encoded.

    It is one value: whoever builds the query string encodes it once more.
    """
    return "&".join(f"{quote(key, safe='')}={quote(v, safe='')}" for key, v in metadata.items())


def _check_host(host: str) -> None:
    """Refuse what would send a request, and the key with it, somewhere unexpected."""
    if not host:
        raise InvalidArgumentException("the domain must not be empty")
    if re.search(r"[\s?#@\\\x00-\x1f\x7f]", host):
        raise InvalidArgumentException(
            "the domain must be host, host:port or a URL without user, query or fragment"
        )
    try:
        parts = urlsplit(f"//{host}")
        known = bool(parts.hostname) and not parts.netloc.endswith(":") and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise InvalidArgumentException(f"the domain {host!r} is not host or host:port")
