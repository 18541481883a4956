"""What a create request asks for: read, checked, turned into values. Pure.

- The form comes first (422, all problems at once), then what the values mean (400, the first one).
- Credentials of an image are read and dropped: nothing is pulled here.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from attrs import frozen

from ..egress.policy import InvalidPolicy, read_policy
from ..execd.schedules import InvalidSchedule
from ..execd.schedules import parse as parse_schedule
from .faults import INVALID_METADATA, Fault, invalid, no_templates
from .reading import Fields, body_fields
from .values import JSON, label_problem, quantity

DEFAULT_ENTRYPOINT = ("tail", "-f", "/dev/null")
SMALLEST_TIMEOUT = 60
LONGEST_TIMEOUT = 10 * 366 * 24 * 3600
SMALLEST_MEMORY = 64 * 1024 * 1024
MOST_PERIODIC = 32
DNS_LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
_LIMIT_NAMES = frozenset({"cpu", "memory", "disk", "ephemeral-storage", "storage"})
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@frozen(kw_only=True)
class Resources:
    """What a sandbox may use; None: as much as there is."""

    cpu: float | None = None
    memory: int | None = None
    disk: int | None = None


@frozen(kw_only=True)
class HostVolume:
    """A directory of this machine that is to appear in the sandbox."""

    name: str
    path: str
    mount_path: str
    read_only: bool
    sub_path: str | None


@frozen(kw_only=True)
class Order:
    """A create request that was found right."""

    image: str
    timeout: int | None
    resources: Resources
    env: Mapping[str, str]
    metadata: Mapping[str, str]
    entrypoint: tuple[str, ...]
    extensions: Mapping[str, str]
    platform: tuple[str, str] | None
    secure_access: bool
    volumes: tuple[HostVolume, ...]
    before_start: Mapping[str, JSON] | None
    """The hook that runs before the entrypoint."""
    periodic: tuple[Mapping[str, JSON], ...]
    """The hooks that run again and again."""
    network_policy: JSON
    credentials: bool
    """Whether it may be given a credential vault."""
    snapshot_id: str | None
    """The snapshot that it begins with, instead of an image."""
    without_effect: tuple[str, ...]
    """What was asked for, is allowed, and does nothing here: said in the extensions."""
    snapshot: Path | None = None
    """Where the files of that snapshot are."""


def machine_architecture() -> str:
    """This machine's architecture in the words of the API."""
    return _MACHINES.get(platform.machine().lower(), platform.machine().lower())


def read_order(body: JSON) -> Order:
    """The order in a create request's body; raises Malformed or Fault."""
    fields = body_fields(body)
    image = fields.object("image")
    uri = image.text("uri", required=True, least=1) if image else None
    if image and (auth := image.object("auth")):
        auth.text("username")
        auth.text("password")
    snapshot = fields.text("snapshotId")
    template = fields.text("templateId", least=1)
    wanted = _platform(fields)
    timeout = fields.integer("timeout", least=SMALLEST_TIMEOUT)
    limits = fields.pairs("resourceLimits") or {}
    fields.pairs("resourceRequests")
    env = fields.pairs("env") or {}
    metadata = fields.pairs("metadata") or {}
    before_start, periodic = _hooks(fields)
    entrypoint = fields.texts("entrypoint", least=1) or DEFAULT_ENTRYPOINT
    policy = _policy(fields)
    credentials = fields.object("credentialProxy")
    credentials_enabled = credentials.flag("enabled") if credentials else None
    secure = fields.flag("secureAccess") or False
    volumes = tuple(_volume(item) for item in fields.objects("volumes"))
    extensions = fields.pairs("extensions") or {}
    fields.finish()
    _one_source(fields, image is not None, snapshot, template)
    _check_policy(policy, bool(credentials_enabled))
    _check_platform(wanted)
    _check_words(env, entrypoint)
    check_metadata(metadata)
    if timeout is not None and timeout > LONGEST_TIMEOUT:
        raise invalid(f"timeout is {timeout} s; the longest is {LONGEST_TIMEOUT} s, or null.")
    return Order(
        image=uri or "",
        timeout=timeout,
        resources=read_resources(limits),
        env=env,
        metadata=metadata,
        entrypoint=entrypoint,
        extensions=extensions,
        platform=wanted,
        secure_access=secure,
        volumes=_check_volumes(volumes),
        before_start=before_start,
        periodic=periodic,
        network_policy=policy,
        credentials=bool(credentials_enabled),
        snapshot_id=snapshot,
        without_effect=_without_effect(limits),
    )


