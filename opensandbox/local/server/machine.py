"""Sandboxes on this machine: the server's words turned into the starter's.

- Host volumes lie below a directory that the server may give, after all links are followed.
- A spare stands on the machine's own root, with no volumes and the usual limit of the disk.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping
from pathlib import Path

from .. import images
from ..isolation import cgroups, handle, snapshots, starter
from ..isolation.probe import CGROUP_NAME, Machine, probe
from ..isolation.spec import ImageRoot, Isolation, Limits, SandboxSpec, Started, VolumeMount
from ..settings import Settings, images_directory
from . import control
from .faults import Fault, invalid
from .host import PREFIX, Body, Ground, Host, HostRefused, Plan, SaveError, StartError
from .orders import HostVolume, Resources
from .values import JSON

logger = logging.getLogger("opensandbox.server")

_SHUTDOWN_TIMEOUT = 2.0


class MachineBody:
    """A sandbox that the starter started."""

    def __init__(self, started: Started, settings: Settings) -> None:
        self._started = started
        self._handle = handle.Handle(started)
        self._settings = settings

    @property
    def started(self) -> Mapping[str, JSON]:
        """What `MachineHost.adopt` takes."""
        return self._started.to_dict()

    @property
    def pid(self) -> int:
        """The sandbox's first process."""
        return self._started.pid

    @property
    def execd_port(self) -> int:
        """The daemon's port on 127.0.0.1."""
        return self._started.execd_port

    @property
    def control_path(self) -> Path:
        """The daemon's control socket."""
        return Path(self._started.control_path)

    @property
    def notes(self) -> Mapping[str, str]:
        """The isolation it really got."""
        return {PREFIX + name: said for name, said in self._started.extensions.items()}

    def alive(self) -> bool:
        """Whether its first process runs."""
        return self._handle.alive()

    def set_limits(self, resources: Resources) -> None:
        """Changes what it may use; the disk's limit stays."""
        self._handle.set_limits(_limits(resources, self._settings))

    def freeze(self) -> None:
        """Stops all its processes."""
        self._handle.freeze()

    def thaw(self) -> None:
        """Lets them run on."""
        self._handle.thaw()

    def save(self, place: Path) -> None:
        """Copies its writable layer."""
        try:
            snapshots.take(self._started, place)
        except (snapshots.SnapshotError, OSError) as error:
            raise SaveError(str(error)) from error

    def kill(self) -> None:
        """Ends it and removes what it stood on."""
        self._handle.kill()


