"""Every public call of the client that sends something, as data for the matrix of faults.

Rules:

* A call names the request of its that is struck; one that makes several is there several times.
* `run` makes the call on what is `Here`, behind the relay, and raises when what comes is not right.
* A call that a method of another name only passes on is named with that one in `PASSED_ON`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import aclosing
from datetime import timedelta
from typing import Any, Literal

from attrs import frozen

from opensandbox import (
    ConnectionConfig,
    InMemoryAsyncPoolStateStore,
    PoolCreationSpec,
    PoolDestroyOptions,
    Sandbox,
    SandboxManager,
    SandboxPoolAsync,
    SandboxPoolManagerAsync,
    SandboxSync,
    SearchEntry,
    WriteEntry,
)
from opensandbox._concurrency import AsyncOperation
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
        config: ConnectionConfig,
        sandbox: Sandbox,
        manager: SandboxManager,
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
    run: AsyncOperation[Here, object]
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


async def _create(here: Here) -> None:
    sandbox = await Sandbox.create(
        IMAGE,
        connection_config=here.config,
        metadata={"case": here.name},
        ready_timeout=here.ready,
        health_check_polling_interval=0.05,
        resource={"cpu": "1", "memory": "512Mi"},
    )
    async with sandbox:
        await sandbox.kill(request_timeout=20)


async def _temporary(here: Here) -> None:
    async with Sandbox.temporary(
        IMAGE,
        connection_config=here.config,
        metadata={"case": here.name},
        ready_timeout=20,
        resource={"cpu": "1", "memory": "512Mi"},
    ) as sandbox:
        _expect(sandbox.id != here.sandbox.id, sandbox)


async def _create_from_template(here: Here) -> None:
    await Sandbox.create_from_template(
        "none", timeout=60, connection_config=here.config, ready_timeout=here.ready
    )


async def _connect(here: Here) -> None:
    sandbox = await Sandbox.connect(
        here.straight.id,
        connection_config=here.config,
        connect_timeout=here.ready,
        health_check_polling_interval=0.05,
    )
    _expect(sandbox.id == here.straight.id, sandbox)


async def _resume(here: Here) -> None:
    sandbox = await Sandbox.resume(
        here.straight.id, connection_config=here.config, resume_timeout=here.ready
    )
    _expect(sandbox.id == here.straight.id, sandbox)


async def _is_healthy(here: Here) -> None:
    if not await here.sandbox.is_healthy():
        raise SandboxUnhealthyException("GET /ping: it said no", sandbox_id=here.sandbox.id)


async def _is_server_healthy(here: Here) -> None:
    if not await here.manager.is_server_healthy():
        raise SandboxUnhealthyException("GET /health: it said no")


async def _get_info(here: Here) -> None:
    info = await here.sandbox.get_info()
    _expect(info.id == here.sandbox.id and bool(info.status.state), info)


async def _watch_metrics(here: Here) -> None:
    async with aclosing(here.sandbox.watch_metrics()) as measured:
        async for metrics in measured:
            _expect(metrics.memory_total_in_mib > 0, metrics)
            break


async def _wait_until(here: Here) -> None:
    info = await here.sandbox.wait_until("Running", timeout=here.ready)
    _expect(info.status.state == "Running", info)


async def _get_endpoint(here: Here) -> None:
    endpoint = await here.sandbox.get_endpoint(8000)
    _expect(":" in endpoint.endpoint, endpoint)


async def _get_policy(here: Here) -> None:
    policy = await here.sandbox.get_egress_policy()
    _expect(policy.default_action in ("deny", None), policy)


_RULE = NetworkRule(action="allow", target="example.org")
_UNHEALTHY = (SandboxUnhealthyException,)
_NOT_ENDED = (SandboxException,)

_SANDBOX = [
    Call(
        "Sandbox.create",
        "lifecycle",
        r"/sandboxes$",
        _post(),
        _create,
        makes=True,
        of_sandbox=False,
        says="ready_timeout",
    ),
    Call("Sandbox.create", "lifecycle", _ENDPOINT, _get(polled=True), _create, makes=True),
    Call("Sandbox.create", "execd", _PING, _get(Shape.NOTHING, polled=True), _create, makes=True),
    Call("Sandbox.temporary", "lifecycle", _ONE, _delete(also=_NOT_ENDED), _temporary, makes=True),
    Call(
        "Sandbox.create_from_template",
        "lifecycle",
        r"/sandboxes$",
        _post(),
        _create_from_template,
        refused=501,
        of_sandbox=False,
        says="ready_timeout",
    ),
    Call("Sandbox.connect", "lifecycle", _ENDPOINT, _get(polled=True), _connect, needs="own"),
    Call("Sandbox.connect", "execd", _PING, _get(Shape.NOTHING, polled=True), _connect),
    Call("Sandbox.resume", "lifecycle", r"/resume$", _post(Shape.NOTHING), _resume, needs="paused"),
    Call(
        "Sandbox.check_ready",
        "execd",
        _PING,
        _get(Shape.NOTHING, polled=True),
        lambda here: here.sandbox.check_ready(here.ready, 0.05),
    ),
    Call(
        "Sandbox.is_healthy",
        "execd",
        _PING,
        _get(Shape.NOTHING, says_no=True, also=_UNHEALTHY),
        _is_healthy,
    ),
    Call("Sandbox.wait_until", "lifecycle", _ONE, _get(), _wait_until),
    Call(
        "Sandbox.kill", "lifecycle", _ONE, _delete(), lambda here: here.sandbox.kill(), needs="own"
    ),
    Call(
        "Sandbox.destroy",
        "lifecycle",
        _ONE,
        _delete(),
        lambda here: here.sandbox.destroy(),
        needs="own",
    ),
    Call("Sandbox.get_info", "lifecycle", _ONE, _get(), _get_info),
    Call("Sandbox.get_endpoint", "lifecycle", _ENDPOINT, _get(), _get_endpoint),
    Call(
        "Sandbox.get_endpoint_url",
        "lifecycle",
        _ENDPOINT,
        _get(),
        lambda here: here.sandbox.get_endpoint_url(8001),
    ),
    Call(
        "Sandbox.get_signed_endpoint",
        "lifecycle",
        _ENDPOINT,
        _get(),
        lambda here: here.sandbox.get_signed_endpoint(8000, 4_000_000_000),
        refused=400,
    ),
    Call(
        "Sandbox.get_metrics",
        "execd",
        r"/metrics$",
        _get(),
        lambda here: here.sandbox.get_metrics(),
    ),
    Call("Sandbox.watch_metrics", "execd", r"/metrics/watch$", _get(Shape.WATCH), _watch_metrics),
    Call(
        "Sandbox.get_diagnostic_logs",
        "lifecycle",
        r"/diagnostics/logs$",
        _get(),
        lambda here: here.sandbox.get_diagnostic_logs("container"),
    ),
    Call(
        "Sandbox.get_diagnostic_events",
        "lifecycle",
        r"/diagnostics/events$",
        _get(),
        lambda here: here.sandbox.get_diagnostic_events("runtime"),
    ),
    Call(
        "Sandbox.renew",
        "lifecycle",
        r"/renew-expiration$",
        _post(),
        lambda here: here.sandbox.renew(timedelta(hours=10)),
    ),
    Call(
        "Sandbox.patch_metadata",
        "lifecycle",
        r"/metadata$",
        Nature("PATCH", Shape.MODEL),
        lambda here: here.sandbox.patch_metadata({"by": here.name}),
    ),
    Call(
        "Sandbox.pause",
        "lifecycle",
        r"/pause$",
        _post(Shape.NOTHING),
        lambda here: here.sandbox.pause(),
        needs="own",
    ),
    Call(
        "Sandbox.create_snapshot",
        "lifecycle",
        r"/snapshots$",
        _post(),
        lambda here: here.sandbox.create_snapshot(here.name),
    ),
    Call(
        "Sandbox.get_egress_policy",
        "egress",
        r"/policy$",
        _get(lenient=True),
        _get_policy,
        needs="guarded",
    ),
    Call("Sandbox.get_egress_policy", "lifecycle", _ENDPOINT, _get(), _get_policy, needs="guarded"),
    Call(
        "Sandbox.patch_egress_rules",
        "egress",
        r"/policy$",
        Nature("PATCH", Shape.NOTHING),
        lambda here: here.sandbox.patch_egress_rules([_RULE]),
        needs="guarded",
    ),
    Call(
        "Sandbox.delete_egress_rules",
        "egress",
        r"/policy$",
        _delete(),
        lambda here: here.sandbox.delete_egress_rules(["example.org"]),
        needs="guarded",
    ),
    Call(
        "Sandbox.replace_egress_policy",
        "lifecycle",
        r"/networkpolicy$",
        Nature("PUT", Shape.NOTHING),
        lambda here: here.sandbox.replace_egress_policy(POLICY),
        needs="guarded",
    ),
]


# --- the manager --------------------------------------------------------------------------------


async def _list_all(here: Here) -> None:
    found = [info.id async for info in here.manager.list_all()]
    _expect(here.straight.id in found, found)


async def _list_sandbox_infos(here: Here) -> None:
    page = await here.manager.list_sandbox_infos(page_size=5)
    _expect(len(page.items) > 0, page)


async def _list_all_snapshots(here: Here) -> None:
    found = [one.id async for one in here.manager.list_all_snapshots()]
    _expect(here.world.snapshot in found, found)


async def _list_snapshots(here: Here) -> None:
    page = await here.manager.list_snapshots()
    _expect(len(page.items) > 0, page)


async def _get_snapshot(here: Here) -> None:
    snapshot = await here.manager.get_snapshot(here.world.snapshot)
    _expect(snapshot.id == here.world.snapshot, snapshot)


async def _wait_until_ready(here: Here) -> None:
    snapshot = await here.manager.wait_until_ready(here.world.snapshot, timeout=here.ready)
    _expect(snapshot.id == here.world.snapshot, snapshot)


def _new_snapshot(here: Here) -> object:
    made = here.world.manager.create_snapshot(here.straight.id, here.name)
    here.world.manager.wait_until_ready(made.id, polling_interval=0.05)
    return made.id


async def _inspect(here: Here) -> None:
    text = await here.sandbox.diagnostics.inspect(here.sandbox.id)
    _expect(isinstance(text, str), text)


async def _summarize(here: Here) -> None:
    text = await here.sandbox.diagnostics.summarize(here.sandbox.id)
    _expect(isinstance(text, str), text)


async def _read_diagnostics(here: Here) -> None:
    elsewhere = DiagnosticContent(
        sandbox_id=here.sandbox.id,
        kind="logs",
        scope="container",
        delivery="url",
        content_type="text/plain",
        truncated=False,
        content_url=f"http://{here.config.get_domain()}/health",
    )
    text = await here.sandbox.diagnostics.read(elsewhere)
    _expect(isinstance(text, str), text)


_TEMPLATE = CreateTemplateRequest(image=IMAGE, publish="kept")
_CAPACITY = ServerPoolCapacity(buffer_min=0, buffer_max=1, pool_min=0, pool_max=1)
_POOL = r"/pools/[^/]+$"

_MANAGER = [
    Call(
        "SandboxManager.get_sandbox_info",
        "lifecycle",
        _ONE,
        _get(),
        lambda here: here.manager.get_sandbox_info(here.straight.id),
    ),
    Call(
        "SandboxManager.list_sandbox_infos",
        "lifecycle",
        r"/sandboxes$",
        _get(),
        _list_sandbox_infos,
        of_sandbox=False,
    ),
    Call(
        "SandboxManager.list_all", "lifecycle", r"/sandboxes$", _get(), _list_all, of_sandbox=False
    ),
    Call(
        "SandboxManager.kill_sandbox",
        "lifecycle",
        _ONE,
        _delete(),
        lambda here: here.manager.kill_sandbox(here.straight.id),
        needs="own",
    ),
    Call(
        "SandboxManager.renew_sandbox",
        "lifecycle",
        r"/renew-expiration$",
        _post(),
        lambda here: here.manager.renew_sandbox(here.straight.id, 36000),
    ),
    Call(
        "SandboxManager.patch_sandbox_metadata",
        "lifecycle",
        r"/metadata$",
        Nature("PATCH", Shape.MODEL),
        lambda here: here.manager.patch_sandbox_metadata(here.straight.id, {"by": here.name}),
    ),
    Call(
        "SandboxManager.pause_sandbox",
        "lifecycle",
        r"/pause$",
        _post(Shape.NOTHING),
        lambda here: here.manager.pause_sandbox(here.straight.id),
        needs="own",
    ),
    Call(
        "SandboxManager.resume_sandbox",
        "lifecycle",
        r"/resume$",
        _post(Shape.NOTHING),
        lambda here: here.manager.resume_sandbox(here.straight.id),
        needs="paused",
    ),
    Call(
        "SandboxManager.get_egress_policy",
        "lifecycle",
        r"/networkpolicy$",
        _get(lenient=True),
        lambda here: here.manager.get_egress_policy(here.straight.id),
        needs="guarded",
    ),
    Call(
        "SandboxManager.replace_egress_policy",
        "lifecycle",
        r"/networkpolicy$",
        Nature("PUT", Shape.NOTHING),
        lambda here: here.manager.replace_egress_policy(here.straight.id, POLICY),
        needs="guarded",
    ),
    Call(
        "SandboxManager.patch_egress_rules",
        "lifecycle",
        r"/networkpolicy$",
        Nature("PATCH", Shape.NOTHING),
        lambda here: here.manager.patch_egress_rules(here.straight.id, [_RULE]),
        needs="guarded",
    ),
    Call(
        "SandboxManager.delete_egress_rules",
        "lifecycle",
        r"/networkpolicy$",
        _delete(),
        lambda here: here.manager.delete_egress_rules(here.straight.id, ["example.org"]),
        needs="guarded",
    ),
    Call(
        "SandboxManager.get_diagnostic_logs",
        "lifecycle",
        r"/diagnostics/logs$",
        _get(),
        lambda here: here.manager.get_diagnostic_logs(here.straight.id, "container"),
    ),
    Call(
        "SandboxManager.get_diagnostic_events",
        "lifecycle",
        r"/diagnostics/events$",
        _get(),
        lambda here: here.manager.get_diagnostic_events(here.straight.id, "runtime"),
    ),
    Call(
        "SandboxManager.is_server_healthy",
        "lifecycle",
        r"^/health$",
        _get(says_no=True, also=_UNHEALTHY),
        _is_server_healthy,
        of_sandbox=False,
    ),
    Call(
        "SandboxManager.get_server_version",
        "lifecycle",
        r"/version$",
        _get(lenient=True),
        lambda here: here.manager.get_server_version(),
        of_sandbox=False,
    ),
    Call(
        "SandboxManager.create_snapshot",
        "lifecycle",
        r"/snapshots$",
        _post(),
        lambda here: here.manager.create_snapshot(here.straight.id, here.name),
    ),
    Call(
        "SandboxManager.get_snapshot",
        "lifecycle",
        r"/snapshots/[^/]+$",
        _get(),
        _get_snapshot,
        of_sandbox=False,
    ),
    Call(
        "SandboxManager.list_snapshots",
        "lifecycle",
        r"/snapshots$",
        _get(),
        _list_snapshots,
        of_sandbox=False,
    ),
    Call(
        "SandboxManager.list_all_snapshots",
        "lifecycle",
        r"/snapshots$",
        _get(),
        _list_all_snapshots,
        of_sandbox=False,
    ),
    Call(
        "SandboxManager.wait_until_ready",
        "lifecycle",
        r"/snapshots/[^/]+$",
        _get(),
        _wait_until_ready,
        of_sandbox=False,
    ),
    Call(
        "SandboxManager.delete_snapshot",
        "lifecycle",
        r"/snapshots/[^/]+$",
        _delete(),
        lambda here: here.manager.delete_snapshot(here.given),
        of_sandbox=False,
        given=_new_snapshot,
    ),
    Call(
        "SandboxManager.create_template",
        "lifecycle",
        r"/templates$",
        _post(),
        lambda here: here.manager.create_template(_TEMPLATE),
        refused=501,
        of_sandbox=False,
    ),
    Call(
        "SandboxManager.get_template",
        "lifecycle",
        r"/templates/[^/]+$",
        _get(),
        lambda here: here.manager.get_template("t"),
        refused=501,
        of_sandbox=False,
    ),
    Call(
        "SandboxManager.list_templates",
        "lifecycle",
        r"/templates$",
        _get(),
        lambda here: here.manager.list_templates(),
        refused=501,
        of_sandbox=False,
    ),
    Call(
        "SandboxManager.delete_template",
        "lifecycle",
        r"/templates/[^/]+$",
        _delete(),
        lambda here: here.manager.delete_template("t"),
        refused=501,
        of_sandbox=False,
    ),
    Call(
        "ServerPools.list_all",
        "lifecycle",
        r"/pools$",
        _get(),
        lambda here: here.manager.pools.list_all(),
        refused=501,
        of_sandbox=False,
    ),
    Call(
        "ServerPools.create",
        "lifecycle",
        r"/pools$",
        _post(),
        lambda here: here.manager.pools.create("p", {}, _CAPACITY),
        refused=501,
        of_sandbox=False,
    ),
    Call(
        "ServerPools.get",
        "lifecycle",
        _POOL,
        _get(),
        lambda here: here.manager.pools.get("p"),
        refused=501,
        of_sandbox=False,
    ),
    Call(
        "ServerPools.update",
        "lifecycle",
        _POOL,
        Nature("PUT", Shape.MODEL),
        lambda here: here.manager.pools.update("p", _CAPACITY),
        refused=501,
        of_sandbox=False,
    ),
    Call(
        "ServerPools.delete",
        "lifecycle",
        _POOL,
        _delete(),
        lambda here: here.manager.pools.delete("p"),
        refused=501,
        of_sandbox=False,
    ),
    Call("Diagnostics.inspect", "lifecycle", r"/diagnostics/inspect$", _get(Shape.TEXT), _inspect),
    Call("Diagnostics.read", "lifecycle", r"^/health$", _get(Shape.ANYTHING), _read_diagnostics),
    Call(
        "Diagnostics.summarize", "lifecycle", r"/diagnostics/summary$", _get(Shape.TEXT), _summarize
    ),
]


# --- commands -----------------------------------------------------------------------------------


async def _run(here: Here) -> None:
    done = await here.sandbox.commands.run("echo hello")
    _expect(done.exit_code == 0 and done.error is None, done)


async def _stream(here: Here) -> None:
    async with aclosing(here.sandbox.commands.stream("echo hello")) as events:
        kinds = [type(event).__name__ async for event in events]
    _expect(kinds[-1] == "ExecutionComplete" and kinds.count("ExecutionComplete") == 1, kinds)


async def _start(here: Here) -> None:
    async with await here.sandbox.commands.start("echo hello") as running:
        done = await running.wait(20)
    _expect(done.exit_code == 0 and done.complete is not None, done)


async def _running_interrupt(here: Here) -> None:
    async with await here.sandbox.commands.start("sleep 20", request_timeout=20) as running:
        try:
            await running.interrupt()
        except BaseException:
            here.straight.commands.run(f"pkill -f 'sleep 20' || true; echo {here.name}")
            raise


async def _running_status(here: Here) -> None:
    async with await here.sandbox.commands.start("sleep 0.3", request_timeout=20) as running:
        status = await running.get_status()
        _expect(status.running is not None, status)
        await running.wait(20)


def _sleeper(here: Here) -> object:
    return here.straight.commands.run("sleep 20", background=True).id


async def _status(here: Here) -> None:
    status = await here.sandbox.commands.get_command_status(here.world.background)
    _expect(status.running is False and status.exit_code == 0, status)


async def _logs(here: Here) -> None:
    logs = await here.sandbox.commands.get_background_command_logs(here.world.background)
    _expect(isinstance(logs.content, str), logs)


async def _run_in_session(here: Here) -> None:
    done = await here.sandbox.commands.run_in_session(here.given, "echo hello")
    _expect(done.exit_code == 0, done)


def _session(here: Here) -> object:
    return here.straight.commands.create_session()


_STATUS = r"/command/status/[^/]+$"

_COMMANDS = [
    Call("Commands.run", "execd", r"/command$", _post(Shape.EVENTS), _run),
    Call("Commands.stream", "execd", r"/command$", _post(Shape.EVENTS), _stream),
    Call("Commands.start", "execd", r"/command$", _post(Shape.EVENTS), _start),
    Call(
        "RunningCommand.interrupt",
        "execd",
        r"/command$",
        _delete(),
        _running_interrupt,
        needs="workshop",
    ),
    Call("RunningCommand.get_status", "execd", _STATUS, _get(), _running_status, needs="workshop"),
    Call(
        "Commands.interrupt",
        "execd",
        r"/command$",
        _delete(),
        lambda here: here.sandbox.commands.interrupt(here.given),
        given=_sleeper,
        needs="workshop",
    ),
    Call("Commands.get_command_status", "execd", _STATUS, _get(), _status),
    Call(
        "Commands.get_background_command_logs",
        "execd",
        r"/command/[^/]+/logs$",
        _get(Shape.BYTES),
        _logs,
    ),
    Call(
        "Commands.set_env",
        "execd",
        r"/command$",
        _post(Shape.EVENTS),
        lambda here: here.sandbox.commands.set_env("CASE", here.name),
    ),
    Call(
        "Commands.create_session",
        "execd",
        r"/session$",
        _post(),
        lambda here: here.sandbox.commands.create_session(),
        needs="workshop",
    ),
    Call(
        "Commands.run_in_session",
        "execd",
        r"/session/[^/]+/run$",
        _post(Shape.EVENTS_ALONE),
        _run_in_session,
        given=_session,
        needs="workshop",
    ),
    Call(
        "Commands.delete_session",
        "execd",
        r"/session/[^/]+$",
        _delete(),
        lambda here: here.sandbox.commands.delete_session(here.given),
        given=_session,
        needs="workshop",
    ),
]


# --- code and terminals -------------------------------------------------------------------------


async def _code(here: Here) -> None:
    done = await here.sandbox.code.run("print('hello')", context=here.loan)
    _expect(done.error is None and done.complete is not None, done)


async def _contexts(here: Here) -> None:
    found = await here.sandbox.code.list_contexts()
    _expect(isinstance(found, list), found)


async def _typed(here: Here) -> None:
    async with here.sandbox.terminal(columns=80, rows=24) as terminal:
        await terminal.resize(100, 30)
        await terminal.write("true\n")
        await terminal.signal("SIGWINCH")
        await terminal.read(timeout=here.ready)
        await terminal.write("exit 3\n")
        code = await terminal.wait(timeout=here.ready)
        _expect(code == 3, code)


def _context(here: Here) -> object:
    return here.straight.code.create_context().id


_TERMINAL = "terminal|WebSocket"

_CODE = [
    Call("Code.run", "execd", r"/code$", _post(Shape.EVENTS_ALONE), _code, needs="context"),
    Call(
        "Code.interrupt",
        "execd",
        r"/code$",
        _delete(),
        lambda here: here.sandbox.code.interrupt(here.loan),
        needs="context",
    ),
    Call(
        "Code.create_context",
        "execd",
        r"/code/context$",
        _post(),
        lambda here: here.sandbox.code.create_context(),
        needs="workshop",
    ),
    Call(
        "Code.get_context",
        "execd",
        r"/code/contexts/[^/]+$",
        _get(),
        lambda here: here.sandbox.code.get_context(here.loan.id),
        needs="context",
    ),
    Call("Code.list_contexts", "execd", r"/code/contexts$", _get(), _contexts),
    Call(
        "Code.delete_context",
        "execd",
        r"/code/contexts/[^/]+$",
        _delete(),
        lambda here: here.sandbox.code.delete_context(here.given),
        given=_context,
        needs="workshop",
    ),
    Call(
        "Code.delete_contexts",
        "execd",
        r"/code/contexts$",
        _delete(),
        lambda here: here.sandbox.code.delete_contexts("bash"),
        needs="workshop",
    ),
    Call("Offers.terminal", "execd", r"/pty$", _post(), _typed, says=_TERMINAL, needs="workshop"),
    Call(
        "Offers.terminal",
        "execd",
        r"/pty/[^/]+/ws$",
        _get(Shape.SOCKET),
        _typed,
        says=_TERMINAL,
        needs="workshop",
    ),
    Call(
        "Offers.terminal",
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


async def _read_file(here: Here) -> None:
    text = await here.sandbox.files.read_file(f"{WORKSPACE}/read.txt")
    _expect(text == "one\ntwo\nthree\n" * 20 or text in ("", '{"wrong": true}'), text)


async def _read_bytes(here: Here) -> None:
    data = await here.sandbox.files.read_bytes(f"{WORKSPACE}/read.txt", range_header="bytes=0-99")
    _expect(len(data) == 100 or data in (b"", b'{"wrong": true}'), data)


async def _read_bytes_stream(here: Here) -> None:
    size = 0
    async with here.sandbox.files.read_bytes_stream(f"{WORKSPACE}/read.txt", chunk_size=7) as some:
        async for chunk in some:
            size += len(chunk)
    _expect(size in (280, 0, 15), size)


async def _chunks(here: Here) -> None:
    size = 0
    async with aclosing(here.sandbox.files.chunks(f"{WORKSPACE}/read.txt")) as chunks:
        async for chunk in chunks:
            size += len(chunk)
    _expect(size in (280, 0, 15), size)


async def _info(here: Here) -> None:
    found = await here.sandbox.files.get_file_info([f"{WORKSPACE}/read.txt"])
    _expect(found[f"{WORKSPACE}/read.txt"].size == 280, found)


async def _search(here: Here) -> None:
    found = await here.sandbox.files.search(SearchEntry(path=f"{WORKSPACE}/tree", pattern="*.txt"))
    _expect(len(found) == 1, found)


async def _list_directory(here: Here) -> None:
    entry = DirectoryListEntry(path=f"{WORKSPACE}/tree")
    found = await here.sandbox.files.list_directory(entry)
    _expect(len(found) == 1, found)


async def _pieces(here: Here) -> None:
    pieces = iter([b"one ", b"two"])
    await here.sandbox.files.write_file(here.path, pieces)


async def _upload(here: Here) -> None:
    done = await here.sandbox.files.upload(__file__, here.path)
    _expect(done.files == 1, done)


async def _download(here: Here) -> None:
    target = here.world.folder / here.name
    done = await here.sandbox.files.download(f"{WORKSPACE}/tree", target)
    _expect(done.files == 1, done)


async def _replaced(here: Here) -> None:
    entry = ContentReplaceEntry(path=here.path, old_content="one", new_content="1")
    done = await here.sandbox.files.replace_contents_detailed([entry])
    _expect(done[0].replaced_count == 1, done)


_SENT = _post(Shape.NOTHING)
_FILES = [
    Call("Filesystem.read_file", "execd", r"/files/download$", _get(Shape.BYTES), _read_file),
    Call("Filesystem.read_bytes", "execd", r"/files/download$", _get(Shape.BYTES), _read_bytes),
    Call(
        "Filesystem.read_bytes_stream",
        "execd",
        r"/files/download$",
        _get(Shape.BYTES),
        _read_bytes_stream,
    ),
    Call("Filesystem.chunks", "execd", r"/files/download$", _get(Shape.BYTES), _chunks),
    Call("Filesystem.get_file_info", "execd", r"/files/info$", _get(), _info),
    Call("Filesystem.search", "execd", r"/files/search$", _get(), _search),
    Call("Filesystem.list_directory", "execd", r"/directories/list$", _get(), _list_directory),
    Call(
        "Filesystem.write_file",
        "execd",
        r"/files/upload$",
        _SENT,
        lambda here: here.sandbox.files.write_file(here.path, "one"),
    ),
    Call(
        "Filesystem.write_files",
        "execd",
        r"/files/upload$",
        _post(Shape.NOTHING, one_way=True),
        _pieces,
    ),
    Call(
        "Filesystem.upload", "execd", r"/files/upload$", _post(Shape.NOTHING, one_way=True), _upload
    ),
    Call("Filesystem.download", "execd", r"/files/download$", _get(Shape.BYTES), _download),
    Call(
        "Filesystem.create_directories",
        "execd",
        r"/directories$",
        _SENT,
        lambda here: here.sandbox.files.create_directories([WriteEntry(path=here.path)]),
    ),
    Call(
        "Filesystem.delete_directories",
        "execd",
        r"/directories$",
        _delete(),
        lambda here: here.sandbox.files.delete_directories([f"{here.path}.d"]),
    ),
    Call(
        "Filesystem.delete_files",
        "execd",
        r"/files$",
        _delete(),
        lambda here: here.sandbox.files.delete_files([here.path]),
        given=_file,
    ),
    Call(
        "Filesystem.set_permissions",
        "execd",
        r"/files/permissions$",
        _SENT,
        lambda here: here.sandbox.files.set_permissions(
            [SetPermissionEntry(path=here.path, mode=600)]
        ),
        given=_file,
    ),
    Call(
        "Filesystem.move_files",
        "execd",
        r"/files/mv$",
        _SENT,
        lambda here: here.sandbox.files.move_files(
            [MoveEntry(src=here.path, dest=f"{here.path}.moved")]
        ),
        given=_file,
    ),
    Call(
        "Filesystem.replace_contents",
        "execd",
        r"/files/replace$",
        _SENT,
        lambda here: here.sandbox.files.replace_contents(
            [ContentReplaceEntry(path=here.path, old_content="one", new_content="1")]
        ),
        given=_file,
    ),
    Call(
        "Filesystem.replace_contents_detailed",
        "execd",
        r"/files/replace$",
        _post(),
        _replaced,
        given=_file,
    ),
    Call(
        "Offers.files_with_identity",
        "execd",
        r"/v1/filesystem/0/0/files/upload$",
        _SENT,
        lambda here: here.sandbox.files_with_identity(0, 0).write_file(here.path, "one"),
    ),
]


# --- isolated sessions --------------------------------------------------------------------------


async def _isolated_session(here: Here) -> None:
    async with here.sandbox.isolation.session(SESSION) as session:
        _expect(bool(session.session_id), session)


async def _run_once(here: Here) -> None:
    done = await here.sandbox.isolation.run_once("echo hello", workspace=WORKSPACE)
    _expect(done.exit_code == 0, done)


async def _isolated(here: Here, what: str) -> object:
    """The call of this name, of the session that was lent."""
    session = await here.sandbox.isolation.attach(here.loan.session_id, request_timeout=20)
    if what == "run":
        done = await session.run("echo hello")
        _expect(done.exit_code == 0, done)
    elif what == "background":
        _expect(bool((await session.run_background("true")).run_id), session)
    elif what == "status":
        _expect((await session.run_status(here.given)).run_id == here.given, session)
    elif what == "logs":
        _expect(isinstance((await session.run_logs(here.given)).text, str), session)
    elif what == "get":
        _expect(bool((await session.get()).status), session)
    elif what == "write":
        await session.files.write_file(f"{WORKSPACE}/{here.name}", "one")
    elif what == "commit":
        await session.commit()
    elif what == "diff":
        await session.diff()
    return session


async def _delete_isolated(here: Here) -> None:
    session = await here.sandbox.isolation.attach(here.given, request_timeout=20)
    await session.delete()


def _background(here: Here) -> object:
    return here.loan.run_background("echo hello").run_id


_ISO = r"/v1/isolated/session"

_ISOLATION = [
    Call(
        "IsolationService.create",
        "execd",
        rf"{_ISO}$",
        _post(),
        lambda here: here.sandbox.isolation.create(SESSION),
        needs="workshop",
    ),
    Call(
        "IsolationService.session",
        "execd",
        rf"{_ISO}/[^/]+$",
        _delete(),
        _isolated_session,
        needs="workshop",
    ),
    Call(
        "IsolationService.run_once",
        "execd",
        rf"{_ISO}/[^/]+/run$",
        _post(Shape.EVENTS_ALONE),
        _run_once,
        needs="workshop",
    ),
    Call(
        "IsolationService.attach",
        "execd",
        rf"{_ISO}/[^/]+$",
        _get(),
        lambda here: here.sandbox.isolation.attach(here.loan.session_id),
        needs="session",
    ),
    Call(
        "IsolationService.capabilities",
        "execd",
        r"/v1/isolated/capabilities$",
        _get(lenient=True),
        lambda here: here.sandbox.isolation.capabilities(),
    ),
    Call(
        "IsolationService.list",
        "execd",
        r"/v1/isolated/sessions$",
        _get(lenient=True),
        lambda here: here.sandbox.isolation.list(),
    ),
    Call(
        "IsolationSession.run",
        "execd",
        rf"{_ISO}/[^/]+/run$",
        _post(Shape.EVENTS_ALONE),
        lambda here: _isolated(here, "run"),
        needs="session",
    ),
    Call(
        "IsolationSession.run_background",
        "execd",
        rf"{_ISO}/[^/]+/run$",
        _post(),
        lambda here: _isolated(here, "background"),
        needs="session",
    ),
    Call(
        "IsolationSession.run_status",
        "execd",
        rf"{_ISO}/[^/]+/runs/[^/]+$",
        _get(),
        lambda here: _isolated(here, "status"),
        needs="session",
        given=_background,
    ),
    Call(
        "IsolationSession.run_logs",
        "execd",
        rf"{_ISO}/[^/]+/runs/[^/]+/logs$",
        _get(Shape.BYTES),
        lambda here: _isolated(here, "logs"),
        needs="session",
        given=_background,
    ),
    Call(
        "IsolationSession.get",
        "execd",
        rf"{_ISO}/[^/]+$",
        _get(),
        lambda here: _isolated(here, "get"),
        needs="session",
        times=2,
    ),
    Call(
        "IsolationSession.delete",
        "execd",
        rf"{_ISO}/[^/]+$",
        _delete(),
        _delete_isolated,
        given=lambda here: here.straight.isolation.create(SESSION).session_id,
        needs="workshop",
    ),
    Call(
        "IsolationSession.commit",
        "execd",
        rf"{_ISO}/[^/]+/commit$",
        _post(Shape.NOTHING),
        lambda here: _isolated(here, "commit"),
        needs="session",
        refused=501,
    ),
    Call(
        "IsolationSession.diff",
        "execd",
        rf"{_ISO}/[^/]+/diff$",
        _get(Shape.NOTHING),
        lambda here: _isolated(here, "diff"),
        needs="session",
        refused=501,
    ),
    Call(
        "IsolationSession.files",
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


async def _get_vault(here: Here) -> None:
    state = await here.sandbox.credential_vault.get()
    _expect([one.name for one in state.credentials] == ["token"], state)


_VAULT = r"/credential-vault$"

_EGRESS = [
    Call(
        "CredentialVault.create",
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
        "CredentialVault.get", "egress", _VAULT, _get(), _get_vault, needs="guarded", given=_vault
    ),
    Call(
        "CredentialVault.patch",
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
        "CredentialVault.delete",
        "egress",
        _VAULT,
        _delete(),
        lambda here: here.sandbox.credential_vault.delete(),
        needs="guarded",
        given=_vault,
    ),
    Call(
        "CredentialVault.list_credentials",
        "egress",
        r"/credentials$",
        _get(),
        lambda here: here.sandbox.credential_vault.list_credentials(),
        needs="guarded",
        given=_vault,
    ),
    Call(
        "CredentialVault.get_credential",
        "egress",
        r"/credentials/[^/]+$",
        _get(),
        lambda here: here.sandbox.credential_vault.get_credential("token"),
        needs="guarded",
        given=_vault,
    ),
    Call(
        "CredentialVault.list_bindings",
        "egress",
        r"/bindings$",
        _get(),
        lambda here: here.sandbox.credential_vault.list_bindings(),
        needs="guarded",
        given=_vault,
    ),
    Call(
        "CredentialVault.get_binding",
        "egress",
        r"/bindings/[^/]+$",
        _get(),
        lambda here: here.sandbox.credential_vault.get_binding("example"),
        needs="guarded",
        given=_vault,
    ),
]


# --- pools --------------------------------------------------------------------------------------


def _pool(here: Here, store: InMemoryAsyncPoolStateStore) -> SandboxPoolAsync:
    return SandboxPoolAsync(
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


async def _acquire(here: Here) -> None:
    async with (
        _pool(here, InMemoryAsyncPoolStateStore()) as pool,
        await pool.acquire() as sandbox,
    ):
        await sandbox.kill(request_timeout=20)


async def _release(here: Here, at_once: bool) -> None:
    store = InMemoryAsyncPoolStateStore()
    await store.set_idle_entry_ttl(here.name, timedelta(hours=1))
    await store.put_idle(here.name, here.straight.id)
    pool = _pool(here, store)
    released = await (pool.release_all_idle_parallel() if at_once else pool.release_all_idle())
    gone = here.world.state(here.straight.id) == "Gone"
    _expect(gone or not released, released)
    if not released:
        raise PoolDestroyIncompleteException("DELETE /sandboxes: nothing was released")


async def _destroy(here: Here) -> None:
    store = InMemoryAsyncPoolStateStore()
    await store.set_idle_entry_ttl(here.name, timedelta(hours=1))
    await store.put_idle(here.name, here.straight.id)
    manager = SandboxPoolManagerAsync(state_store=store, connection_config=here.config)
    done = await manager.destroy(here.name, PoolDestroyOptions(drain_timeout=timedelta(seconds=4)))
    _expect(here.world.state(here.straight.id) == "Gone", done)


_NOT_ALL = (PoolDestroyIncompleteException,)

_POOLS = [
    Call(
        "SandboxPoolAsync.acquire",
        "lifecycle",
        r"/sandboxes$",
        _post(),
        _acquire,
        makes=True,
        of_sandbox=False,
        says="ready_timeout",
    ),
    Call(
        "SandboxPoolAsync.release_all_idle",
        "lifecycle",
        _ONE,
        _delete(aside=True, also=_NOT_ALL),
        lambda here: _release(here, False),
        needs="own",
        of_sandbox=False,
    ),
    Call(
        "SandboxPoolAsync.release_all_idle_parallel",
        "lifecycle",
        _ONE,
        _delete(aside=True, also=_NOT_ALL),
        lambda here: _release(here, True),
        needs="own",
        of_sandbox=False,
    ),
    Call(
        "SandboxPoolManagerAsync.destroy",
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
    "Diagnostics.get_events": "Sandbox.get_diagnostic_events",
    "Diagnostics.get_logs": "Sandbox.get_diagnostic_logs",
    "Egress.delete_rules": "Sandbox.delete_egress_rules",
    "Egress.get_policy": "Sandbox.get_egress_policy",
    "Egress.patch_rules": "Sandbox.patch_egress_rules",
    "Health.ping": "Sandbox.is_healthy",
    "Metrics.get_metrics": "Sandbox.get_metrics",
    "Metrics.watch": "Sandbox.watch_metrics",
    "RunningCommand.wait": "Commands.start",
    "Terminal.read": "Offers.terminal",
    "Terminal.resize": "Offers.terminal",
    "Terminal.signal": "Offers.terminal",
    "Terminal.wait": "Offers.terminal",
    "Terminal.write": "Offers.terminal",
}
