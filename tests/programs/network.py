"""The network policy of a sandbox, its credential vault, and isolated sessions."""

import asyncio

from opensandbox import Sandbox
from opensandbox.exceptions import SandboxApiException
from opensandbox.models.execd import ExecutionHandlers
from opensandbox.models.isolated import (
    BindMount,
    CreateIsolatedSessionRequest,
    IsolatedRunOpts,
    IsolatedWorkspaceSpec,
)
from opensandbox.models.sandboxes import (
    Credential,
    CredentialBinding,
    CredentialBindingMutationSet,
    CredentialMutationSet,
    CredentialProxyConfig,
    InlineCredentialSource,
    NetworkPolicy,
    NetworkRule,
)


async def policy(sandbox):
    told = await sandbox.get_egress_policy()
    print(told.default_action, [(rule.action, rule.target) for rule in told.egress])
    await sandbox.patch_egress_rules(
        [
            NetworkRule(action="allow", target="www.github.com"),
            NetworkRule(action="deny", target="pypi.org"),
        ]
    )
    told = await sandbox.get_egress_policy()
    print(told.default_action, sorted((rule.action, rule.target) for rule in told.egress))
    await sandbox.delete_egress_rules(["pypi.org"])
    told = await sandbox.get_egress_policy()
    print(told.model_dump(by_alias=True, exclude_none=True))


async def vault(sandbox):
    kept = sandbox.credential_vault
    try:
        await kept.get()
    except SandboxApiException as error:
        print(error.status_code, error.error.code)
    state = await kept.create(
        credentials=[Credential(name="token", source={"value": "secret"})],
        bindings=[
            CredentialBinding(
                name="token",
                match={"schemes": ["https"], "hosts": ["api.example.com"], "paths": ["/v1/*"]},
                auth={"type": "apiKey", "name": "x-api-key", "credential": "token"},
            )
        ],
    )
    binding = state.bindings[0]
    print(state.revision, [one.name for one in state.credentials], binding.match.hosts)
    print(binding.auth.type, binding.auth.name)
    state = await kept.patch(
        expected_revision=state.revision,
        credentials=CredentialMutationSet(
            add=[Credential(name="other", source=InlineCredentialSource(value="x"))]
        ),
        bindings=CredentialBindingMutationSet(delete=["token"]),
    )
    print(state.revision, [one.name for one in await kept.list_credentials()])
    print(await kept.list_bindings(), (await kept.get_credential("other")).source_type)
    for call in (
        lambda: kept.patch(expected_revision=1, credentials={"delete": ["other"]}),
        lambda: kept.get_binding("none"),
    ):
        try:
            await call()
        except SandboxApiException as error:
            print(error.status_code, error.error.code)
    await kept.delete()


async def one_session(sandbox, session):
    run = await session.run(
        "python3 -c 'print(1 + 1)'; cat /data/f; echo $Q",
        opts=IsolatedRunOpts(timeout_seconds=30, envs={"Q": "q"}),
    )
    print(repr(run.logs.stdout[0].text), run.text, run.exit_code)
    background = await session.run_background("echo b; sleep 0.2; echo c; exit 3")
    status = await session.run_status(background.run_id)
    while status.running:
        await asyncio.sleep(0.1)
        status = await session.run_status(background.run_id)
    print(status.exit_code)
    logs = await session.run_logs(background.run_id)
    print(repr(logs.text), logs.cursor, repr((await session.run_logs(background.run_id, 2)).text))
    await session.files.write_file("/workspace/in", "in")
    print(await session.files.read_file("/workspace/in"), (await session.run("cat in")).text)
    state = await session.get()
    print(state.status, state.profile, state.workspace.path, state.idle_timeout_seconds)
    print(session.info.session_id == session.session_id, len(await sandbox.isolation.list()))
    attached = await sandbox.isolation.attach(session.session_id)
    print((await attached.run("echo attached; exit 5")).exit_code)
    seen = []

    async def note(message):
        seen.append(message.text)

    told = ExecutionHandlers(on_stdout=note, on_stderr=note)
    await session.run("echo out; echo err >&2", handlers=told)
    print(sorted(seen))


async def isolation(sandbox):
    await sandbox.commands.run("mkdir -p /workspace /data; echo d > /data/f")
    able = await sandbox.isolation.capabilities()
    print(able.available, able.commit_supported, able.diff_supported)
    workspace = IsolatedWorkspaceSpec(path="/workspace", mode="rw")
    session = await sandbox.isolation.create(
        CreateIsolatedSessionRequest(
            workspace=workspace,
            profile="strict",
            binds=[BindMount(source="/data", dest="/data", readonly=True)],
            idle_timeout_seconds=600,
        )
    )
    try:
        await one_session(sandbox, session)
    finally:
        await session.delete()
    request = CreateIsolatedSessionRequest(workspace=workspace)
    async with sandbox.isolation.session(request) as session:
        print((await session.run("pwd")).text)
    once = await sandbox.isolation.run_once(
        "pwd; echo once",
        workspace="/workspace",
        workspace_mode="ro",
        profile="strict",
        share_net=False,
    )
    print(once.text)
    for call in (lambda: sandbox.isolation.attach("nope"), lambda: session.run("echo")):
        try:
            await call()
        except SandboxApiException as error:
            print(error.status_code, error.error.code)


async def main():
    sandbox = await Sandbox.create(
        "python:3.11",
        network_policy=NetworkPolicy(
            defaultAction="deny", egress=[NetworkRule(action="allow", target="pypi.org")]
        ),
        credential_proxy=CredentialProxyConfig(enabled=True),
    )
    try:
        for part in (policy, vault, isolation):
            await part(sandbox)
    finally:
        await sandbox.destroy()


asyncio.run(main())
