"""Isolated sessions: parts of the sandbox that see less of it and change less of it.

A session is a daemon like this one, in namespaces of its own, opened by the process that the
sandbox was put together by (`opensandbox.local.isolation.nested`). Requests for a session are
translated and passed on to it; what is refused there is refused here.

Rules:
- Only this daemon reaches a session's daemon: its sockets have no name any more.
- Foreground runs share one bash and take turns; background runs are commands of their own.
- Writes to an overlay go to memory, and end with the session.
- A session ends when it is deleted, has been idle for as long as it says, or its daemon ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import tempfile
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.types import Message, Receive, Scope

from opensandbox._wire import headers as names
from opensandbox.local.isolation import nested

from . import environment
from .errors import CONTEXT_NOT_FOUND, NOT_SUPPORTED, RUNTIME_ERROR, Refusal, invalid
from .proxy import ProxiedAnswer

MOST_SESSIONS = 64
MOST_PLACES = 16
PROFILES = ("balanced", "strict")
MODES = ("overlay", "ro", "rw")
ENDED_KEPT = 100

_USUAL_PROFILE = "balanced"
_USUAL_MODE = "overlay"
_PATIENCE = 30.0
_LARGEST_ANSWER = 16 * 1024 * 1024
_RESERVED = ("/proc", "/dev", "/sys", "/opt/opensandbox")


@dataclass(kw_only=True)
class Wish:
    """What a session is to be, checked."""

    profile: str
    places: list[dict[str, str]]
    cwd: str
    share_net: bool
    env: dict[str, str]
    uid: int | None
    gid: int | None
    idle_timeout: int
    said: dict[str, Any]
    """The request's own words, which descriptions of the session repeat."""

    @classmethod
    def from_body(cls, body: Mapping[str, Any], env: Mapping[str, str]) -> Wish:
        """Checks a request's body; `env` is the sandbox's own. Raises Refusal."""
        profile = _choice(body, "profile", PROFILES) or _USUAL_PROFILE
        workspace = _object(body, "workspace")
        places = [] if workspace is None else [_place(workspace)]
        places += [_place(each) for each in _objects(body, "overlays")]
        if not places:
            raise invalid("at least one of workspace and overlays has to be there")
        if len(places) > MOST_PLACES:
            raise invalid(f"a session has at most {MOST_PLACES} directories")
        cwd = places[0]["target"]
        places += [_bind(each) for each in _objects(body, "binds")]
        places += [_writable(each) for each in body.get("extra_writable") or []]
        targets = [place["target"] for place in places]
        if len(set(targets)) != len(targets):
            raise invalid("two of the paths are the same")
        uid, gid = environment.check_identity(body.get("uid"), body.get("gid"))
        if (uid or gid) and not has_many_ids():
            message = "this sandbox has one user; uid and gid can name no other"
            raise Refusal(400, NOT_SUPPORTED, message)
        if _choice(body, "uid_mode", ("setpriv", "userns")) == "userns":
            message = "uid_mode userns is not available here; setpriv is"
            raise Refusal(400, NOT_SUPPORTED, message)
        return cls(
            profile=profile,
            places=places,
            cwd=cwd,
            share_net=_flag(body, "share_net", profile != "strict"),
            env=_passed(_object(body, "env_passthrough"), env),
            uid=uid,
            gid=gid,
            idle_timeout=_seconds(body, "idle_timeout_seconds"),
            said={name: body[name] for name in _REPEATED if body.get(name) is not None},
        )


_REPEATED = (
    "profile", "workspace", "overlays", "extra_writable", "binds", "share_net", "env_passthrough",
    "uid", "gid", "uid_mode", "idle_timeout_seconds",
)  # fmt: skip


def _choice(body: Mapping[str, Any], name: str, choices: tuple[str, ...]) -> str | None:
    value = body.get(name)
    if value is not None and value not in choices:
        raise invalid(f"{name} must be one of {', '.join(choices)}")
    return value