def _without_effect(limits: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"resourceLimits.{name}" for name in sorted(set(limits) - _LIMIT_NAMES))


def _one_source(fields: Fields, image: bool, snapshot: str | None, template: str | None) -> None:
    given = [image, snapshot is not None, template is not None].count(True)
    if given != 1:
        message = (
            "Value error, exactly one of image, snapshotId and templateId must be given, "
            f"not {given}"
        )
        fields.problem("value_error", None, message, fields.value, {"error": {}})
        fields.finish()
    if template is not None:
        raise no_templates()


def _platform(fields: Fields) -> tuple[str, str] | None:
    wanted = fields.object("platform")
    if wanted is None:
        return None
    system = wanted.choice("os", ("linux", "windows"), required=True)
    architecture = wanted.choice("arch", ("amd64", "arm64"), required=True)
    return (system or "", architecture or "")


def _check_platform(wanted: tuple[str, str] | None) -> None:
    here = ("linux", machine_architecture())
    if wanted is not None and wanted != here:
        raise invalid(
            f"platform {'/'.join(wanted)} was asked for; this machine runs {'/'.join(here)} only."
        )


def _hooks(
    fields: Fields,
) -> tuple[Mapping[str, JSON] | None, tuple[Mapping[str, JSON], ...]]:
    """The hook before the entrypoint, and those that run again and again."""
    hooks = fields.object("lifecycle")
    if hooks is None:
        return None, ()
    before, listed = hooks.object("preStart"), hooks.objects("periodic")
    periodic = tuple(_periodic(hook) for hook in listed)
    names = [hook["name"] for hook in periodic]
    if len(set(names)) != len(names) or len(names) > MOST_PERIODIC:
        message = f"Value error, at most {MOST_PERIODIC} hooks, each with a name of its own"
        hooks.problem("value_error", "periodic", message, hooks.value["periodic"], {"error": {}})
    return None if before is None else _hook(before, longest=10_800), periodic


def _periodic(fields: Fields) -> dict[str, JSON]:
    name = fields.text("name", required=True, least=1, most=253)
    schedule = fields.text("schedule", required=True, least=1, most=1000)
    try:
        parse_schedule(schedule or "@hourly")
    except InvalidSchedule as error:
        fields.problem("value_error", "schedule", f"Value error, {error}", schedule, {"error": {}})
    return {"name": name, "schedule": schedule, **_hook(fields, longest=300)}


def _hook(fields: Fields, *, longest: int) -> dict[str, JSON]:
    command = fields.texts("command", required=True, least=1)
    return {
        "command": list(command or ()),
        "timeoutSeconds": fields.integer("timeoutSeconds", least=1, most=longest),
    }


def _policy(fields: Fields) -> JSON:
    policy = fields.object("networkPolicy")
    if policy is None:
        return None
    found: dict[str, JSON] = {}
    if (default := policy.choice("defaultAction", ("allow", "deny"))) is not None:
        found["defaultAction"] = default
    rules: list[JSON] = [
        {
            "action": rule.choice("action", ("allow", "deny"), required=True),
            "target": rule.text("target", required=True, least=1, most=1024),
        }
        for rule in policy.objects("egress")
    ]
    if policy.value.get("egress") is not None:
        found["egress"] = rules
    return found


def _check_policy(policy: JSON, credentials: bool) -> None:
    try:
        read_policy(policy)
    except InvalidPolicy as error:
        raise invalid(f"networkPolicy: {error}.") from None
    if credentials and policy is None:
        raise invalid("credentialProxy needs a networkPolicy.")


def _check_words(env: Mapping[str, str], entrypoint: tuple[str, ...]) -> None:
    for name, value in env.items():
        if not name or "=" in name or "\0" in name or "\0" in value:
            raise invalid(f"env {name!r} is not the name of a variable, or its value holds NUL.")
    if any("\0" in word for word in entrypoint) or not entrypoint[0]:
        raise invalid("entrypoint has an empty program name or a NUL in a word.")


