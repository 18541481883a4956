"""The machine, looked at once."""

from __future__ import annotations

import pytest

from opensandbox.local.isolation.probe import Machine, probe


@pytest.fixture(scope="session")
def machine() -> Machine:
    """What this machine can do."""
    return probe()
