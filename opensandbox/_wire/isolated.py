"""Isolated sessions without I/O: what is asked for, and what is said about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opensandbox_api.execd import models as api

from ..exceptions import InvalidArgumentException, SandboxInternalException
from ..models.isolated import (
    BindMount,
    CreateIsolatedSessionRequest,
    EnvPassthroughSpec,
    HardeningLayerState,
    HardeningStatus,
    IsolatedBackgroundRun,
    IsolatedCapabilities,
    IsolatedOverlaySpec,
    IsolatedRunOpts,
    IsolatedRunStatus,
    IsolatedSessionInfo,
    IsolatedSessionState,
    IsolatedSessionSummary,
    IsolatedWorkspaceSpec,
)
from .received import Nested, optional, received
from .requests import environment, text

_PARTS: Nested = {
    "workspace": IsolatedWorkspaceSpec,
    "overlays": IsolatedOverlaySpec,
    "binds": BindMount,
    "env_passthrough": EnvPassthroughSpec,
}
_HARDENING: Nested = {
    "hardening": HardeningStatus,
    **dict.fromkeys(("cap_drop", "seccomp", "landlock", "ebpf"), HardeningLayerState),
}


def session_request(
    request: CreateIsolatedSessionRequest,
) -> api.CreateIsolatedSessionRequest:
    """The body of `POST /v1/isolated/session`."""
    if not isinstance(request, CreateIsolatedSessionRequest):
        raise InvalidArgumentException(
            f"request must be a CreateIsolatedSessionRequest, got {type(request).__name__}"
        )
    return api.CreateIsolatedSessionRequest.from_dict(request.model_dump(exclude_none=True))


def run_request(
    code: str,
    opts: IsolatedRunOpts | None,
    envs: Mapping[str, str] | None,
    timeout_seconds: int | None,
    *,
    background: bool = False,
) -> dict[str, Any]:
    """The body of `POST /v1/isolated/session/{id}/run`; options from `opts` or from the rest."""
    if opts is not None:
        if not isinstance(opts, IsolatedRunOpts):
            raise InvalidArgumentException(
                f"opts must be an IsolatedRunOpts, got {type(opts).__name__}"
            )
        if envs is not None or timeout_seconds is not None:
            raise InvalidArgumentException("give opts, or envs and timeout_seconds, not both")
    else:
        opts = IsolatedRunOpts(
            envs=None if envs is None else environment(envs), timeout_seconds=timeout_seconds
        )
    body: dict[str, Any] = {"code": text(code, "code")}
    if opts.envs is not None:
        body["envs"] = environment(opts.envs)
    if opts.timeout_seconds is not None:
        body["timeout_seconds"] = opts.timeout_seconds
    if background:
        body["background"] = True
    return body


def created(
    request: CreateIsolatedSessionRequest, answer: api.IsolatedCreateSessionResponse
) -> IsolatedSessionInfo:
    """A session that was made as it was asked for."""
    session_id = optional(answer.session_id)
    if not session_id:
        raise SandboxInternalException("the daemon made a session and did not say its id")
    return IsolatedSessionInfo(
        session_id=session_id,
        created_at=optional(answer.created_at),
        **_same_fields(request),
    )


def session_info(session_id: str, state: IsolatedSessionState) -> IsolatedSessionInfo:
    """What is known of a session that was made before."""
    return IsolatedSessionInfo(
        session_id=session_id, created_at=state.created_at, **_same_fields(state)
    )


def _same_fields(
    source: CreateIsolatedSessionRequest | IsolatedSessionState,
) -> dict[str, Any]:
    """What request, state and info have in common."""
    return {
        "profile": source.profile,
        "workspace": source.workspace,
        "overlays": source.overlays,
        "extra_writable": source.extra_writable,
        "binds": source.binds,
        "share_net": source.share_net,
        "env_passthrough": source.env_passthrough,
        "uid": source.uid,
        "gid": source.gid,
        "uid_mode": source.uid_mode,
        "idle_timeout_seconds": source.idle_timeout_seconds,
    }


def session_state(answer: api.SessionState) -> IsolatedSessionState:
    """A session, as it is now."""
    return received(IsolatedSessionState, answer, _PARTS)


def session_summaries(answer: api.ListIsolatedSessionsResponse) -> list[IsolatedSessionSummary]:
    """The sessions of a daemon."""
    return [received(IsolatedSessionSummary, item) for item in answer.sessions or []]


def background_run(answer: Mapping[str, Any]) -> IsolatedBackgroundRun:
    """What was started in the background, from the JSON of the answer."""
    known = ("session_id", "run_id", "started_at")
    return IsolatedBackgroundRun.from_dict(
        {name: answer[name] for name in known if answer.get(name) is not None}
    )


def run_status(answer: api.IsolatedRunStatus) -> IsolatedRunStatus:
    """How a background run stands."""
    return received(IsolatedRunStatus, answer)


def capabilities(answer: api.CapabilitiesResponse) -> IsolatedCapabilities:
    """What a daemon can isolate."""
    return received(IsolatedCapabilities, answer, _HARDENING)
