# Written by scripts/unasync.py from tests/faults/_async/calls.py. Do not edit.
"""Every public call of the client that sends something, as data for the matrix of faults.

Rules:

* A call names the request of its that is struck; one that makes several is there several times.
* `run` makes the call on what is `Here`, behind the relay, and raises when what comes is not right.
* A call that a method of another name only passes on is named with that one in `PASSED_ON`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import timedelta
from typing import Any, Literal

from attrs import frozen

from opensandbox import (
    ConnectionConfigSync,
    InMemoryPoolStateStore,
    PoolCreationSpec,
    PoolDestroyOptions,
    SandboxManagerSync,
    SandboxPoolManager,
    SandboxPoolSync,
    SandboxSync,
    SearchEntry,
    WriteEntry,
)
from opensandbox._concurrency import Operation
from opensandbox.exceptions import (
    PoolDestroyIncompleteException,
    SandboxApiException,
    SandboxException,
    SandboxUnhealthyException,
)
from opensandbox.models.diagnostics import DiagnosticContent
from opensandbox.models.filesystem import (
    ContentReplaceEntry,
    DirectoryListEntry,
    MoveEntry,
    SetPermissionEntry,
)
from opensandbox.models.sandboxes import NetworkRule
from opensandbox.models.server_pools import ServerPoolCapacity
from opensandbox.models.templates import CreateTemplateRequest
from tests.faults.fault import Nature, Shape
from tests.faults.world import BINDINGS, CREDENTIALS, IMAGE, POLICY, SESSION, WORKSPACE, World

Plane = Literal["lifecycle", "execd", "egress"]
#: What a case has for itself: nothing, a sandbox that it may end, a sleeping one, one whose vault
#: or policy it may change, an isolated session, a code context, one in which it may leave things.
Needs = Literal["shared", "own", "paused", "guarded", "session", "context", "workshop"]


class Here:
    """What one case has at hand."""

    def __init__(
        self,
        world: World,
        name: str,
        config: ConnectionConfigSync,
        sandbox: SandboxSync,
        manager: SandboxManagerSync,
        straight: SandboxSync,
        loan: Any,
        ready: float,
    ) -> None:
        self.world, self.name, self.config = world, name, config
        self.sandbox, self.manager = sandbox, manager
        #: The same sandbox past the relay, and what was lent for this case.
        self.straight, self.loan = straight, loan
        #: What `given` made.
        self.given: Any = None
        #: How long to wait for a state.
        self.ready = ready

    @property
    def path(self) -> str:
        """A file of this case's own."""
        return f"{WORKSPACE}/{self.name}.txt"


@frozen
class Call:
    """One public call, and the request of its that is struck."""

    name: str
    plane: Plane
    #: Which paths of the plane it is, as a regular expression.
    pattern: str
    nature: Nature
    run: Operation[Here, object]
    needs: Needs = "shared"
    #: Makes what the call speaks of, past the relay.
    given: Callable[[Here], object] | None = None
    #: The status with which this runtime refuses it.
    refused: int | None = None
    #: Its errors name the sandbox.
    of_sandbox: bool = True
    #: What an error says of what was tried, beside method and path.
    says: str = "looked \\d+ times"
    #: How often it makes this request when all is well.
    times: int = 1
    #: It makes sandboxes, which it may lose sight of when the answer is lost.
    makes: bool = False

    def __str__(self) -> str:
        return f"{self.name} at {self.request}"

    @property
    def request(self) -> str:
        """The request that is struck; several calls may make it."""
        return f"{self.nature.method} {self.pattern} ({self.plane})"

    @property
    def path(self) -> re.Pattern[str]:
        """Which paths of the plane it is."""
        return re.compile(self.pattern)


def _expect(right: bool, what: object) -> None:
    if not right:
        raise AssertionError(f"a success that is none: {what!r}")


def _get(shape: Shape = Shape.MODEL, **more: Any) -> Nature:
    return Nature("GET", shape, **more)


def _post(shape: Shape = Shape.MODEL, **more: Any) -> Nature:
    return Nature("POST", shape, **more)


def _delete(**more: Any) -> Nature:
    return Nature("DELETE", Shape.NOTHING, **more)


_ONE = r"/sandboxes/[^/]+$"
_PING = r"/ping$"
_ENDPOINT = r"/endpoints/\d+$"


# --- sandboxes ----------------------------------------------------------------------------------


def _create(here: Here) -> None:
    sandbox = SandboxSync.create(
        IMAGE,
        connection_config=here.config,
        metadata={"case": here.name},
        ready_timeout=here.ready,
        health_check_polling_interval=0.05,
        resource={"cpu": "1", "memory": "512Mi"},
    )
    with sandbox:
        sandbox.kill(request_timeout=20)


def _temporary(here: Here) -> None:
    with SandboxSync.temporary(
        IMAGE,
        connection_config=here.config,
        metadata={"case": here.name},
        ready_timeout=20,
        resource={"cpu": "1", "memory": "512Mi"},
    ) as sandbox:
        _expect(sandbox.id != here.sandbox.id, sandbox)


def _create_from_template(here: Here) -> None:
    SandboxSync.create_from_template(
        "none", timeout=60, connection_config=here.config, ready_timeout=here.ready
    )


def _connect(here: Here) -> None:
    sandbox = SandboxSync.connect(
        here.straight.id,
        connection_config=here.config,
        connect_timeout=here.ready,
        health_check_polling_interval=0.05,
    )
    _expect(sandbox.id == here.straight.id, sandbox)


def _resume(here: Here) -> None:
    sandbox = SandboxSync.resume(
        here.straight.id, connection_config=here.config, resume_timeout=here.ready
    )
    _expect(sandbox.id == here.straight.id, sandbox)


def _is_healthy(here: Here) -> None:
    if not here.sandbox.is_healthy():
        raise SandboxUnhealthyException("GET /ping: it said no", sandbox_id=here.sandbox.id)


