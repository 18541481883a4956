# Written by scripts/unasync.py from tests/_async/test_deadlines.py. Do not edit.
"""How long anything takes at most, whatever the other side does or leaves undone."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from opensandbox._concurrency import gather
from opensandbox._sync import life, streams
from opensandbox._sync.config import ConnectionConfigSync
from opensandbox._sync.lifecycle import SandboxesSync
from opensandbox._sync.sandbox import SandboxSync
from opensandbox.exceptions import SandboxException, SandboxTimeoutException
from opensandbox.transport.retry import JitterMode, RetryCause, RetryEvent, RetryPolicy
from tests._sync.operations import IMAGE, OPERATIONS, Scene, plain
from tests.peer import Exchange, Peer, Step, answer, chunk, hang, head, raw
from tests.sandbox_peer import SandboxPeer, info, sandbox_peer, says
from tests.whole_peer import whole_peer

#: A limit that is never reached here: whatever names it waited for the wrong one.
LONG = 50.0
#: Of the limit that is set for all, and of what a look-up leaves of it.
LIMIT = r"within 0\.[0-5]\d* s"
#: What asks nobody when it ends, or says instead of raising how it went.
END_WELL = set(
    map(
        plain,
        {
            "SandboxSync.is_healthy",
            "RunningCommandSync.wait",
            "RunningCommandSync.close",
            "SandboxManagerSync.is_server_healthy",
            "SandboxPool.shutdown",
            "SandboxPool.start",
            "SandboxPool.resize",
            "SandboxPool.snapshot",
            "SandboxPool.snapshot_idle_entries",
            "SandboxPool.release_all_idle",
            "SandboxPool.release_all_idle_parallel",
            "SandboxPoolManager.destroy",
        },
    )
)
#: What has begun is waited for as long as its daemon gives signs of life, or may be too old to.
STREAMS = set(
    map(
        plain,
        {
            "CommandsSync.run",
            "CommandsSync.stream",
            "CommandsSync.start",
            "CommandsSync.run_in_session",
            "CommandsSync.set_env",
            "RunningCommandSync.begin",
            "CodeSync.run",
            "IsolationSessionSync.run",
            "MetricsSync.watch",
            "OffersSync.watch_metrics",
        },
    )
)
#: What of the answer matters has come with its head.
HEADS = set(
    map(plain, {"FilesystemSync.write_file", "FilesystemSync.write_files", "FilesystemSync.upload"})
)


def ends(fault: Step, folder: Path, left_out: set[str]) -> dict[str, object]:
    """What every operation ended with when its server went wrong just before."""
    outcomes: dict[str, object] = {}

    def end(name: str, prepared: Any) -> None:
        try:
            outcomes[plain(name)] = OPERATIONS[name].act(prepared)
        except SandboxException as error:
            outcomes[plain(name)] = error

    with whole_peer() as peer:
        here = Scene(peer, folder, patience=0.5, request_timeout=0.5, retry_policy=RetryPolicy())
        here.set()
        names = [name for name in OPERATIONS if plain(name) not in left_out]
        prepared = {name: OPERATIONS[name].prepare(here) for name in names}
        peer.instead = fault
        gather(*(partial(end, name, prepared[name]) for name in names))
        here.clear()
    return outcomes


def test_every_call_ends_when_no_answer_comes(tmp_path: Path) -> None:
    for name, outcome in (ends(hang(), tmp_path, set())).items():
        if name not in END_WELL:
            assert re.search(LIMIT, str(outcome)), (name, outcome)


def test_every_call_ends_when_only_the_head_of_an_answer_comes(tmp_path: Path) -> None:
    begun = raw(head(200, {"Content-Length": "9"}), closes=False)
    for name, outcome in (ends(begun, tmp_path, STREAMS | HEADS)).items():
        if name not in END_WELL:
            assert re.search(LIMIT, str(outcome)), (name, outcome)


# --- connected to, and looked up --------------------------------------------------------------


@contextmanager
def full() -> Iterator[str]:
    """Where connections are neither taken nor refused: what waits to be taken is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = []
        for _ in range(3):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(address)
            waiting.append(one)
        yield f"{address[0]}:{address[1]}"
        for one in waiting:
            one.close()


