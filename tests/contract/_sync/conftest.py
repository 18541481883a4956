# Written by scripts/unasync.py from tests/contract/_async/conftest.py. Do not edit.
"""A config and a shared sandbox for the cases of one module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from opensandbox import ConnectionConfig, Sandbox
from tests.contract.conftest import Server


@pytest.fixture(scope="module")
def config(server: Server) -> Iterator[ConnectionConfig]:
    """One config for a module: its sandboxes share a pool."""
    config = ConnectionConfig(domain=server.domain, api_key=server.api_key)
    yield config
    config.close_transport_if_owned()


@pytest.fixture(scope="module")
def sandbox(server: Server, config: ConnectionConfig) -> Iterator[Sandbox]:
    """A sandbox that the cases of a module share."""
    with Sandbox.temporary(
        server.image,
        connection_config=config,
        env={"GREETING": "from create"},
        resource={"cpu": "1", "memory": "512Mi"},
        ready_timeout=server.ready_timeout,
    ) as sandbox:
        yield sandbox