def _is_server_healthy(here: Here) -> None:
    if not here.manager.is_server_healthy():
        raise SandboxUnhealthyException("GET /health: it said no")


def _get_info(here: Here) -> None:
    info = here.sandbox.get_info()
    _expect(info.id == here.sandbox.id and bool(info.status.state), info)


def _watch_metrics(here: Here) -> None:
    with closing(here.sandbox.watch_metrics()) as measured:
        for metrics in measured:
            _expect(metrics.memory_total_in_mib > 0, metrics)
            break


def _wait_until(here: Here) -> None:
    info = here.sandbox.wait_until("Running", timeout=here.ready)
    _expect(info.status.state == "Running", info)


def _get_endpoint(here: Here) -> None:
    endpoint = here.sandbox.get_endpoint(8000)
    _expect(":" in endpoint.endpoint, endpoint)


def _get_policy(here: Here) -> None:
    policy = here.sandbox.get_egress_policy()
    _expect(policy.default_action in ("deny", None), policy)


_RULE = NetworkRule(action="allow", target="example.org")
_UNHEALTHY = (SandboxUnhealthyException,)
_NOT_ENDED = (SandboxException,)

_SANDBOX = [
    Call(
        "SandboxSync.create",
        "lifecycle",
        r"/sandboxes$",
        _post(),
        _create,
        makes=True,
        of_sandbox=False,
        says="ready_timeout",
    ),
    Call("SandboxSync.create", "lifecycle", _ENDPOINT, _get(polled=True), _create, makes=True),
    Call(
        "SandboxSync.create", "execd", _PING, _get(Shape.NOTHING, polled=True), _create, makes=True
    ),
    Call(
        "SandboxSync.temporary", "lifecycle", _ONE, _delete(also=_NOT_ENDED), _temporary, makes=True
    ),
    Call(
        "SandboxSync.create_from_template",
        "lifecycle",
        r"/sandboxes$",
        _post(),
        _create_from_template,
        refused=501,
        of_sandbox=False,
        says="ready_timeout",
    ),
    Call("SandboxSync.connect", "lifecycle", _ENDPOINT, _get(polled=True), _connect, needs="own"),
    Call("SandboxSync.connect", "execd", _PING, _get(Shape.NOTHING, polled=True), _connect),
    Call(
        "SandboxSync.resume",
        "lifecycle",
        r"/resume$",
        _post(Shape.NOTHING),
        _resume,
        needs="paused",
    ),
    Call(
        "SandboxSync.check_ready",
        "execd",
        _PING,
        _get(Shape.NOTHING, polled=True),
        lambda here: here.sandbox.check_ready(here.ready, 0.05),
    ),
    Call(
        "SandboxSync.is_healthy",
        "execd",
        _PING,
        _get(Shape.NOTHING, says_no=True, also=_UNHEALTHY),
        _is_healthy,
    ),
    Call("SandboxSync.wait_until", "lifecycle", _ONE, _get(), _wait_until),
    Call(
        "SandboxSync.kill",
        "lifecycle",
        _ONE,
        _delete(),
        lambda here: here.sandbox.kill(),
        needs="own",
    ),
    Call(
        "SandboxSync.destroy",
        "lifecycle",
        _ONE,
        _delete(),
        lambda here: here.sandbox.destroy(),
        needs="own",
    ),
    Call("SandboxSync.get_info", "lifecycle", _ONE, _get(), _get_info),
    Call("SandboxSync.get_endpoint", "lifecycle", _ENDPOINT, _get(), _get_endpoint),
    Call(
        "SandboxSync.get_endpoint_url",
        "lifecycle",
        _ENDPOINT,
        _get(),
        lambda here: here.sandbox.get_endpoint_url(8001),
    ),
    Call(
        "SandboxSync.get_signed_endpoint",
        "lifecycle",
        _ENDPOINT,
        _get(),
        lambda here: here.sandbox.get_signed_endpoint(8000, 4_000_000_000),
        refused=400,
    ),
    Call(
        "SandboxSync.get_metrics",
        "execd",
        r"/metrics$",
        _get(),
        lambda here: here.sandbox.get_metrics(),
    ),
    Call(
        "SandboxSync.watch_metrics", "execd", r"/metrics/watch$", _get(Shape.WATCH), _watch_metrics
    ),
    Call(
        "SandboxSync.get_diagnostic_logs",
        "lifecycle",
        r"/diagnostics/logs$",
        _get(),
        lambda here: here.sandbox.get_diagnostic_logs("container"),
    ),
    Call(
        "SandboxSync.get_diagnostic_events",
        "lifecycle",
        r"/diagnostics/events$",
        _get(),
        lambda here: here.sandbox.get_diagnostic_events("runtime"),
    ),
    Call(
        "SandboxSync.renew",
        "lifecycle",
        r"/renew-expiration$",
        _post(),
        lambda here: here.sandbox.renew(timedelta(hours=10)),
    ),
    Call(
        "SandboxSync.patch_metadata",
        "lifecycle",
        r"/metadata$",
        Nature("PATCH", Shape.MODEL),
        lambda here: here.sandbox.patch_metadata({"by": here.name}),
    ),
    Call(
        "SandboxSync.pause",
        "lifecycle",
        r"/pause$",
        _post(Shape.NOTHING),
        lambda here: here.sandbox.pause(),
        needs="own",
    ),
    Call(
        "SandboxSync.create_snapshot",
        "lifecycle",
        r"/snapshots$",
        _post(),
        lambda here: here.sandbox.create_snapshot(here.name),
    ),
    Call(
        "SandboxSync.get_egress_policy",
        "egress",
        r"/policy$",
        _get(lenient=True),
        _get_policy,
        needs="guarded",
    ),
    Call(
        "SandboxSync.get_egress_policy",
        "lifecycle",
        _ENDPOINT,
        _get(),
        _get_policy,
        needs="guarded",
    ),
    Call(
        "SandboxSync.patch_egress_rules",
        "egress",
        r"/policy$",
        Nature("PATCH", Shape.NOTHING),
        lambda here: here.sandbox.patch_egress_rules([_RULE]),
        needs="guarded",
    ),
    Call(
        "SandboxSync.delete_egress_rules",
        "egress",
        r"/policy$",
        _delete(),
        lambda here: here.sandbox.delete_egress_rules(["example.org"]),
        needs="guarded",
    ),
    Call(
        "SandboxSync.replace_egress_policy",
        "lifecycle",
        r"/networkpolicy$",
        Nature("PUT", Shape.NOTHING),
        lambda here: here.sandbox.replace_egress_policy(POLICY),
        needs="guarded",
    ),
]


