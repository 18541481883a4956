"""What a sandbox offers once it is there: what runs in it, its files, what it may reach, what is
known of it.

Rules:

* Nothing here makes, waits for or ends a sandbox, but for what the server does on request.
* What is not needed by every program is looked up, and loaded, when it is first used.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from .._wire.urls import endpoint_url
from ..exceptions import InvalidArgumentException
from ..models._time import Seconds, seconds

if TYPE_CHECKING:
    from ..models.diagnostics import DiagnosticContent
    from ..models.sandboxes import (
        NetworkPolicy,
        NetworkRule,
        SandboxEndpoint,
        SandboxInfo,
        SandboxMetrics,
        SandboxRenewResponse,
        SnapshotInfo,
    )
    from .code import Code
    from .commands import Commands
    from .config import ConnectionConfig
    from .diagnostics import Diagnostics
    from .egress import CredentialVault, Egress
    from .files import Filesystem
    from .http import Service
    from .isolation import IsolationService
    from .lifecycle import Sandboxes
    from .metrics import Metrics
    from .terminal import Terminal


class Offers:
    """What every `Sandbox` offers."""

    def __init__(self, sandbox_id: str, sandboxes: Sandboxes, execd: Service) -> None:
        self.id = sandbox_id
        self._sandboxes = sandboxes
        self._execd = execd
        self._commands: Commands | None = None
        self._files: Filesystem | None = None

    # --- what it offers

    @property
    def commands(self) -> Commands:
        """Running commands in it."""
        if self._commands is None:
            from .commands import Commands

            self._commands = Commands(self._execd)
        return self._commands

    @property
    def files(self) -> Filesystem:
        """Its files."""
        if self._files is None:
            from .files import Filesystem

            self._files = Filesystem(self._execd)
        return self._files

    def files_with_identity(self, uid: int, gid: int) -> Filesystem:
        """Its files, as this user and group see them and own what they write."""
        for name, value in (("uid", uid), ("gid", gid)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise InvalidArgumentException(
                    f"{name} must be a whole number of 0 or more, got {value!r}"
                )
        from .files import Filesystem

        return Filesystem(self._execd.at(f"v1/filesystem/{uid}/{gid}"))

    @property
    def code(self) -> Code:
        """Running code in it, in contexts that keep their variables."""
        from .code import Code

        return Code(self._execd)

    def terminal(
        self,
        *,
        working_directory: str | None = None,
        columns: int | None = None,
        rows: int | None = None,
        pipes: bool = False,
        session_id: str | None = None,
        since: int | None = None,
        takeover: bool = False,
        keep: bool = False,
        request_timeout: Seconds | None = None,
    ) -> Terminal:
        """A bash in it to type at, opened by `async with`.

        Args:
            working_directory: Where it starts; None for the sandbox's own.
            columns, rows: How large it is, in characters; None for the daemon's own.
            pipes: Without a terminal in between: stdout and stderr stay apart.
            session_id: One that was opened before, in place of a new one.
            since: First send again what was printed from this byte on; None for nothing.
            takeover: Send away whoever looks at it, who would make this one be refused.
            keep: Leave it running at the end of the block, to be found by its `session_id`. One
                that was found is left running anyway.
            request_timeout: Seconds for opening it; None for the config's.

        Example::

            async with sandbox.terminal(columns=120, rows=40) as terminal:
                await terminal.write("make\\n")
                print(await terminal.read(timeout=10))
        """
        from .terminal import Terminal

        return Terminal(
            self._execd,
            working_directory=working_directory,
            columns=columns,
            rows=rows,
            pipes=pipes,
            session_id=session_id,
            since=since,
            takeover=takeover,
            keep=keep,
            request_timeout=request_timeout,
        )

    @property
    def isolation(self) -> IsolationService:
        """Sessions in it that see only a part of it."""
        from .isolation import IsolationService

        return IsolationService(self._execd)

    @property
    def egress(self) -> Egress:
        """What it may reach."""
        from .egress import Egress, EgressService

        return Egress(EgressService(self._sandboxes, self.id))

    @property
    def credential_vault(self) -> CredentialVault:
        """The credentials that are put into its requests from outside."""
        from .egress import CredentialVault, EgressService

        return CredentialVault(EgressService(self._sandboxes, self.id))

    @property
    def diagnostics(self) -> Diagnostics:
        """What the server knows about why it does not work."""
        from .diagnostics import Diagnostics

        return Diagnostics(self.connection_config)

    @property
    def metrics(self) -> Metrics:
        """What it uses of its machine."""
        from .metrics import Metrics

        return Metrics(self._execd)

    @property
    def connection_config(self) -> ConnectionConfig:
        """How it is reached."""
        return self._sandboxes.config

    # --- what is known of it

    async def get_info(self, *, request_timeout: Seconds | None = None) -> SandboxInfo:
        """What the server tells about it."""
        return await self._sandboxes.get_sandbox_info(self.id, request_timeout=request_timeout)

    async def get_endpoint(
        self, port: int, *, request_timeout: Seconds | None = None
    ) -> SandboxEndpoint:
        """Where one of its ports is reached, and the headers that every request there needs."""
        return await self._sandboxes.get_sandbox_endpoint(
            self.id,
            port,
            self.connection_config.use_server_proxy,
            request_timeout=request_timeout,
        )

    async def get_endpoint_url(self, port: int, *, request_timeout: Seconds | None = None) -> str:
        """The URL where one of its ports is reached, scheme and all."""
        endpoint = await self.get_endpoint(port, request_timeout=request_timeout)
        return endpoint_url(endpoint.endpoint, self.connection_config.get_protocol())

    async def get_signed_endpoint(
        self, port: int, expires: int, *, request_timeout: Seconds | None = None
    ) -> SandboxEndpoint:
        """An address of one of its ports that needs no header.

        It works until `expires`, in whole seconds since 1970.
        """
        return await self._sandboxes.get_signed_sandbox_endpoint(
            self.id,
            port,
            expires,
            self.connection_config.use_server_proxy,
            request_timeout=request_timeout,
        )

    async def get_metrics(self, *, request_timeout: Seconds | None = None) -> SandboxMetrics:
        """What it uses of its machine, now."""
        return await self.metrics.get_metrics(self.id, request_timeout=request_timeout)

    def watch_metrics(
        self, *, request_timeout: Seconds | None = None
    ) -> AsyncGenerator[SandboxMetrics, None]:
        """What it uses of its machine, every second or as often as the daemon says.

        Example::

            async for metrics in sandbox.watch_metrics():
                print(metrics.cpu_used_percentage, metrics.memory_used_in_mib)
        """
        return self.metrics.watch(request_timeout=request_timeout)

    async def get_diagnostic_logs(
        self, scope: str, *, request_timeout: Seconds | None = None
    ) -> DiagnosticContent:
        """Its logs, or where they are: `sandbox.diagnostics.read` gives the text either way.

        `scope` is what they are about, such as `container`; the server says which it has.
        """
        return await self.diagnostics.get_logs(self.id, scope, request_timeout=request_timeout)

    async def get_diagnostic_events(
        self, scope: str, *, request_timeout: Seconds | None = None
    ) -> DiagnosticContent:
        """Its events, or where they are: as `get_diagnostic_logs`."""
        return await self.diagnostics.get_events(self.id, scope, request_timeout=request_timeout)

    # --- changed

    async def renew(
        self, timeout: Seconds, *, request_timeout: Seconds | None = None
    ) -> SandboxRenewResponse:
        """Let it live for `timeout` from now, in place of what was set before."""
        ends = datetime.now(UTC) + timedelta(seconds=seconds(timeout, "timeout"))
        return await self._sandboxes.renew_sandbox_expiration(
            self.id, ends, request_timeout=request_timeout
        )

    async def patch_metadata(
        self, patch: Mapping[str, str | None], *, request_timeout: Seconds | None = None
    ) -> SandboxInfo:
        """Change its metadata: None removes a key, keys that are not named stay."""
        return await self._sandboxes.patch_sandbox_metadata(
            self.id, patch, request_timeout=request_timeout
        )

    async def pause(self, *, request_timeout: Seconds | None = None) -> None:
        """Begin to pause it; `wait_until("Paused")` waits for the end of that."""
        await self._sandboxes.pause_sandbox(self.id, request_timeout=request_timeout)

    async def create_snapshot(
        self, name: str | None = None, *, request_timeout: Seconds | None = None
    ) -> SnapshotInfo:
        """Begin to keep its file system as it is now, under a name (None: none).

        `SandboxManager.wait_until_ready` waits for the end of that; then
        `Sandbox.create(snapshot_id=...)` makes sandboxes from it.
        """
        from ..models.sandboxes import CreateSnapshotRequest

        return await self._sandboxes.create_snapshot(
            self.id, CreateSnapshotRequest(name=name), request_timeout=request_timeout
        )

    # --- what it may reach

    async def get_egress_policy(self, *, request_timeout: Seconds | None = None) -> NetworkPolicy:
        """What it may reach."""
        return await self.egress.get_policy(request_timeout=request_timeout)

    async def patch_egress_rules(
        self, rules: Sequence[NetworkRule], *, request_timeout: Seconds | None = None
    ) -> None:
        """Add rules before those there are; one with the target of another takes its place.

        In force from the next connection on; open ones stay open.
        """
        await self.egress.patch_rules(rules, request_timeout=request_timeout)

    async def delete_egress_rules(
        self, targets: Sequence[str], *, request_timeout: Seconds | None = None
    ) -> None:
        """Remove the rules with these targets."""
        await self.egress.delete_rules(targets, request_timeout=request_timeout)

    async def replace_egress_policy(
        self, policy: NetworkPolicy, *, request_timeout: Seconds | None = None
    ) -> None:
        """Replace all of what it may reach, from the next connection on."""
        await self._sandboxes.replace_network_policy(
            self.id, policy, request_timeout=request_timeout
        )
