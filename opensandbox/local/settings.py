"""What the embedded runtime can be told, and where it keeps its state.

- Values are checked here, once, before anything is opened or started.
- Times are seconds, sizes are bytes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from attrs import field, frozen

from .egress.addresses import Address, InvalidHost, parse_host
from .server.values import quantity

Isolation = Literal["auto", "bubblewrap", "none"]

DIRECTORY_VARIABLE = "OPEN_SANDBOX_LOCAL_DIR"
API_KEY_VARIABLE = "OPEN_SANDBOX_API_KEY"
EVERY_ADDRESS = frozenset({"0.0.0.0", "::"})
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
DISK = 10 << 30
SMALLEST_DISK = 16 << 20


class InvalidSetting(ValueError):
    """A setting that cannot be used; the text says which one and what is allowed."""


def state_directory(environ: Mapping[str, str] | None = None) -> Path:
    """Where the runtime of this user keeps its state.

    The environment variable OPEN_SANDBOX_LOCAL_DIR wins; root has /var/lib/opensandbox, everybody
    else ``opensandbox`` below $XDG_STATE_HOME or ~/.local/state.
    """
    environ = os.environ if environ is None else environ
    if chosen := environ.get(DIRECTORY_VARIABLE):
        return Path(chosen).absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/opensandbox")
    state = environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "opensandbox"


def images_directory(directory: Path) -> Path:
    """Where below a state directory the imported images are."""
    return directory / "images"


def read_host_alias(text: str) -> tuple[str, Address]:
    """A name and its address from ``NAME=ADDRESS``. Raises InvalidSetting."""
    name, _, address = text.partition("=")
    try:
        known, place = parse_host(name), parse_host(address)
    except InvalidHost as error:
        raise InvalidSetting(f"host alias {text!r}: {error}") from None
    if not isinstance(known, str) or isinstance(place, str):
        raise InvalidSetting(f"host alias {text!r} is not of the form NAME=ADDRESS")
    return known, place


def read_size(text: str) -> int | None:
    """Bytes from a text such as ``10Gi``; None from ``none``. Raises InvalidSetting."""
    if text == "none":
        return None
    try:
        return int(quantity(text))
    except ValueError as error:
        raise InvalidSetting(f"size {error}, nor none") from None


def _at_least(value: float, least: float, name: str) -> None:
    if value < least:
        raise InvalidSetting(f"{name} is {value}; it must be at least {least}")


@frozen(kw_only=True)
class Settings:
    """The settings of one lifecycle server."""

    directory: Path = field(factory=state_directory)
    """Everything the server keeps is below this directory; one server runs for each."""
    host: str = "127.0.0.1"
    port: int = 8080
    """0 takes any free port."""
    api_key: str | None = field(default=None, repr=False)
    """None: the server makes one and keeps it in ``<directory>/api-key``."""
    isolation: Isolation = "auto"
    spares: int = 1
    """How many daemons wait for the next create."""
    embedded: bool = False
    """Started by a client: logs to a file and stops after `idle_timeout` without use."""
    idle_timeout: float = 60.0
    """Seconds without a sandbox and without a request after which an embedded server stops."""
    kill_on_exit: bool = False
    """End every sandbox when the server is told to stop; otherwise they are found again."""
    volume_prefixes: tuple[Path, ...] = ()
    """Directories of this machine below which a host volume may lie; none: no host volumes."""
    start_timeout: float = 30.0
    """Seconds a new sandbox has until its daemon answers."""
    parallel_starts: int = field(factory=lambda: os.cpu_count() or 1)
    dead_sandbox_lifetime: float = 3600.0
    """Seconds a sandbox that ended by itself stays visible, unless it expires before."""
    max_body: int = 1024 * 1024
    """The largest JSON body that is read."""
    head_timeout: float = 20.0
    """Seconds within which the head of a request must have come."""
    connections: int = 512
    """How many connections may be open at once; further ones are closed."""
    host_aliases: tuple[tuple[str, Address], ...] = ()
    """Names that sandboxes reach at these addresses, whatever the resolver says; the network policy
    counts for both, so an address that is not public needs a rule of its own."""
    processes: int = 512
    """How many processes and threads one sandbox may have."""
    disk: int | None = DISK
    """How many bytes a sandbox may write that does not say it itself; None: no limit. It takes room
    only as it is written. Without loop devices, as for an ordinary user, there is no limit."""

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise InvalidSetting(f"port is {self.port}; it must be 0 to 65535")
        if self.api_key is not None and not self.api_key.isprintable():
            raise InvalidSetting("the API key holds a character that no header can carry")
        if self.api_key is not None and not self.api_key.strip():
            raise InvalidSetting("the API key is empty")
        _at_least(self.spares, 0, "spares")
        _at_least(self.idle_timeout, 0.1, "idle timeout")
        _at_least(self.start_timeout, 0.1, "start timeout")
        _at_least(self.parallel_starts, 1, "parallel starts")
        _at_least(self.processes, 16, "processes")
        if self.disk is not None:
            _at_least(self.disk, SMALLEST_DISK, "disk")
        for prefix in self.volume_prefixes:
            if not prefix.is_absolute():
                raise InvalidSetting(f"the volume prefix {prefix} is not an absolute path")

    @property
    def beyond_loopback(self) -> bool:
        """Whether other machines may reach the server."""
        return self.host not in LOOPBACK_HOSTS

    @property
    def reached_at(self) -> str:
        """The address on which ports of sandboxes are listened for."""
        return self.host if self.beyond_loopback else "127.0.0.1"

    @property
    def sandboxes(self) -> Path:
        """The directory that holds one directory for each sandbox."""
        return self.directory / "sandboxes"
