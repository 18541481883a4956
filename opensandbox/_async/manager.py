"""All the sandboxes of a server, by their ids, without connecting to any of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..exceptions import InvalidArgumentException, SandboxException
from ..models._time import Seconds, seconds
from .config import ConnectionConfig, config_or_default
from .keeping import Keeping

if TYPE_CHECKING:
    from ..models.diagnostics import DiagnosticContent
    from ..models.sandboxes import (
        NetworkPolicy,
        NetworkRule,
        PagedSandboxInfos,
        SandboxFilter,
        SandboxInfo,
        SandboxRenewResponse,
    )
    from .diagnostics import Diagnostics
    from .lifecycle import Sandboxes
    from .system import ServerPools, System

#: How many sandboxes `list_all` asks for at a time.
_PAGE_SIZE = 100


class SandboxManager(Keeping):
    """Looks after the sandboxes of a server.

    Example::

        async with await SandboxManager.create() as manager:
            async for info in manager.list_all(states=["Running"]):
                print(info.id, info.status.state)

    Every method takes `request_timeout`, the limit of that call in seconds or as a timedelta; None
    means the config's. Every method raises `SandboxException`: `SandboxApiException` when the
    server refuses (404 for an id it does not know), `SandboxConnectionException` and
    `SandboxTimeoutException` when no answer comes.
    """

    def __init__(self, sandboxes: Sandboxes, *, owns_config: bool = False) -> None:
        super().__init__(sandboxes)
        self._owns_config = owns_config

    @classmethod
    async def create(cls, connection_config: ConnectionConfig | None = None) -> Self:
        """A manager. `connection_config` stays the caller's to close; None is one of its own,
        closed by `close`. Nothing is sent yet.
        """
        from .lifecycle import Sandboxes

        config = config_or_default(connection_config, keeper=cls.__name__)
        return cls(Sandboxes(config), owns_config=connection_config is None)

    @property
    def connection_config(self) -> ConnectionConfig:
        """How the server is reached."""
        return self._sandboxes.config

    async def list_sandbox_infos(
        self,
        filter: SandboxFilter | None = None,
        *,
        states: Sequence[str] | None = None,
        metadata: Mapping[str, str] | None = None,
        page: int | None = None,
        page_size: int | None = None,
        request_timeout: Seconds | None = None,
    ) -> PagedSandboxInfos:
        """One page of the sandboxes that fit everything given, newest first.

        Give a `filter` or the keywords, not both. `states`: any of these; `metadata`: all of these;
        `page`: from 1, None for the first; `page_size`: None leaves it to the server.
        """
        if filter is None:
            filter = _filter(states, metadata, page, page_size)
        elif any(value is not None for value in (states, metadata, page, page_size)):
            raise InvalidArgumentException(
                "give filter, or states, metadata, page and page_size, not both"
            )
        return await self._sandboxes.list_sandboxes(filter, request_timeout=request_timeout)

    async def list_all(
        self,
        *,
        states: Sequence[str] | None = None,
        metadata: Mapping[str, str] | None = None,
        page_size: int = _PAGE_SIZE,
        request_timeout: Seconds | None = None,
    ) -> AsyncIterator[SandboxInfo]:
        """Every sandbox that fits, page after page, each once.

        `page_size` is how many are asked for at a time. One that is made meanwhile may be missing.
        """
        seen: set[str] = set()
        page, more = 1, True
        while more:
            infos = await self._sandboxes.list_sandboxes(
                _filter(states, metadata, page, page_size), request_timeout=request_timeout
            )
            for info in infos.items:
                # A sandbox that is made meanwhile moves others onto the next page.
                if info.id not in seen:
                    seen.add(info.id)
                    yield info
            page, more = page + 1, infos.pagination.has_next_page and bool(infos.items)

    async def get_sandbox_info(
        self, sandbox_id: str, *, request_timeout: Seconds | None = None
    ) -> SandboxInfo:
        """What the server tells about a sandbox."""
        return await self._sandboxes.get_sandbox_info(sandbox_id, request_timeout=request_timeout)

    async def patch_sandbox_metadata(
        self,
        sandbox_id: str,
        patch: Mapping[str, str | None],
        *,
        request_timeout: Seconds | None = None,
    ) -> SandboxInfo:
        """Change metadata: None removes a key, keys that are not named stay."""
        return await self._sandboxes.patch_sandbox_metadata(
            sandbox_id, patch, request_timeout=request_timeout
        )

    async def kill_sandbox(
        self, sandbox_id: str, *, request_timeout: Seconds | None = None
    ) -> None:
        """End a sandbox. Raises `SandboxApiException` (404) for an id that is not known."""
        await self._sandboxes.kill_sandbox(sandbox_id, request_timeout=request_timeout)

    async def renew_sandbox(
        self, sandbox_id: str, timeout: Seconds, *, request_timeout: Seconds | None = None
    ) -> SandboxRenewResponse:
        """Let a sandbox live for `timeout` from now, in place of what was set before."""
        ends = datetime.now(UTC) + timedelta(seconds=seconds(timeout, "timeout"))
        return await self._sandboxes.renew_sandbox_expiration(
            sandbox_id, ends, request_timeout=request_timeout
        )

    async def pause_sandbox(
        self, sandbox_id: str, *, request_timeout: Seconds | None = None
    ) -> None:
        """Begin to pause a sandbox."""
        await self._sandboxes.pause_sandbox(sandbox_id, request_timeout=request_timeout)

    async def resume_sandbox(
        self, sandbox_id: str, *, request_timeout: Seconds | None = None
    ) -> None:
        """Begin to resume a sandbox; `Sandbox.resume` also waits, and connects to it."""
        await self._sandboxes.resume_sandbox(sandbox_id, request_timeout=request_timeout)

    # --- what a sandbox may reach

    async def get_egress_policy(
        self, sandbox_id: str, *, request_timeout: Seconds | None = None
    ) -> NetworkPolicy:
        """What a sandbox may reach, as the server keeps it."""
        return await self._sandboxes.get_network_policy(sandbox_id, request_timeout=request_timeout)

    async def replace_egress_policy(
        self, sandbox_id: str, policy: NetworkPolicy, *, request_timeout: Seconds | None = None
    ) -> None:
        """Replace all of what a sandbox may reach, from its next connection on."""
        await self._sandboxes.replace_network_policy(
            sandbox_id, policy, request_timeout=request_timeout
        )

    async def patch_egress_rules(
        self,
        sandbox_id: str,
        rules: Sequence[NetworkRule],
        *,
        request_timeout: Seconds | None = None,
    ) -> None:
        """Add rules before those there are; one with the target of another takes its place."""
        await self._sandboxes.patch_network_policy(
            sandbox_id, rules, request_timeout=request_timeout
        )

    async def delete_egress_rules(
        self, sandbox_id: str, targets: Sequence[str], *, request_timeout: Seconds | None = None
    ) -> None:
        """Remove the rules with these targets."""
        await self._sandboxes.delete_network_policy_rules(
            sandbox_id, targets, request_timeout=request_timeout
        )

    # --- diagnostics

    @property
    def diagnostics(self) -> Diagnostics:
        """What the server knows about why a sandbox does not work."""
        from .diagnostics import Diagnostics

        return Diagnostics(self.connection_config)

    async def get_diagnostic_logs(
        self, sandbox_id: str, scope: str, *, request_timeout: Seconds | None = None
    ) -> DiagnosticContent:
        """The logs of a sandbox, or where they are: `diagnostics.read` gives the text either way.

        `scope` is what they are about, such as `container`; the server says which it has.
        """
        return await self.diagnostics.get_logs(sandbox_id, scope, request_timeout=request_timeout)

    async def get_diagnostic_events(
        self, sandbox_id: str, scope: str, *, request_timeout: Seconds | None = None
    ) -> DiagnosticContent:
        """The events of a sandbox, or where they are: as `get_diagnostic_logs`."""
        return await self.diagnostics.get_events(sandbox_id, scope, request_timeout=request_timeout)

    # --- the server itself

    @property
    def pools(self) -> ServerPools:
        """The pools that the server keeps, where it has any; see also `opensandbox.pool`."""
        from .system import ServerPools

        return ServerPools(self.connection_config)

    async def is_server_healthy(self, *, request_timeout: Seconds | None = None) -> bool:
        """Whether the server says that it works; False when it gives no usable answer."""
        try:
            return await self._system().is_healthy(request_timeout=request_timeout)
        except InvalidArgumentException:
            raise
        except SandboxException:
            return False

    async def get_server_version(self, *, request_timeout: Seconds | None = None) -> str | None:
        """The server's version; None when it does not say."""
        return await self._system().get_version(request_timeout=request_timeout)

    def _system(self) -> System:
        from .system import System

        return System(self.connection_config)

    async def close(self) -> None:
        """Close the connections, unless the config was given."""
        if self._owns_config:
            await self.connection_config.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await self.close()


def _filter(
    states: Sequence[str] | None,
    metadata: Mapping[str, str] | None,
    page: int | None,
    page_size: int | None,
) -> SandboxFilter:
    from ..models.sandboxes import SandboxFilter

    if isinstance(states, str):
        raise InvalidArgumentException(f"states must be a list of strings, got {states!r}")
    return SandboxFilter(
        states=None if states is None else list(states),
        metadata=None if metadata is None else dict(metadata),
        page=page,
        page_size=page_size,
    )
