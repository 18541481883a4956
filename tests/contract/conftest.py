"""The server that the contract cases run on.

By default a private embedded runtime; any other server when OPENSANDBOX_TEST_DOMAIN names one,
with its key in OPENSANDBOX_TEST_API_KEY and the image to use in OPENSANDBOX_TEST_IMAGE.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from attrs import frozen

from opensandbox.runtime import LocalRuntime


@frozen
class Server:
    """Where the cases run: an address, its key, an image that has Python, and how long to wait."""

    domain: str
    api_key: str | None
    image: str
    embedded: bool
    ready_timeout: float


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The server under test, for the whole run."""
    image = os.environ.get("OPENSANDBOX_TEST_IMAGE", "python:3.11")
    domain = os.environ.get("OPENSANDBOX_TEST_DOMAIN")
    if domain:
        key = os.environ.get("OPENSANDBOX_TEST_API_KEY")
        yield Server(domain, key, image, embedded=False, ready_timeout=180)
        return
    with LocalRuntime() as runtime:
        yield Server(runtime.domain, runtime.api_key, image, embedded=True, ready_timeout=30)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The embedded runtime needs isolation; a server named by the environment does not."""
    if not os.environ.get("OPENSANDBOX_TEST_DOMAIN"):
        for item in items:
            if "/contract/" in str(item.path):
                item.add_marker(pytest.mark.isolation)