def check_metadata(metadata: Mapping[str, str]) -> None:
    """Raises Fault when a pair is not allowed."""
    for key, value in metadata.items():
        if problem := label_problem(key, value):
            raise invalid(problem + ".", code=INVALID_METADATA)


def read_resources(limits: Mapping[str, str]) -> Resources:
    """The limits of a request; raises Fault when one is not a number or is too small."""
    cpu = _amount(limits, "cpu")
    memory = _amount(limits, "memory")
    disks = [_amount(limits, name) for name in ("disk", "ephemeral-storage", "storage")]
    disk = next((amount for amount in disks if amount is not None), None)
    if cpu is not None and cpu < 0.01:
        raise invalid(f"resourceLimits cpu is {limits['cpu']!r}; the least is '10m'.")
    if memory is not None and memory < SMALLEST_MEMORY:
        raise invalid(
            f"resourceLimits memory is {limits['memory']!r}; the least is '64Mi', because the "
            "sandbox's own daemon lives in it."
        )
    return Resources(
        cpu=cpu,
        memory=None if memory is None else int(memory),
        disk=None if disk is None else int(disk),
    )


def _amount(limits: Mapping[str, str], name: str) -> float | None:
    if name not in limits:
        return None
    try:
        amount = float(quantity(limits[name]))
    except ValueError as problem:
        raise invalid(f"resourceLimits {name}: {problem}.") from None
    if not 0 < amount < 2**60:
        raise invalid(f"resourceLimits {name} is {limits[name]!r}; it must be above zero.")
    return amount


class _Volume:
    """A volume as it was read, before its backend is looked at."""

    def __init__(self, fields: Fields) -> None:
        self.name = fields.text("name", required=True, most=63, pattern=DNS_LABEL) or ""
        self.mount_path = fields.text("mountPath", required=True, pattern=r"^/.*") or ""
        self.read_only = fields.flag("readOnly") or False
        self.sub_path = fields.text("subPath")
        host = fields.object("host")
        self.host = (
            host.text("path", required=True, pattern=r"^(/|[A-Za-z]:[\\/])") if host else None
        )
        self.backends: list[Literal["host", "pvc", "ossfs"]] = []
        if host is not None:
            self.backends.append("host")
        if fields.object("pvc") is not None:
            self.backends.append("pvc")
        if fields.object("ossfs") is not None:
            self.backends.append("ossfs")


def _volume(fields: Fields) -> _Volume:
    return _Volume(fields)


def _check_volumes(volumes: tuple[_Volume, ...]) -> tuple[HostVolume, ...]:
    names = [volume.name for volume in volumes]
    if len(set(names)) != len(names):
        raise invalid("Two volumes have one name.", code="VOLUME::DUPLICATE_NAME")
    return tuple(_host_volume(volume) for volume in volumes)


def _host_volume(volume: _Volume) -> HostVolume:
    if len(volume.backends) != 1:
        raise invalid(
            f"volume {volume.name!r} needs exactly one of host, pvc and ossfs.",
            code="VOLUME::INVALID_BACKEND",
        )
    if volume.backends != ["host"] or volume.host is None:
        raise Fault(
            501,
            "VOLUME::UNSUPPORTED_BACKEND",
            f"volume {volume.name!r}: this runtime has host volumes only.",
        )
    for path in (volume.host, volume.mount_path, volume.sub_path or ""):
        if "\0" in path or ".." in path.split("/"):
            raise invalid(
                f"volume {volume.name!r}: {path!r} holds '..' or NUL.",
                code="VOLUME::INVALID_SUB_PATH",
            )
    if not volume.host.startswith("/"):
        raise invalid(
            f"volume {volume.name!r}: {volume.host!r} is no path of this machine.",
            code="VOLUME::INVALID_HOST_PATH",
        )
    if (volume.sub_path or "").startswith("/"):
        raise invalid(
            f"volume {volume.name!r}: subPath must be relative.", code="VOLUME::INVALID_SUB_PATH"
        )
    return HostVolume(
        name=volume.name,
        path=volume.host,
        mount_path=volume.mount_path,
        read_only=volume.read_only,
        sub_path=volume.sub_path,
    )
