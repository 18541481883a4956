# Written by scripts/unasync.py from opensandbox/_async/offers.py. Do not edit.
"""What a sandbox offers once it is there: what runs in it, its files, what it may reach, what is
known of it.

Rules:

* Nothing here makes, waits for or ends a sandbox, but for what the server does on request.
* What is not needed by every program is looked up, and loaded, when it is first used.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
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
    from .code import CodeSync
    from .commands import CommandsSync
    from .config import ConnectionConfigSync
    from .diagnostics import DiagnosticsSync
    from .egress import CredentialVaultSync, EgressSync
    from .files import FilesystemSync
    from .http import ServiceSync
    from .isolation import IsolationServiceSync
    from .lifecycle import SandboxesSync
    from .metrics import MetricsSync
    from .terminal import TerminalSync


class OffersSync:
    """What every `SandboxSync` offers."""

    def __init__(self, sandbox_id: str, sandboxes: SandboxesSync, execd: ServiceSync) -> None:
        self.id = sandbox_id
        self._sandboxes = sandboxes
        self._execd = execd
        self._commands: CommandsSync | None = None
        self._files: FilesystemSync | None = None

    # --- what it offers

    @property
    def commands(self) -> CommandsSync:
        """Running commands in it."""
        if self._commands is None:
            from .commands import CommandsSync

            self._commands = CommandsSync(self._execd)
        return self._commands

    @property
    def files(self) -> FilesystemSync:
        """Its files."""
        if self._files is None:
            from .files import FilesystemSync

            self._files = FilesystemSync(self._execd)
        return self._files

    def files_with_identity(self, uid: int, gid: int) -> FilesystemSync:
        """Its files, as this user and group see them and own what they write."""
        for name, value in (("uid", uid), ("gid", gid)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise InvalidArgumentException(
                    f"{name} must be a whole number of 0 or more, got {value!r}"
                )
        from .files import FilesystemSync

        return FilesystemSync(self._execd.at(f"v1/filesystem/{uid}/{gid}"))

    @property
    def code(self) -> CodeSync:
        """Running code in it, in contexts that keep their variables."""
        from .code import CodeSync

        return CodeSync(self._execd)

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
    ) -> TerminalSync:
        """A bash in it to type at, opened by `with`.

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

            with sandbox.terminal(columns=120, rows=40) as terminal:
                terminal.write("make\\n")
                print(terminal.read(timeout=10))
        """
        from .terminal import TerminalSync

        return TerminalSync(
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
    def isolation(self) -> IsolationServiceSync:
        """Sessions in it that see only a part of it."""
        from .isolation import IsolationServiceSync

        return IsolationServiceSync(self._execd)

    @property
    def egress(self) -> EgressSync:
        """What it may reach."""
        from .egress import EgressServiceSync, EgressSync

        return EgressSync(EgressServiceSync(self._sandboxes, self.id))

    @property
    def credential_vault(self) -> CredentialVaultSync:
        """The credentials that are put into its requests from outside."""
        from .egress import CredentialVaultSync, EgressServiceSync

        return CredentialVaultSync(EgressServiceSync(self._sandboxes, self.id))

    @property
    def diagnostics(self) -> DiagnosticsSync:
        """What the server knows about why it does not work."""
        from .diagnostics import DiagnosticsSync

        return DiagnosticsSync(self.connection_config)

    @property
    def metrics(self) -> MetricsSync:
        """What it uses of its machine."""
        from .metrics import MetricsSync

        return MetricsSync(self._execd)

    @property
    def connection_config(self) -> ConnectionConfigSync:
        """How it is reached."""
        return self._sandboxes.config

    # --- what is known of it

    def get_info(self, *, request_timeout: Seconds | None = None) -> SandboxInfo:
        """What the server tells about it."""
        return self._sandboxes.get_sandbox_info(self.id, request_timeout=request_timeout)

    def get_endpoint(self, port: int, *, request_timeout: Seconds | None = None) -> SandboxEndpoint:
        """Where one of its ports is reached, and the headers that every request there needs."""
        return self._sandboxes.get_sandbox_endpoint(
            self.id,
            port,
            self.connection_config.use_server_proxy,
            request_timeout=request_timeout,
        )

    def get_endpoint_url(self, port: int, *, request_timeout: Seconds | None = None) -> str:
        """The URL where one of its ports is reached, scheme and all."""
        endpoint = self.get_endpoint(port, request_timeout=request_timeout)
        return endpoint_url(endpoint.endpoint, self.connection_config.get_protocol())

    def get_signed_endpoint(
        self, port: int, expires: int, *, request_timeout: Seconds | None = None
    ) -> SandboxEndpoint:
        """An address of one of its ports that needs no header.

        It works until `expires`, in whole seconds since 1970.
        """
        return self._sandboxes.get_signed_sandbox_endpoint(
            self.id,
            port,
            expires,
            self.connection_config.use_server_proxy,
            request_timeout=request_timeout,
        )

    def get_metrics(self, *, request_timeout: Seconds | None = None) -> SandboxMetrics:
        """What it uses of its machine, now."""
        return self.metrics.get_metrics(self.id, request_timeout=request_timeout)

    def watch_metrics(
        self, *, request_timeout: Seconds | None = None
    ) -> Generator[SandboxMetrics, None, None]:
        """What it uses of its machine, every second or as often as the daemon says.

        Example::

            for metrics in sandbox.watch_metrics():
                print(metrics.cpu_used_percentage, metrics.memory_used_in_mib)
        """
        return self.metrics.watch(request_timeout=request_timeout)

    def get_diagnostic_logs(
        self, scope: str, *, request_timeout: Seconds | None = None
    ) -> DiagnosticContent:
        """Its logs, or where they are: `sandbox.diagnostics.read` gives the text either way.

        `scope` is what they are about, such as `container`; the server says which it has.
        """
        return self.diagnostics.get_logs(self.id, scope, request_timeout=request_timeout)

    def get_diagnostic_events(
        self, scope: str, *, request_timeout: Seconds | None = None
    ) -> DiagnosticContent:
        """Its events, or where they are: as `get_diagnostic_logs`."""
        return self.diagnostics.get_events(self.id, scope, request_timeout=request_timeout)

    # --- changed

    def renew(
        self, timeout: Seconds, *, request_timeout: Seconds | None = None
    ) -> SandboxRenewResponse:
        """Let it live for `timeout` from now, in place of what was set before."""
        ends = datetime.now(UTC) + timedelta(seconds=seconds(timeout, "timeout"))
        return self._sandboxes.renew_sandbox_expiration(
            self.id, ends, request_timeout=request_timeout
        )

    def patch_metadata(
        self, patch: Mapping[str, str | None], *, request_timeout: Seconds | None = None
    ) -> SandboxInfo:
        """Change its metadata: None removes a key, keys that are not named stay."""
        return self._sandboxes.patch_sandbox_metadata(
            self.id, patch, request_timeout=request_timeout
        )

    def pause(self, *, request_timeout: Seconds | None = None) -> None:
        """Begin to pause it; `wait_until("Paused")` waits for the end of that."""
        self._sandboxes.pause_sandbox(self.id, request_timeout=request_timeout)

    def create_snapshot(
        self, name: str | None = None, *, request_timeout: Seconds | None = None
    ) -> SnapshotInfo:
        """Begin to keep its file system as it is now, under a name (None: none).

        `SandboxManagerSync.wait_until_ready` waits for the end of that; then
        `SandboxSync.create(snapshot_id=...)` makes sandboxes from it.
        """
        from ..models.sandboxes import CreateSnapshotRequest

        return self._sandboxes.create_snapshot(
            self.id, CreateSnapshotRequest(name=name), request_timeout=request_timeout
        )

    # --- what it may reach

    def get_egress_policy(self, *, request_timeout: Seconds | None = None) -> NetworkPolicy:
        """What it may reach."""
        return self.egress.get_policy(request_timeout=request_timeout)

    def patch_egress_rules(
        self, rules: Sequence[NetworkRule], *, request_timeout: Seconds | None = None
    ) -> None:
        """Add rules before those there are; one with the target of another takes its place.

        In force from the next connection on; open ones stay open.
        """
        self.egress.patch_rules(rules, request_timeout=request_timeout)

    def delete_egress_rules(
        self, targets: Sequence[str], *, request_timeout: Seconds | None = None
    ) -> None:
        """Remove the rules with these targets."""
        self.egress.delete_rules(targets, request_timeout=request_timeout)

    def replace_egress_policy(
        self, policy: NetworkPolicy, *, request_timeout: Seconds | None = None
    ) -> None:
        """Replace all of what it may reach, from the next connection on."""
        self._sandboxes.replace_network_policy(self.id, policy, request_timeout=request_timeout)
