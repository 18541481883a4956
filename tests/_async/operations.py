"""Every operation of the client, as a program calls it: for tests that do something to all of them.

Rules:

* An operation is named by the class that defines it and its method. A public method is here, or
  among those that send nothing and wait for nothing; `missing()` tells of any other.
* What is called here succeeds on a `WholePeer`.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import AsyncIterable, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs

from opensandbox._async.config import ConnectionConfig
from opensandbox._async.health import Health
from opensandbox._async.isolation import IsolationSession
from opensandbox._async.lifecycle import Sandboxes
from opensandbox._async.manager import SandboxManager
from opensandbox._async.pool import SandboxPoolAsync
from opensandbox._async.pool_manager import SandboxPoolManagerAsync
from opensandbox._async.pool_store import InMemoryAsyncPoolStateStore
from opensandbox._async.running import RunningCommand
from opensandbox._async.sandbox import Sandbox
from opensandbox._async.terminal import Terminal
from opensandbox.models.filesystem import (
    ContentReplaceEntry,
    DirectoryListEntry,
    MoveEntry,
    SearchEntry,
    SetPermissionEntry,
    WriteEntry,
)
from opensandbox.models.isolated import CreateIsolatedSessionRequest, IsolatedWorkspaceSpec
from opensandbox.models.pooling import PoolCreationSpec, PoolDestroyOptions
from opensandbox.models.sandboxes import NetworkPolicy, NetworkRule, SandboxFilter, SnapshotFilter
from opensandbox.models.server_pools import ServerPoolCapacity
from opensandbox.models.templates import CreateTemplateRequest, TemplateFilter
from opensandbox.transport.retry import RetryPolicy
from scripts.surface import members, public_modules, public_names
from tests.whole_peer import WholePeer

IMAGE = "python:3.11"
WORK = CreateIsolatedSessionRequest(workspace=IsolatedWorkspaceSpec(path="/work", mode="ro"))
TEMPLATE = CreateTemplateRequest(image=IMAGE, publish="fast")
CAPACITY = ServerPoolCapacity(buffer_min=1, buffer_max=2, pool_min=0, pool_max=5)
RULE = NetworkRule(action="allow", target="pypi.org")
FOREVER = 2_000_000_000
SOON = datetime(2030, 1, 1, tzinfo=UTC)


class Scene:
    """What a program has in its hands before it calls something."""

    def __init__(
        self, peer: WholePeer, folder: Path, *, patience: float = 30.0, **settings: Any
    ) -> None:
        self.peer = peer
        self.folder = folder
        #: How long is waited for a sandbox to be of use.
        self.patience = patience
        settings.setdefault("retry_policy", RetryPolicy.disabled())
        self.config = ConnectionConfig(domain=peer.address, **settings)
        self.store = InMemoryAsyncPoolStateStore()
        self.pools: list[SandboxPoolAsync] = []
        self.commands: list[RunningCommand] = []

    async def set(self) -> Scene:
        """Connect, so that what is called next is what is looked at."""
        self.sandbox = await Sandbox.connect("s1", self.config)
        self.manager = await SandboxManager.create(self.config)
        self.sandboxes = Sandboxes(self.config)
        return self

    def pool(self, name: str = "p") -> SandboxPoolAsync:
        """A pool that was not started."""
        made = SandboxPoolAsync(
            pool_name=name,
            max_idle=0,
            state_store=self.store,
            connection_config=self.config,
            creation_spec=PoolCreationSpec(IMAGE),
            acquire_ready_timeout=self.patience,
        )
        self.pools.append(made)
        return made

    async def tidy(self) -> None:
        """Put an end to what runs in the background on purpose."""
        while self.pools:
            await self.pools.pop().shutdown(graceful=False)
        while self.commands:
            await self.commands.pop().close()

    async def clear(self) -> None:
        """Put an end to everything."""
        await self.tidy()
        await self.config.close()


async def scene(here: Scene) -> Scene:
    """Nothing more is needed."""
    return here


@attrs.frozen
class Operation:
    """What is called, with what was prepared for it."""

    act: Callable[[Any], Awaitable[object]]
    prepare: Callable[[Scene], Awaitable[Any]] = scene


# --- prepared beforehand ----------------------------------------------------------------------


async def started(here: Scene) -> RunningCommand:
    here.commands.append(await here.sandbox.commands.start("make"))
    return here.commands[-1]


async def isolated(here: Scene) -> IsolationSession:
    return await here.sandbox.isolation.attach("i1")


async def running_pool(here: Scene) -> SandboxPoolAsync:
    pool = here.pool()
    await pool.start()
    return pool


async def filled_pool(here: Scene) -> SandboxPoolAsync:
    pool = await running_pool(here)
    for name in ("sandbox-a", "sandbox-b"):
        here.peer.alive.add(name)
        await here.store.put_idle("p", name)
    return pool


async def terminal(here: Scene) -> Terminal:
    return here.sandbox.terminal(columns=80, rows=24)


async def directory(here: Scene) -> Scene:
    (here.folder / "up").mkdir(exist_ok=True)
    (here.folder / "up" / "a.txt").write_bytes(b"abc")
    return here


# --- what takes more than a line --------------------------------------------------------------


async def all_of(pieces: AsyncIterable[object]) -> list[object]:
    return [piece async for piece in pieces]


async def temporary(here: Scene) -> None:
    async with Sandbox.temporary(IMAGE, connection_config=here.config) as sandbox:
        await sandbox.get_info()


async def read_diagnostics(here: Scene) -> None:
    await here.manager.diagnostics.read(await here.manager.get_diagnostic_logs("s1", "container"))


async def destroy(here: Scene) -> None:
    sandbox = await Sandbox.connect("s1", here.config, connect_timeout=here.patience)
    await sandbox.destroy()


async def closed(made: Awaitable[Sandbox]) -> None:
    async with await made:
        pass


async def own_config(here: Scene) -> None:
    async with here.config.model_copy() as copy:
        await closed(Sandbox.connect("s1", copy, connect_timeout=here.patience))


async def transport_of_a_copy(here: Scene) -> None:
    copy = here.config.with_transport_if_missing()
    await Sandboxes(copy).get_sandbox_info("s1")
    await copy.close_transport_if_owned()


async def managed(here: Scene) -> None:
    async with await SandboxManager.create(here.config) as manager:
        await manager.get_sandbox_info("s1")
        await manager.close()


async def a_piece(here: Scene) -> None:
    async with here.sandbox.files.read_bytes_stream("/a", chunk_size=2) as pieces:
        await anext(pieces)


async def typed_at(shell: Terminal, *calls: Callable[[Terminal], Awaitable[object]]) -> None:
    async with shell as opened:
        for call in calls:
            await call(opened)


async def session_of_a_block(here: Scene) -> None:
    async with here.sandbox.isolation.session(WORK) as session:
        await session.run("true")


async def shut_down(here: Scene) -> None:
    pool = here.pool()
    async with pool:
        pass


async def destroy_pool(here: Scene) -> None:
    manager = SandboxPoolManagerAsync(state_store=here.store, connection_config=here.config)
    await manager.destroy("p", PoolDestroyOptions(drain_timeout=here.patience))  # type: ignore[arg-type]


OPERATIONS: dict[str, Operation] = {
    # A sandbox, from its making to its end.
    "Sandbox.create": Operation(
        lambda s: closed(
            Sandbox.create(IMAGE, connection_config=s.config, ready_timeout=s.patience)
        )
    ),
    "Sandbox.create_from_template": Operation(
        lambda s: closed(Sandbox.create_from_template("t1", timeout=60, connection_config=s.config))
    ),
    "Sandbox.temporary": Operation(temporary),
    "Sandbox.connect": Operation(
        lambda s: closed(Sandbox.connect("s1", s.config, connect_timeout=s.patience))
    ),
    "Sandbox.resume": Operation(
        lambda s: closed(Sandbox.resume("s1", s.config, resume_timeout=s.patience))
    ),
    "Sandbox.is_healthy": Operation(lambda s: s.sandbox.is_healthy()),
    "Sandbox.check_ready": Operation(lambda s: s.sandbox.check_ready(s.patience, 0.01)),
    "Sandbox.wait_until": Operation(lambda s: s.sandbox.wait_until("Running", timeout=s.patience)),
    "Sandbox.kill": Operation(lambda s: s.sandbox.kill()),
    "Sandbox.close": Operation(own_config),
    "Sandbox.destroy": Operation(destroy),
    "Offers.get_info": Operation(lambda s: s.sandbox.get_info()),
    "Offers.get_endpoint": Operation(lambda s: s.sandbox.get_endpoint(8000)),
    "Offers.get_endpoint_url": Operation(lambda s: s.sandbox.get_endpoint_url(8001)),
    "Offers.get_signed_endpoint": Operation(lambda s: s.sandbox.get_signed_endpoint(80, FOREVER)),
    "Offers.get_metrics": Operation(lambda s: s.sandbox.get_metrics()),
    "Offers.watch_metrics": Operation(lambda s: all_of(s.sandbox.watch_metrics())),
    "Offers.get_diagnostic_logs": Operation(lambda s: s.sandbox.get_diagnostic_logs("container")),
    "Offers.get_diagnostic_events": Operation(lambda s: s.sandbox.get_diagnostic_events("runtime")),
    "Offers.renew": Operation(lambda s: s.sandbox.renew(60)),
    "Offers.patch_metadata": Operation(lambda s: s.sandbox.patch_metadata({"a": "b"})),
    "Offers.pause": Operation(lambda s: s.sandbox.pause()),
    "Offers.create_snapshot": Operation(lambda s: s.sandbox.create_snapshot("one")),
    "Offers.get_egress_policy": Operation(lambda s: s.sandbox.get_egress_policy()),
    "Offers.patch_egress_rules": Operation(lambda s: s.sandbox.patch_egress_rules([RULE])),
    "Offers.delete_egress_rules": Operation(lambda s: s.sandbox.delete_egress_rules(["pypi.org"])),
    "Offers.replace_egress_policy": Operation(
        lambda s: s.sandbox.replace_egress_policy(NetworkPolicy(default_action="allow"))
    ),
    "Offers.terminal": Operation(typed_at, terminal),
    # Commands, code, sessions that see a part.
    "Commands.run": Operation(lambda s: s.sandbox.commands.run("make")),
    "Commands.stream": Operation(lambda s: all_of(s.sandbox.commands.stream("make"))),
    "Commands.start": Operation(started),
    "Commands.interrupt": Operation(lambda s: s.sandbox.commands.interrupt("c1")),
    "Commands.get_command_status": Operation(lambda s: s.sandbox.commands.get_command_status("c1")),
    "Commands.get_background_command_logs": Operation(
        lambda s: s.sandbox.commands.get_background_command_logs("c1")
    ),
    "Commands.set_env": Operation(lambda s: s.sandbox.commands.set_env("A", "1")),
    "Commands.create_session": Operation(lambda s: s.sandbox.commands.create_session()),
    "Commands.run_in_session": Operation(lambda s: s.sandbox.commands.run_in_session("b1", "ls")),
    "Commands.delete_session": Operation(lambda s: s.sandbox.commands.delete_session("b1")),
    "RunningCommand.begin": Operation(started),
    "RunningCommand.wait": Operation(lambda command: command.wait(), started),
    "RunningCommand.interrupt": Operation(lambda command: command.interrupt(), started),
    "RunningCommand.get_status": Operation(lambda command: command.get_status(), started),
    "RunningCommand.close": Operation(lambda command: command.close(), started),
    "Code.run": Operation(lambda s: s.sandbox.code.run("42")),
    "Code.interrupt": Operation(lambda s: s.sandbox.code.interrupt("c1")),
    "Code.create_context": Operation(lambda s: s.sandbox.code.create_context()),
    "Code.get_context": Operation(lambda s: s.sandbox.code.get_context("c1")),
    "Code.list_contexts": Operation(lambda s: s.sandbox.code.list_contexts()),
    "Code.delete_context": Operation(lambda s: s.sandbox.code.delete_context("c1")),
    "Code.delete_contexts": Operation(lambda s: s.sandbox.code.delete_contexts("python")),
    "IsolationService.create": Operation(lambda s: s.sandbox.isolation.create(WORK)),
    "IsolationService.attach": Operation(isolated),
    "IsolationService.capabilities": Operation(lambda s: s.sandbox.isolation.capabilities()),
    "IsolationService.list": Operation(lambda s: s.sandbox.isolation.list()),
    "IsolationService.run_once": Operation(
        lambda s: s.sandbox.isolation.run_once("true", workspace="/work")
    ),
    "IsolationService.session": Operation(session_of_a_block),
    "IsolationSession.run": Operation(lambda session: session.run("true"), isolated),
    "IsolationSession.run_background": Operation(
        lambda session: session.run_background("true"), isolated
    ),
    "IsolationSession.run_status": Operation(lambda session: session.run_status("r1"), isolated),
    "IsolationSession.run_logs": Operation(lambda session: session.run_logs("r1"), isolated),
    "IsolationSession.get": Operation(lambda session: session.get(), isolated),
    "IsolationSession.delete": Operation(lambda session: session.delete(), isolated),
    "IsolationSession.commit": Operation(lambda session: session.commit(), isolated),
    "IsolationSession.diff": Operation(lambda session: session.diff(), isolated),
    "Terminal.write": Operation(lambda t: typed_at(t, lambda bash: bash.write("ls\n")), terminal),
    "Terminal.resize": Operation(lambda t: typed_at(t, lambda bash: bash.resize(9, 9)), terminal),
    "Terminal.signal": Operation(
        lambda t: typed_at(t, lambda bash: bash.signal("SIGINT")), terminal
    ),
    "Terminal.read": Operation(lambda t: typed_at(t, lambda bash: bash.read(5)), terminal),
    "Terminal.wait": Operation(
        lambda t: typed_at(t, lambda bash: bash.write("exit\n"), lambda bash: bash.wait(5)),
        terminal,
    ),
    # Files.
    "Filesystem.read_file": Operation(lambda s: s.sandbox.files.read_file("/a")),
    "Filesystem.read_bytes": Operation(lambda s: s.sandbox.files.read_bytes("/a")),
    "Filesystem.read_bytes_stream": Operation(
        lambda s: all_of(s.sandbox.files.read_bytes_stream("/a"))
    ),
    "Filesystem.chunks": Operation(lambda s: all_of(s.sandbox.files.chunks("/a"))),
    "ByteStream.aclose": Operation(a_piece),
    "Filesystem.get_file_info": Operation(lambda s: s.sandbox.files.get_file_info(["/a"])),
    "Filesystem.search": Operation(
        lambda s: s.sandbox.files.search(SearchEntry(path="/", pattern="*"))
    ),
    "Filesystem.list_directory": Operation(
        lambda s: s.sandbox.files.list_directory(DirectoryListEntry(path="/d"))
    ),
    "Filesystem.upload": Operation(
        lambda s: s.sandbox.files.upload(s.folder / "up", "/d"), directory
    ),
    "Filesystem.download": Operation(lambda s: s.sandbox.files.download("/d", s.folder / "down")),
    "Filesystem.write_file": Operation(lambda s: s.sandbox.files.write_file("/a", "abc")),
    "Filesystem.write_files": Operation(
        lambda s: s.sandbox.files.write_files([WriteEntry(path="/a", data=iter([b"a", b"b"]))])
    ),
    "Filesystem.create_directories": Operation(
        lambda s: s.sandbox.files.create_directories([WriteEntry(path="/d")])
    ),
    "Filesystem.set_permissions": Operation(
        lambda s: s.sandbox.files.set_permissions([SetPermissionEntry(path="/a", mode=600)])
    ),
    "Filesystem.move_files": Operation(
        lambda s: s.sandbox.files.move_files([MoveEntry(src="/a", dest="/b")])
    ),
    "Filesystem.replace_contents": Operation(
        lambda s: s.sandbox.files.replace_contents(
            [ContentReplaceEntry(path="/a", old_content="x", new_content="y")]
        )
    ),
    "Filesystem.replace_contents_detailed": Operation(
        lambda s: s.sandbox.files.replace_contents_detailed(
            [ContentReplaceEntry(path="/a", old_content="x", new_content="y")]
        )
    ),
    "Filesystem.delete_files": Operation(lambda s: s.sandbox.files.delete_files(["/a"])),
    "Filesystem.delete_directories": Operation(
        lambda s: s.sandbox.files.delete_directories(["/d"])
    ),
    # What it may reach, what it needs, why it does not work.
    "Egress.get_policy": Operation(lambda s: s.sandbox.egress.get_policy()),
    "Egress.patch_rules": Operation(lambda s: s.sandbox.egress.patch_rules([RULE])),
    "Egress.delete_rules": Operation(lambda s: s.sandbox.egress.delete_rules(["pypi.org"])),
    "CredentialVault.create": Operation(
        lambda s: s.sandbox.credential_vault.create(
            credentials=[{"name": "token", "source": {"value": "x"}}], bindings=[]
        )
    ),
    "CredentialVault.get": Operation(lambda s: s.sandbox.credential_vault.get()),
    "CredentialVault.patch": Operation(
        lambda s: s.sandbox.credential_vault.patch(bindings={"delete": ["github"]})
    ),
    "CredentialVault.delete": Operation(lambda s: s.sandbox.credential_vault.delete()),
    "CredentialVault.list_credentials": Operation(
        lambda s: s.sandbox.credential_vault.list_credentials()
    ),
    "CredentialVault.get_credential": Operation(
        lambda s: s.sandbox.credential_vault.get_credential("token")
    ),
    "CredentialVault.list_bindings": Operation(
        lambda s: s.sandbox.credential_vault.list_bindings()
    ),
    "CredentialVault.get_binding": Operation(
        lambda s: s.sandbox.credential_vault.get_binding("github")
    ),
    "Metrics.get_metrics": Operation(lambda s: s.sandbox.metrics.get_metrics()),
    "Metrics.watch": Operation(lambda s: all_of(s.sandbox.metrics.watch())),
    "Health.ping": Operation(lambda s: Health(s.sandbox._execd).ping()),
    "Diagnostics.get_logs": Operation(lambda s: s.sandbox.diagnostics.get_logs("s1", "container")),
    "Diagnostics.get_events": Operation(lambda s: s.sandbox.diagnostics.get_events("s1", "all")),
    "Diagnostics.read": Operation(read_diagnostics),
    "Diagnostics.inspect": Operation(lambda s: s.sandbox.diagnostics.inspect("s1")),
    "Diagnostics.summarize": Operation(lambda s: s.sandbox.diagnostics.summarize("s1")),
    # All the sandboxes of a server, and what it keeps beside them.
    "SandboxManager.create": Operation(managed),
    "SandboxManager.close": Operation(managed),
    "SandboxManager.list_sandbox_infos": Operation(lambda s: s.manager.list_sandbox_infos()),
    "SandboxManager.list_all": Operation(lambda s: all_of(s.manager.list_all())),
    "SandboxManager.get_sandbox_info": Operation(lambda s: s.manager.get_sandbox_info("s1")),
    "SandboxManager.patch_sandbox_metadata": Operation(
        lambda s: s.manager.patch_sandbox_metadata("s1", {"a": None})
    ),
    "SandboxManager.kill_sandbox": Operation(lambda s: s.manager.kill_sandbox("s1")),
    "SandboxManager.renew_sandbox": Operation(lambda s: s.manager.renew_sandbox("s1", 60)),
    "SandboxManager.pause_sandbox": Operation(lambda s: s.manager.pause_sandbox("s1")),
    "SandboxManager.resume_sandbox": Operation(lambda s: s.manager.resume_sandbox("s1")),
    "SandboxManager.get_egress_policy": Operation(lambda s: s.manager.get_egress_policy("s1")),
    "SandboxManager.replace_egress_policy": Operation(
        lambda s: s.manager.replace_egress_policy("s1", NetworkPolicy(default_action="allow"))
    ),
    "SandboxManager.patch_egress_rules": Operation(
        lambda s: s.manager.patch_egress_rules("s1", [RULE])
    ),
    "SandboxManager.delete_egress_rules": Operation(
        lambda s: s.manager.delete_egress_rules("s1", ["pypi.org"])
    ),
    "SandboxManager.get_diagnostic_logs": Operation(
        lambda s: s.manager.get_diagnostic_logs("s1", "container")
    ),
    "SandboxManager.get_diagnostic_events": Operation(
        lambda s: s.manager.get_diagnostic_events("s1", "all")
    ),
    "SandboxManager.is_server_healthy": Operation(lambda s: s.manager.is_server_healthy()),
    "SandboxManager.get_server_version": Operation(lambda s: s.manager.get_server_version()),
    "Keeping.create_snapshot": Operation(lambda s: s.manager.create_snapshot("s1")),
    "Keeping.get_snapshot": Operation(lambda s: s.manager.get_snapshot("n1")),
    "Keeping.list_snapshots": Operation(lambda s: s.manager.list_snapshots()),
    "Keeping.list_all_snapshots": Operation(lambda s: all_of(s.manager.list_all_snapshots())),
    "Keeping.wait_until_ready": Operation(
        lambda s: s.manager.wait_until_ready("n1", timeout=s.patience)
    ),
    "Keeping.delete_snapshot": Operation(lambda s: s.manager.delete_snapshot("n1")),
    "Keeping.create_template": Operation(lambda s: s.manager.create_template(TEMPLATE)),
    "Keeping.get_template": Operation(lambda s: s.manager.get_template("t1")),
    "Keeping.list_templates": Operation(lambda s: s.manager.list_templates()),
    "Keeping.delete_template": Operation(lambda s: s.manager.delete_template("t1")),
    "ServerPools.create": Operation(lambda s: s.manager.pools.create("p1", {"spec": {}}, CAPACITY)),
    "ServerPools.get": Operation(lambda s: s.manager.pools.get("p1")),
    "ServerPools.list_all": Operation(lambda s: s.manager.pools.list_all()),
    "ServerPools.update": Operation(lambda s: s.manager.pools.update("p1", CAPACITY)),
    "ServerPools.delete": Operation(lambda s: s.manager.pools.delete("p1")),
    # The same by ids, as the lifecycle API has it.
    "Sandboxes.create_sandbox": Operation(
        lambda s: s.sandboxes.create_sandbox(
            IMAGE, ["tail"], None, None, 60, None, None, None, None
        )
    ),
    "Sandboxes.create_sandbox_from_template": Operation(
        lambda s: s.sandboxes.create_sandbox_from_template("t1", 60, None, None, None)
    ),
    "Sandboxes.get_sandbox_info": Operation(lambda s: s.sandboxes.get_sandbox_info("s1")),
    "Sandboxes.list_sandboxes": Operation(lambda s: s.sandboxes.list_sandboxes(SandboxFilter())),
    "Sandboxes.patch_sandbox_metadata": Operation(
        lambda s: s.sandboxes.patch_sandbox_metadata("s1", {"a": "b"})
    ),
    "Sandboxes.get_sandbox_endpoint": Operation(
        lambda s: s.sandboxes.get_sandbox_endpoint("s1", 8002)
    ),
    "Sandboxes.get_signed_sandbox_endpoint": Operation(
        lambda s: s.sandboxes.get_signed_sandbox_endpoint("s1", 8003, FOREVER)
    ),
    "Sandboxes.pause_sandbox": Operation(lambda s: s.sandboxes.pause_sandbox("s1")),
    "Sandboxes.resume_sandbox": Operation(lambda s: s.sandboxes.resume_sandbox("s1")),
    "Sandboxes.renew_sandbox_expiration": Operation(
        lambda s: s.sandboxes.renew_sandbox_expiration("s1", SOON)
    ),
    "Sandboxes.kill_sandbox": Operation(lambda s: s.sandboxes.kill_sandbox("s1")),
    "Sandboxes.get_network_policy": Operation(lambda s: s.sandboxes.get_network_policy("s1")),
    "Sandboxes.replace_network_policy": Operation(
        lambda s: s.sandboxes.replace_network_policy("s1", NetworkPolicy(default_action="allow"))
    ),
    "Sandboxes.patch_network_policy": Operation(
        lambda s: s.sandboxes.patch_network_policy("s1", [RULE])
    ),
    "Sandboxes.delete_network_policy_rules": Operation(
        lambda s: s.sandboxes.delete_network_policy_rules("s1", ["pypi.org"])
    ),
    "Sandboxes.create_snapshot": Operation(lambda s: s.sandboxes.create_snapshot("s1")),
    "Sandboxes.get_snapshot": Operation(lambda s: s.sandboxes.get_snapshot("n1")),
    "Sandboxes.list_snapshots": Operation(lambda s: s.sandboxes.list_snapshots(SnapshotFilter())),
    "Sandboxes.delete_snapshot": Operation(lambda s: s.sandboxes.delete_snapshot("n1")),
    "Sandboxes.create_template": Operation(lambda s: s.sandboxes.create_template(TEMPLATE)),
    "Sandboxes.get_template": Operation(lambda s: s.sandboxes.get_template("t1")),
    "Sandboxes.list_templates": Operation(lambda s: s.sandboxes.list_templates(TemplateFilter())),
    "Sandboxes.delete_template": Operation(lambda s: s.sandboxes.delete_template("t1")),
    # Connections, and pools of sandboxes that are kept ready.
    "ConnectionConfig.close": Operation(own_config),
    "ConnectionConfig.close_transport_if_owned": Operation(transport_of_a_copy),
    "SandboxPoolAsync.start": Operation(lambda s: s.pool().start()),
    "SandboxPoolAsync.shutdown": Operation(shut_down),
    "SandboxPoolAsync.acquire": Operation(
        lambda pool: closed(pool.acquire(sandbox_timeout=60)), running_pool
    ),
    "SandboxPoolAsync.acquire an idle one": Operation(
        lambda pool: closed(pool.acquire(sandbox_timeout=60)), filled_pool
    ),
    "SandboxPoolAsync.resize": Operation(lambda pool: pool.resize(0), running_pool),
    "SandboxPoolAsync.release_all_idle": Operation(
        lambda pool: pool.release_all_idle(), filled_pool
    ),
    "SandboxPoolAsync.release_all_idle_parallel": Operation(
        lambda pool: pool.release_all_idle_parallel(), filled_pool
    ),
    "SandboxPoolAsync.snapshot": Operation(lambda pool: pool.snapshot(), running_pool),
    "SandboxPoolAsync.snapshot_idle_entries": Operation(
        lambda pool: pool.snapshot_idle_entries(), running_pool
    ),
    "SandboxPoolManagerAsync.destroy": Operation(destroy_pool),
}

#: What sends nothing and waits for nothing.
SILENT = {
    "ConnectionConfig.get_api_key",
    "ConnectionConfig.get_base_url",
    "ConnectionConfig.get_domain",
    "ConnectionConfig.get_protocol",
    "ConnectionConfig.model_copy",
    "ConnectionConfig.model_dump",
    "ConnectionConfig.model_validate",
    "ConnectionConfig.new_owned_transport",
    "ConnectionConfig.with_transport_if_missing",
    "Offers.files_with_identity",
    "Sandboxes.once",
    "Sandboxes.invalidate_endpoint_cache",
}
#: Classes that do nothing by themselves: values, what others are to be, a store in memory, one
#: whose waits are those of the redis library, and transports, through which everything else goes.
APART = {
    "AsyncPoolConfig",
    "AsyncPoolStateStore",
    "AsyncPooledSandboxCreator",
    "AsyncRedisPoolStateStore",
    "InMemoryAsyncPoolStateStore",
    "RetryAsyncTransport",
}


def missing() -> set[str]:
    """The public methods that are nowhere here."""
    room = Sandbox.__module__.rpartition(".")[0]
    public = (
        getattr(module, name)
        for module in map(importlib.import_module, public_modules())
        for name in public_names(module)
    )
    classes = {base for found in public if inspect.isclass(found) for base in found.__mro__}
    methods = {
        f"{plain(cls.__name__)}.{name}"
        for cls in classes
        if cls.__module__.startswith(f"{room}.") and cls.__name__ not in APART
        for name in members(cls)
        if not name.startswith("_") and not isinstance(vars(cls)[name], property)
        if not (attrs.has(cls) and name in attrs.fields_dict(cls))
    }
    return methods - {plain(name) for name in (*OPERATIONS, *SILENT)}


def plain(name: str) -> str:
    """The name of an operation in either colour, without what tells two of one method apart."""
    cls, _, method = name.partition(" ")[0].partition(".")
    return f"{cls.removesuffix('Sync').removesuffix('Async')}.{method}".removesuffix(".")
