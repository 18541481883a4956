"""One server with stand-ins for a module's tests that only ask; others start their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local.server.servers import Server, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server"), "--kill-on-exit") as server:
        yield server