# --- the manager --------------------------------------------------------------------------------


def _list_all(here: Here) -> None:
    found = [info.id for info in here.manager.list_all()]
    _expect(here.straight.id in found, found)


def _list_sandbox_infos(here: Here) -> None:
    page = here.manager.list_sandbox_infos(page_size=5)
    _expect(len(page.items) > 0, page)


def _list_all_snapshots(here: Here) -> None:
    found = [one.id for one in here.manager.list_all_snapshots()]
    _expect(here.world.snapshot in found, found)


def _list_snapshots(here: Here) -> None:
    page = here.manager.list_snapshots()
    _expect(len(page.items) > 0, page)


def _get_snapshot(here: Here) -> None:
    snapshot = here.manager.get_snapshot(here.world.snapshot)
    _expect(snapshot.id == here.world.snapshot, snapshot)


def _wait_until_ready(here: Here) -> None:
    snapshot = here.manager.wait_until_ready(here.world.snapshot, timeout=here.ready)
    _expect(snapshot.id == here.world.snapshot, snapshot)


def _new_snapshot(here: Here) -> object:
    made = here.world.manager.create_snapshot(here.straight.id, here.name)
    here.world.manager.wait_until_ready(made.id, polling_interval=0.05)
    return made.id


def _inspect(here: Here) -> None:
    text = here.sandbox.diagnostics.inspect(here.sandbox.id)
    _expect(isinstance(text, str), text)


def _summarize(here: Here) -> None:
    text = here.sandbox.diagnostics.summarize(here.sandbox.id)
    _expect(isinstance(text, str), text)


def _read_diagnostics(here: Here) -> None:
    elsewhere = DiagnosticContent(
        sandbox_id=here.sandbox.id,
        kind="logs",
        scope="container",
        delivery="url",
        content_type="text/plain",
        truncated=False,
        content_url=f"http://{here.config.get_domain()}/health",
    )
    text = here.sandbox.diagnostics.read(elsewhere)
    _expect(isinstance(text, str), text)


_TEMPLATE = CreateTemplateRequest(image=IMAGE, publish="kept")
_CAPACITY = ServerPoolCapacity(buffer_min=0, buffer_max=1, pool_min=0, pool_max=1)
_POOL = r"/pools/[^/]+$"

