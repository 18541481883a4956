# Written by scripts/unasync.py from tests/_async/operations.py. Do not edit.
"""Every operation of the client, as a program calls it: for tests that do something to all of them.

Rules:

* An operation is named by the class that defines it and its method. A public method is here, or
  among those that send nothing and wait for nothing; `missing()` tells of any other.
* What is called here succeeds on a `WholePeer`.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs

from opensandbox._sync.config import ConnectionConfigSync
from opensandbox._sync.health import HealthSync
from opensandbox._sync.isolation import IsolationSessionSync
from opensandbox._sync.lifecycle import SandboxesSync
from opensandbox._sync.manager import SandboxManagerSync
from opensandbox._sync.pool import SandboxPoolSync
from opensandbox._sync.pool_manager import SandboxPoolManager
from opensandbox._sync.pool_store import InMemoryPoolStateStore
from opensandbox._sync.running import RunningCommandSync
from opensandbox._sync.sandbox import SandboxSync
from opensandbox._sync.terminal import TerminalSync
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
        self.config = ConnectionConfigSync(domain=peer.address, **settings)
        self.store = InMemoryPoolStateStore()
        self.pools: list[SandboxPoolSync] = []
        self.commands: list[RunningCommandSync] = []

    def set(self) -> Scene:
        """Connect, so that what is called next is what is looked at."""
        self.sandbox = SandboxSync.connect("s1", self.config)
        self.manager = SandboxManagerSync.create(self.config)
        self.sandboxes = SandboxesSync(self.config)
        return self

    def pool(self, name: str = "p") -> SandboxPoolSync:
        """A pool that was not started."""
        made = SandboxPoolSync(
            pool_name=name,
            max_idle=0,
            state_store=self.store,
            connection_config=self.config,
            creation_spec=PoolCreationSpec(IMAGE),
            acquire_ready_timeout=self.patience,
        )
        self.pools.append(made)
        return made

    def tidy(self) -> None:
        """Put an end to what runs in the background on purpose."""
        while self.pools:
            self.pools.pop().shutdown(graceful=False)
        while self.commands:
            self.commands.pop().close()

    def clear(self) -> None:
        """Put an end to everything."""
        self.tidy()
        self.config.close()


def scene(here: Scene) -> Scene:
    """Nothing more is needed."""
    return here


@attrs.frozen
class Operation:
    """What is called, with what was prepared for it."""

    act: Callable[[Any], object]
    prepare: Callable[[Scene], Any] = scene


# --- prepared beforehand ----------------------------------------------------------------------


def started(here: Scene) -> RunningCommandSync:
    here.commands.append(here.sandbox.commands.start("make"))
    return here.commands[-1]


def isolated(here: Scene) -> IsolationSessionSync:
    return here.sandbox.isolation.attach("i1")


def running_pool(here: Scene) -> SandboxPoolSync:
    pool = here.pool()
    pool.start()
    return pool


def filled_pool(here: Scene) -> SandboxPoolSync:
    pool = running_pool(here)
    for name in ("sandbox-a", "sandbox-b"):
        here.peer.alive.add(name)
        here.store.put_idle("p", name)
    return pool


def terminal(here: Scene) -> TerminalSync:
    return here.sandbox.terminal(columns=80, rows=24)


def directory(here: Scene) -> Scene:
    (here.folder / "up").mkdir(exist_ok=True)
    (here.folder / "up" / "a.txt").write_bytes(b"abc")
    return here


# --- what takes more than a line --------------------------------------------------------------


def all_of(pieces: Iterable[object]) -> list[object]:
    return [piece for piece in pieces]


def temporary(here: Scene) -> None:
    with SandboxSync.temporary(IMAGE, connection_config=here.config) as sandbox:
        sandbox.get_info()


def read_diagnostics(here: Scene) -> None:
    here.manager.diagnostics.read(here.manager.get_diagnostic_logs("s1", "container"))


def destroy(here: Scene) -> None:
    sandbox = SandboxSync.connect("s1", here.config, connect_timeout=here.patience)
    sandbox.destroy()


def closed(made: SandboxSync) -> None:
    with made:
        pass


def own_config(here: Scene) -> None:
    with here.config.model_copy() as copy:
        closed(SandboxSync.connect("s1", copy, connect_timeout=here.patience))


def transport_of_a_copy(here: Scene) -> None:
    copy = here.config.with_transport_if_missing()
    SandboxesSync(copy).get_sandbox_info("s1")
    copy.close_transport_if_owned()


def managed(here: Scene) -> None:
    with SandboxManagerSync.create(here.config) as manager:
        manager.get_sandbox_info("s1")
        manager.close()


def a_piece(here: Scene) -> None:
    with here.sandbox.files.read_bytes_stream("/a", chunk_size=2) as pieces:
        next(pieces)


def typed_at(shell: TerminalSync, *calls: Callable[[TerminalSync], object]) -> None:
    with shell as opened:
        for call in calls:
            call(opened)


def session_of_a_block(here: Scene) -> None:
    with here.sandbox.isolation.session(WORK) as session:
        session.run("true")


def shut_down(here: Scene) -> None:
    pool = here.pool()
    with pool:
        pass


def destroy_pool(here: Scene) -> None:
    manager = SandboxPoolManager(state_store=here.store, connection_config=here.config)
    manager.destroy("p", PoolDestroyOptions(drain_timeout=here.patience))  # type: ignore[arg-type]


OPERATIONS: dict[str, Operation] = {
    # A sandbox, from its making to its end.
    "SandboxSync.create": Operation(
        lambda s: closed(
            SandboxSync.create(IMAGE, connection_config=s.config, ready_timeout=s.patience)
        )
    ),
    "SandboxSync.create_from_template": Operation(
        lambda s: closed(
            SandboxSync.create_from_template("t1", timeout=60, connection_config=s.config)
        )
    ),
    "SandboxSync.temporary": Operation(temporary),
    "SandboxSync.connect": Operation(
        lambda s: closed(SandboxSync.connect("s1", s.config, connect_timeout=s.patience))
    ),
    "SandboxSync.resume": Operation(
        lambda s: closed(SandboxSync.resume("s1", s.config, resume_timeout=s.patience))
    ),
    "SandboxSync.is_healthy": Operation(lambda s: s.sandbox.is_healthy()),
    "SandboxSync.check_ready": Operation(lambda s: s.sandbox.check_ready(s.patience, 0.01)),
    "SandboxSync.wait_until": Operation(
        lambda s: s.sandbox.wait_until("Running", timeout=s.patience)
    ),
    "SandboxSync.kill": Operation(lambda s: s.sandbox.kill()),
    "SandboxSync.close": Operation(own_config),
    "SandboxSync.destroy": Operation(destroy),
    "OffersSync.get_info": Operation(lambda s: s.sandbox.get_info()),
    "OffersSync.get_endpoint": Operation(lambda s: s.sandbox.get_endpoint(8000)),
    "OffersSync.get_endpoint_url": Operation(lambda s: s.sandbox.get_endpoint_url(8001)),
    "OffersSync.get_signed_endpoint": Operation(
        lambda s: s.sandbox.get_signed_endpoint(80, FOREVER)
    ),
    "OffersSync.get_metrics": Operation(lambda s: s.sandbox.get_metrics()),
    "OffersSync.watch_metrics": Operation(lambda s: all_of(s.sandbox.watch_metrics())),
    "OffersSync.get_diagnostic_logs": Operation(
        lambda s: s.sandbox.get_diagnostic_logs("container")
    ),
    "OffersSync.get_diagnostic_events": Operation(
        lambda s: s.sandbox.get_diagnostic_events("runtime")
    ),
    "OffersSync.renew": Operation(lambda s: s.sandbox.renew(60)),
    "OffersSync.patch_metadata": Operation(lambda s: s.sandbox.patch_metadata({"a": "b"})),
    "OffersSync.pause": Operation(lambda s: s.sandbox.pause()),
    "OffersSync.create_snapshot": Operation(lambda s: s.sandbox.create_snapshot("one")),
    "OffersSync.get_egress_policy": Operation(lambda s: s.sandbox.get_egress_policy()),
    "OffersSync.patch_egress_rules": Operation(lambda s: s.sandbox.patch_egress_rules([RULE])),
    "OffersSync.delete_egress_rules": Operation(
        lambda s: s.sandbox.delete_egress_rules(["pypi.org"])
    ),
    "OffersSync.replace_egress_policy": Operation(
        lambda s: s.sandbox.replace_egress_policy(NetworkPolicy(default_action="allow"))
    ),
    "OffersSync.terminal": Operation(typed_at, terminal),
    # Commands, code, sessions that see a part.
    "CommandsSync.run": Operation(lambda s: s.sandbox.commands.run("make")),
    "CommandsSync.stream": Operation(lambda s: all_of(s.sandbox.commands.stream("make"))),
    "CommandsSync.start": Operation(started),
    "CommandsSync.interrupt": Operation(lambda s: s.sandbox.commands.interrupt("c1")),
    "CommandsSync.get_command_status": Operation(
        lambda s: s.sandbox.commands.get_command_status("c1")
    ),
    "CommandsSync.get_background_command_logs": Operation(
        lambda s: s.sandbox.commands.get_background_command_logs("c1")
    ),
    "CommandsSync.set_env": Operation(lambda s: s.sandbox.commands.set_env("A", "1")),
    "CommandsSync.create_session": Operation(lambda s: s.sandbox.commands.create_session()),
    "CommandsSync.run_in_session": Operation(
        lambda s: s.sandbox.commands.run_in_session("b1", "ls")
    ),
    "CommandsSync.delete_session": Operation(lambda s: s.sandbox.commands.delete_session("b1")),
    "RunningCommandSync.begin": Operation(started),
    "RunningCommandSync.wait": Operation(lambda command: command.wait(), started),
    "RunningCommandSync.interrupt": Operation(lambda command: command.interrupt(), started),
    "RunningCommandSync.get_status": Operation(lambda command: command.get_status(), started),
    "RunningCommandSync.close": Operation(lambda command: command.close(), started),
    "CodeSync.run": Operation(lambda s: s.sandbox.code.run("42")),
    "CodeSync.interrupt": Operation(lambda s: s.sandbox.code.interrupt("c1")),
    "CodeSync.create_context": Operation(lambda s: s.sandbox.code.create_context()),
    "CodeSync.get_context": Operation(lambda s: s.sandbox.code.get_context("c1")),
    "CodeSync.list_contexts": Operation(lambda s: s.sandbox.code.list_contexts()),
    "CodeSync.delete_context": Operation(lambda s: s.sandbox.code.delete_context("c1")),
    "CodeSync.delete_contexts": Operation(lambda s: s.sandbox.code.delete_contexts("python")),
    "IsolationServiceSync.create": Operation(lambda s: s.sandbox.isolation.create(WORK)),
    "IsolationServiceSync.attach": Operation(isolated),
    "IsolationServiceSync.capabilities": Operation(lambda s: s.sandbox.isolation.capabilities()),
    "IsolationServiceSync.list": Operation(lambda s: s.sandbox.isolation.list()),
    "IsolationServiceSync.run_once": Operation(
        lambda s: s.sandbox.isolation.run_once("true", workspace="/work")
    ),
    "IsolationServiceSync.session": Operation(session_of_a_block),
    "IsolationSessionSync.run": Operation(lambda session: session.run("true"), isolated),
    "IsolationSessionSync.run_background": Operation(
        lambda session: session.run_background("true"), isolated
    ),
    "IsolationSessionSync.run_status": Operation(
        lambda session: session.run_status("r1"), isolated
    ),
    "IsolationSessionSync.run_logs": Operation(lambda session: session.run_logs("r1"), isolated),
    "IsolationSessionSync.get": Operation(lambda session: session.get(), isolated),
    "IsolationSessionSync.delete": Operation(lambda session: session.delete(), isolated),
    "IsolationSessionSync.commit": Operation(lambda session: session.commit(), isolated),
    "IsolationSessionSync.diff": Operation(lambda session: session.diff(), isolated),
    "TerminalSync.write": Operation(
        lambda t: typed_at(t, lambda bash: bash.write("ls\n")), terminal
    ),
    "TerminalSync.resize": Operation(
        lambda t: typed_at(t, lambda bash: bash.resize(9, 9)), terminal
    ),
    "TerminalSync.signal": Operation(
        lambda t: typed_at(t, lambda bash: bash.signal("SIGINT")), terminal
    ),
    "TerminalSync.read": Operation(lambda t: typed_at(t, lambda bash: bash.read(5)), terminal),
    "TerminalSync.wait": Operation(
        lambda t: typed_at(t, lambda bash: bash.write("exit\n"), lambda bash: bash.wait(5)),
        terminal,
    ),
    # Files.
    "FilesystemSync.read_file": Operation(lambda s: s.sandbox.files.read_file("/a")),
    "FilesystemSync.read_bytes": Operation(lambda s: s.sandbox.files.read_bytes("/a")),
    "FilesystemSync.read_bytes_stream": Operation(
        lambda s: all_of(s.sandbox.files.read_bytes_stream("/a"))
    ),
    "FilesystemSync.chunks": Operation(lambda s: all_of(s.sandbox.files.chunks("/a"))),
    "ByteStreamSync.close": Operation(a_piece),
    "FilesystemSync.get_file_info": Operation(lambda s: s.sandbox.files.get_file_info(["/a"])),
    "FilesystemSync.search": Operation(
        lambda s: s.sandbox.files.search(SearchEntry(path="/", pattern="*"))
    ),
    "FilesystemSync.list_directory": Operation(
        lambda s: s.sandbox.files.list_directory(DirectoryListEntry(path="/d"))
    ),
    "FilesystemSync.upload": Operation(
        lambda s: s.sandbox.files.upload(s.folder / "up", "/d"), directory
    ),
    "FilesystemSync.download": Operation(
        lambda s: s.sandbox.files.download("/d", s.folder / "down")
    ),
    "FilesystemSync.write_file": Operation(lambda s: s.sandbox.files.write_file("/a", "abc")),
    "FilesystemSync.write_files": Operation(
        lambda s: s.sandbox.files.write_files([WriteEntry(path="/a", data=iter([b"a", b"b"]))])
    ),
    "FilesystemSync.create_directories": Operation(
        lambda s: s.sandbox.files.create_directories([WriteEntry(path="/d")])
    ),
    "FilesystemSync.set_permissions": Operation(
        lambda s: s.sandbox.files.set_permissions([SetPermissionEntry(path="/a", mode=600)])
    ),
    "FilesystemSync.move_files": Operation(
        lambda s: s.sandbox.files.move_files([MoveEntry(src="/a", dest="/b")])
    ),
    "FilesystemSync.replace_contents": Operation(
        lambda s: s.sandbox.files.replace_contents(
            [ContentReplaceEntry(path="/a", old_content="x", new_content="y")]
        )
    ),
    "FilesystemSync.replace_contents_detailed": Operation(
        lambda s: s.sandbox.files.replace_contents_detailed(
            [ContentReplaceEntry(path="/a", old_content="x", new_content="y")]
        )
    ),
    "FilesystemSync.delete_files": Operation(lambda s: s.sandbox.files.delete_files(["/a"])),
    "FilesystemSync.delete_directories": Operation(
        lambda s: s.sandbox.files.delete_directories(["/d"])
    ),
    # What it may reach, what it needs, why it does not work.
    "EgressSync.get_policy": Operation(lambda s: s.sandbox.egress.get_policy()),
    "EgressSync.patch_rules": Operation(lambda s: s.sandbox.egress.patch_rules([RULE])),
    "EgressSync.delete_rules": Operation(lambda s: s.sandbox.egress.delete_rules(["pypi.org"])),
    "CredentialVaultSync.create": Operation(
        lambda s: s.sandbox.credential_vault.create(
            credentials=[{"name": "token", "source": {"value": "x"}}], bindings=[]
        )
    ),
    "CredentialVaultSync.get": Operation(lambda s: s.sandbox.credential_vault.get()),
    "CredentialVaultSync.patch": Operation(
        lambda s: s.sandbox.credential_vault.patch(bindings={"delete": ["github"]})
    ),
    "CredentialVaultSync.delete": Operation(lambda s: s.sandbox.credential_vault.delete()),
    "CredentialVaultSync.list_credentials": Operation(
        lambda s: s.sandbox.credential_vault.list_credentials()
    ),
    "CredentialVaultSync.get_credential": Operation(
        lambda s: s.sandbox.credential_vault.get_credential("token")
    ),
    "CredentialVaultSync.list_bindings": Operation(
        lambda s: s.sandbox.credential_vault.list_bindings()
    ),
    "CredentialVaultSync.get_binding": Operation(
        lambda s: s.sandbox.credential_vault.get_binding("github")
    ),
    "MetricsSync.get_metrics": Operation(lambda s: s.sandbox.metrics.get_metrics()),
    "MetricsSync.watch": Operation(lambda s: all_of(s.sandbox.metrics.watch())),
    "HealthSync.ping": Operation(lambda s: HealthSync(s.sandbox._execd).ping()),
    "DiagnosticsSync.get_logs": Operation(
        lambda s: s.sandbox.diagnostics.get_logs("s1", "container")
    ),
    "DiagnosticsSync.get_events": Operation(
        lambda s: s.sandbox.diagnostics.get_events("s1", "all")
    ),
    "DiagnosticsSync.read": Operation(read_diagnostics),
    "DiagnosticsSync.inspect": Operation(lambda s: s.sandbox.diagnostics.inspect("s1")),
    "DiagnosticsSync.summarize": Operation(lambda s: s.sandbox.diagnostics.summarize("s1")),
    # All the sandboxes of a server, and what it keeps beside them.
    "SandboxManagerSync.create": Operation(managed),
    "SandboxManagerSync.close": Operation(managed),
    "SandboxManagerSync.list_sandbox_infos": Operation(lambda s: s.manager.list_sandbox_infos()),
    "SandboxManagerSync.list_all": Operation(lambda s: all_of(s.manager.list_all())),
    "SandboxManagerSync.get_sandbox_info": Operation(lambda s: s.manager.get_sandbox_info("s1")),
    "SandboxManagerSync.patch_sandbox_metadata": Operation(
        lambda s: s.manager.patch_sandbox_metadata("s1", {"a": None})
    ),
    "SandboxManagerSync.kill_sandbox": Operation(lambda s: s.manager.kill_sandbox("s1")),
    "SandboxManagerSync.renew_sandbox": Operation(lambda s: s.manager.renew_sandbox("s1", 60)),
    "SandboxManagerSync.pause_sandbox": Operation(lambda s: s.manager.pause_sandbox("s1")),
    "SandboxManagerSync.resume_sandbox": Operation(lambda s: s.manager.resume_sandbox("s1")),
    "SandboxManagerSync.get_egress_policy": Operation(lambda s: s.manager.get_egress_policy("s1")),
    "SandboxManagerSync.replace_egress_policy": Operation(
        lambda s: s.manager.replace_egress_policy("s1", NetworkPolicy(default_action="allow"))
    ),
    "SandboxManagerSync.patch_egress_rules": Operation(
        lambda s: s.manager.patch_egress_rules("s1", [RULE])
    ),
    "SandboxManagerSync.delete_egress_rules": Operation(
        lambda s: s.manager.delete_egress_rules("s1", ["pypi.org"])
    ),
    "SandboxManagerSync.get_diagnostic_logs": Operation(
        lambda s: s.manager.get_diagnostic_logs("s1", "container")
    ),
    "SandboxManagerSync.get_diagnostic_events": Operation(
        lambda s: s.manager.get_diagnostic_events("s1", "all")
    ),
    "SandboxManagerSync.is_server_healthy": Operation(lambda s: s.manager.is_server_healthy()),
    "SandboxManagerSync.get_server_version": Operation(lambda s: s.manager.get_server_version()),
    "KeepingSync.create_snapshot": Operation(lambda s: s.manager.create_snapshot("s1")),
    "KeepingSync.get_snapshot": Operation(lambda s: s.manager.get_snapshot("n1")),
    "KeepingSync.list_snapshots": Operation(lambda s: s.manager.list_snapshots()),
    "KeepingSync.list_all_snapshots": Operation(lambda s: all_of(s.manager.list_all_snapshots())),
    "KeepingSync.wait_until_ready": Operation(
        lambda s: s.manager.wait_until_ready("n1", timeout=s.patience)
    ),
    "KeepingSync.delete_snapshot": Operation(lambda s: s.manager.delete_snapshot("n1")),
    "KeepingSync.create_template": Operation(lambda s: s.manager.create_template(TEMPLATE)),
    "KeepingSync.get_template": Operation(lambda s: s.manager.get_template("t1")),
    "KeepingSync.list_templates": Operation(lambda s: s.manager.list_templates()),
    "KeepingSync.delete_template": Operation(lambda s: s.manager.delete_template("t1")),
    "ServerPoolsSync.create": Operation(
        lambda s: s.manager.pools.create("p1", {"spec": {}}, CAPACITY)
    ),
    "ServerPoolsSync.get": Operation(lambda s: s.manager.pools.get("p1")),
    "ServerPoolsSync.list_all": Operation(lambda s: s.manager.pools.list_all()),
    "ServerPoolsSync.update": Operation(lambda s: s.manager.pools.update("p1", CAPACITY)),
    "ServerPoolsSync.delete": Operation(lambda s: s.manager.pools.delete("p1")),
    # The same by ids, as the lifecycle API has it.
    "SandboxesSync.create_sandbox": Operation(
        lambda s: s.sandboxes.create_sandbox(
            IMAGE, ["tail"], None, None, 60, None, None, None, None
        )
    ),
    "SandboxesSync.create_sandbox_from_template": Operation(
        lambda s: s.sandboxes.create_sandbox_from_template("t1", 60, None, None, None)
    ),
    "SandboxesSync.get_sandbox_info": Operation(lambda s: s.sandboxes.get_sandbox_info("s1")),
    "SandboxesSync.list_sandboxes": Operation(
        lambda s: s.sandboxes.list_sandboxes(SandboxFilter())
    ),
    "SandboxesSync.patch_sandbox_metadata": Operation(
        lambda s: s.sandboxes.patch_sandbox_metadata("s1", {"a": "b"})
    ),
    "SandboxesSync.get_sandbox_endpoint": Operation(
        lambda s: s.sandboxes.get_sandbox_endpoint("s1", 8002)
    ),
    "SandboxesSync.get_signed_sandbox_endpoint": Operation(
        lambda s: s.sandboxes.get_signed_sandbox_endpoint("s1", 8003, FOREVER)
    ),
    "SandboxesSync.pause_sandbox": Operation(lambda s: s.sandboxes.pause_sandbox("s1")),
    "SandboxesSync.resume_sandbox": Operation(lambda s: s.sandboxes.resume_sandbox("s1")),
    "SandboxesSync.renew_sandbox_expiration": Operation(
        lambda s: s.sandboxes.renew_sandbox_expiration("s1", SOON)
    ),
    "SandboxesSync.kill_sandbox": Operation(lambda s: s.sandboxes.kill_sandbox("s1")),
    "SandboxesSync.get_network_policy": Operation(lambda s: s.sandboxes.get_network_policy("s1")),
    "SandboxesSync.replace_network_policy": Operation(
        lambda s: s.sandboxes.replace_network_policy("s1", NetworkPolicy(default_action="allow"))
    ),
    "SandboxesSync.patch_network_policy": Operation(
        lambda s: s.sandboxes.patch_network_policy("s1", [RULE])
    ),
    "SandboxesSync.delete_network_policy_rules": Operation(
        lambda s: s.sandboxes.delete_network_policy_rules("s1", ["pypi.org"])
    ),
    "SandboxesSync.create_snapshot": Operation(lambda s: s.sandboxes.create_snapshot("s1")),
    "SandboxesSync.get_snapshot": Operation(lambda s: s.sandboxes.get_snapshot("n1")),
    "SandboxesSync.list_snapshots": Operation(
        lambda s: s.sandboxes.list_snapshots(SnapshotFilter())
    ),
    "SandboxesSync.delete_snapshot": Operation(lambda s: s.sandboxes.delete_snapshot("n1")),
    "SandboxesSync.create_template": Operation(lambda s: s.sandboxes.create_template(TEMPLATE)),
    "SandboxesSync.get_template": Operation(lambda s: s.sandboxes.get_template("t1")),
    "SandboxesSync.list_templates": Operation(
        lambda s: s.sandboxes.list_templates(TemplateFilter())
    ),
    "SandboxesSync.delete_template": Operation(lambda s: s.sandboxes.delete_template("t1")),
    # Connections, and pools of sandboxes that are kept ready.
    "ConnectionConfigSync.close": Operation(own_config),
    "ConnectionConfigSync.close_transport_if_owned": Operation(transport_of_a_copy),
    "SandboxPoolSync.start": Operation(lambda s: s.pool().start()),
    "SandboxPoolSync.shutdown": Operation(shut_down),
    "SandboxPoolSync.acquire": Operation(
        lambda pool: closed(pool.acquire(sandbox_timeout=60)), running_pool
    ),
    "SandboxPoolSync.acquire an idle one": Operation(
        lambda pool: closed(pool.acquire(sandbox_timeout=60)), filled_pool
    ),
    "SandboxPoolSync.resize": Operation(lambda pool: pool.resize(0), running_pool),
    "SandboxPoolSync.release_all_idle": Operation(
        lambda pool: pool.release_all_idle(), filled_pool
    ),
    "SandboxPoolSync.release_all_idle_parallel": Operation(
        lambda pool: pool.release_all_idle_parallel(), filled_pool
    ),
    "SandboxPoolSync.snapshot": Operation(lambda pool: pool.snapshot(), running_pool),
    "SandboxPoolSync.snapshot_idle_entries": Operation(
        lambda pool: pool.snapshot_idle_entries(), running_pool
    ),
    "SandboxPoolManager.destroy": Operation(destroy_pool),
}

#: What sends nothing and waits for nothing.
SILENT = {
    "ConnectionConfigSync.get_api_key",
    "ConnectionConfigSync.get_base_url",
    "ConnectionConfigSync.get_domain",
    "ConnectionConfigSync.get_protocol",
    "ConnectionConfigSync.model_copy",
    "ConnectionConfigSync.model_dump",
    "ConnectionConfigSync.model_validate",
    "ConnectionConfigSync.new_owned_transport",
    "ConnectionConfigSync.with_transport_if_missing",
    "OffersSync.files_with_identity",
    "SandboxesSync.once",
    "SandboxesSync.invalidate_endpoint_cache",
}
#: Classes that do nothing by themselves: values, what others are to be, a store in memory, one
#: whose waits are those of the redis library, and transports, through which everything else goes.
APART = {
    "PoolConfig",
    "PoolStateStore",
    "PooledSandboxCreator",
    "RedisPoolStateStore",
    "InMemoryPoolStateStore",
    "RetrySyncTransport",
}


def missing() -> set[str]:
    """The public methods that are nowhere here."""
    room = SandboxSync.__module__.rpartition(".")[0]
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
