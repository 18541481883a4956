# Written by scripts/unasync.py from tests/contract/_async/conftest.py. Do not edit.
"""A config and a shared sandbox for the cases of one module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from opensandbox import ConnectionConfigSync, SandboxSync
from tests.contract.conftest import Server


@pytest.fixture(scope="module")
def config(server: Server) -> Iterator[ConnectionConfigSync]:
    """One config for a module: its sandboxes share a pool."""
    config = ConnectionConfigSync(domain=server.domain, api_key=server.api_key)
    yield config
    config.close_transport_if_owned()


@pytest.fixture(scope="module")
def sandbox(server: Server, config: ConnectionConfigSync) -> Iterator[SandboxSync]:
    """A sandbox that the cases of a module share."""
    with SandboxSync.temporary(
        server.image,
        connection_config=config,
        env={"GREETING": "from create"},
        resource={"cpu": "1", "memory": "512Mi"},
        ready_timeout=server.ready_timeout,
    ) as sandbox:
        yield sandbox