_MANAGER = [
    Call(
        "SandboxManagerSync.get_sandbox_info",
        "lifecycle",
        _ONE,
        _get(),
        lambda here: here.manager.get_sandbox_info(here.straight.id),
    ),
    Call(
        "SandboxManagerSync.list_sandbox_infos",
        "lifecycle",
        r"/sandboxes$",
        _get(),
        _list_sandbox_infos,
        of_sandbox=False,
    ),
    Call(
        "SandboxManagerSync.list_all",
        "lifecycle",
        r"/sandboxes$",
        _get(),
        _list_all,
        of_sandbox=False,
    ),
    Call(
        "SandboxManagerSync.kill_sandbox",
        "lifecycle",
        _ONE,
        _delete(),
        lambda here: here.manager.kill_sandbox(here.straight.id),
        needs="own",
    ),
    Call(
        "SandboxManagerSync.renew_sandbox",
        "lifecycle",
        r"/renew-expiration$",
        _post(),
        lambda here: here.manager.renew_sandbox(here.straight.id, 36000),
    ),
    Call(
        "SandboxManagerSync.patch_sandbox_metadata",
        "lifecycle",
        r"/metadata$",
        Nature("PATCH", Shape.MODEL),
        lambda here: here.manager.patch_sandbox_metadata(here.straight.id, {"by": here.name}),
    ),
    Call(
        "SandboxManagerSync.pause_sandbox",
        "lifecycle",
        r"/pause$",
        _post(Shape.NOTHING),
        lambda here: here.manager.pause_sandbox(here.straight.id),
        needs="own",
    ),
    Call(
        "SandboxManagerSync.resume_sandbox",
        "lifecycle",
        r"/resume$",
        _post(Shape.NOTHING),
        lambda here: here.manager.resume_sandbox(here.straight.id),
        needs="paused",
    ),
    Call(
        "SandboxManagerSync.get_egress_policy",
        "lifecycle",
        r"/networkpolicy$",
        _get(lenient=True),
        lambda here: here.manager.get_egress_policy(here.straight.id),
        needs="guarded",
    ),
    Call(
        "SandboxManagerSync.replace_egress_policy",
        "lifecycle",
        r"/networkpolicy$",
        Nature("PUT", Shape.NOTHING),
        lambda here: here.manager.replace_egress_policy(here.straight.id, POLICY),
        needs="guarded",
    ),
    Call(
        "SandboxManagerSync.patch_egress_rules",
        "lifecycle",
        r"/networkpolicy$",
        Nature("PATCH", Shape.NOTHING),
        lambda here: here.manager.patch_egress_rules(here.straight.id, [_RULE]),
        needs="guarded",
    ),
    Call(
        "SandboxManagerSync.delete_egress_rules",
        "lifecycle",
        r"/networkpolicy$",
        _delete(),
        lambda here: here.manager.delete_egress_rules(here.straight.id, ["example.org"]),
        needs="guarded",
    ),
    Call(
        "SandboxManagerSync.get_diagnostic_logs",
        "lifecycle",
        r"/diagnostics/logs$",
        _get(),
        lambda here: here.manager.get_diagnostic_logs(here.straight.id, "container"),
    ),
    Call(
        "SandboxManagerSync.get_diagnostic_events",
        "lifecycle",
        r"/diagnostics/events$",
        _get(),
        lambda here: here.manager.get_diagnostic_events(here.straight.id, "runtime"),
    ),
    Call(
        "SandboxManagerSync.is_server_healthy",
        "lifecycle",
        r"^/health$",
        _get(says_no=True, also=_UNHEALTHY),
        _is_server_healthy,
        of_sandbox=False,
    ),
    Call(
        "SandboxManagerSync.get_server_version",
        "lifecycle",
        r"/version$",
        _get(lenient=True),
        lambda here: here.manager.get_server_version(),
        of_sandbox=False,
    ),
    Call(
        "SandboxManagerSync.create_snapshot",
        "lifecycle",
        r"/snapshots$",
        _post(),
        lambda here: here.manager.create_snapshot(here.straight.id, here.name),
    ),
    Call(
        "SandboxManagerSync.get_snapshot",
        "lifecycle",
        r"/snapshots/[^/]+$",
        _get(),
        _get_snapshot,
        of_sandbox=False,
    ),
    Call(
        "SandboxManagerSync.list_snapshots",
        "lifecycle",
        r"/snapshots$",
        _get(),
        _list_snapshots,
        of_sandbox=False,
    ),
    Call(
        "SandboxManagerSync.list_all_snapshots",
        "lifecycle",
        r"/snapshots$",
        _get(),
        _list_all_snapshots,
        of_sandbox=False,
    ),
    Call(
        "SandboxManagerSync.wait_until_ready",
        "lifecycle",
        r"/snapshots/[^/]+$",
        _get(),
        _wait_until_ready,
        of_sandbox=False,
    ),
    Call(
        "SandboxManagerSync.delete_snapshot",
        "lifecycle",
        r"/snapshots/[^/]+$",
        _delete(),
        lambda here: here.manager.delete_snapshot(here.given),
        of_sandbox=False,
        given=_new_snapshot,
    ),
    Call(
        "SandboxManagerSync.create_template",
        "lifecycle",
        r"/templates$",
        _post(),
        lambda here: here.manager.create_template(_TEMPLATE),
        refused=501,
        of_sandbox=False,
    ),
    Call(
        "SandboxManagerSync.get_template",
        "lifecycle",
        r"/templates/[^/]+$",
        _get(),
        lambda here: here.manager.get_template("t"),
        refused=501,
        of_sandbox=False,
    ),
    Call(
        "SandboxManagerSync.list_templates",
        "lifecycle",
        r"/templates$",
        _get(),
        lambda here: here.manager.list_templates(),
        refused=501,
        of_sandbox=False,
    ),
    Call(
        "SandboxManagerSync.delete_template",
        "lifecycle",
        r"/templates/[^/]+$",
        _delete(),
        lambda here: here.manager.delete_template("t"),
        refused=501,
        of_sandbox=False,
    ),
    Call(
        "ServerPoolsSync.list_all",
        "lifecycle",
        r"/pools$",
        _get(),
        lambda here: here.manager.pools.list_all(),
        refused=501,
        of_sandbox=False,
    ),
    Call(
        "ServerPoolsSync.create",
        "lifecycle",
        r"/pools$",
        _post(),
        lambda here: here.manager.pools.create("p", {}, _CAPACITY),
        refused=501,
        of_sandbox=False,
    ),
    Call(
        "ServerPoolsSync.get",
        "lifecycle",
        _POOL,
        _get(),
        lambda here: here.manager.pools.get("p"),
        refused=501,
        of_sandbox=False,
    ),
    Call(
        "ServerPoolsSync.update",
        "lifecycle",
        _POOL,
        Nature("PUT", Shape.MODEL),
        lambda here: here.manager.pools.update("p", _CAPACITY),
        refused=501,
        of_sandbox=False,
    ),
    Call(
        "ServerPoolsSync.delete",
        "lifecycle",
        _POOL,
        _delete(),
        lambda here: here.manager.pools.delete("p"),
        refused=501,
        of_sandbox=False,
    ),
    Call(
        "DiagnosticsSync.inspect", "lifecycle", r"/diagnostics/inspect$", _get(Shape.TEXT), _inspect
    ),
    Call(
        "DiagnosticsSync.read", "lifecycle", r"^/health$", _get(Shape.ANYTHING), _read_diagnostics
    ),
    Call(
        "DiagnosticsSync.summarize",
        "lifecycle",
        r"/diagnostics/summary$",
        _get(Shape.TEXT),
        _summarize,
    ),
]


# --- commands -----------------------------------------------------------------------------------


def _run(here: Here) -> None:
    done = here.sandbox.commands.run("echo hello")
    _expect(done.exit_code == 0 and done.error is None, done)


def _stream(here: Here) -> None:
    with closing(here.sandbox.commands.stream("echo hello")) as events:
        kinds = [type(event).__name__ for event in events]
    _expect(kinds[-1] == "ExecutionComplete" and kinds.count("ExecutionComplete") == 1, kinds)


def _start(here: Here) -> None:
    with here.sandbox.commands.start("echo hello") as running:
        done = running.wait(20)
    _expect(done.exit_code == 0 and done.complete is not None, done)


