"""Managing: listing, metadata, renewing, pausing, snapshots, diagnostics, what is refused."""

import asyncio
from datetime import timedelta

from opensandbox import Sandbox, SandboxManager
from opensandbox.config import ConnectionConfig
from opensandbox.exceptions import SandboxApiException, SandboxException
from opensandbox.models.sandboxes import (
    SandboxFilter,
    SandboxImageSpec,
    SandboxState,
    SnapshotFilter,
)


async def listing(manager, first, second):
    wanted = SandboxFilter(states=["Running"], metadata={"app": "managed"}, page_size=1, page=1)
    page = (await manager.list_sandbox_infos(wanted)).pagination
    print(page.page, page.page_size, page.total_items, page.total_pages, page.has_next_page)
    both = await manager.list_sandbox_infos(SandboxFilter(metadata={"app": "managed"}))
    print(sorted(info.metadata["n"] for info in both.sandbox_infos))
    info = await manager.get_sandbox_info(second.id)
    print(info.status.state, info.status.state == SandboxState.RUNNING, info.expires_at)
    print(info.entrypoint, info.image.image, info.image.auth, info.snapshot_id, info.metadata)
    print(sorted(info.model_dump()), info.created_at.tzinfo is not None)
    changed = await manager.patch_sandbox_metadata(first.id, {"n": None, "x": "y"})
    print(changed.metadata)
    renewed = await manager.renew_sandbox(first.id, timedelta(minutes=30))
    print((await first.renew(timedelta(minutes=31))).expires_at > renewed.expires_at)


async def pausing(manager, sandbox, config):
    await manager.pause_sandbox(sandbox.id)
    while (await manager.get_sandbox_info(sandbox.id)).status.state != "Paused":
        await asyncio.sleep(0.1)
    woken = await Sandbox.resume(sandbox_id=sandbox.id, connection_config=config)
    print((await woken.commands.run("echo back")).text, woken.id == sandbox.id, woken.origin)
    await woken.close()


async def ready(manager, snapshot):
    info = await manager.get_snapshot(snapshot.id)
    while info.status.state == "Creating":
        await asyncio.sleep(0.1)
        info = await manager.get_snapshot(snapshot.id)
    return info


async def snapshots(manager, sandbox, config):
    await sandbox.commands.run("echo kept > /root/kept")
    info = await ready(manager, await manager.create_snapshot(sandbox.id, name="pre"))
    print(info.status.state, info.name, info.sandbox_id == sandbox.id)
    page = await manager.list_snapshots(SnapshotFilter(sandbox_id=sandbox.id))
    print(len(page.snapshot_infos), page.pagination.total_items)
    restored = await Sandbox.create(snapshot_id=info.id, connection_config=config)
    print((await restored.commands.run("cat /root/kept")).text)
    print((await restored.get_info()).snapshot_id == info.id)
    await restored.destroy()
    own = await ready(manager, await sandbox.create_snapshot("direct"))
    print(own.name)
    for made in (info, own):
        await manager.delete_snapshot(made.id)


async def refusals(manager, sandbox):
    five_minutes = timedelta(minutes=5)
    for call in (
        lambda: manager.get_sandbox_info("nope"),
        lambda: manager.kill_sandbox("nope"),
        lambda: manager.renew_sandbox("nope", five_minutes),
        lambda: manager.pause_sandbox("nope"),
        lambda: manager.get_snapshot("nope"),
        lambda: Sandbox.connect("nope", connect_timeout=timedelta(seconds=2)),
        lambda: Sandbox.create(),
        lambda: Sandbox.create("ubuntu", snapshot_id="x"),
        lambda: Sandbox.create("ubuntu", resource={"cpu": "x"}),
    ):
        try:
            await call()
        except SandboxException as error:
            told = error.error.code, error.is_retryable, bool(error.request_id)
            print(type(error).__name__, getattr(error, "status_code", None), *told)


async def main():
    config = ConnectionConfig()
    first = await Sandbox.create(
        "ubuntu", connection_config=config, metadata={"app": "managed", "n": "1"}
    )
    second = await Sandbox.create(
        SandboxImageSpec(image="ubuntu"),
        connection_config=config,
        metadata={"app": "managed", "n": "2"},
        timeout=None,
        entrypoint=["sleep", "infinity"],
    )
    async with await SandboxManager.create(connection_config=config) as manager:
        await listing(manager, first, second)
        await pausing(manager, first, config)
        await snapshots(manager, first, config)
        await refusals(manager, first)
        logs = await manager.get_diagnostic_logs(first.id, "container")
        print(logs.kind, logs.scope, logs.delivery, logs.content_type, logs.truncated)
        events = await first.get_diagnostic_events("runtime")
        print(events.kind, events.scope, events.delivery, events.truncated)
        await manager.kill_sandbox(second.id)
        try:
            await second.get_info()
        except SandboxApiException as error:
            print(error.status_code, error.error.code)
    await first.destroy()


asyncio.run(main())
