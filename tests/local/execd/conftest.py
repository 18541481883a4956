"""One daemon for each file of tests, and one for a test that wants its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local.execd.daemons import Daemon


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    """A configured daemon that the tests of a file share."""
    with Daemon() as running:
        assert running.configure()["ok"]
        yield running


@pytest.fixture
def fresh() -> Iterator[Daemon]:
    """A daemon that nobody has configured yet."""
    with Daemon() as running:
        yield running