def _running_interrupt(here: Here) -> None:
    with here.sandbox.commands.start("sleep 20", request_timeout=20) as running:
        try:
            running.interrupt()
        except BaseException:
            here.straight.commands.run(f"pkill -f 'sleep 20' || true; echo {here.name}")
            raise


def _running_status(here: Here) -> None:
    with here.sandbox.commands.start("sleep 0.3", request_timeout=20) as running:
        status = running.get_status()
        _expect(status.running is not None, status)
        running.wait(20)


def _sleeper(here: Here) -> object:
    return here.straight.commands.run("sleep 20", background=True).id


def _status(here: Here) -> None:
    status = here.sandbox.commands.get_command_status(here.world.background)
    _expect(status.running is False and status.exit_code == 0, status)


def _logs(here: Here) -> None:
    logs = here.sandbox.commands.get_background_command_logs(here.world.background)
    _expect(isinstance(logs.content, str), logs)


def _run_in_session(here: Here) -> None:
    done = here.sandbox.commands.run_in_session(here.given, "echo hello")
    _expect(done.exit_code == 0, done)


def _session(here: Here) -> object:
    return here.straight.commands.create_session()


_STATUS = r"/command/status/[^/]+$"

_COMMANDS = [
    Call("CommandsSync.run", "execd", r"/command$", _post(Shape.EVENTS), _run),
    Call("CommandsSync.stream", "execd", r"/command$", _post(Shape.EVENTS), _stream),
    Call("CommandsSync.start", "execd", r"/command$", _post(Shape.EVENTS), _start),
    Call(
        "RunningCommandSync.interrupt",
        "execd",
        r"/command$",
        _delete(),
        _running_interrupt,
        needs="workshop",
    ),
    Call(
        "RunningCommandSync.get_status", "execd", _STATUS, _get(), _running_status, needs="workshop"
    ),
    Call(
        "CommandsSync.interrupt",
        "execd",
        r"/command$",
        _delete(),
        lambda here: here.sandbox.commands.interrupt(here.given),
        given=_sleeper,
        needs="workshop",
    ),
    Call("CommandsSync.get_command_status", "execd", _STATUS, _get(), _status),
    Call(
        "CommandsSync.get_background_command_logs",
        "execd",
        r"/command/[^/]+/logs$",
        _get(Shape.BYTES),
        _logs,
    ),
    Call(
        "CommandsSync.set_env",
        "execd",
        r"/command$",
        _post(Shape.EVENTS),
        lambda here: here.sandbox.commands.set_env("CASE", here.name),
    ),
    Call(
        "CommandsSync.create_session",
        "execd",
        r"/session$",
        _post(),
        lambda here: here.sandbox.commands.create_session(),
        needs="workshop",
    ),
    Call(
        "CommandsSync.run_in_session",
        "execd",
        r"/session/[^/]+/run$",
        _post(Shape.EVENTS_ALONE),
        _run_in_session,
        given=_session,
        needs="workshop",
    ),
    Call(
        "CommandsSync.delete_session",
        "execd",
        r"/session/[^/]+$",
        _delete(),
        lambda here: here.sandbox.commands.delete_session(here.given),
        given=_session,
        needs="workshop",
    ),
]


# --- code and terminals -------------------------------------------------------------------------


def _code(here: Here) -> None:
    done = here.sandbox.code.run("print('hello')", context=here.loan)
    _expect(done.error is None and done.complete is not None, done)


def _contexts(here: Here) -> None:
    found = here.sandbox.code.list_contexts()
    _expect(isinstance(found, list), found)


def _typed(here: Here) -> None:
    with here.sandbox.terminal(columns=80, rows=24) as terminal:
        terminal.resize(100, 30)
        terminal.write("true\n")
        terminal.signal("SIGWINCH")
        terminal.read(timeout=here.ready)
        terminal.write("exit 3\n")
        code = terminal.wait(timeout=here.ready)
        _expect(code == 3, code)


def _context(here: Here) -> object:
    return here.straight.code.create_context().id


_TERMINAL = "terminal|WebSocket"

_CODE = [
    Call("CodeSync.run", "execd", r"/code$", _post(Shape.EVENTS_ALONE), _code, needs="context"),
    Call(
        "CodeSync.interrupt",
        "execd",
        r"/code$",
        _delete(),
        lambda here: here.sandbox.code.interrupt(here.loan),
        needs="context",
    ),
    Call(
        "CodeSync.create_context",
        "execd",
        r"/code/context$",
        _post(),
        lambda here: here.sandbox.code.create_context(),
        needs="workshop",
    ),
    Call(
        "CodeSync.get_context",
        "execd",
        r"/code/contexts/[^/]+$",
        _get(),
        lambda here: here.sandbox.code.get_context(here.loan.id),
        needs="context",
    ),
    Call("CodeSync.list_contexts", "execd", r"/code/contexts$", _get(), _contexts),
    Call(
        "CodeSync.delete_context",
        "execd",
        r"/code/contexts/[^/]+$",
        _delete(),
        lambda here: here.sandbox.code.delete_context(here.given),
        given=_context,
        needs="workshop",
    ),
    Call(
        "CodeSync.delete_contexts",
        "execd",
        r"/code/contexts$",
        _delete(),
        lambda here: here.sandbox.code.delete_contexts("bash"),
        needs="workshop",
    ),
    Call(
        "OffersSync.terminal", "execd", r"/pty$", _post(), _typed, says=_TERMINAL, needs="workshop"
    ),
    Call(
        "OffersSync.terminal",
        "execd",
        r"/pty/[^/]+/ws$",
        _get(Shape.SOCKET),
        _typed,
        says=_TERMINAL,
        needs="workshop",
    ),
    Call(
        "OffersSync.terminal",
        "execd",
        r"/pty/[^/]+$",
        _delete(),
        _typed,
        says=_TERMINAL,
        needs="workshop",
    ),
]


# --- files --------------------------------------------------------------------------------------


