"""Connections to what a sandbox may reach: resolved once, every address checked, then connected.

- What is connected to is an address that was checked, never the name again: an answer that changes
  in between has no effect.
- A name with one address that may not be reached is refused as a whole.
- A connection that turns out to lead to this machine itself is not used, unless a rule names the
  address: its public addresses are public only from outside.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from .addresses import Address, canonical, is_public, parse_host
from .errors import NotSent, blocked
from .policy import Policy, Verdict

# A resolver may be slow to say no: no sandbox takes many of the threads.
_LOOKUPS = 64
_LOOKUPS_AT_ONCE = 4


class Dialer:
    """Resolves and connects, for all sandboxes of a server."""

    def __init__(self, aliases: Iterable[tuple[str, Address]] = ()) -> None:
        self._aliases: dict[str, list[Address]] = {}
        for name, address in aliases:
            self._aliases.setdefault(name, []).append(canonical(address))
        self._threads = ThreadPoolExecutor(_LOOKUPS, thread_name_prefix="lookup")

    def close(self) -> None:
        """Resolves no more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def resolve(self, host: str | Address) -> list[Address]:
        """The addresses of a host, as this machine finds them. Raises NotSent."""
        if not isinstance(host, str):
            return [host]
        if host in self._aliases:
            return list(self._aliases[host])
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads, _look_up, host)
        except (OSError, UnicodeError) as error:
            raise NotSent(502, f"The name {host} could not be resolved: {error}.") from None
        return list(dict.fromkeys(canonical(address) for address in found))


def _look_up(host: str) -> list[Address]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


class Reach:
    """What one sandbox reaches: the policy of the moment, asked at every step."""

    def __init__(self, dialer: Dialer, policy: Callable[[], Policy], *, timeout: float) -> None:
        self._dialer = dialer
        self._policy = policy
        self._timeout = timeout
        self._lookups = asyncio.Semaphore(_LOOKUPS_AT_ONCE)

    def check_host(self, host: str | Address, port: int) -> None:
        """Raises NotSent when the host may not be reached."""
        _hold_to(self._policy().about_host(host, port))

    def verdict(self, host: str | Address, port: int, address: Address) -> Verdict:
        """Whether an open connection may stay."""
        verdict = self._policy().about_host(host, port)
        return self._policy().about_address(address, port) if verdict.allowed else verdict

    async def connect(self, host: str | Address, port: int) -> tuple[socket.socket, Address]:
        """A connected socket, and where it leads. Raises NotSent."""
        self.check_host(host, port)
        try:
            async with asyncio.timeout(self._timeout):
                async with self._lookups:
                    addresses = await self._dialer.resolve(host)
                for address in addresses:
                    _hold_to(self._policy().about_address(address, port))
                return await self._first(host, port, addresses)
        except TimeoutError:
            raise NotSent(
                504, f"{host}:{port} could not be connected to in {self._timeout:g} s."
            ) from None

    async def _first(
        self, host: str | Address, port: int, addresses: list[Address]
    ) -> tuple[socket.socket, Address]:
        problem: OSError | None = None
        for address in addresses:
            try:
                connection = await _connect(address, port)
            except OSError as error:
                problem = error
                continue
            try:
                self._check_connected(connection, host, port, address)
            except BaseException:
                connection.close()
                raise
            return connection, address
        reason = "it has no address" if problem is None else problem.strerror or problem
        raise NotSent(502, f"{host}:{port} could not be connected to: {reason}.")

    def _check_connected(
        self, connection: socket.socket, host: str | Address, port: int, address: Address
    ) -> None:
        _hold_to(self.verdict(host, port, address))
        here = parse_host(str(connection.getsockname()[0]).partition("%")[0])
        own = here == address and is_public(address)
        if own and not self._policy().names_address(address, port):
            raise blocked(f"{address} is the machine that the sandbox runs on")


def _hold_to(verdict: Verdict) -> None:
    if not verdict.allowed:
        raise blocked(verdict.reason)


async def _connect(address: Address, port: int) -> socket.socket:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    connection = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(connection, (str(address), port))
    except BaseException:
        connection.close()
        raise
    return connection
