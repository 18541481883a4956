# Written by scripts/unasync.py from tests/_async/test_config.py. Do not edit.
"""A config is a value that is checked when built, and that keeps its secrets."""

from __future__ import annotations

import copy
import logging
import pickle
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from opensandbox._sync import transport as transports
from opensandbox._sync.config import ConnectionConfigSync, config_or_default
from opensandbox._sync.http import ServiceSync
from opensandbox._sync.transport import PooledTransportSync, unwrap_retry_transport
from opensandbox.exceptions import InvalidArgumentException, SandboxConnectionException
from opensandbox.transport.retry import RetryPolicy
from opensandbox_api.lifecycle.api.sandboxes import list_sandboxes
from tests.peer import Peer, answer

NOTHING = (
    b'{"items":[],"pagination":{"page":1,"pageSize":20,"totalItems":0,"totalPages":0,'
    b'"hasNextPage":false}}'
)


def list_all(config: ConnectionConfigSync) -> None:
    ServiceSync(config).call(lambda client: list_sandboxes.sync_detailed(client=client))


def test_the_defaults() -> None:
    config = ConnectionConfigSync()
    assert config.protocol == "http"
    assert config.request_timeout == timedelta(seconds=30)
    assert config.retry_policy == RetryPolicy()
    assert config.endpoint_cache_ttl == timedelta(seconds=600)
    assert config.endpoint_cache_size == 1024
    assert config.headers == {}
    assert config.event_hooks == {}
    assert config.transport is None
    assert config.owns_transport
    assert config.verify is True
    assert config.proxy is None
    assert not config.debug
    assert not config.follow_redirects
    assert not config.use_server_proxy
    assert not config.endpoint_cache_disabled
    assert not config.disable_metrics
    assert not config.enable_tracing


def test_the_environment_counts_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPEN_SANDBOX_DOMAIN", raising=False)
    monkeypatch.delenv("OPEN_SANDBOX_API_KEY", raising=False)
    config = ConnectionConfigSync()
    assert config.get_domain() == "localhost:8080"
    assert config.get_api_key() == ""
    monkeypatch.setenv("OPEN_SANDBOX_DOMAIN", "https://box.example")
    monkeypatch.setenv("OPEN_SANDBOX_API_KEY", "from-env")
    assert config.get_base_url() == "https://box.example/v1"
    assert config.get_protocol() == "https"
    assert config.get_api_key() == "from-env"
    assert ConnectionConfigSync(domain="other:1", api_key="mine").get_api_key() == "mine"


@pytest.mark.parametrize(
    ("domain", "protocol", "url"),
    [
        ("box.example", "http", "http://box.example/v1"),
        ("box.example:8443", "https", "https://box.example:8443/v1"),
        ("https://box.example/", "http", "https://box.example/v1"),
        ("http://box.example/sub/", "https", "http://box.example/sub/v1"),
    ],
)
def test_the_scheme_of_the_domain_wins(domain: str, protocol: str, url: str) -> None:
    assert ConnectionConfigSync(domain=domain, protocol=protocol).get_base_url() == url


def test_the_embedded_runtime_has_no_address_before_it_is_used() -> None:
    config = ConnectionConfigSync(domain="local")
    assert config.is_local
    assert config.get_protocol() == "http"
    with pytest.raises(SandboxConnectionException):
        config.get_base_url()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"apikey": "k"}, "did you mean api_key"),
        ({"timeout": 3}, "request_timeout"),
        ({"nonsense": 3}, "nonsense"),
        ({"api_key": 3}, "api_key must be a string or None, got int"),
        ({"domain": 3}, "domain must be a string"),
        ({"domain": "a b"}, "domain"),
        ({"domain": "ftp://x"}, "http or https"),
        ({"domain": "user:pw@host"}, "domain"),
        ({"protocol": "ftp"}, "protocol"),
        ({"request_timeout": 0}, "request_timeout"),
        ({"request_timeout": "30"}, "request_timeout"),
        ({"request_timeout": timedelta(0)}, "request_timeout"),
        ({"debug": "yes"}, "debug"),
        ({"headers": [("a", "b")]}, "headers"),
        ({"headers": {"a": 1}}, "headers"),
        ({"headers": {"a": "b\r\nc: d"}}, "headers"),
        ({"event_hooks": {"requests": []}}, "event_hooks"),
        ({"event_hooks": {"request": [3]}}, "event_hooks"),
        ({"transport": object()}, "transport"),
        ({"retry_policy": 3}, "retry_policy"),
        ({"endpoint_cache_ttl": -1}, "endpoint_cache_ttl"),
        ({"endpoint_cache_size": 0}, "endpoint_cache_size"),
        ({"verify": 3}, "verify"),
        ({"proxy": "proxy.example"}, "proxy"),
        ({"proxy": "ftp://proxy.example"}, "proxy"),
    ],
)
def test_what_cannot_be_meant_is_refused(values: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidArgumentException, match=says):
        ConnectionConfigSync(**values)


def test_it_takes_no_positions() -> None:
    with pytest.raises(InvalidArgumentException, match="keywords"):
        ConnectionConfigSync("localhost")  # type: ignore[call-arg]