def _file(here: Here) -> object:
    here.straight.files.write_file(here.path, "one two")
    return here.path


def _read_file(here: Here) -> None:
    text = here.sandbox.files.read_file(f"{WORKSPACE}/read.txt")
    _expect(text == "one\ntwo\nthree\n" * 20 or text in ("", '{"wrong": true}'), text)


def _read_bytes(here: Here) -> None:
    data = here.sandbox.files.read_bytes(f"{WORKSPACE}/read.txt", range_header="bytes=0-99")
    _expect(len(data) == 100 or data in (b"", b'{"wrong": true}'), data)


def _read_bytes_stream(here: Here) -> None:
    size = 0
    with here.sandbox.files.read_bytes_stream(f"{WORKSPACE}/read.txt", chunk_size=7) as some:
        for chunk in some:
            size += len(chunk)
    _expect(size in (280, 0, 15), size)


def _chunks(here: Here) -> None:
    size = 0
    with closing(here.sandbox.files.chunks(f"{WORKSPACE}/read.txt")) as chunks:
        for chunk in chunks:
            size += len(chunk)
    _expect(size in (280, 0, 15), size)


def _info(here: Here) -> None:
    found = here.sandbox.files.get_file_info([f"{WORKSPACE}/read.txt"])
    _expect(found[f"{WORKSPACE}/read.txt"].size == 280, found)


def _search(here: Here) -> None:
    found = here.sandbox.files.search(SearchEntry(path=f"{WORKSPACE}/tree", pattern="*.txt"))
    _expect(len(found) == 1, found)


def _list_directory(here: Here) -> None:
    entry = DirectoryListEntry(path=f"{WORKSPACE}/tree")
    found = here.sandbox.files.list_directory(entry)
    _expect(len(found) == 1, found)


def _pieces(here: Here) -> None:
    pieces = iter([b"one ", b"two"])
    here.sandbox.files.write_file(here.path, pieces)


def _upload(here: Here) -> None:
    done = here.sandbox.files.upload(__file__, here.path)
    _expect(done.files == 1, done)


def _download(here: Here) -> None:
    target = here.world.folder / here.name
    done = here.sandbox.files.download(f"{WORKSPACE}/tree", target)
    _expect(done.files == 1, done)


def _replaced(here: Here) -> None:
    entry = ContentReplaceEntry(path=here.path, old_content="one", new_content="1")
    done = here.sandbox.files.replace_contents_detailed([entry])
    _expect(done[0].replaced_count == 1, done)


_SENT = _post(Shape.NOTHING)
_FILES = [
    Call("FilesystemSync.read_file", "execd", r"/files/download$", _get(Shape.BYTES), _read_file),
    Call("FilesystemSync.read_bytes", "execd", r"/files/download$", _get(Shape.BYTES), _read_bytes),
    Call(
        "FilesystemSync.read_bytes_stream",
        "execd",
        r"/files/download$",
        _get(Shape.BYTES),
        _read_bytes_stream,
    ),
    Call("FilesystemSync.chunks", "execd", r"/files/download$", _get(Shape.BYTES), _chunks),
    Call("FilesystemSync.get_file_info", "execd", r"/files/info$", _get(), _info),
    Call("FilesystemSync.search", "execd", r"/files/search$", _get(), _search),
    Call("FilesystemSync.list_directory", "execd", r"/directories/list$", _get(), _list_directory),
    Call(
        "FilesystemSync.write_file",
        "execd",
        r"/files/upload$",
        _SENT,
        lambda here: here.sandbox.files.write_file(here.path, "one"),
    ),
    Call(
        "FilesystemSync.write_files",
        "execd",
        r"/files/upload$",
        _post(Shape.NOTHING, one_way=True),
        _pieces,
    ),
    Call(
        "FilesystemSync.upload",
        "execd",
        r"/files/upload$",
        _post(Shape.NOTHING, one_way=True),
        _upload,
    ),
    Call("FilesystemSync.download", "execd", r"/files/download$", _get(Shape.BYTES), _download),
    Call(
        "FilesystemSync.create_directories",
        "execd",
        r"/directories$",
        _SENT,
        lambda here: here.sandbox.files.create_directories([WriteEntry(path=here.path)]),
    ),
    Call(
        "FilesystemSync.delete_directories",
        "execd",
        r"/directories$",
        _delete(),
        lambda here: here.sandbox.files.delete_directories([f"{here.path}.d"]),
    ),
    Call(
        "FilesystemSync.delete_files",
        "execd",
        r"/files$",
        _delete(),
        lambda here: here.sandbox.files.delete_files([here.path]),
        given=_file,
    ),
    Call(
        "FilesystemSync.set_permissions",
        "execd",
        r"/files/permissions$",
        _SENT,
        lambda here: here.sandbox.files.set_permissions(
            [SetPermissionEntry(path=here.path, mode=600)]
        ),
        given=_file,
    ),
    Call(
        "FilesystemSync.move_files",
        "execd",
        r"/files/mv$",
        _SENT,
        lambda here: here.sandbox.files.move_files(
            [MoveEntry(src=here.path, dest=f"{here.path}.moved")]
        ),
        given=_file,
    ),
    Call(
        "FilesystemSync.replace_contents",
        "execd",
        r"/files/replace$",
        _SENT,
        lambda here: here.sandbox.files.replace_contents(
            [ContentReplaceEntry(path=here.path, old_content="one", new_content="1")]
        ),
        given=_file,
    ),
    Call(
        "FilesystemSync.replace_contents_detailed",
        "execd",
        r"/files/replace$",
        _post(),
        _replaced,
        given=_file,
    ),
    Call(
        "OffersSync.files_with_identity",
        "execd",
        r"/v1/filesystem/0/0/files/upload$",
        _SENT,
        lambda here: here.sandbox.files_with_identity(0, 0).write_file(here.path, "one"),
    ),
]