class MachineHost:
    """This machine, with or without isolation."""

    def __init__(self, settings: Settings, machine: Machine, isolation: Isolation) -> None:
        self._settings = settings
        self._machine = machine
        self._isolation = isolation

    @staticmethod
    def of(settings: Settings) -> Host:
        """This machine as the settings ask for it; raises HostRefused when it cannot isolate."""
        machine = probe()
        if settings.isolation == "none":
            return MachineHost(settings, machine, "none")
        if not machine.isolates:
            raise HostRefused(
                "sandboxes cannot be isolated on this machine; what can be done stands above",
                machine.problems_of_isolation,
            )
        return MachineHost(settings, machine, "bubblewrap")

    def look(self, plan: Plan) -> Ground:
        """Spares stand on the machine's own root, with no volume and the usual disk."""
        root = self._root(plan.image)
        special = root.path is not None or bool(root.environment) or plan.snapshot is not None
        notes = {PREFIX + "root": root.note or root.name}
        special = special or plan.resources.disk not in (None, self._usual_disk)
        return Ground(
            enclosed=self._isolation != "none",
            needs_own_start=special or bool(plan.volumes),
            notes=notes,
        )

    def ground_of(self, image: str) -> Mapping[str, str]:
        """The kind of isolation, the root file system and how its ids are shifted."""
        if self._isolation == "none":
            return {"isolation": "none"}
        root = self._root(image).path
        ids = str(self._machine.base_id) if self._machine.many_ids else "one"
        place = "the machine's own" if root is None else f"{root} ({root.stat().st_ino})"
        return {"isolation": self._isolation, "root": place, "ids": ids}

    def start(self, plan: Plan) -> Body:
        """Starts a sandbox and waits until its daemon answers. Raises StartError or Fault."""
        spec = SandboxSpec(
            id=plan.id,
            directory=plan.directory,
            root=self._root(plan.image),
            isolation=self._isolation,
            limits=_limits(plan.resources, self._settings, usual_disk=self._usual_disk),
            mounts=tuple(self._mount(volume) for volume in plan.volumes),
            snapshot=plan.snapshot,
        )
        try:
            started = starter.start(spec, self._machine)
        except starter.StartError as error:
            logger.error("%s; the end of its log: %s", error, error.log or "nothing")
            raise StartError(str(error)) from error
        return MachineBody(started, self._settings)

    def adopt(self, started: Mapping[str, JSON]) -> Body | None:
        """The sandbox of an earlier server, when it still runs."""
        try:
            known = Started.from_dict(started)
        except TypeError:
            return None
        body = MachineBody(known, self._settings)
        if body.alive():
            return body
        # Its groups and files are still there; nothing else will remove them.
        body.kill()
        return None

    def clear(self, directory: Path) -> None:
        """Ends a daemon that may listen there, and removes its groups and files."""
        with contextlib.suppress(control.ControlError):
            control.request(
                directory / "control.sock", {"op": "shutdown"}, timeout=_SHUTDOWN_TIMEOUT
            )
        parents = {*self._machine.cgroups_v1.values(), self._machine.cgroup_v2} - {None}
        groups = [f"{parent}/{CGROUP_NAME}-{directory.name}" for parent in parents]
        left = tuple(group for group in groups if Path(group).is_dir())
        cgroups.kill(left)
        cgroups.remove(left)
        handle.remove_directory(directory)

    def _root(self, name: str) -> ImageRoot:
        if not name:
            return ImageRoot(name="", note="the machine's own root")
        try:
            return images.resolve(name, directory=images_directory(self._settings.directory))
        except images.ImageError as error:
            raise invalid(f"image: {error}.") from error

    def _mount(self, volume: HostVolume) -> VolumeMount:
        source = Path(volume.path, volume.sub_path or "")
        if not any(source.resolve().is_relative_to(p.resolve()) for p in self._allowed):
            allowed = ", ".join(map(str, self._allowed)) or "none (see serve --allow-volumes)"
            raise Fault(
                403,
                "VOLUME::HOST_PATH_NOT_ALLOWED",
                f"volume {volume.name!r}: {source} is not below an allowed directory: {allowed}.",
            )
        if not source.exists():
            raise invalid(
                f"volume {volume.name!r}: {source} does not exist on this machine.",
                code="VOLUME::HOST_PATH_NOT_FOUND",
            )
        try:
            return VolumeMount(
                source=source.resolve(), target=volume.mount_path, read_only=volume.read_only
            )
        except ValueError as error:
            raise invalid(f"{error}.", code="VOLUME::INVALID_MOUNT_PATH") from error

    @property
    def _usual_disk(self) -> int | None:
        """The disk of a sandbox that does not say how much it wants. In memory it would cost too
        much: only files on this machine's disk are limited so."""
        limited = self._isolation == "bubblewrap" and self._machine.loop
        return self._settings.disk if limited else None

    @property
    def _allowed(self) -> tuple[Path, ...]:
        return self._settings.volume_prefixes


def _limits(resources: Resources, settings: Settings, *, usual_disk: int | None = None) -> Limits:
    try:
        return Limits(
            cpu=resources.cpu,
            memory=resources.memory,
            disk=usual_disk if resources.disk is None else resources.disk,
            processes=settings.processes,
        )
    except ValueError as error:
        raise invalid(f"resourceLimits: {error}.") from error