def test_seconds_may_be_a_number() -> None:
    assert ConnectionConfigSync(request_timeout=1.5).request_timeout == timedelta(seconds=1.5)


def test_it_is_frozen_and_does_not_follow_its_makers_dict() -> None:
    headers = {"X-A": "1"}
    config = ConnectionConfigSync(headers=headers)
    headers["X-A"] = "2"
    assert config.headers == {"X-A": "1"}
    with pytest.raises(AttributeError):
        config.domain = "other"  # type: ignore[misc]


def test_the_repr_holds_no_secret() -> None:
    config = ConnectionConfigSync(
        api_key="k-secret", headers={"X-T": "h-secret"}, proxy="http://me:p-secret@proxy:1"
    )
    assert "secret" not in repr(config)
    assert "X-T" in repr(config)
    assert "proxy:1" in repr(config)


def test_a_copy_is_equal_and_a_changed_one_is_not() -> None:
    config = ConnectionConfigSync(domain="a", api_key="k")
    assert copy.copy(config) == config
    assert copy.deepcopy(config) == config
    assert pickle.loads(pickle.dumps(config)) == config
    changed = config.model_copy(update={"domain": "b"})
    assert changed != config
    assert (changed.domain, changed.api_key) == ("b", "k")
    with pytest.raises(InvalidArgumentException):
        config.model_copy(update={"domian": "b"})


def test_a_config_is_dumped_and_made_again() -> None:
    def ok(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200)

    config = ConnectionConfigSync(domain="x:1", api_key="k", transport=httpx.MockTransport(ok))
    dumped = config.model_dump()
    assert (dumped["domain"], dumped["api_key"]) == ("x:1", "k")
    assert dumped["transport"] is config.transport
    assert ConnectionConfigSync.model_validate(dumped) == config
    assert ConnectionConfigSync.model_validate(config) is config
    assert "api_key" not in config.model_dump(exclude={"api_key"})
    with pytest.raises(InvalidArgumentException, match="'domian'"):
        ConnectionConfigSync.model_validate({"domian": "x"})
    with pytest.raises(InvalidArgumentException, match="mapping"):
        ConnectionConfigSync.model_validate(5)  # type: ignore[arg-type]


def test_it_says_which_fields_somebody_has_set() -> None:
    config = ConnectionConfigSync(domain="x", debug=False)
    assert config.model_fields_set == {"domain", "debug"}
    changed = config.model_copy(update={"api_key": "k"})
    assert changed.model_fields_set == {"domain", "debug", "api_key"}
    assert pickle.loads(pickle.dumps(changed)).model_fields_set == changed.model_fields_set
    assert "transport" in config.with_transport_if_missing().model_fields_set


def test_a_copy_that_owns_nothing_closes_nothing() -> None:
    owner = ConnectionConfigSync().with_transport_if_missing()
    borrowed = owner.model_copy()
    borrowed._owns_transport = False  # type: ignore[misc]
    assert (owner.owns_transport, borrowed.owns_transport) == (True, False)
    closed: list[bool] = []
    assert owner.transport is not None

    def close() -> None:
        closed.append(True)

    owner.transport.close = close  # type: ignore[method-assign]
    borrowed.close()
    assert closed == []
    owner.close()
    assert closed == [True]


def test_a_pickled_config_that_was_used_opens_connections_of_its_own() -> None:
    with Peer(answer(200, NOTHING)) as peer:
        config = ConnectionConfigSync(domain=peer.address).with_transport_if_missing()
        list_all(config)
        other = pickle.loads(pickle.dumps(config))
        list_all(other)
        config.close()
        other.close()
    assert peer.connections == 2


def test_what_is_pickled_holds_nothing_of_what_is_open() -> None:
    with Peer(answer(200, NOTHING)) as peer:
        config = ConnectionConfigSync(domain=peer.address)
        fresh = pickle.dumps(config)
        list_all(config)
        assert peer.open_connections == 1
        assert pickle.dumps(config) == fresh
        config.close()


def answers(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200)


def test_a_config_that_cannot_be_pickled_says_why_and_what_to_do() -> None:
    for field, config in (
        ("transport", ConnectionConfigSync(transport=PooledTransportSync())),
        ("verify", ConnectionConfigSync(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))),
    ):
        with pytest.raises(InvalidArgumentException, match=f"{field} cannot be pickled .*copy"):
            pickle.dumps(config)
    # One that is nothing but a value can.
    config = ConnectionConfigSync(transport=httpx.MockTransport(answers))
    again = pickle.loads(pickle.dumps(config)).transport
    assert again.handler is answers


def test_one_client_and_one_pool_for_all_that_use_a_config() -> None:
    with Peer(answer(200, NOTHING)) as peer:
        config = ConnectionConfigSync(domain=peer.address)
        for _ in range(5):
            list_all(config)
        config.close()
    assert peer.connections == 1