# --- isolated sessions --------------------------------------------------------------------------


def _isolated_session(here: Here) -> None:
    with here.sandbox.isolation.session(SESSION) as session:
        _expect(bool(session.session_id), session)


def _run_once(here: Here) -> None:
    done = here.sandbox.isolation.run_once("echo hello", workspace=WORKSPACE)
    _expect(done.exit_code == 0, done)


def _isolated(here: Here, what: str) -> object:
    """The call of this name, of the session that was lent."""
    session = here.sandbox.isolation.attach(here.loan.session_id, request_timeout=20)
    if what == "run":
        done = session.run("echo hello")
        _expect(done.exit_code == 0, done)
    elif what == "background":
        _expect(bool((session.run_background("true")).run_id), session)
    elif what == "status":
        _expect((session.run_status(here.given)).run_id == here.given, session)
    elif what == "logs":
        _expect(isinstance((session.run_logs(here.given)).text, str), session)
    elif what == "get":
        _expect(bool((session.get()).status), session)
    elif what == "write":
        session.files.write_file(f"{WORKSPACE}/{here.name}", "one")
    elif what == "commit":
        session.commit()
    elif what == "diff":
        session.diff()
    return session


def _delete_isolated(here: Here) -> None:
    session = here.sandbox.isolation.attach(here.given, request_timeout=20)
    session.delete()


def _background(here: Here) -> object:
    return here.loan.run_background("echo hello").run_id


_ISO = r"/v1/isolated/session"

_ISOLATION = [
    Call(
        "IsolationServiceSync.create",
        "execd",
        rf"{_ISO}$",
        _post(),
        lambda here: here.sandbox.isolation.create(SESSION),
        needs="workshop",
    ),
    Call(
        "IsolationServiceSync.session",
        "execd",
        rf"{_ISO}/[^/]+$",
        _delete(),
        _isolated_session,
        needs="workshop",
    ),
    Call(
        "IsolationServiceSync.run_once",
        "execd",
        rf"{_ISO}/[^/]+/run$",
        _post(Shape.EVENTS_ALONE),
        _run_once,
        needs="workshop",
    ),
    Call(
        "IsolationServiceSync.attach",
        "execd",
        rf"{_ISO}/[^/]+$",
        _get(),
        lambda here: here.sandbox.isolation.attach(here.loan.session_id),
        needs="session",
    ),
    Call(
        "IsolationServiceSync.capabilities",
        "execd",
        r"/v1/isolated/capabilities$",
        _get(lenient=True),
        lambda here: here.sandbox.isolation.capabilities(),
    ),
    Call(
        "IsolationServiceSync.list",
        "execd",
        r"/v1/isolated/sessions$",
        _get(lenient=True),
        lambda here: here.sandbox.isolation.list(),
    ),
    Call(
        "IsolationSessionSync.run",
        "execd",
        rf"{_ISO}/[^/]+/run$",
        _post(Shape.EVENTS_ALONE),
        lambda here: _isolated(here, "run"),
        needs="session",
    ),
    Call(
        "IsolationSessionSync.run_background",
        "execd",
        rf"{_ISO}/[^/]+/run$",
        _post(),
        lambda here: _isolated(here, "background"),
        needs="session",
    ),
    Call(
        "IsolationSessionSync.run_status",
        "execd",
        rf"{_ISO}/[^/]+/runs/[^/]+$",
        _get(),
        lambda here: _isolated(here, "status"),
        needs="session",
        given=_background,
    ),
    Call(
        "IsolationSessionSync.run_logs",
        "execd",
        rf"{_ISO}/[^/]+/runs/[^/]+/logs$",
        _get(Shape.BYTES),
        lambda here: _isolated(here, "logs"),
        needs="session",
        given=_background,
    ),
    Call(
        "IsolationSessionSync.get",
        "execd",
        rf"{_ISO}/[^/]+$",
        _get(),
        lambda here: _isolated(here, "get"),
        needs="session",
        times=2,
    ),
    Call(
        "IsolationSessionSync.delete",
        "execd",
        rf"{_ISO}/[^/]+$",
        _delete(),
        _delete_isolated,
        given=lambda here: here.straight.isolation.create(SESSION).session_id,
        needs="workshop",
    ),
    Call(
        "IsolationSessionSync.commit",
        "execd",
        rf"{_ISO}/[^/]+/commit$",
        _post(Shape.NOTHING),
        lambda here: _isolated(here, "commit"),
        needs="session",
        refused=501,
    ),
    Call(
        "IsolationSessionSync.diff",
        "execd",
        rf"{_ISO}/[^/]+/diff$",
        _get(Shape.NOTHING),
        lambda here: _isolated(here, "diff"),
        needs="session",
        refused=501,
    ),
    Call(
        "IsolationSessionSync.files",
        "execd",
        rf"{_ISO}/[^/]+/files/upload$",
        _SENT,
        lambda here: _isolated(here, "write"),
        needs="session",
    ),
]


# --- beside the sandbox -------------------------------------------------------------------------


def _no_vault(here: Here) -> object:
    try:
        here.straight.credential_vault.delete()
    except SandboxApiException as error:
        if error.status_code != 404:
            raise
    return None


def _vault(here: Here) -> object:
    _no_vault(here)
    return here.straight.credential_vault.create(credentials=CREDENTIALS, bindings=BINDINGS)


def _get_vault(here: Here) -> None:
    state = here.sandbox.credential_vault.get()
    _expect([one.name for one in state.credentials] == ["token"], state)


_VAULT = r"/credential-vault$"

