"""What a sandbox's maker wants run in it before anything else: the hook `preStart`.

- The daemon runs it, as any other command, through its own API.
- A hook that fails, or takes too long, fails the sandbox.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx

from opensandbox._wire import headers as names

from .host import Body

DEFAULT_TIMEOUT = 60
_MARGIN = 5.0
_LARGEST_OUTPUT = 1024 * 1024
_OUTPUT_SHOWN = 500


class HookFailed(Exception):
    """The hook did not end well; the text says how."""


async def run_hook(body: Body, token: str, hook: Mapping[str, Any]) -> None:
    """Runs a hook to its end. Raises HookFailed."""
    timeout = hook.get("timeoutSeconds") or DEFAULT_TIMEOUT
    command = {"argv": list(hook["command"]), "timeout": timeout * 1000}
    lines: list[str] = []
    try:
        async with (
            _client(body, token, timeout + _MARGIN) as client,
            client.stream("POST", "/command", json=command) as answer,
        ):
            size = 0
            async for line in answer.aiter_lines():
                size += len(line)
                if size > _LARGEST_OUTPUT:
                    raise HookFailed("preStart printed too much")
                lines.append(line)
    except httpx.TransportError as error:
        raise HookFailed(f"preStart was cut off ({type(error).__name__})") from error
    _check(answer.status_code, lines)


def _client(body: Body, token: str, timeout: float) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{body.execd_port}",
        headers={names.EXECD_ACCESS_TOKEN: token},
        timeout=timeout,
        trust_env=False,
    )


def _check(status: int, lines: list[str]) -> None:
    if status != 200:
        raise HookFailed(f"the daemon refused preStart with status {status}: {''.join(lines)}")
    events = [json.loads(line) for line in lines if line.strip()]
    if any(event.get("type") == "execution_complete" for event in events):
        return
    said = "".join(e.get("text", "") for e in events if e.get("type") in ("stdout", "stderr"))
    failure = next((e.get("error") or {} for e in events if e.get("type") == "error"), {})
    code = failure.get("evalue", "unknown")
    raise HookFailed(f"preStart ended with {code}: {said[-_OUTPUT_SHOWN:].strip()}")
