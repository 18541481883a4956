"""Constructors as programs call them: Python names type-check, misspelt ones do not.

Read by pyright and mypy, never run. An `ignore` that is not needed fails the check, so each one
proves an error.
"""

from __future__ import annotations

from datetime import timedelta

import opensandbox
from opensandbox import (
    ExecutionHandlers,
    ExecutionHandlersSync,
    NetworkPolicy,
    NetworkRule,
    RunCommandOpts,
    SandboxFilter,
    SearchEntry,
    Volume,
    WriteEntry,
)
from opensandbox.models.execd import OutputMessage
from opensandbox.models.filesystem import ContentReplaceEntry, MoveEntry, SetPermissionEntry
from opensandbox.models.sandboxes import (
    PVC,
    Host,
    PlatformSpec,
    SandboxImageAuth,
    SandboxImageSpec,
)


def misspelt_import() -> object:
    """An error, though the names are loaded when they are used."""
    return opensandbox.Sandbxo  # type: ignore[attr-defined]  # pyright: ignore


def python_names() -> tuple[object, ...]:
    """Each field by its Python name."""
    return (
        MoveEntry(src="/a", dest="/b"),
        WriteEntry(path="/a", data=b"x", mode=644, owner="me"),
        SearchEntry(path="/", pattern="*.py"),
        SetPermissionEntry(path="/a", mode=755),
        ContentReplaceEntry(path="/a", old_content="x", new_content="y"),
        Volume(name="data", host=Host(path="/srv"), mount_path="/data", read_only=True),
        Volume(name="data", pvc=PVC(claim_name="claim"), mount_path="/data", sub_path="x"),
        NetworkPolicy(
            default_action="deny", egress=[NetworkRule(action="allow", target="pypi.org")]
        ),
        PlatformSpec(os="linux", arch="amd64"),
        SandboxImageSpec(
            image="python:3.11", auth=SandboxImageAuth(username="me", password="secret")
        ),
        SandboxImageSpec("python:3.11"),
        SandboxFilter(states=["Running"], metadata={"team": "a"}, page=1, page_size=20),
        RunCommandOpts(working_directory="/", timeout=timedelta(seconds=3), envs={"A": "b"}),
        RunCommandOpts(timeout=1.5),
    )


def misspelt_names() -> tuple[object, ...]:
    """Errors, each of them."""
    return (
        MoveEntry(src="/a", destt="/b"),  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
        Volume(name="d", mountpath="/d"),  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
        WriteEntry(path=1),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        NetworkRule(action="maybe", target="x"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    )


async def later(message: OutputMessage) -> None:
    """A handler for async programs."""
    print(message.text)


def now(message: OutputMessage) -> None:
    """A handler for both."""
    print(message.text)


def handlers() -> tuple[object, ...]:
    """The async handlers take functions of either colour."""
    return (
        ExecutionHandlers(on_stdout=later, on_stderr=now),
        ExecutionHandlersSync(on_stdout=now),
        ExecutionHandlers(on_stdot=now),  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    )