def test_connecting_is_under_the_limit_of_the_call() -> None:
    with full() as address:
        with ConnectionConfigSync(domain=address, request_timeout=LONG) as config:
            with pytest.raises(SandboxTimeoutException) as caught:
                SandboxesSync(config).get_sandbox_info("s1", request_timeout=0.3)
    assert "within 0.3 s: it was not connected yet" in str(caught.value)
    assert caught.value.is_retryable


def test_finding_a_host_is_under_the_limit_of_the_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found, known = Event(), socket.getaddrinfo

    def slow(host: Any, *args: Any, **more: Any) -> Any:
        if more.get("flags") != socket.AI_NUMERICHOST and host == "slow.example":
            found.wait(LONG)
        return known(host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with ConnectionConfigSync(domain="slow.example:1", proxy=None) as config:
        with pytest.raises(SandboxTimeoutException) as caught:
            SandboxesSync(config).get_sandbox_info("s1", request_timeout=0.3)
    found.set()
    assert "within 0.3 s" in str(caught.value)
    assert caught.value.is_retryable


def test_waiting_for_a_connection_is_under_the_limit_of_the_call() -> None:
    with sandbox_peer() as peer:
        peer.on("POST /command", held())
        config = ConnectionConfigSync(domain=peer.address).with_transport_if_missing(
            max_connections=1
        )
        with config:
            sandbox = SandboxSync.connect("s1", config)
            with sandbox.commands.start("make"):
                with pytest.raises(SandboxTimeoutException) as caught:
                    sandbox.get_info(request_timeout=0.3)
            assert (sandbox.get_info()).id == "s1"
    assert "within 0.3 s: all 1 connections were in use" in str(caught.value)
    assert "max_connections" in str(caught.value)
    assert caught.value.is_retryable


def held(*pieces: bytes) -> Step:
    """A command that has begun, and of which nothing more than these is heard."""

    def step(exchange: Exchange) -> None:
        begun = b'{"type":"init","text":"c-1","timestamp":1}\n\n'
        exchange.send(head(200, {"Transfer-Encoding": "chunked"}) + chunk(begun))
        for piece in pieces:
            exchange.send(chunk(piece))
        exchange.wait()

    return step


def test_who_waits_for_somebody_elses_look_up_waits_no_longer_than_asked() -> None:
    with sandbox_peer() as peer:
        peer.on(r"GET /v1/sandboxes/s1/endpoints/\d+", hang())
        with ConnectionConfigSync(domain=peer.address) as config:
            sandboxes = SandboxesSync(config)
            said: list[str] = []

            def ask(seconds: float) -> None:
                with pytest.raises(SandboxTimeoutException) as caught:
                    sandboxes.get_sandbox_endpoint("s1", 8000, request_timeout=seconds)
                said.append(str(caught.value))

            gather(partial(ask, 2.0), partial(ask, 0.3), partial(ask, 0.4))
    # In the order in which their time is up, though the first to ask has the most.
    assert "0.3 s" in said[0]
    assert "0.4 s" in said[1]
    assert re.search(r"within (2|1\.\d+) s", said[2])


# --- signs of life ----------------------------------------------------------------------------

PING = b'{"type":"ping","text":"pong","timestamp":1}\n\n'


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less patience, in the same proportions."""
    monkeypatch.setattr(streams, "_SUSPICION", 0.22)
    monkeypatch.setattr(streams, "_PING_PAUSE", 0.08)
    monkeypatch.setattr(life, "_ASKING_LIMIT", 0.1)


def test_a_peer_that_pings_is_dead_after_15_s_of_silence() -> None:
    assert streams.PING_SILENCE == 15.0
    assert streams._SUSPICION + streams._PING_PAUSE == streams.PING_SILENCE
    # A ping comes every 3 s: one that has just been woken has the time for it.
    assert streams._PING_PAUSE > 3


@pytest.mark.parametrize(
    ("server", "asked"), [(says(info()), 2), (hang(), 1)], ids=["running", "as silent"]
)
def test_a_daemon_that_pinged_and_fell_silent_is_dead(
    quick: None, server: Step, asked: int
) -> None:
    with sandbox_peer() as peer:
        peer.on("POST /command", held(PING))
        with ConnectionConfigSync(domain=peer.address, request_timeout=LONG) as config:
            sandbox = SandboxSync.connect("s1", config)
            peer.on("GET /v1/sandboxes/s1", server)
            with pytest.raises(SandboxTimeoutException) as caught:
                sandbox.commands.run("make")
    assert len(peer.asked("GET /v1/sandboxes/s1")) == asked
    assert "no answer within 15 s" in str(caught.value)
    assert caught.value.execution_id == "c-1"


def test_a_daemon_that_is_dead_is_not_said_to_be_running_still(quick: None) -> None:
    with sandbox_peer() as peer:
        peer.on("POST /command", held(PING))
        with ConnectionConfigSync(domain=peer.address) as config:
            sandbox = SandboxSync.connect("s1", config)
            with sandbox.commands.start("make") as command:
                with pytest.raises(SandboxTimeoutException, match="no answer within 15") as caught:
                    command.wait(LONG)
    assert (caught.value.execution_id, caught.value.sandbox_id) == ("c-1", "s1")


def test_what_comes_while_the_server_is_asked_is_taken(quick: None) -> None:
    def late(peer: SandboxPeer) -> Step:
        def step(exchange: Exchange) -> None:
            begun = b'{"type":"init","text":"c-1","timestamp":1}\n\n'
            exchange.send(head(200, {"Transfer-Encoding": "chunked"}) + chunk(begun) + chunk(PING))
            while not peer.asked("GET /v1/sandboxes/s1") and not exchange.stopping.wait(0.01):
                pass
            done = b'{"type":"execution_complete","execution_time":4,"timestamp":1}\n\n'
            exchange.send(chunk(done) + chunk(b""))

        return step

    with sandbox_peer() as peer:
        peer.on("POST /command", late(peer))
        peer.on("GET /v1/sandboxes/s1", answer(200, b"{}", after=0.08))
        with ConnectionConfigSync(domain=peer.address) as config:
            sandbox = SandboxSync.connect("s1", config)
            assert (sandbox.commands.run("make")).exit_code == 0


def test_a_daemon_that_pings_is_waited_for_as_long_as_it_takes(quick: None) -> None:
    def slow(exchange: Exchange) -> None:
        begun = b'{"type":"init","text":"c-1","timestamp":1}\n\n'
        exchange.send(head(200, {"Transfer-Encoding": "chunked"}) + chunk(begun))
        for _ in range(10):
            exchange.send(chunk(PING))
            exchange.wait(0.1)
        done = b'{"type":"execution_complete","execution_time":4,"timestamp":1}\n\n'
        exchange.send(chunk(done) + chunk(b""))

    with sandbox_peer() as peer:
        peer.on("POST /command", slow)
        with ConnectionConfigSync(domain=peer.address, request_timeout=0.5) as config:
            sandbox = SandboxSync.connect("s1", config)
            assert (sandbox.commands.run("make", request_timeout=0.5)).exit_code == 0
        assert peer.asked("GET /v1/sandboxes/s1") == []


# --- together with those of a retry policy ----------------------------------------------------


def policy(**more: Any) -> RetryPolicy:
    return RetryPolicy(initial_backoff=0.01, jitter=JitterMode.NONE, **more)  # type: ignore[arg-type]


def info_within(peer: Peer, limits: RetryPolicy, request_timeout: float) -> SandboxException:
    """What asking about a sandbox ended with."""
    config = ConnectionConfigSync(
        domain=peer.address, retry_policy=limits, request_timeout=request_timeout
    )
    with config:
        with pytest.raises(SandboxException) as caught:
            SandboxesSync(config).get_sandbox_info("s1")
    return caught.value


def test_the_overall_deadline_ends_an_attempt_that_is_under_way() -> None:
    with Peer(hang()) as peer:
        error = info_within(peer, policy(overall_deadline=0.3), LONG)
    assert isinstance(error, SandboxTimeoutException)
    assert "no answer within 0.3 s (overall_deadline)" in str(error)


def test_the_overall_deadline_bounds_attempts_and_waits_together() -> None:
    told: list[RetryEvent] = []
    limits = policy(overall_deadline=0.6, per_attempt_timeout=0.25, on_retry=told.append)
    with Peer(hang()) as peer:
        error = info_within(peer, limits, LONG)
    assert isinstance(error, SandboxTimeoutException)
    assert "(overall_deadline)" in str(error)
    assert "no answer within 0.25 s (per_attempt_timeout)" in str(error)  # the one before
    assert [event.cause for event in told] == [RetryCause.READ_TIMEOUT] * len(told)
    assert 1 <= len(peer.requests) <= 3


def test_each_attempt_has_a_limit_and_all_have_that_of_the_call() -> None:
    with Peer(hang()) as peer:
        error = info_within(peer, policy(per_attempt_timeout=0.5, max_retries=50), 0.9)
    assert isinstance(error, SandboxTimeoutException)
    assert "no answer within 0.9 s (tried once before" in str(error)
    assert len(peer.requests) == 2


def test_an_attempt_that_is_not_made_again_names_its_own_limit() -> None:
    with Peer(hang()) as peer:
        config = ConnectionConfigSync(
            domain=peer.address, retry_policy=policy(per_attempt_timeout=0.2)
        )
        with config:
            with pytest.raises(SandboxTimeoutException) as caught:
                SandboxSync.create(IMAGE, connection_config=config, ready_timeout=LONG)
        assert len(peer.requests) == 1
    assert "no answer within 0.2 s (per_attempt_timeout)" in str(caught.value)


def test_a_longer_limit_of_the_policy_makes_no_difference() -> None:
    with Peer(hang()) as peer:
        limits = policy(per_attempt_timeout=LONG, overall_deadline=LONG)
        error = info_within(peer, limits, 0.3)
    assert "no answer within 0.3 s" in str(error)
    assert "per_attempt" not in str(error)
    assert "overall" not in str(error)


def test_the_limits_of_the_policy_end_with_the_head_of_an_answer() -> None:
    body = b'{"items":[],"pagination":{"page":1,"pageSize":20,"totalItems":0,"totalPages":0,'
    body += b'"hasNextPage":false}}'

    def slow(exchange: Exchange) -> None:
        exchange.send(head(200, {"Content-Length": str(len(body))}))
        exchange.wait(0.5)
        exchange.send(body)

    limits = policy(per_attempt_timeout=0.2, overall_deadline=0.2)
    with sandbox_peer() as peer:
        peer.on("GET /v1/sandboxes/s1", slow)
        with ConnectionConfigSync(domain=peer.address, retry_policy=limits) as config:
            with pytest.raises(SandboxException) as caught:
                SandboxesSync(config).get_sandbox_info("s1")
    assert not isinstance(caught.value, SandboxTimeoutException)


def test_a_wait_for_a_sandbox_is_bounded_by_its_own_timeout_alone() -> None:
    """Looking is repeated at a pace of its own: each look is one attempt under the policy."""
    told: list[RetryEvent] = []
    with sandbox_peer() as peer:
        peer.on("GET /ping", hang(), hang(), answer(200))
        limits = policy(per_attempt_timeout=0.2, overall_deadline=0.2, on_retry=told.append)
        with ConnectionConfigSync(domain=peer.address, retry_policy=limits) as config:
            sandbox = SandboxSync.create(IMAGE, connection_config=config, ready_timeout=LONG)
    assert sandbox.id == "s1"
    assert told == []
