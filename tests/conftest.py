"""What every test shares: the event loop, and leaving out what this machine cannot isolate."""

from __future__ import annotations

import functools

import pytest
from hypothesis import settings

# The machines that run this are shared and slow at times: what takes long is no fault of the code.
settings.register_profile("opensandbox", deadline=None, print_blob=True)
settings.load_profile("opensandbox")

NO_ISOLATION = "no isolation here"
NO_WORLD = "no network of its own here"
#: What a reason for skipping begins with, and what the machine lacks then.
MISSING = {
    NO_ISOLATION: "isolation",
    NO_WORLD: "root and iproute2",
    "no redis-server here": "redis-server",
}


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, the one event loop library the client supports."""
    return "asyncio"


#: Where the async client opens connections in every manner. These tests run with aiohttp, which
#: the extra `fast` brings, and with httpcore; the others with aiohttp.
BY_BOTH = (
    "tests/_async/test_deadlines.py",
    "tests/_async/test_files.py",
    "tests/_async/test_http.py",
    "tests/_async/test_kept_connections.py",
    "tests/_async/test_tls.py",
    "tests/_async/test_transport.py",
    "tests/only_async/",
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Have these tests run once with the connections of each."""
    path = metafunc.definition.path.relative_to(metafunc.config.rootpath).as_posix()
    if path.startswith(BY_BOTH):
        metafunc.parametrize("connections_by", ["aiohttp", "httpcore"], indirect=True)


@pytest.fixture(autouse=True)
def connections_by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What makes the connections of the async client in this test."""
    name: str = getattr(request, "param", "aiohttp")
    if name == "httpcore":
        monkeypatch.setattr("opensandbox._concurrency.pools.load_fast", lambda: None)
    elif hasattr(request, "param"):
        # Here: a test of this file has no such package beside it.
        from opensandbox._concurrency.pools import load_fast

        load_fast()  # it takes a while, which is not what a test with short limits asks about
    return name


@functools.cache
def missing_isolation() -> str | None:
    """Why this machine cannot isolate a sandbox; None when it can."""
    from opensandbox.local.isolation.probe import probe

    machine = probe()
    return None if machine.isolates else " ".join(machine.problems_of_isolation)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no worker has it left when the others are done."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out a test that needs isolation where there is none."""
    if item.get_closest_marker("isolation"):
        why = missing_isolation()
        if why is not None:
            pytest.skip(f"{NO_ISOLATION}: {why}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what tests counted; and how many the machine kept from running, and why: a pass without
    them is less.
    """
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in getattr(report, "user_properties", ()):
                if name == "counts":
                    terminalreporter.write_line(str(value))
    said = [
        report.longrepr[2]
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    ]
    for missing, need in MISSING.items():
        reasons = [text.partition(f"{missing}: ")[2] for text in said if missing in text]
        if reasons:
            terminalreporter.write_line(
                f"{len(reasons)} tests need {need} and were skipped: {reasons[0]}", yellow=True
            )
