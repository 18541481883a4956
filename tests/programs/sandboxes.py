"""Ports, health checks, secure access, volumes, lifecycle hooks, templates of requests."""

import asyncio
import os
from datetime import timedelta

import httpx

from opensandbox import Sandbox
from opensandbox.exceptions import SandboxReadyTimeoutException
from opensandbox.models.sandboxes import (
    PVC,
    Host,
    LifecycleHook,
    NetworkPolicy,
    NetworkRule,
    PlatformSpec,
    SandboxFilter,
    SandboxImageSpec,
    SandboxLifecycle,
    Volume,
)


async def served(address, headers):
    async with httpx.AsyncClient() as client:
        while True:
            try:
                answer = await client.get(f"http://{address}/index.html", headers=headers)
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.status_code == 200:
                bare = await client.get(f"http://{address}/index.html")
                return answer.text.strip(), bare.status_code
            await asyncio.sleep(0.1)


async def ports():
    checked = []

    async def check(sandbox):
        checked.append((await sandbox.get_endpoint(8000)).endpoint)
        return True

    sandbox = await Sandbox.create(
        "nginx:latest",
        health_check=check,
        secure_access=True,
        health_check_polling_interval=timedelta(milliseconds=100),
    )
    print(len(checked) >= 1, await sandbox.is_healthy())
    await sandbox.commands.run(
        "cd /tmp && echo served > index.html"
        " && (setsid python3 -m http.server 8000 >/dev/null 2>&1 &)"
    )
    endpoint = await sandbox.get_endpoint(8000)
    print(sorted(endpoint.headers), await served(endpoint.endpoint, endpoint.headers))
    await sandbox.check_ready(timedelta(seconds=5), timedelta(milliseconds=100))
    await sandbox.destroy()


async def health():
    async def never(sandbox):
        return False

    try:
        await Sandbox.create(
            "ubuntu",
            health_check=never,
            ready_timeout=timedelta(seconds=1),
            health_check_polling_interval=timedelta(milliseconds=100),
        )
    except SandboxReadyTimeoutException as error:
        print(error.error.code)
    unchecked = await Sandbox.create("ubuntu", skip_health_check=True)
    print(unchecked.origin)
    await unchecked.destroy()


async def more():
    volume = Volume(
        name="data", host=Host(path=os.environ["VOLUME"]), mountPath="/mnt/data", readOnly=False
    )
    hook = LifecycleHook(command=["sh", "-c", "echo before > /tmp/before"], timeoutSeconds=5)
    sandbox = await Sandbox.create(
        "ubuntu",
        volumes=[volume],
        lifecycle=SandboxLifecycle(preStart=hook),
        platform=PlatformSpec(os="linux", arch="amd64"),
        extensions={"k": "v"},
    )
    done = await sandbox.commands.run("cat /tmp/before; echo v > /mnt/data/f; cat /mnt/data/f")
    print(done.text)
    platform = (await sandbox.get_info()).platform
    print(platform.os, platform.arch)
    await sandbox.destroy()


def values():
    volume = Volume(name="d", pvc=PVC(claimName="c"), mountPath="/m")
    print(volume.model_dump(by_alias=True, exclude_none=True), volume.read_only)
    for wrong in (
        lambda: Volume(name="x", mount_path="/a"),
        lambda: Volume(name="x", host=Host(path="relative"), mount_path="/a"),
        lambda: Volume(name="x", host=Host(path="/a"), mount_path="a"),
        lambda: NetworkRule(action="nope", target="x"),
        lambda: NetworkRule(action="allow", target=""),
        lambda: NetworkPolicy(default_action="x"),
        lambda: SandboxImageSpec(image=" "),
        lambda: SandboxFilter(page_size=0),
        lambda: LifecycleHook(command=[]),
        lambda: PVC(claimName=""),
    ):
        try:
            wrong()
        except ValueError:
            print("ValueError")


async def main():
    values()
    for part in (ports, health, more):
        await part()


asyncio.run(main())