def _object(body: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise invalid(f"{name} must be an object")
    return value


def _objects(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = body.get(name) or []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise invalid(f"{name} must be a list of objects")
    return value


def _flag(body: Mapping[str, Any], name: str, usual: bool) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise invalid(f"{name} must be true or false")
    return usual if value is None else value


def _seconds(body: Mapping[str, Any], name: str) -> int:
    value = body.get(name) or 0
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 10**9:
        raise invalid(f"{name} must be a whole number of seconds, 0 for never")
    return value


def _path(value: object, name: str) -> str:
    if not isinstance(value, str) or not value.startswith("/"):
        raise invalid(f"{name} must be an absolute path")
    environment.check_text(value, name)
    parts = [part for part in value.split("/") if part not in ("", ".")]
    plain = "/" + "/".join(parts)
    reserved = any(plain == each or plain.startswith(f"{each}/") for each in _RESERVED)
    if ".." in parts or not parts or reserved:
        raise invalid(f"{name} {value!r} cannot be a part of a session")
    return plain


def _place(body: Mapping[str, Any]) -> dict[str, str]:
    path = _path(body.get("path"), "path")
    if not os.path.isdir(path):
        raise invalid(f"path {path!r} is not a directory")
    mode = _choice(body, "mode", MODES) or _USUAL_MODE
    if body.get("persist") is not None and mode != "overlay":
        raise invalid("persist is for the mode overlay")
    return {"source": path, "target": path, "mode": mode}


def _bind(body: Mapping[str, Any]) -> dict[str, str]:
    source = _path(body.get("source"), "source")
    if not os.path.exists(source):
        raise invalid(f"source {source!r} is not there")
    target = _path(body["dest"], "dest") if body.get("dest") else source
    mode = "ro" if _flag(body, "readonly", False) else "rw"
    return {"source": source, "target": target, "mode": mode}


def _writable(value: object) -> dict[str, str]:
    path = _path(value, "extra_writable")
    if not os.path.exists(path):
        raise invalid(f"extra_writable {path!r} is not there")
    return {"source": path, "target": path, "mode": "rw"}


def _passed(wanted: Mapping[str, Any] | None, env: Mapping[str, str]) -> dict[str, str]:
    """The variables that a session gets: without a word about it, all of the sandbox's own."""
    if wanted is None:
        return dict(env)
    keys = wanted.get("keys") or []
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise invalid("keys must be a list of strings")
    allow = (_choice(wanted, "mode", ("allow", "deny")) or "allow") == "allow"
    return {name: value for name, value in env.items() if (name in keys) == allow}


@dataclass(kw_only=True)
class IsolatedSession:
    """One session and the way to its daemon."""

    id: str
    wish: Wish
    pid: int
    api: int
    control: int
    token: str
    shell: str = ""
    ended: str | None = None
    """"dead" or "destroyed"; None while it can be used."""
    runs: int = 0
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    last_run_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    last_used: float = field(default_factory=time.monotonic)

    @property
    def status(self) -> str:
        """As the API says it."""
        return self.ended or "active"

    def idle_remaining(self) -> int | None:
        """Seconds until it is closed for idleness; None for never."""
        if not self.wish.idle_timeout or self.ended:
            return None
        return max(0, round(self.wish.idle_timeout - (time.monotonic() - self.last_used)))

    def summary(self) -> dict[str, Any]:
        """One entry of the list."""
        return {
            "session_id": self.id,
            "status": self.status,
            "created_at": moment(self.created_at),
            "last_run_at": moment(self.last_run_at),
            "idle_remaining_seconds": self.idle_remaining(),
        }

    def state(self) -> dict[str, Any]:
        """All there is to know."""
        shown = {**self.wish.said, "profile": self.wish.profile, "share_net": self.wish.share_net}
        shown |= {"idle_timeout_seconds": self.wish.idle_timeout}
        return {**shown, **{k: v for k, v in self.summary().items() if k != "session_id"}}

    async def answer(self, target: str) -> ProxiedAnswer:
        """What its daemon answers for `target`, still to be sent. Raises Refusal."""
        try:
            reader, writer = await asyncio.open_unix_connection(f"/proc/self/fd/{self.api}")
        except OSError as error:
            raise Refusal(503, RUNTIME_ERROR, f"session {self.id!r} has ended: {error}") from None
        token = (names.EXECD_ACCESS_TOKEN.lower().encode(), self.token.encode())
        return ProxiedAnswer(reader, writer, target.encode(), (token, (b"host", b"session")))

    async def ask(self, method: str, target: str, body: object = None) -> tuple[int, bytes]:
        """One whole request; the status and the body."""
        scope, receive = request_with(method, body)
        status, content = 0, bytearray()

        async def take(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            content.extend(message.get("body", b""))
            if len(content) > _LARGEST_ANSWER:
                raise Refusal(500, RUNTIME_ERROR, "the session's answer is too long")

        await (await self.answer(target))(scope, receive, take)
        return status, bytes(content)


def moment(value: datetime) -> str:
    """A time as this API writes it."""
    return value.isoformat().replace("+00:00", "Z")


def request_with(method: str, body: object) -> tuple[Scope, Receive]:
    """An ASGI request of our own making, and what it brings; None is no body."""
    content = b"" if body is None else json.dumps(body).encode()
    length = str(len(content)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    left = [{"type": "http.request", "body": content, "more_body": False}]

    async def receive() -> Message:
        if left:
            return left.pop()
        await asyncio.Event().wait()  # Nobody leaves before the answer.
        return {"type": "http.disconnect"}

    return {"type": "http", "method": method, "headers": headers}, receive


class Isolation:
    """All sessions, and the connection to who opens them."""

    def __init__(self, opener: socket.socket | None) -> None:
        self._opener = opener
        self._turn = asyncio.Lock()
        self._all: dict[str, IsolatedSession] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    @property
    def available(self) -> bool:
        """Whether sessions can be opened."""
        return self._opener is not None

    async def create(self, wish: Wish) -> IsolatedSession:
        """Opens a session and waits until its daemon answers. Raises Refusal."""
        if self._opener is None:
            message = "this sandbox is not isolated itself; it has no isolated sessions"
            raise Refusal(503, NOT_SUPPORTED, message)
        if sum(not each.ended for each in self._all.values()) >= MOST_SESSIONS:
            raise Refusal(503, RUNTIME_ERROR, f"a sandbox has at most {MOST_SESSIONS} sessions")
        api, control = _Nameless(), _Nameless()
        try:
            async with self._turn:
                pid = await asyncio.to_thread(
                    _ask_to_open, self._opener, wish, (api.socket, control.socket)
                )
        except BaseException:
            api.close()
            control.close()
            raise
        api.socket.close()
        control.socket.close()
        session = IsolatedSession(
            id=str(uuid.uuid4()),
            wish=wish,
            pid=pid,
            api=api.path,
            control=control.path,
            token=secrets.token_hex(32),
        )
        self._all[session.id] = session
        self._watch(session)
        try:
            async with asyncio.timeout(_PATIENCE):
                await _configure(session)
        except BaseException as error:
            self._end(session, "dead")
            del self._all[session.id]
            if isinstance(error, OSError | TimeoutError | ValueError | KeyError):
                raise Refusal(503, RUNTIME_ERROR, f"the session did not start: {error}") from None
            raise
        self._arm(session)
        return session

    def _watch(self, session: IsolatedSession) -> None:
        """Notices the end of the session's daemon."""
        loop = asyncio.get_running_loop()
        try:
            pidfd = os.pidfd_open(session.pid)
        except OSError:
            loop.call_soon(self._end, session, "dead")
            return

        def ended() -> None:
            loop.remove_reader(pidfd)
            os.close(pidfd)
            self._end(session, "dead")

        loop.add_reader(pidfd, ended)

    def _arm(self, session: IsolatedSession) -> None:
        if not session.wish.idle_timeout or session.ended:
            return
        left = session.wish.idle_timeout - (time.monotonic() - session.last_used)
        if left <= 0 and not session.runs:
            self._end(session, "destroyed")
            return
        loop = asyncio.get_running_loop()
        self._timers[session.id] = loop.call_later(max(left, 1), self._arm, session)

    def _end(self, session: IsolatedSession, how: str) -> None:
        if session.ended:
            return
        session.ended = how
        with contextlib.suppress(OSError):
            os.kill(session.pid, signal.SIGKILL)
        os.close(session.api)
        os.close(session.control)
        timer = self._timers.pop(session.id, None)
        if timer is not None:
            timer.cancel()
        gone = [each.id for each in self._all.values() if each.ended][:-ENDED_KEPT]
        for identity in gone:
            del self._all[identity]

    def get(self, identity: str) -> IsolatedSession:
        """Raises Refusal (404) for one that does not exist."""
        try:
            return self._all[identity]
        except KeyError:
            message = f"there is no isolated session {identity!r}"
            raise Refusal(404, CONTEXT_NOT_FOUND, message) from None

    def usable(self, identity: str) -> IsolatedSession:
        """One that has not ended. Raises Refusal."""
        session = self.get(identity)
        if session.ended:
            raise Refusal(404, CONTEXT_NOT_FOUND, f"session {identity!r} is {session.ended}")
        session.last_used = time.monotonic()
        return session

    def list(self) -> list[IsolatedSession]:
        """All, ended ones for a while too."""
        return list(self._all.values())

    def delete(self, identity: str) -> None:
        """Ends a session with all its processes. Raises Refusal (404)."""
        self._end(self.usable(identity), "destroyed")


class _Nameless:
    """A listening socket that is reached by a descriptor only."""

    def __init__(self) -> None:
        directory = tempfile.mkdtemp(prefix=".opensandbox-")
        try:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.bind(f"{directory}/s")
            # Whoever the session runs as connects to nothing here; its daemon only accepts.
            self.socket.listen(128)
            self.path = os.open(f"{directory}/s", os.O_PATH | os.O_CLOEXEC)
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def close(self) -> None:
        self.socket.close()
        os.close(self.path)


def _ask_to_open(
    opener: socket.socket, wish: Wish, sockets: tuple[socket.socket, socket.socket]
) -> int:
    """Blocking; the number of the session's first process. Raises Refusal."""
    usual = {"PATH": environment.DEFAULT_PATH, "LANG": "C.UTF-8", "HOME": "/root"}
    request = {
        "profile": wish.profile,
        "places": wish.places,
        "cwd": wish.cwd,
        "share_net": wish.share_net,
        "uid": wish.uid,
        "gid": wish.gid,
        "env": usual,
    }
    spaces = [os.open(f"/proc/self/ns/{name}", os.O_RDONLY) for name in nested.NAMESPACES]
    try:
        opener.settimeout(_PATIENCE)
        descriptors = [*spaces, *(each.fileno() for each in sockets)]
        socket.send_fds(opener, [json.dumps(request).encode()], descriptors)
        answer = json.loads(opener.recv(65536) or b"{}")
    except (OSError, ValueError) as error:
        raise Refusal(503, RUNTIME_ERROR, f"the session was not opened: {error}") from None
    finally:
        for space in spaces:
            os.close(space)
    if "pid" not in answer:
        problem = answer.get("error", "nobody answered")
        raise Refusal(503, RUNTIME_ERROR, f"the session was not opened: {problem}")
    return int(answer["pid"])


async def _configure(session: IsolatedSession) -> None:
    """Hands the session to its daemon and opens its bash. Raises OSError, ValueError, KeyError."""
    message = {
        "op": "configure",
        "sandbox_id": session.id,
        "token": session.token,
        "env": session.wish.env,
        "entrypoint": [],
    }
    reader, writer = await asyncio.open_unix_connection(f"/proc/self/fd/{session.control}")
    try:
        writer.write(json.dumps(message).encode() + b"\n")
        said = json.loads(await reader.readline() or b"{}")
    finally:
        writer.close()
    if not said.get("ok"):
        raise OSError(said.get("error", "its daemon ended at once"))
    _, body = await session.ask("POST", "/session", {"cwd": session.wish.cwd})
    session.shell = json.loads(body)["session_id"]


def has_many_ids() -> bool:
    """Whether there are users here beside the daemon's own."""
    ranges = Path("/proc/self/uid_map").read_text().splitlines()
    return sum(int(line.split()[2]) for line in ranges) > 1


def hardening() -> dict[str, Any]:
    """What really protects this daemon and its commands."""
    first = os.getpid() == 1
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    filtered = "Seccomp:\t2" in status
    dropped = "CapBnd:\t000001ffffffffff" not in status
    return {
        "init_mode": "pid1" if first else "subreaper",
        "signal_shield": first,
        "cap_drop": {"state": "active" if dropped else "disabled"},
        "seccomp": {"state": "active" if filtered else "disabled"},
        "landlock": {"state": "disabled", "message": "mount namespaces do its work"},
        "ebpf": {"state": "unsupported"},
    }