def test_a_closed_config_opens_again_when_it_is_used() -> None:
    with Peer(answer(200, NOTHING)) as peer:
        config = ConnectionConfigSync(domain=peer.address)
        list_all(config)
        config.close_transport_if_owned()
        list_all(config)
        config.close_transport_if_owned()
    assert peer.connections == 2


def test_a_config_closes_what_it_owns_at_the_end_of_its_block() -> None:
    with Peer(answer(200, NOTHING)) as peer:
        with ConnectionConfigSync(domain=peer.address) as config:
            list_all(config)
        assert peer.connections == 1


class Recording(PooledTransportSync):
    """A transport that a program brings along."""

    closed = False

    def close(self) -> None:
        self.closed = True
        super().close()


def test_a_transport_of_the_callers_is_used_and_not_closed() -> None:
    transport = Recording()
    with Peer(answer(200, NOTHING)) as peer:
        config = ConnectionConfigSync(domain=peer.address, transport=transport)
        assert not config.owns_transport
        assert config.with_transport_if_missing() is config
        list_all(config)
        config.close_transport_if_owned()
        assert not transport.closed
        transport.close()


def test_a_transport_made_for_a_config_is_its_own() -> None:
    plain = ConnectionConfigSync(domain="a")
    config = plain.with_transport_if_missing(max_connections=3)
    assert plain.transport is None
    assert config.owns_transport
    assert config == plain.model_copy(update={"transport": config.transport})
    assert config.with_transport_if_missing() is config
    assert isinstance(unwrap_retry_transport(config.transport), PooledTransportSync)
    config.close()


def test_a_policy_that_never_retries_wraps_nothing() -> None:
    config = ConnectionConfigSync(retry_policy=RetryPolicy.disabled())
    transport = config.new_owned_transport()
    assert isinstance(transport, PooledTransportSync)
    transport.close()


def test_headers_and_hooks_go_with_every_request() -> None:
    seen: list[str] = []

    def before(request: httpx.Request) -> None:
        request.headers["X-Hook"] = "yes"

    def after(response: httpx.Response) -> None:
        seen.append(str(response.status_code))

    with Peer(answer(200, NOTHING)) as peer:
        config = ConnectionConfigSync(
            domain=peer.address,
            headers={"X-A": "1"},
            user_agent="mine/1",
            event_hooks={"request": [before], "response": [after]},
        )
        list_all(config)
        config.close()
    sent = peer.requests[0].headers
    assert (sent["x-a"], sent["x-hook"], sent["user-agent"]) == ("1", "yes", "mine/1")
    assert seen == ["200"]


def test_debug_logs_requests_and_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="opensandbox")
    with Peer(answer(200, NOTHING, headers={"X-Request-ID": "r-7"})) as peer:
        config = ConnectionConfigSync(
            domain=peer.address, api_key="k-secret", headers={"X-T": "h-secret"}, debug=True
        )
        service = ServiceSync(config)
        query = {"path": "/tmp/a", "access_token": "q-secret"}
        with service.stream("GET", "/files", params=query):
            pass
        config.close()
    (line,) = [record.getMessage() for record in caplog.records if record.name == "opensandbox"]
    for part in ("GET", "/v1/files", "%2Ftmp%2Fa", "200", "ms", "r-7", "by "):
        assert part in line
    assert "secret" not in line


def test_without_debug_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="opensandbox")
    with Peer(answer(200, NOTHING)) as peer:
        config = ConnectionConfigSync(domain=peer.address)
        list_all(config)
        config.close()
    assert not [record for record in caplog.records if record.name == "opensandbox"]


def test_http_reads_no_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(verify: object) -> ssl.SSLContext:
        raise AssertionError("a TLS context was made")

    monkeypatch.setattr(transports, "tls_context", fail)
    with Peer(answer(200, NOTHING)) as peer:
        config = ConnectionConfigSync(domain=peer.address)
        list_all(config)
        config.close()


def test_certificates_that_cannot_be_read_are_an_error_of_ours(tmp_path: Path) -> None:
    config = ConnectionConfigSync(domain="https://127.0.0.1:1", verify=str(tmp_path / "none.pem"))
    with pytest.raises(InvalidArgumentException, match=r"none\.pem"):
        list_all(config)
    config.close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"api_key": "hunter2\n"},
        {"api_key": "hünter2"},
        {"user_agent": "a\r\nb"},
        {"headers": {"X-Token": "hünter2"}},
        {"headers": {"X Token": "a"}},
    ],
    ids=["line end in the key", "umlaut in the key", "user agent", "header", "header name"],
)
def test_what_no_header_can_carry_is_refused_and_not_shown(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentException) as caught:
        ConnectionConfigSync(**wrong)
    assert "nter2" not in str(caught.value)


def test_the_environments_key_is_checked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPEN_SANDBOX_API_KEY", "hunter2\n")
    with pytest.raises(InvalidArgumentException, match="OPEN_SANDBOX_API_KEY") as caught:
        ConnectionConfigSync().get_api_key()
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("wrong", ["http://host", {"domain": "host"}, RetryPolicy()])
def test_something_else_for_a_config_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidArgumentException, match="must be a ConnectionConfigSync"):
        config_or_default(wrong)
