"""Isolated sessions: a bash in the sandbox that sees only a part of it.

Rules:

* Where a field is None, the daemon decides.
* What the daemon says passes through: unknown states and modes are kept as they are.
"""

from __future__ import annotations

from datetime import datetime

from ..exceptions import InvalidArgumentException
from ._checks import absolute_path, at_least, not_empty
from ._model import Model, field, model

#: The most overlays that a session may have.
_OVERLAYS = 16

# --- what a session is to be ------------------------------------------------------------------


@model
class IsolatedWorkspaceSpec(Model):
    """The directory that a session works in."""

    path: str = field(check=absolute_path)
    #: `rw`: changes are made in place; `ro`: it cannot be changed; `overlay`: changes are the
    #: session's own.
    mode: str | None = None


@model
class IsolatedOverlaySpec(Model):
    """Another directory that a session sees."""

    path: str = field(check=absolute_path)
    #: As in `IsolatedWorkspaceSpec`.
    mode: str | None = None
    #: Whether changes are kept when the session ends.
    persist: bool | None = None


@model
class EnvPassthroughSpec(Model):
    """Which environment variables are passed on: `allow` only those in `keys`, `deny` only those
    that are not.
    """

    mode: str = field(default="deny", check=not_empty)
    keys: list[str] = field(factory=list)


@model
class BindMount(Model):
    """A path that a session sees, at another place or without writing."""

    source: str = field(check=absolute_path)
    #: None for the same as `source`.
    dest: str | None = field(default=None, check=absolute_path)
    readonly: bool | None = None


@model
class CreateIsolatedSessionRequest(Model):
    """What an isolated session is to be."""

    workspace: IsolatedWorkspaceSpec | None = None
    #: 16 at most, each path once.
    overlays: list[IsolatedOverlaySpec] | None = None
    #: `strict`: without network; `balanced`: with what development needs.
    profile: str | None = None
    #: More paths that it may write.
    extra_writable: list[str] | None = None
    binds: list[BindMount] | None = None
    #: Whether it has the sandbox's network.
    share_net: bool | None = None
    env_passthrough: EnvPassthroughSpec | None = None
    uid: int | None = field(default=None, check=at_least(0))
    gid: int | None = field(default=None, check=at_least(0))
    #: How it becomes that user: `setpriv` or `userns`.
    uid_mode: str | None = None
    #: Seconds without a run after which it is closed. 0 for never.
    idle_timeout_seconds: int | None = field(default=None, check=at_least(0))

    def __attrs_post_init__(self) -> None:
        paths = [overlay.path for overlay in self.overlays or []]
        if len(paths) > _OVERLAYS:
            raise InvalidArgumentException(
                f"CreateIsolatedSessionRequest.overlays must be at most {_OVERLAYS},"
                f" got {len(paths)}"
            )
        if twice := sorted({path for path in paths if paths.count(path) > 1}):
            raise InvalidArgumentException(
                "CreateIsolatedSessionRequest.overlays must have each path once,"
                f" got {twice[0]!r} more than once"
            )


@model
class IsolatedRunOpts(Model):
    """How code is run in a session."""

    envs: dict[str, str] | None = field(default=None, secret=True)
    #: Whole seconds after which it is killed. None for no limit.
    timeout_seconds: int | None = field(default=None, check=at_least(1))


# --- what the daemon says ---------------------------------------------------------------------


@model(received=True)
class IsolatedSessionInfo(Model):
    """A session, as it was asked for."""

    session_id: str
    created_at: datetime | None = None
    profile: str | None = None
    workspace: IsolatedWorkspaceSpec | None = None
    overlays: list[IsolatedOverlaySpec] | None = None
    extra_writable: list[str] | None = None
    binds: list[BindMount] | None = None
    share_net: bool | None = None
    env_passthrough: EnvPassthroughSpec | None = None
    uid: int | None = None
    gid: int | None = None
    uid_mode: str | None = None
    idle_timeout_seconds: int | None = None


@model(received=True)
class IsolatedSessionState(Model):
    """A session, as it is now."""

    #: `active`; `dead`: its bash has ended; `destroyed`: it was closed; or what a daemon adds.
    status: str
    created_at: datetime | None = None
    last_run_at: datetime | None = None
    #: Seconds until it is closed. None for never.
    idle_remaining_seconds: int | None = None
    profile: str | None = None
    workspace: IsolatedWorkspaceSpec | None = None
    overlays: list[IsolatedOverlaySpec] | None = None
    extra_writable: list[str] | None = None
    binds: list[BindMount] | None = None
    share_net: bool | None = None
    env_passthrough: EnvPassthroughSpec | None = None
    uid: int | None = None
    gid: int | None = None
    uid_mode: str | None = None
    idle_timeout_seconds: int | None = None


@model(received=True)
class IsolatedSessionSummary(Model):
    """A session in a list."""

    session_id: str
    #: As in `IsolatedSessionState`.
    status: str
    created_at: datetime
    last_run_at: datetime
    #: Seconds until it is closed. None for never.
    idle_remaining_seconds: int | None = None


@model(received=True)
class IsolatedBackgroundRun(Model):
    """What was started in the background."""

    session_id: str
    run_id: str
    started_at: datetime | None = None


@model(received=True)
class IsolatedRunStatus(Model):
    """How a background run stands."""

    session_id: str
    run_id: str
    running: bool
    #: None while it runs.
    exit_code: int | None = None
    error: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


@model(received=True)
class IsolatedRunLogs(Model):
    """What a background run has printed since a cursor."""

    text: str
    #: Where to read on, in bytes.
    cursor: int


@model(received=True)
class HardeningLayerState(Model):
    """How one means of protection stands."""

    #: `active`, `degraded`, `disabled` or `unsupported`.
    state: str | None = None
    message: str | None = None


@model(received=True)
class HardeningStatus(Model):
    """How the daemon is protected from what runs in the sandbox."""

    init_mode: str | None = None
    signal_shield: bool = False
    cap_drop: HardeningLayerState | None = None
    seccomp: HardeningLayerState | None = None
    landlock: HardeningLayerState | None = None
    ebpf: HardeningLayerState | None = None


@model(received=True)
class IsolatedCapabilities(Model):
    """What a daemon can isolate, and by what means."""

    available: bool = False
    isolator: str | None = None
    version: str | None = None
    #: Why it cannot, when it cannot.
    message: str | None = None
    setpriv_available: bool = False
    userns_available: bool = False
    #: Whether `IsolationSession.commit` works.
    commit_supported: bool = False
    #: Whether `IsolationSession.diff` works.
    diff_supported: bool = False
    hardening: HardeningStatus | None = None


__all__ = [
    "BindMount",
    "CreateIsolatedSessionRequest",
    "EnvPassthroughSpec",
    "HardeningLayerState",
    "HardeningStatus",
    "IsolatedBackgroundRun",
    "IsolatedCapabilities",
    "IsolatedOverlaySpec",
    "IsolatedRunLogs",
    "IsolatedRunOpts",
    "IsolatedRunStatus",
    "IsolatedSessionInfo",
    "IsolatedSessionState",
    "IsolatedSessionSummary",
    "IsolatedWorkspaceSpec",
]
