"""Sessions: shells that remember directory, variables, functions, aliases and options between runs.

Each run is a bash of its own that begins with what the last one left and leaves what it has when it
ends, however it ends. So `exit 4` or a failure under `set -e` ends a run and not the session, and a
run that is killed changes nothing.

Rules:
- What a run leaves is kept by the daemon; files exist only while a run does.
- Runs of one session wait for each other.
- Not kept: traps, background jobs (they go on running), open descriptors, positional parameters.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import shutil
import signal
import tempfile
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from . import environment, frames
from .commands import TimeLimit, check_timeout, last_event
from .errors import (
    CONTEXT_NOT_FOUND,
    NOT_SUPPORTED,
    RUNTIME_ERROR,
    Refusal,
    from_os,
    invalid,
)
from .output import OutputPump, Send
from .processes import Process, Processes

MOST_SESSIONS = 1000
LARGEST_STATE = 16 * 1024 * 1024
_COMPLETE = b"# complete\n"

# Only builtins: the run's PATH may be anything. The options come last when they are restored,
# because `set -u` and the like are meant for the run's own code.
_RUN = """\
shopt -s expand_aliases
source {here}/state
{exports}
{change_directory}
trap '{{ source {here}/save; }} 2>/dev/null' EXIT
__opensandbox_code=$(<{here}/code)
source {here}/options
{last_status}
eval "$__opensandbox_code"
{{ source {here}/save; }} 2>/dev/null
"""
_SAVE = """\
__opensandbox_status=$?
if [[ -z ${{__opensandbox_saved-}} ]]; then
__opensandbox_saved=1
set +o >{here}/new-options
set +efux
{{
printf 'cd -- %q 2>/dev/null\\n' "$PWD"
[[ -v IFS ]] && declare -p IFS || echo unset IFS
unset IFS
for __opensandbox_name in $(compgen -v); do
case $__opensandbox_name in
BASH|BASH_*|BASHOPTS|BASHPID|COMP_*|DIRSTACK|EPOCH*|EUID|FUNCNAME|GROUPS|HISTCMD|IFS|LINENO) ;;
PIPESTATUS|PPID|PWD|RANDOM|SECONDS|SHELLOPTS|SRANDOM|UID|_|__opensandbox_*{once}) ;;
*) declare -p "$__opensandbox_name" ;;
esac
done
declare -f
declare -Fx
alias -p
shopt -p
umask -p
printf '# complete\\n'
}} >{here}/new-state
fi
exit "$__opensandbox_status"
"""


@dataclass
class _Memory:
    """What a run leaves for the next one."""

    state: bytes
    options: bytes = b""
    status: int = 0
    env: dict[str, str] = field(default_factory=dict)


class Session:
    """One session; its runs take turns."""

    def __init__(self, identity: str, cwd: str, env: Mapping[str, str]) -> None:
        self.id = identity
        self._cwd = cwd
        self._memory = _Memory(b"", env=dict(env))
        self._turn = asyncio.Lock()
        self.process: Process | None = None
        self.deleted = False

    async def run(self, processes: Processes, wanted: RunRequest, send: Send) -> None:
        """Sends all events of one run, the terminal one or a bare refusal last."""
        await send(frames.init(self.id) + frames.ping())
        async with self._turn:
            try:
                await self._run(processes, wanted, send)
            except Refusal as refused:
                await send(frames.refusal(refused))

    async def _run(self, processes: Processes, wanted: RunRequest, send: Send) -> None:
        if self.deleted:
            raise Refusal(500, RUNTIME_ERROR, f"session {self.id!r} was deleted")
        try:
            here = tempfile.mkdtemp(prefix=".opensandbox-")
        except OSError as error:
            raise from_os(error, "make room for the run") from error
        try:
            await self._run_in(here, processes, wanted, send)
        finally:
            shutil.rmtree(here, ignore_errors=True)

    async def _run_in(
        self, here: str, processes: Processes, wanted: RunRequest, send: Send
    ) -> None:
        memory = self._memory
        line = _write_run(here, memory, wanted)
        out_read, out_write = os.pipe2(os.O_CLOEXEC)
        err_read, err_write = os.pipe2(os.O_CLOEXEC)
        started = time.monotonic()
        try:
            argv = [environment.shell(), "--norc", "--noprofile", "-c", line]
            self.process = await processes.start(
                argv, env=memory.env, cwd=self._cwd, out=out_write, err=err_write
            )
        except BaseException:
            os.close(out_read)
            os.close(err_read)
            raise
        clock = TimeLimit(self.process, wanted.timeout)
        try:
            await OutputPump(self.process, out_read, err_read).run(send)
        finally:
            clock.cancel()
        if clock.reached:
            limit = f"{wanted.timeout:g} s"
            raise Refusal(500, RUNTIME_ERROR, f"the run was killed at its time limit of {limit}")
        self._memory = _read_run(here, memory, self.process.exit_code or 0)
        await send(last_event(self.process, started))


def _write_run(here: str, memory: _Memory, wanted: RunRequest) -> str:
    quoted = shlex.quote(here)
    envs = {n: text for n, text in wanted.envs.items() if n.isidentifier() and n.isascii()}
    for name, content in (
        ("state", memory.state),
        ("options", memory.options),
        ("code", wanted.command.encode()),
        ("save", _SAVE.format(here=quoted, once="".join(f"|{n}" for n in envs)).encode()),
    ):
        with open(os.path.join(here, name), "wb") as file:
            file.write(content)
    return _RUN.format(
        here=quoted,
        exports="\n".join(f"export {n}={shlex.quote(text)}" for n, text in envs.items()),
        change_directory=f"cd -- {shlex.quote(wanted.cwd)}" if wanted.cwd else "",
        last_status=_repeat_status(memory),
    )


def _repeat_status(memory: _Memory) -> str:
    """A command after which `$?` is what it was at the end of the run before."""
    if memory.status and b"set -o errexit" in memory.options:
        return "! :"  # Of all failures the one that does not end a shell which ends on failure.
    return f"(exit {memory.status})"


def _read_run(here: str, before: _Memory, status: int) -> _Memory:
    """What the run left; what was before where it left nothing whole."""
    try:
        state = _read(os.path.join(here, "new-state"))
        options = _read(os.path.join(here, "new-options"))
    except OSError:
        return before
    if not state.endswith(_COMPLETE):
        return before
    return _Memory(state, options, max(status, 0))


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        content = file.read(LARGEST_STATE + 1)
    if len(content) > LARGEST_STATE:
        raise OSError(f"a session remembers at most {LARGEST_STATE} bytes")
    return content


@dataclass
class RunRequest:
    """What to run in a session, checked."""

    command: str
    cwd: str
    timeout: float | None
    envs: Mapping[str, str] = field(default_factory=dict)
    """Variables of this run only."""

    @classmethod
    def from_body(cls, body: Mapping[str, object]) -> RunRequest:
        """Raises Refusal."""
        command = body.get("command")
        if not isinstance(command, str) or not command:
            raise invalid("command must be a non-empty string")
        return cls(
            environment.check_text(command, "command"),
            environment.check_directory(body.get("cwd"), ""),
            check_timeout(body.get("timeout")),
            environment.check_environment(body.get("envs")),
        )


class Sessions:
    """All sessions of the sandbox."""

    def __init__(self) -> None:
        self._all: dict[str, Session] = {}

    def create(self, cwd: str, env: Mapping[str, str]) -> Session:
        """A new session that starts in `cwd`. Raises Refusal."""
        if environment.shell() == "/bin/sh":
            raise Refusal(500, NOT_SUPPORTED, "sessions need bash, which this sandbox has not")
        if len(self._all) >= MOST_SESSIONS:
            raise Refusal(503, RUNTIME_ERROR, f"a sandbox has at most {MOST_SESSIONS} sessions")
        session = Session(str(uuid.uuid4()), cwd, env)
        self._all[session.id] = session
        return session

    def get(self, identity: str) -> Session:
        """Raises Refusal (500, as clients know it) for one that does not exist."""
        try:
            return self._all[identity]
        except KeyError:
            raise Refusal(500, RUNTIME_ERROR, f"there is no session {identity!r}") from None

    def delete(self, identity: str) -> None:
        """Ends a session and what it runs at the moment. Raises Refusal (404)."""
        with contextlib.suppress(KeyError):
            session = self._all.pop(identity)
            session.deleted = True
            if session.process is not None:
                session.process.signal(signal.SIGKILL, sweep=True)
            return
        raise Refusal(404, CONTEXT_NOT_FOUND, f"there is no session {identity!r}")
