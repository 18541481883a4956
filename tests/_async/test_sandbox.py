"""A sandbox is made, used, waited for and ended; what is refused leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from opensandbox._async.config import ConnectionConfig
from opensandbox._async.sandbox import Sandbox
from opensandbox._concurrency import async_sleep
from opensandbox.exceptions import (
    InvalidArgumentException,
    SandboxApiException,
    SandboxConnectionException,
    SandboxException,
    SandboxReadyTimeoutException,
    SandboxTimeoutException,
    SandboxUnhealthyException,
)
from opensandbox.models.sandboxes import (
    CredentialProxyConfig,
    Host,
    LifecycleHook,
    NetworkPolicy,
    NetworkRule,
    PlatformSpec,
    SandboxImageAuth,
    SandboxImageSpec,
    SandboxLifecycle,
    SandboxState,
    Volume,
)
from opensandbox.transport.retry import RetryEvent, RetryPolicy
from tests.peer import Exchange, Step, answer, chunk, hang, head, refused_address, reset
from tests.sandbox_peer import ENDS, SandboxPeer, info, refuses, sandbox_peer, says

CREATE = "POST /v1/sandboxes"
DELETE = "DELETE /v1/sandboxes/s1"
ENDPOINT = r"GET /v1/sandboxes/s1/endpoints/\d+"
INIT = b'{"type":"init","text":"c-1","timestamp":1}\n\n'
PING = b'{"type":"ping","text":"pong","timestamp":1}\n\n'
DONE = b'{"type":"execution_complete","execution_time":4,"timestamp":1}\n\n'
NOT_YET = "KUBERNETES::POD_IP_NOT_AVAILABLE"


@pytest.fixture
def peer() -> Iterator[SandboxPeer]:
    with sandbox_peer() as started:
        yield started


def config_of(peer: SandboxPeer, **more: Any) -> ConnectionConfig:
    return ConnectionConfig(domain=peer.address, retry_policy=RetryPolicy.disabled(), **more)


async def made(peer: SandboxPeer, config: ConnectionConfig) -> Sandbox:
    return await Sandbox.create("python:3.11", connection_config=config)


async def nothing_open(peer: SandboxPeer) -> None:
    """The peer sees that the other end has closed a moment later."""
    for _ in range(500):
        if peer.open_connections == 0:
            return
        await async_sleep(0.01)
    pytest.fail(f"{peer.open_connections} connections are still open")


# --- gone


async def test_what_was_killed_here_says_so_at_once(peer: SandboxPeer) -> None:
    async with ConnectionConfig(domain=peer.address) as config:
        sandbox = await made(peer, config)
        await sandbox.kill()
        before = len(peer.requests)
        for call in (lambda: sandbox.commands.run("ls"), lambda: sandbox.files.read_file("/a")):
            with pytest.raises(SandboxUnhealthyException, match="killed") as raised:
                await call()
            assert not raised.value.is_retryable
            assert raised.value.sandbox_id == "s1"
    assert len(peer.requests) == before


async def test_a_sandbox_that_has_expired_says_so_after_one_refused_connection(
    peer: SandboxPeer,
) -> None:
    at = {"endpoint": refused_address(), "headers": {}}
    peer.on(ENDPOINT, says(at))
    peer.on("GET /v1/sandboxes/s1", refuses(404))
    told: list[RetryEvent] = []
    policy = RetryPolicy(on_retry=told.append)
    async with ConnectionConfig(domain=peer.address, retry_policy=policy) as config:
        sandbox = await Sandbox.connect("s1", config, skip_health_check=True)
        with pytest.raises(SandboxUnhealthyException, match="ended or expired") as raised:
            await sandbox.commands.run("ls")
    assert not raised.value.is_retryable
    assert told == []
    assert len(peer.asked("GET /v1/sandboxes/s1")) == 1


async def test_a_sandbox_that_has_failed_says_why(peer: SandboxPeer) -> None:
    peer.on(ENDPOINT, says({"endpoint": refused_address(), "headers": {}}))
    peer.on("GET /v1/sandboxes/s1", says(info("Failed")))
    async with config_of(peer) as config:
        sandbox = await Sandbox.connect("s1", config, skip_health_check=True)
        with pytest.raises(SandboxUnhealthyException, match="s1 is Failed: Up"):
            await sandbox.commands.run("ls")


@pytest.mark.parametrize(
    ("step", "perhaps"),
    [
        (reset(), True),
        (hang(), True),
        (answer(202, b""), True),
        (refuses(500), False),
        (refuses(503), False),
    ],
    ids=["reset", "silent", "empty", "500", "503"],
)
async def test_a_create_whose_answer_is_lost_says_that_there_may_be_a_sandbox(
    peer: SandboxPeer, step: Step, perhaps: bool
) -> None:
    peer.on(CREATE, step)
    async with config_of(peer, request_timeout=1) as config:
        with pytest.raises(SandboxException) as caught:
            await made(peer, config)
    notes = getattr(caught.value, "__notes__", [])
    assert any("may have made a sandbox" in note for note in notes) is perhaps
    assert len(peer.asked(CREATE)) == 1


@pytest.mark.parametrize("said", [says(info()), refuses(503), reset()])
async def test_one_that_is_there_or_not_known_of_is_tried_again(
    peer: SandboxPeer, said: Step
) -> None:
    at = {"endpoint": refused_address(), "headers": {}}
    peer.on(ENDPOINT, says(at))
    peer.on("GET /v1/sandboxes/s1", said)
    told: list[RetryEvent] = []
    policy = RetryPolicy(
        max_retries=2, initial_backoff=timedelta(milliseconds=1), on_retry=told.append
    )
    async with ConnectionConfig(domain=peer.address, retry_policy=policy) as config:
        sandbox = await Sandbox.connect("s1", config, skip_health_check=True)
        with pytest.raises(SandboxConnectionException) as raised:
            await sandbox.commands.run("ls")
    assert raised.value.is_retryable
    assert len(told) == 2
    assert len(peer.asked("GET /v1/sandboxes/s1")) == 1


# --- creating


async def test_create_asks_and_waits_for_the_daemon(peer: SandboxPeer) -> None:
    async with config_of(peer) as config:
        sandbox = await Sandbox.create("python:3.11", connection_config=config)
    assert sandbox.id == "s1"
    assert sandbox.origin == "unknown"
    assert repr(sandbox).endswith(" s1>")
    assert [line.partition("?")[0] for line in peer.asked()] == [
        "POST /v1/sandboxes",
        "GET /v1/sandboxes/s1/endpoints/44772",
        "GET /ping",
    ]
    assert peer.requests[-1].headers["x-execd-access-token"] == "token-1"


async def test_the_scheme_of_the_domain_is_the_daemons_too() -> None:
    asked: list[httpx.Request] = []

    def told(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if request.method == "POST":
            return httpx.Response(202, json=info())
        return httpx.Response(200, json={"endpoint": "daemon.example:7/p", "headers": {}})

    transport = httpx.MockTransport(told)
    async with ConnectionConfig(
        domain="https://box.example", protocol="http", api_key="key-1", transport=transport
    ) as config:
        await (await Sandbox.create("python:3.11", connection_config=config)).close()
    assert [request.url.scheme for request in asked] == ["https"] * 3
    assert str(asked[-1].url) == "https://daemon.example:7/p/ping"
    assert "open-sandbox-api-key" not in asked[-1].headers


async def test_nothing_is_told_of_who_asks_and_nothing_is_reported(peer: SandboxPeer) -> None:
    async with config_of(peer, api_key="key-1") as config:
        sandbox = await made(peer, config)
        await sandbox.get_info()
        await sandbox.kill()
    assert [line.partition("?")[0] for line in peer.asked()] == [
        "POST /v1/sandboxes",
        "GET /v1/sandboxes/s1/endpoints/44772",
        "GET /ping",
        "GET /v1/sandboxes/s1",
        "DELETE /v1/sandboxes/s1",
    ]
    of_http = {"host", "accept", "accept-encoding", "connection", "user-agent"}
    of_bodies = {"content-length", "content-type"}
    of_the_api = {"open-sandbox-api-key", "x-execd-access-token"}
    for request in peer.requests:
        assert set(request.headers) <= of_http | of_bodies | of_the_api


async def test_create_has_the_defaults_that_callers_rely_on(peer: SandboxPeer) -> None:
    async with config_of(peer) as config:
        await (await Sandbox.create("python:3.11", connection_config=config)).close()
    assert peer.body(CREATE) == {
        "image": {"uri": "python:3.11"},
        "timeout": 600,
        "entrypoint": ["tail", "-f", "/dev/null"],
        "resourceLimits": {"cpu": "1", "memory": "2Gi"},
    }


async def test_create_sends_every_parameter(peer: SandboxPeer) -> None:
    async with config_of(peer) as config:
        sandbox = await Sandbox.create(
            SandboxImageSpec("private:1", auth=SandboxImageAuth(username="u", password="p")),
            timeout=timedelta(seconds=90.4),
            env={"A": "1"},
            metadata={"example.com/team": "core", "empty": ""},
            resource={"cpu": "2"},
            resource_requests={"cpu": "1"},
            platform=PlatformSpec(os="linux", arch="arm64"),
            network_policy=NetworkPolicy(egress=[NetworkRule(action="allow", target="pypi.org")]),
            credential_proxy=CredentialProxyConfig(enabled=True),
            extensions={"x": "y"},
            secure_access=True,
            entrypoint=["sleep", "inf"],
            volumes=[Volume(name="data", host=Host(path="/srv"), mount_path="/data")],
            lifecycle=SandboxLifecycle(pre_start=LifecycleHook(command=["true"])),
            connection_config=config,
        )
        await sandbox.close()
    assert peer.body(CREATE) == {
        "image": {"uri": "private:1", "auth": {"username": "u", "password": "p"}},
        "timeout": 91,
        "env": {"A": "1"},
        "metadata": {"example.com/team": "core", "empty": ""},
        "resourceLimits": {"cpu": "2"},
        "resourceRequests": {"cpu": "1"},
        "platform": {"os": "linux", "arch": "arm64"},
        "networkPolicy": {
            "defaultAction": "deny",
            "egress": [{"action": "allow", "target": "pypi.org"}],
        },
        "credentialProxy": {"enabled": True},
        "extensions": {"x": "y"},
        "secureAccess": True,
        "entrypoint": ["sleep", "inf"],
        "volumes": [
            {
                "name": "data",
                "host": {"path": "/srv"},
                "mountPath": "/data",
                "readOnly": False,
            }
        ],
        "lifecycle": {"preStart": {"command": ["true"]}},
    }


async def test_a_sandbox_without_an_end_is_asked_for_with_null(peer: SandboxPeer) -> None:
    async with config_of(peer) as config:
        await (await Sandbox.create("python:3.11", timeout=None, connection_config=config)).close()
    assert peer.body(CREATE)["timeout"] is None


async def test_a_sandbox_from_a_snapshot(peer: SandboxPeer) -> None:
    async with config_of(peer) as config:
        await (await Sandbox.create(snapshot_id="snap-1", connection_config=config)).close()
    assert peer.body(CREATE)["snapshotId"] == "snap-1"
    assert "image" not in peer.body(CREATE)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "exactly one of image and snapshot_id"),
        ({"image": "a", "snapshot_id": "b"}, "exactly one of image and snapshot_id, got both"),
        ({"image": " "}, "image"),
        ({"image": 5}, "image"),
        ({"snapshot_id": ""}, "snapshot_id"),
        ({"image": "a", "timeout": -1}, "timeout must be at least 60"),
        ({"image": "a", "timeout": 59.9}, "timeout must be at least 60"),
        ({"image": "a", "timeout": "600"}, "timeout must be a number of seconds"),
        ({"image": "a", "timeout": float("nan")}, "timeout must be a finite number"),
        ({"image": "a", "ready_timeout": 0}, "ready_timeout must be more than 0"),
        ({"image": "a", "health_check_polling_interval": -1}, "health_check_polling_interval"),
        ({"image": "a", "request_timeout": 0}, "request_timeout must be more than 0"),
        ({"image": "a", "metadata": {"bad key!": "x"}}, "metadata key 'bad key!'"),
        ({"image": "a", "metadata": {"x/y/z": "x"}}, "metadata key 'x/y/z'"),
        ({"image": "a", "metadata": {"a": "-x-"}}, "metadata value '-x-'"),
        ({"image": "a", "metadata": {"a": 5}}, "metadata['a'] must be a string"),
        ({"image": "a", "env": ["A=1"]}, "env must be a mapping"),
        ({"image": "a", "env": {"A": 5}}, "env['A'] must be a string, got int"),
        ({"image": "a", "resource": {"cpu": 1}}, "resource['cpu'] must be a string"),
        ({"image": "a", "entrypoint": []}, "entrypoint"),
        ({"image": "a", "entrypoint": "sleep 5"}, "entrypoint must be a list"),
        ({"image": "a", "network_policy": "deny"}, "network_policy must be a NetworkPolicy"),
        ({"image": "a", "volumes": [{"name": "a"}]}, "volumes[0] must be a Volume"),
        ({"image": "a", "platform": "linux/arm64"}, "platform must be a PlatformSpec"),
        ({"image": "a", "secure_access": 1}, "secure_access must be True or False"),
    ],
)
async def test_what_cannot_be_meant_is_refused_before_anything_is_sent(
    peer: SandboxPeer, options: dict[str, Any], told: str
) -> None:
    async with config_of(peer) as config:
        with pytest.raises(InvalidArgumentException) as caught:
            await Sandbox.create(**options, connection_config=config)
    assert told in str(caught.value)
    assert peer.connections == 0


async def test_a_misspelt_keyword_is_refused(peer: SandboxPeer) -> None:
    with pytest.raises(TypeError, match="timout"):
        await Sandbox.create("a", timout=5)  # type: ignore[call-arg]


async def test_without_a_server_the_error_names_the_address_and_the_ways_to_get_one() -> None:
    address = refused_address()
    async with ConnectionConfig(domain=address, retry_policy=RetryPolicy.disabled()) as config:
        with pytest.raises(SandboxConnectionException) as caught:
            await Sandbox.create("python:3.11", connection_config=config)
    assert address in str(caught.value)
    assert 'domain="local"' in str(caught.value)


async def test_a_wrong_key_is_told(peer: SandboxPeer) -> None:
    peer.on(CREATE, refuses(401, "INVALID_API_KEY"))
    async with config_of(peer, api_key="wrong") as config:
        with pytest.raises(SandboxApiException) as caught:
            await Sandbox.create("python:3.11", connection_config=config)
    assert (caught.value.status_code, caught.value.error.code) == (401, "INVALID_API_KEY")


async def test_a_page_of_a_proxy_is_told_with_its_status(peer: SandboxPeer) -> None:
    peer.on(CREATE, answer(520, b"<html><title>Unknown error</title></html>"))
    async with config_of(peer) as config:
        with pytest.raises(SandboxApiException, match="Unknown error") as caught:
            await Sandbox.create("python:3.11", connection_config=config)
    assert caught.value.status_code == 520
    assert caught.value.response_body == b"<html><title>Unknown error</title></html>"


@pytest.mark.parametrize("body", [b'{"id": "s1', b"", b"[]", b"{}", b"null"])
async def test_a_success_that_cannot_be_read_is_told(peer: SandboxPeer, body: bytes) -> None:
    peer.on(CREATE, answer(202, body, headers={"X-Request-ID": "r-1"}))
    async with config_of(peer) as config:
        with pytest.raises(SandboxApiException) as caught:
            await Sandbox.create("python:3.11", connection_config=config)
    assert (caught.value.status_code, caught.value.request_id) == (202, "r-1")


# --- waiting for it to be ready


async def test_an_endpoint_that_is_not_there_yet_is_asked_for_again(peer: SandboxPeer) -> None:
    peer.on(ENDPOINT, refuses(404, NOT_YET), refuses(404, NOT_YET), says(peer.endpoint()))
    async with config_of(peer) as config:
        await (await made(peer, config)).close()
    assert len(peer.asked(ENDPOINT)) == 3


async def test_a_daemon_that_does_not_answer_yet_is_asked_again(peer: SandboxPeer) -> None:
    peer.on("GET /ping", answer(502), reset(), answer(500), answer(200))
    async with config_of(peer) as config:
        await (await made(peer, config)).close()
    assert len(peer.asked("GET /ping")) == 4


async def test_waiting_does_not_use_the_retries_of_the_config(peer: SandboxPeer) -> None:
    peer.on(ENDPOINT, answer(503), says(peer.endpoint()))
    peer.on("GET /ping", answer(503), answer(200))
    told: list[object] = []
    policy = RetryPolicy(on_retry=told.append)
    async with ConnectionConfig(domain=peer.address, retry_policy=policy) as config:
        await (await made(peer, config)).close()
    assert told == []


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (ENDPOINT, 404, "DOCKER::SANDBOX_NOT_FOUND"),
        (ENDPOINT, 401, "INVALID_API_KEY"),
        ("GET /ping", 401, "UNAUTHORIZED"),
        ("GET /ping", 403, "FORBIDDEN"),
    ],
)
async def test_what_will_not_get_better_is_raised_at_once_and_the_sandbox_deleted(
    peer: SandboxPeer, request_: str, status: int, code: str
) -> None:
    peer.on(request_, refuses(status, code))
    async with config_of(peer) as config:
        with pytest.raises(SandboxApiException) as caught:
            await made(peer, config)
    assert (caught.value.status_code, caught.value.sandbox_id) == (status, "s1")
    assert len(peer.asked(request_)) == 1
    assert len(peer.asked(DELETE)) == 1


async def test_a_sandbox_that_is_not_ready_in_time_is_deleted_and_the_last_failure_told(
    peer: SandboxPeer,
) -> None:
    peer.on("GET /ping", refuses(500, "DAEMON::BROKEN"))
    async with config_of(peer) as config:
        with pytest.raises(SandboxReadyTimeoutException) as caught:
            await Sandbox.create("python:3.11", ready_timeout=1, connection_config=config)
    error = caught.value
    assert error.sandbox_id == "s1"
    assert "1 s (ready_timeout)" in str(error)
    assert "DAEMON::BROKEN" in str(error)
    assert isinstance(error.cause, SandboxApiException)
    assert len(peer.asked("GET /ping")) > 1
    assert len(peer.asked(DELETE)) == 1


async def test_of_a_look_that_the_end_of_the_wait_cut_off_the_failure_before_is_told(
    peer: SandboxPeer,
) -> None:
    looks: list[str] = []

    async def check(sandbox: Sandbox) -> bool:
        looks.append(sandbox.id)
        if len(looks) == 1:
            raise ValueError("the disk is not there yet")
        await async_sleep(60)
        return True

    async with config_of(peer) as config:
        with pytest.raises(SandboxReadyTimeoutException, match="the disk is not there yet"):
            await Sandbox.create(
                "python:3.11", health_check=check, ready_timeout=0.5, connection_config=config
            )
    assert len(looks) == 2


async def test_one_deadline_bounds_every_request_of_a_create(peer: SandboxPeer) -> None:
    peer.on("GET /ping", hang())
    async with config_of(peer) as config:
        with pytest.raises(SandboxReadyTimeoutException, match="ready_timeout"):
            await Sandbox.create("python:3.11", ready_timeout=1, connection_config=config)
    assert len(peer.asked(DELETE)) == 1


async def test_a_server_that_does_not_answer_a_create_is_told_so(peer: SandboxPeer) -> None:
    peer.on(CREATE, hang())
    async with config_of(peer) as config:
        with pytest.raises(SandboxReadyTimeoutException, match="did not answer"):
            await Sandbox.create("python:3.11", ready_timeout=0.1, connection_config=config)
        with pytest.raises(SandboxTimeoutException):
            await Sandbox.create("python:3.11", request_timeout=0.1, connection_config=config)


@pytest.mark.parametrize("state", ["Failed", "Terminated"])
async def test_a_sandbox_that_has_failed_is_not_waited_for(peer: SandboxPeer, state: str) -> None:
    peer.on(ENDPOINT, refuses(404, NOT_YET))
    peer.on("GET /v1/sandboxes/s1", says(info(state)))
    async with config_of(peer) as config:
        with pytest.raises(SandboxUnhealthyException, match=state):
            await made(peer, config)
    assert len(peer.asked(DELETE)) == 1


async def test_a_sandbox_that_cannot_be_deleted_is_a_note_on_the_first_error(
    peer: SandboxPeer,
) -> None:
    peer.on("GET /ping", refuses(401))
    peer.on(DELETE, refuses(500, "DELETE::BROKEN"))
    async with config_of(peer) as config:
        with pytest.raises(SandboxApiException) as caught:
            await made(peer, config)
    assert caught.value.status_code == 401
    assert "DELETE::BROKEN" in "".join(caught.value.__notes__)


async def test_deleting_has_one_short_limit_of_its_own(
    peer: SandboxPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opensandbox._async.endings.CLEAN_UP_LIMIT", 0.2)
    peer.on("GET /ping", refuses(401))
    peer.on(DELETE, hang())
    async with ConnectionConfig(domain=peer.address, request_timeout=60) as config:
        with pytest.raises(SandboxApiException) as caught:
            await made(peer, config)
    assert caught.value.status_code == 401
    assert "within 0.2 s" in "".join(caught.value.__notes__)
    assert len(peer.asked(DELETE)) == 1


async def test_without_a_health_check_only_the_address_is_asked_for(peer: SandboxPeer) -> None:
    async with config_of(peer) as config:
        await (
            await Sandbox.create("python:3.11", skip_health_check=True, connection_config=config)
        ).close()
    assert peer.asked("GET /ping") == []


async def test_a_health_check_of_ones_own_says_when_it_is_ready(peer: SandboxPeer) -> None:
    answers = [False, True]
    seen: list[str] = []

    async def check(sandbox: Sandbox) -> bool:
        seen.append(sandbox.id)
        return answers.pop(0)

    async with config_of(peer) as config:
        await (
            await Sandbox.create("python:3.11", health_check=check, connection_config=config)
        ).close()
    assert seen == ["s1", "s1"]
    assert peer.asked("GET /ping") == []


async def test_a_plain_function_will_do_as_a_health_check(peer: SandboxPeer) -> None:
    async with config_of(peer) as config:
        sandbox = await Sandbox.create(
            "python:3.11", health_check=lambda _: True, connection_config=config
        )
        assert await sandbox.is_healthy()


async def test_a_health_check_that_raises_is_asked_again_and_told_when_time_is_up(
    peer: SandboxPeer,
) -> None:
    def check(sandbox: Sandbox) -> bool:
        raise ValueError("not so fast")

    async with config_of(peer) as config:
        with pytest.raises(SandboxReadyTimeoutException, match="ValueError: not so fast") as caught:
            await Sandbox.create(
                "python:3.11", health_check=check, ready_timeout=0.5, connection_config=config
            )
    assert isinstance(caught.value.__cause__, ValueError)


# --- for a block


async def test_temporary_kills_at_the_end(peer: SandboxPeer) -> None:
    async with config_of(peer) as config:
        async with Sandbox.temporary("python:3.11", connection_config=config) as sandbox:
            assert sandbox.id == "s1"
            assert peer.asked(DELETE) == []
        assert len(peer.asked(DELETE)) == 1


async def test_temporary_kills_after_an_error_and_raises_it(peer: SandboxPeer) -> None:
    peer.on(DELETE, refuses(500, "DELETE::BROKEN"))
    async with config_of(peer) as config:
        with pytest.raises(ZeroDivisionError) as caught:
            async with Sandbox.temporary("python:3.11", connection_config=config):
                raise ZeroDivisionError
    assert len(peer.asked(DELETE)) == 1
    assert "DELETE::BROKEN" in "".join(caught.value.__notes__)


async def test_temporary_tells_when_killing_fails(peer: SandboxPeer) -> None:
    peer.on(DELETE, refuses(500, "DELETE::BROKEN"))
    async with config_of(peer) as config:
        with pytest.raises(SandboxException, match=r"s1 could not be deleted.*DELETE::BROKEN"):
            async with Sandbox.temporary("python:3.11", connection_config=config):
                pass


async def test_temporary_takes_a_sandbox_that_is_gone_already(peer: SandboxPeer) -> None:
    peer.on(DELETE, answer(204), refuses(404, "DOCKER::SANDBOX_NOT_FOUND"))
    async with config_of(peer) as config:
        async with Sandbox.temporary("python:3.11", connection_config=config) as sandbox:
            await sandbox.kill()
        assert len(peer.asked(DELETE)) == 2


async def test_leaving_a_sandbox_closes_and_does_not_kill(peer: SandboxPeer) -> None:
    async with config_of(peer) as config:
        async with await Sandbox.create("python:3.11", connection_config=config):
            pass
        assert peer.asked(DELETE) == []


async def test_a_config_of_its_own_is_closed_with_the_sandbox(
    peer: SandboxPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPEN_SANDBOX_DOMAIN", peer.address)
    sandbox = await Sandbox.create("python:3.11")
    assert peer.open_connections > 0
    await sandbox.close()
    await nothing_open(peer)


async def test_a_config_of_its_own_is_closed_when_there_is_no_sandbox(
    peer: SandboxPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPEN_SANDBOX_DOMAIN", peer.address)
    peer.on("GET /ping", refuses(401))
    with pytest.raises(SandboxApiException):
        await (await Sandbox.create("python:3.11")).close()
    await nothing_open(peer)
    with pytest.raises(SandboxApiException):
        await Sandbox.connect("s1")
    await nothing_open(peer)


# --- paused while a command runs


def a_command_that_ends_when(peer: SandboxPeer, times: int) -> Step:
    """Ping once, and end when the sandbox's state was asked for so many times."""

    def step(exchange: Exchange) -> None:
        exchange.send(head(200, {"Transfer-Encoding": "chunked"}) + chunk(INIT) + chunk(PING))
        while len(peer.asked("GET /v1/sandboxes/s1")) < times and not exchange.stopping.wait(0.01):
            pass
        exchange.send(chunk(DONE) + chunk(b""))

    return step


