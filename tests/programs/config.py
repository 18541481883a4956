"""Configs: hooks, transports, copies, dumps, retries, keys, servers that are not there."""

import asyncio
from datetime import timedelta

import httpx

from opensandbox import Sandbox, SandboxManager
from opensandbox.config import ConnectionConfig
from opensandbox.exceptions import (
    SandboxApiException,
    SandboxConnectionException,
    SandboxInternalException,
)
from opensandbox.models.sandboxes import SandboxFilter
from opensandbox.transport import (
    JitterMode,
    RetryAsyncTransport,
    RetryPolicy,
    unwrap_retry_transport,
)

NOWHERE = "127.0.0.1:9"


class Counting(httpx.AsyncBaseTransport):
    def __init__(self):
        self.inner, self.sent, self.closed = httpx.AsyncHTTPTransport(), 0, False

    async def handle_async_request(self, request):
        self.sent += 1
        return await self.inner.handle_async_request(request)

    async def aclose(self):
        self.closed = True
        await self.inner.aclose()


async def hooks():
    seen = []

    async def asked(request):
        seen.append(request.method)

    async def answered(response):
        seen.append(response.status_code)

    config = ConnectionConfig(
        event_hooks={"request": [asked], "response": [answered]},
        headers={"X-Request-ID": "trace-123"},
        retry_policy=RetryPolicy(max_retries=1, jitter=JitterMode.NONE),
    )
    print(config.owns_transport, config.transport, config.protocol, config.request_timeout)
    print(config.get_base_url().endswith("/v1"))
    print(config.user_agent.startswith("OpenSandbox-Python-SDK/"))
    own = config.with_transport_if_missing()
    print(own is config, own.owns_transport, isinstance(own.transport, RetryAsyncTransport))
    print(isinstance(unwrap_retry_transport(own.transport), httpx.AsyncBaseTransport))
    manager = await SandboxManager.create(connection_config=own)
    await manager.list_sandbox_infos(SandboxFilter())
    print(seen)
    await manager.close()
    await own.close_transport_if_owned()


async def transports():
    transport = Counting()
    config = ConnectionConfig(transport=transport, use_server_proxy=True)
    sandbox = await Sandbox.create("ubuntu", connection_config=config)
    print((await sandbox.commands.run("echo by way of the server")).text)
    print(transport.sent > 2, config.owns_transport)
    await sandbox.destroy()
    print(transport.closed)
    await transport.aclose()
    copy = config.model_copy(update={"request_timeout": timedelta(seconds=5)})
    print(copy.request_timeout, copy.transport is transport, copy.use_server_proxy)


def dumps():
    config = ConnectionConfig(domain="x:1", api_key="k")
    dumped = config.model_dump()
    print(dumped["domain"], dumped["api_key"], sorted(config.model_fields_set))
    again = ConnectionConfig.model_validate(dumped)
    print(again.domain, again.get_api_key())
    for wrong in ({"protocol": "ftp"}, {"request_timeout": timedelta(0)}):
        try:
            ConnectionConfig(**wrong)
        except ValueError:
            print("ValueError")


async def failures():
    try:
        await Sandbox.create("ubuntu", connection_config=ConnectionConfig(api_key="wrong"))
    except SandboxApiException as error:
        print(error.status_code, error.error.code, error.is_retryable, bool(error.request_id))
    config = ConnectionConfig(domain=NOWHERE, retry_policy=RetryPolicy.disabled())
    try:
        await Sandbox.create("ubuntu", connection_config=config)
    except SandboxConnectionException as error:
        print(isinstance(error, SandboxInternalException), error.error.code, error.is_retryable)
        print(isinstance(error.__cause__, Exception))
    events = []
    policy = RetryPolicy(
        max_retries=2, initial_backoff=timedelta(milliseconds=10), on_retry=events.append
    )
    config = ConnectionConfig(domain=NOWHERE, retry_policy=policy)
    try:
        await Sandbox.connect("x", connection_config=config, connect_timeout=timedelta(seconds=2))
    except SandboxConnectionException:
        print([(event.attempt, event.retries_used, event.cause.value) for event in events])
    statuses = RetryPolicy().retryable_statuses_for("GET")
    print(RetryPolicy.disabled().wraps_transport(), sorted(int(status) for status in statuses))


async def main():
    await hooks()
    await transports()
    dumps()
    await failures()


asyncio.run(main())
