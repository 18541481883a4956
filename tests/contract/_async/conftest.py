"""A config and a shared sandbox for the cases of one module."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from opensandbox import ConnectionConfig, Sandbox
from tests.contract.conftest import Server


@pytest.fixture(scope="module")
async def config(server: Server) -> AsyncIterator[ConnectionConfig]:
    """One config for a module: its sandboxes share a pool."""
    config = ConnectionConfig(domain=server.domain, api_key=server.api_key)
    yield config
    await config.close_transport_if_owned()


@pytest.fixture(scope="module")
async def sandbox(server: Server, config: ConnectionConfig) -> AsyncIterator[Sandbox]:
    """A sandbox that the cases of a module share."""
    async with Sandbox.temporary(
        server.image,
        connection_config=config,
        env={"GREETING": "from create"},
        resource={"cpu": "1", "memory": "512Mi"},
        ready_timeout=server.ready_timeout,
    ) as sandbox:
        yield sandbox