async def test_a_command_is_waited_for_while_its_sandbox_is_paused(
    peer: SandboxPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opensandbox._async.streams._SUSPICION", 0.1)
    peer.on("POST /command", a_command_that_ends_when(peer, 3))
    peer.on("GET /v1/sandboxes/s1", says(info("Pausing")), says(info("Paused")), says(info()))
    async with config_of(peer) as config:
        sandbox = await Sandbox.connect("s1", config)
        assert (await sandbox.commands.run("make")).exit_code == 0


async def test_who_waits_for_so_long_waits_no_longer_for_a_paused_sandbox(
    peer: SandboxPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opensandbox._async.streams._SUSPICION", 0.1)
    peer.on("POST /command", a_command_that_ends_when(peer, 9999))
    peer.on("GET /v1/sandboxes/s1", says(info("Paused")))
    async with config_of(peer) as config:
        sandbox = await Sandbox.connect("s1", config)
        command = await sandbox.commands.start("make")
        with pytest.raises(SandboxTimeoutException, match="still running after"):
            await command.wait(timeout=0.5)


async def test_silence_of_a_sandbox_that_runs_ends_the_waiting(
    peer: SandboxPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opensandbox._async.streams._SUSPICION", 0.1)
    monkeypatch.setattr("opensandbox._async.streams._PING_PAUSE", 0.1)
    peer.on("POST /command", a_command_that_ends_when(peer, 99))
    async with config_of(peer) as config:
        sandbox = await Sandbox.connect("s1", config)
        with pytest.raises(SandboxTimeoutException) as caught:
            await sandbox.commands.run("make")
    assert caught.value.execution_id == "c-1"
    assert len(peer.asked("GET /v1/sandboxes/s1")) == 2


# --- finding it again


async def test_connect_waits_for_the_daemon(peer: SandboxPeer) -> None:
    async with config_of(peer) as config:
        sandbox = await Sandbox.connect("s1", config)
    assert sandbox.id == "s1"
    assert len(peer.asked("GET /ping")) == 1


async def test_connecting_to_an_unknown_sandbox_is_told_and_deletes_nothing(
    peer: SandboxPeer,
) -> None:
    async with config_of(peer) as config:
        with pytest.raises(SandboxApiException, match="SANDBOX_NOT_FOUND"):
            await Sandbox.connect("s2", config)
        peer.on("GET /ping", answer(500))
        with pytest.raises(SandboxReadyTimeoutException, match="connect_timeout"):
            await Sandbox.connect("s1", config, connect_timeout=0.1)
    assert peer.asked("DELETE .*") == []


async def test_who_cannot_reach_the_server_at_all_is_told_when_the_policy_gives_up() -> None:
    told: list[RetryEvent] = []
    policy = RetryPolicy(
        max_retries=2, initial_backoff=timedelta(milliseconds=1), on_retry=told.append
    )
    async with ConnectionConfig(domain=refused_address(), retry_policy=policy) as config:
        with pytest.raises(SandboxConnectionException):
            await Sandbox.connect("s1", config)
    assert [event.retries_used for event in told] == [0, 1]


@pytest.mark.parametrize("sandbox_id", ["", " ", ".", "..", "a\nb"])
async def test_an_id_that_names_another_place_is_refused(
    peer: SandboxPeer, sandbox_id: str
) -> None:
    async with config_of(peer) as config:
        with pytest.raises(InvalidArgumentException, match="sandbox_id"):
            await Sandbox.connect(sandbox_id, config)
        with pytest.raises(InvalidArgumentException, match="sandbox_id"):
            await Sandbox.resume(sandbox_id, config)
    assert peer.connections == 0


async def test_resume_by_id_wakes_and_connects(peer: SandboxPeer) -> None:
    async with config_of(peer) as config:
        sandbox = await Sandbox.resume("s1", config)
    assert sandbox.id == "s1"
    assert peer.asked()[0] == "POST /v1/sandboxes/s1/resume"
    assert len(peer.asked("GET /ping")) == 1


async def test_resume_on_a_sandbox_gives_a_fresh_one(peer: SandboxPeer) -> None:
    async with config_of(peer) as config:
        sandbox = await made(peer, config)
        await sandbox.pause()
        again = await sandbox.resume(resume_timeout=5)
    assert again is not sandbox
    assert again.id == sandbox.id
    # Where it is may have changed.
    assert len(peer.asked(ENDPOINT)) == 2


# --- what is known of it


async def test_get_info(peer: SandboxPeer) -> None:
    async with config_of(peer) as config:
        sandbox = await made(peer, config)
        found = await sandbox.get_info()
    assert found.status.state == SandboxState.RUNNING
    assert found.expires_at == datetime.fromisoformat(ENDS)
    assert found.image == SandboxImageSpec("python:3.11")


async def test_nulls_and_unknown_words_break_no_info(peer: SandboxPeer) -> None:
    odd = info("Hibernating", platform={"os": "plan9", "arch": "mips"}, expiresAt=None)
    peer.on("GET /v1/sandboxes/s1", says({**odd, "image": None, "metadata": None, "new": 1}))
    async with config_of(peer) as config:
        sandbox = await made(peer, config)
        found = await sandbox.get_info()
    assert found.status.state == "Hibernating"
    assert found.platform == PlatformSpec(os="plan9", arch="mips")
    assert (found.expires_at, found.image, found.metadata) == (None, None, None)


async def test_the_address_of_a_port(peer: SandboxPeer) -> None:
    peer.on("GET /v1/sandboxes/s1/endpoints/8000", says({"endpoint": "h:99/p"}))
    async with config_of(peer) as config:
        sandbox = await made(peer, config)
        assert (await sandbox.get_endpoint(8000)).endpoint == "h:99/p"
        assert await sandbox.get_endpoint_url(8000) == "http://h:99/p"
        with pytest.raises(InvalidArgumentException, match="port"):
            await sandbox.get_endpoint(70000)


async def test_a_signed_address_is_asked_for_each_time(peer: SandboxPeer) -> None:
    async with config_of(peer) as config:
        sandbox = await made(peer, config)
        await sandbox.get_signed_endpoint(8000, 2_000_000_000)
        await sandbox.get_signed_endpoint(8000, 2_000_000_000)
        with pytest.raises(InvalidArgumentException, match="expires"):
            await sandbox.get_signed_endpoint(8000, 0)
    assert (
        peer.asked("GET .*/8000") == ["GET /v1/sandboxes/s1/endpoints/8000?expires=2000000000"] * 2
    )


async def test_through_the_server_every_address_is_asked_for_so(peer: SandboxPeer) -> None:
    async with config_of(peer, use_server_proxy=True, api_key="key-1") as config:
        await (await made(peer, config)).close()
    assert peer.asked(ENDPOINT) == ["GET /v1/sandboxes/s1/endpoints/44772?use_server_proxy=true"]
    assert peer.requests[-1].headers["open-sandbox-api-key"] == "key-1"


async def test_the_key_goes_to_the_server_alone(peer: SandboxPeer) -> None:
    async with config_of(peer, api_key="key-1") as config:
        await (await made(peer, config)).close()
    assert "open-sandbox-api-key" not in peer.requests[-1].headers


async def test_is_healthy_is_false_and_raises_nothing_when_it_is_not(peer: SandboxPeer) -> None:
    async with config_of(peer) as config:
        sandbox = await made(peer, config)
        assert await sandbox.is_healthy()
        peer.on("GET /ping", answer(500))
        assert not await sandbox.is_healthy()


async def test_check_ready(peer: SandboxPeer) -> None:
    async with config_of(peer) as config:
        sandbox = await made(peer, config)
        peer.on("GET /ping", answer(500), answer(200))
        await sandbox.check_ready(5, 0.01)
        peer.on("GET /ping", answer(500))
        with pytest.raises(SandboxReadyTimeoutException):
            await sandbox.check_ready(0.1, 0.01)


async def test_wait_until_a_state(peer: SandboxPeer) -> None:
    async with config_of(peer) as config:
        sandbox = await made(peer, config)
        peer.on("GET /v1/sandboxes/s1", says(info("Pausing")), says(info("Paused")))
        assert (await sandbox.wait_until("Paused")).status.state == "Paused"
        with pytest.raises(SandboxTimeoutException, match=r"still Paused after 0\.5 s"):
            await sandbox.wait_until("Running", timeout=0.5)


async def test_wait_until_says_the_last_state_though_the_last_request_hangs(
    peer: SandboxPeer,
) -> None:
    async with config_of(peer) as config:
        sandbox = await made(peer, config)
        peer.on("GET /v1/sandboxes/s1", says(info("Pausing")), hang())
        with pytest.raises(SandboxTimeoutException, match=r"still Pausing after 0\.5 s"):
            await sandbox.wait_until("Paused", timeout=0.5)


async def test_wait_until_gives_up_on_a_sandbox_that_failed(peer: SandboxPeer) -> None:
    async with config_of(peer) as config:
        sandbox = await made(peer, config)
        peer.on("GET /v1/sandboxes/s1", says(info("Failed")))
        with pytest.raises(SandboxUnhealthyException, match="Failed"):
            await sandbox.wait_until("Running")


async def test_a_sandbox_that_is_forgotten_has_terminated(peer: SandboxPeer) -> None:
    async with config_of(peer) as config:
        sandbox = await made(peer, config)
        peer.on("GET /v1/sandboxes/s1", says(info("Stopping")), refuses(404))
        found = await sandbox.wait_until(SandboxState.TERMINATED)
        assert found.status.state == "Terminated"
        with pytest.raises(SandboxApiException):
            await sandbox.wait_until(SandboxState.TERMINATED)


# --- changed and ended


async def test_renew_sends_when_it_ends(peer: SandboxPeer) -> None:
    async with config_of(peer) as config:
        sandbox = await made(peer, config)
        renewed = await sandbox.renew(300)
    ends = datetime.fromisoformat(peer.body("POST .*/renew-expiration")["expiresAt"])
    assert timedelta(seconds=290) < ends - datetime.now(UTC) <= timedelta(seconds=300)
    assert renewed.expires_at == datetime.fromisoformat(ENDS)


async def test_patch_metadata_removes_what_is_none(peer: SandboxPeer) -> None:
    async with config_of(peer) as config:
        sandbox = await made(peer, config)
        changed = await sandbox.patch_metadata({"team": "core", "old": None})
        with pytest.raises(InvalidArgumentException, match="bad key!"):
            await sandbox.patch_metadata({"bad key!": None})
    assert peer.body("PATCH .*") == {"team": "core", "old": None}
    assert changed.metadata == {"team": "core"}


async def test_killing_what_is_gone_is_done(peer: SandboxPeer) -> None:
    peer.on(DELETE, answer(204), refuses(404))
    async with config_of(peer) as config:
        sandbox = await made(peer, config)
        await sandbox.kill()
        await sandbox.kill()


async def test_killing_tells_every_other_refusal(peer: SandboxPeer) -> None:
    peer.on(DELETE, refuses(409, "BUSY"))
    async with config_of(peer) as config:
        sandbox = await made(peer, config)
        with pytest.raises(SandboxApiException, match="BUSY"):
            await sandbox.destroy()


async def test_a_call_has_a_limit_of_its_own(peer: SandboxPeer) -> None:
    async with config_of(peer) as config:
        sandbox = await made(peer, config)
        peer.on("GET /v1/sandboxes/s1", hang())
        with pytest.raises(SandboxTimeoutException, match=r"0\.1 s"):
            await sandbox.get_info(request_timeout=0.1)


async def test_files_as_another_user(peer: SandboxPeer) -> None:
    peer.on("GET /v1/filesystem/1000/100/files/info", says({}))
    async with config_of(peer) as config:
        sandbox = await made(peer, config)
        await sandbox.files_with_identity(1000, 100).get_file_info(["/tmp"])
        with pytest.raises(InvalidArgumentException, match="uid"):
            sandbox.files_with_identity(-1, 0)