_EGRESS = [
    Call(
        "CredentialVaultSync.create",
        "egress",
        _VAULT,
        _post(),
        lambda here: here.sandbox.credential_vault.create(
            credentials=CREDENTIALS, bindings=BINDINGS
        ),
        needs="guarded",
        given=_no_vault,
    ),
    Call(
        "CredentialVaultSync.get",
        "egress",
        _VAULT,
        _get(),
        _get_vault,
        needs="guarded",
        given=_vault,
    ),
    Call(
        "CredentialVaultSync.patch",
        "egress",
        _VAULT,
        Nature("PATCH", Shape.MODEL),
        lambda here: here.sandbox.credential_vault.patch(
            credentials={"add": [{"name": "other", "source": {"value": "x"}}]}
        ),
        needs="guarded",
        given=_vault,
    ),
    Call(
        "CredentialVaultSync.delete",
        "egress",
        _VAULT,
        _delete(),
        lambda here: here.sandbox.credential_vault.delete(),
        needs="guarded",
        given=_vault,
    ),
    Call(
        "CredentialVaultSync.list_credentials",
        "egress",
        r"/credentials$",
        _get(),
        lambda here: here.sandbox.credential_vault.list_credentials(),
        needs="guarded",
        given=_vault,
    ),
    Call(
        "CredentialVaultSync.get_credential",
        "egress",
        r"/credentials/[^/]+$",
        _get(),
        lambda here: here.sandbox.credential_vault.get_credential("token"),
        needs="guarded",
        given=_vault,
    ),
    Call(
        "CredentialVaultSync.list_bindings",
        "egress",
        r"/bindings$",
        _get(),
        lambda here: here.sandbox.credential_vault.list_bindings(),
        needs="guarded",
        given=_vault,
    ),
    Call(
        "CredentialVaultSync.get_binding",
        "egress",
        r"/bindings/[^/]+$",
        _get(),
        lambda here: here.sandbox.credential_vault.get_binding("example"),
        needs="guarded",
        given=_vault,
    ),
]


# --- pools --------------------------------------------------------------------------------------


def _pool(here: Here, store: InMemoryPoolStateStore) -> SandboxPoolSync:
    return SandboxPoolSync(
        pool_name=here.name,
        max_idle=0,
        state_store=store,
        connection_config=here.config,
        creation_spec=PoolCreationSpec(
            image=IMAGE,
            metadata={"case": here.name},
            resource={"cpu": "1", "memory": "512Mi"},
        ),
        acquire_ready_timeout=here.ready,
        acquire_health_check_polling_interval=0.05,
    )


def _acquire(here: Here) -> None:
    with (
        _pool(here, InMemoryPoolStateStore()) as pool,
        pool.acquire() as sandbox,
    ):
        sandbox.kill(request_timeout=20)


def _release(here: Here, at_once: bool) -> None:
    store = InMemoryPoolStateStore()
    store.set_idle_entry_ttl(here.name, timedelta(hours=1))
    store.put_idle(here.name, here.straight.id)
    pool = _pool(here, store)
    released = pool.release_all_idle_parallel() if at_once else pool.release_all_idle()
    gone = here.world.state(here.straight.id) == "Gone"
    _expect(gone or not released, released)
    if not released:
        raise PoolDestroyIncompleteException("DELETE /sandboxes: nothing was released")


def _destroy(here: Here) -> None:
    store = InMemoryPoolStateStore()
    store.set_idle_entry_ttl(here.name, timedelta(hours=1))
    store.put_idle(here.name, here.straight.id)
    manager = SandboxPoolManager(state_store=store, connection_config=here.config)
    done = manager.destroy(here.name, PoolDestroyOptions(drain_timeout=timedelta(seconds=4)))
    _expect(here.world.state(here.straight.id) == "Gone", done)


_NOT_ALL = (PoolDestroyIncompleteException,)

_POOLS = [
    Call(
        "SandboxPoolSync.acquire",
        "lifecycle",
        r"/sandboxes$",
        _post(),
        _acquire,
        makes=True,
        of_sandbox=False,
        says="ready_timeout",
    ),
    Call(
        "SandboxPoolSync.release_all_idle",
        "lifecycle",
        _ONE,
        _delete(aside=True, also=_NOT_ALL),
        lambda here: _release(here, False),
        needs="own",
        of_sandbox=False,
    ),
    Call(
        "SandboxPoolSync.release_all_idle_parallel",
        "lifecycle",
        _ONE,
        _delete(aside=True, also=_NOT_ALL),
        lambda here: _release(here, True),
        needs="own",
        of_sandbox=False,
    ),
    Call(
        "SandboxPoolManager.destroy",
        "lifecycle",
        _ONE,
        _delete(aside=True, also=_NOT_ALL),
        _destroy,
        needs="own",
        of_sandbox=False,
        says="could not be",
        times=40,  # it tries again until its time is up
    ),
]

CALLS = [*_SANDBOX, *_MANAGER, *_COMMANDS, *_CODE, *_FILES, *_ISOLATION, *_EGRESS, *_POOLS]

#: Methods that send nothing but what another call of the list sends.
PASSED_ON: Mapping[str, str] = {
    "DiagnosticsSync.get_events": "SandboxSync.get_diagnostic_events",
    "DiagnosticsSync.get_logs": "SandboxSync.get_diagnostic_logs",
    "EgressSync.delete_rules": "SandboxSync.delete_egress_rules",
    "EgressSync.get_policy": "SandboxSync.get_egress_policy",
    "EgressSync.patch_rules": "SandboxSync.patch_egress_rules",
    "HealthSync.ping": "SandboxSync.is_healthy",
    "MetricsSync.get_metrics": "SandboxSync.get_metrics",
    "MetricsSync.watch": "SandboxSync.watch_metrics",
    "RunningCommandSync.wait": "CommandsSync.start",
    "TerminalSync.read": "OffersSync.terminal",
    "TerminalSync.resize": "OffersSync.terminal",
    "TerminalSync.signal": "OffersSync.terminal",
    "TerminalSync.wait": "OffersSync.terminal",
    "TerminalSync.write": "OffersSync.terminal",
}
