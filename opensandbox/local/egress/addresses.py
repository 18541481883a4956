"""What a host is, however it is written: a name or an address in one form only. Pure.

- Whoever compares, resolves or connects does it with the form made here, never with what was sent:
  two spellings of one host cannot be treated differently.
- What a resolver would take for an address is an address: ``2130706433``, ``0177.1``, ``0x7f.1``.
- An IPv6 address that stands for an IPv4 one is that IPv4 address.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_LONGEST_NAME = 253

_NOT_PUBLIC_4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's own services, within public space.
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_PUBLIC_6 = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    ipaddress.IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
_TRANSLATED = (
    ipaddress.IPv6Network("::ffff:0:0/96"),
    ipaddress.IPv6Network("64:ff9b::/96"),
)


class InvalidHost(ValueError):
    """A text that names no host; it says why."""


def parse_host(text: str) -> str | Address:
    """The host that `text` names: an address, or a name in lower case without a last dot.

    Takes brackets around IPv6, every spelling of IPv4, and names in any script. Raises InvalidHost.
    """
    if text.startswith("[") and text.endswith("]"):
        return _address_6(text[1:-1])
    if ":" in text:
        return _address_6(text)
    name = _to_ascii(text).lower()
    name = name.removesuffix(".")
    if not name or len(name) > _LONGEST_NAME:
        raise InvalidHost(f"{text!r} is no host: it is empty or longer than 253 characters")
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _address_4(text, labels)
    for label in labels:
        if not _LABEL.fullmatch(label):
            raise InvalidHost(f"{text!r} is no host: {label!r} cannot be a part of a name")
    return name


def _to_ascii(text: str) -> str:
    if text.isascii():
        return text
    import idna  # Loaded by the few who need it.

    try:
        return idna.encode(text, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise InvalidHost(f"{text!r} is no host: {error}") from None


def _address_4(text: str, labels: list[str]) -> ipaddress.IPv4Address:
    """As inet_aton reads it: one to four numbers, the last one filling what is left."""
    try:
        numbers = [_number(label) for label in labels]
        *first, last = numbers
        if len(numbers) > 4 or any(number > 255 for number in first):
            raise ValueError
        value = sum(number << (24 - 8 * place) for place, number in enumerate(first))
        if last >= 1 << (32 - 8 * len(first)):
            raise ValueError
    except ValueError:
        raise InvalidHost(f"{text!r} is no host: it is neither a name nor an address") from None
    return ipaddress.IPv4Address(value + last)


def _number(label: str) -> int:
    if len(label) > 16 or not _NUMBER.fullmatch(label):
        raise ValueError
    if label.startswith("0x"):
        return int(label[2:] or "0", 16)
    return int(label, 8) if label.startswith("0") and len(label) > 1 else int(label)


def _address_6(text: str) -> Address:
    if "%" in text:
        raise InvalidHost(f"{text!r} is no host: zones of IPv6 are not taken")
    try:
        return canonical(ipaddress.IPv6Address(text))
    except ValueError:
        raise InvalidHost(f"{text!r} is no host: it is no IPv6 address") from None


def canonical(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, else the address itself."""
    if isinstance(address, ipaddress.IPv6Address):
        for network in _TRANSLATED:
            if address in network:
                return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def parse_network(text: str) -> Network:
    """A network such as ``10.0.0.0/8``. Raises InvalidHost."""
    host, _, length = text.partition("/")
    address = parse_host(host)
    if isinstance(address, str) or not length.isdecimal() or not length.isascii():
        raise InvalidHost(f"{text!r} is no network: write one as 10.0.0.0/8")
    if isinstance(address, ipaddress.IPv4Address) and ":" in host:
        length = str(int(length) - 96)  # The length counted the bits of the IPv6 spelling.
    try:
        return ipaddress.ip_network(f"{address}/{length}")
    except ValueError as error:
        raise InvalidHost(f"{text!r} is no network: {error}") from None


def is_public(address: Address) -> bool:
    """Whether an address is one of the open internet's: not of a machine, a site or a cloud."""
    address = canonical(address)
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    return address in _PUBLIC_6 and not any(address in network for network in _NOT_PUBLIC_6)


def lies_beyond_public(network: Network) -> bool:
    """Whether no address of a network is a public one: who names it means those."""
    if isinstance(network, ipaddress.IPv4Network):
        return any(network.subnet_of(special) for special in _NOT_PUBLIC_4)
    return not network.overlaps(_PUBLIC_6) or any(
        network.subnet_of(special) for special in _NOT_PUBLIC_6
    )


def split_port(text: str, default: int | None) -> tuple[str, int]:
    """The host and the port of ``host:port`` or ``[v6]:port``.

    `default` is taken where no port is written; None: one has to be. Raises InvalidHost.
    """
    host, colon, port = text.rpartition(":")
    if not colon or (text.startswith("[") and text.endswith("]")):
        host, port = text, ""
    if not host.startswith("[") and ":" in host:
        raise InvalidHost(f"{text!r} is no host and port: IPv6 stands in brackets")
    if not port:
        if default is None or (colon and host != text):
            raise InvalidHost(f"{text!r} has no port")
        return host, default
    if not (port.isascii() and port.isdecimal() and len(port) <= 5 and 0 < int(port) < 65536):
        raise InvalidHost(f"{text!r} has a port that is not 1 to 65535")
    return host, int(port)


def as_text(host: str | Address) -> str:
    """The host as a URL has it: IPv6 in brackets."""
    return f"[{host}]" if isinstance(host, ipaddress.IPv6Address) else str(host)
