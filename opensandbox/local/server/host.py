"""The one caller of what starts sandboxes, as the server sees it: start, find again, limit, end.

Everything here blocks; the server calls it in threads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from attrs import frozen

from .orders import HostVolume, Resources
from .values import JSON

PREFIX = "opensandbox.local/"
"""How the names of the extensions that this runtime adds begin."""


class StartError(Exception):
    """A sandbox could not be started; the text says why. Nothing of it is left."""


class SaveError(Exception):
    """A sandbox's files could not be copied; the text says why. Nothing of the copy is left."""


class HostRefused(Exception):
    """This machine cannot run sandboxes as asked; `problems` are sentences that say why."""

    def __init__(self, message: str, problems: Sequence[str]) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class Body(Protocol):
    """One started sandbox: its processes and what they stand on."""

    @property
    def started(self) -> Mapping[str, JSON]:
        """What is needed to find it again, as JSON."""

    @property
    def pid(self) -> int:
        """The process whose end is the sandbox's end."""

    @property
    def execd_port(self) -> int:
        """The port of 127.0.0.1 on which its daemon listens."""

    @property
    def control_path(self) -> Path:
        """The daemon's control socket."""

    @property
    def notes(self) -> Mapping[str, str]:
        """What the runtime really did, for the sandbox's extensions."""

    def alive(self) -> bool: ...

    def set_limits(self, resources: Resources) -> None: ...

    def freeze(self) -> None: ...

    def thaw(self) -> None: ...

    def save(self, place: Path) -> None:
        """Copies what it has written into the new directory `place`; it stands still meanwhile.

        Raises SaveError.
        """

    def kill(self) -> None: ...


@frozen(kw_only=True)
class Plan:
    """What a sandbox is started with; all else is handed over to its daemon."""

    id: str
    directory: Path
    image: str
    resources: Resources
    volumes: tuple[HostVolume, ...]
    snapshot: Path | None = None
    """What `Body.save` made and the sandbox is to begin with."""


@frozen(kw_only=True)
class Ground:
    """What a plan comes to on a host."""

    needs_own_start: bool
    """Whether a spare cannot become this sandbox."""
    enclosed: bool
    """Whether the sandbox has no network but the one it is given."""
    notes: Mapping[str, str]
    """What the sandbox's extensions say about it."""


class Host(Protocol):
    """A machine on which sandboxes can be started."""

    def look(self, plan: Plan) -> Ground:
        """What this host would make of a plan. Raises Fault when it cannot be done."""

    def ground_of(self, image: str) -> Mapping[str, str]:
        """What a sandbox's files lie above: a copy of them means nothing above something else."""

    def start(self, plan: Plan) -> Body:
        """Starts a sandbox whose daemon waits to be configured. Raises StartError."""

    def adopt(self, started: Mapping[str, JSON]) -> Body | None:
        """A sandbox that an earlier server started; None when it is gone."""

    def clear(self, directory: Path) -> None:
        """Removes what a start that was cut off left in a sandbox's directory."""
