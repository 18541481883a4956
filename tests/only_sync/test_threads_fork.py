"""One config works in many threads at once and after a fork, and ends what it started."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from opensandbox._concurrency import gather, monotonic, shield, sleep, time_limit
from opensandbox._sync.config import ConnectionConfigSync
from opensandbox._sync.http import ServiceSync
from opensandbox.exceptions import SandboxTimeoutException
from opensandbox_api.lifecycle.api.sandboxes import list_sandboxes
from tests.peer import Peer, answer, events, hang
from tests.sandbox_peer import sandbox_peer

NOTHING = (
    b'{"items":[],"pagination":{"page":1,"pageSize":20,"totalItems":0,"totalPages":0,'
    b'"hasNextPage":false}}'
)


def list_all(config: ConnectionConfigSync, request_timeout: float = 30) -> None:
    ServiceSync(config).call(
        lambda client: list_sandboxes.sync_detailed(client=client),
        request_timeout=request_timeout,
    )


def test_thirty_two_threads() -> None:
    with Peer(answer(200, NOTHING)) as peer, ThreadPoolExecutor(32) as threads:
        config = ConnectionConfigSync(domain=peer.address)
        for future in [threads.submit(list_all, config) for _ in range(320)]:
            future.result()
        config.close()
    assert len(peer.requests) == 320
    assert peer.connections <= 32


def test_each_thread_has_deadlines_of_its_own() -> None:
    with Peer(hang()) as peer:
        config = ConnectionConfigSync(domain=peer.address)

        def times_out(seconds: float) -> str:
            with pytest.raises(SandboxTimeoutException) as caught:
                list_all(config, seconds)
            return str(caught.value)

        said = gather(lambda: times_out(0.1), lambda: times_out(0.4))
        config.close()
    assert "0.1 s" in said[0]
    assert "0.4 s" in said[1]


def test_a_config_collected_under_a_limit_that_has_passed_is_closed_all_the_same() -> None:
    with Peer(answer(200, NOTHING)) as peer:
        config = ConnectionConfigSync(domain=peer.address)
        list_all(config)
        with (
            time_limit(0),  # as when garbage is collected in the middle of another call
            pytest.warns(ResourceWarning, match=f"ConfigSync for {peer.address} was dropped"),
        ):
            del config  # what is raised there fails this test


def test_a_forked_child_opens_connections_of_its_own() -> None:
    with Peer(answer(200, NOTHING)) as peer:
        config = ConnectionConfigSync(domain=peer.address)
        list_all(config)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                list_all(config)
                config.close()
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        list_all(config)
        assert peer.connections == 2
        config.close()


def test_a_config_nobody_holds_any_more_closes_its_connections() -> None:
    with Peer(answer(200, NOTHING)) as peer:
        with pytest.warns(ResourceWarning, match=f"ConfigSync for {peer.address} was dropped"):
            list_all(ConnectionConfigSync(domain=peer.address))
        while peer.open_connections:
            sleep(0.01)


def test_a_program_that_closes_nothing_ends_quietly() -> None:
    program = (
        "import sys\n"
        "from opensandbox._sync.config import ConnectionConfigSync\n"
        "from opensandbox._sync.http import ServiceSync\n"
        "config = ConnectionConfigSync(domain=sys.argv[1])\n"
        "with ServiceSync(config).event_stream('POST', '/command') as stream:\n"
        "    for frames in stream:\n"
        "        stream.leave()\n"
        "        break\n"
    )
    with Peer(events(b'{"type":"execution_complete"}\n', lingers=60)) as peer:
        ended = subprocess.run(
            [sys.executable, "-W", "error", "-c", program, peer.address],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_program_that_closes_no_sandbox_is_told_nothing_unless_it_asks() -> None:
    program = (
        "import asyncio\n"
        "from opensandbox import Sandbox, SandboxSync\n"
        "async def main():\n"
        "    await Sandbox.connect('s1')\n"
        "asyncio.run(main())\n"
        "forgotten = SandboxSync.connect('s1')\n"
    )
    with sandbox_peer() as peer:
        for options, count in (([], 0), (["-W", "always::ResourceWarning"], 2)):
            ended = subprocess.run(
                [sys.executable, *options, "-c", program],
                env={**os.environ, "OPEN_SANDBOX_DOMAIN": peer.address},
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
            )
            assert ended.stderr.count("ResourceWarning: Sandbox s1 was dropped") == count
            assert count or not ended.stderr


def test_the_drainers_thread_ends() -> None:
    with Peer(events(b'{"type":"execution_complete"}\n', lingers=60)) as peer:
        config = ConnectionConfigSync(domain=peer.address)
        with ServiceSync(config).event_stream("POST", "/command") as stream:
            for _ in stream:
                stream.leave()
                break
        assert any("drainer" in thread.name for thread in threading.enumerate())
        config.close()
        assert not any("drainer" in thread.name for thread in threading.enumerate())


# --- the primitives ---------------------------------------------------------------------------


def test_limits_nest_and_the_shortest_counts() -> None:
    started = monotonic()
    with time_limit(0.05), time_limit(60), pytest.raises(TimeoutError):
        sleep(30)
    assert monotonic() - started < 10
    sleep(0)


def test_a_shielded_action_has_a_limit_of_its_own() -> None:
    with time_limit(0.0):
        shield(lambda: sleep(0.01), seconds=5)
    with pytest.raises(TimeoutError):
        shield(lambda: sleep(5), seconds=0.01)


def test_gather_lets_all_end_before_it_raises_and_keeps_the_callers_limit() -> None:
    ended: list[str] = []

    def fails() -> None:
        raise LookupError("first")

    def ends() -> None:
        sleep(0.02)
        ended.append("second")

    with pytest.raises(LookupError, match="first"):
        gather(fails, ends)
    assert ended == ["second"]
    with time_limit(0.05), pytest.raises(TimeoutError):
        gather(lambda: sleep(5), lambda: sleep(5))
