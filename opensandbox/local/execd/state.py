"""What the daemon knows about its sandbox: nothing until the server has told it, once."""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import environment
from .errors import Refusal


@dataclass(kw_only=True, repr=False)
class Settings:
    """What the server says when the sandbox is handed over."""

    sandbox_id: str
    token: str
    env: dict[str, str]
    entrypoint: list[str]
    hostname: str | None = None
    secure_access_token: str | None = None
    limits: dict[str, object] = field(default_factory=dict)

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> Settings:
        """Checks a "configure" message. Raises Refusal."""
        return cls(
            sandbox_id=_text(message, "sandbox_id"),
            token=_text(message, "token"),
            env=environment.check_environment(message.get("env")),
            entrypoint=words(message.get("entrypoint") or []),
            hostname=_optional_text(message, "hostname"),
            secure_access_token=_optional_text(message, "secure_access_token"),
            limits=dict(message.get("limits") or {}),
        )


def _text(message: Mapping[str, Any], name: str) -> str:
    value = message.get(name)
    if not isinstance(value, str) or not value:
        raise Refusal(400, "INVALID_REQUEST_BODY", f"{name} must be a non-empty string")
    return value


def _optional_text(message: Mapping[str, Any], name: str) -> str | None:
    return None if message.get(name) is None else _text(message, name)


def words(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise Refusal(400, "INVALID_REQUEST_BODY", "entrypoint must be a list of strings")
    return [environment.check_text(word, "entrypoint") for word in value]


class State:
    """The settings, once there are any, and what follows from them."""

    def __init__(self) -> None:
        self.settings: Settings | None = None
        self.started = time.monotonic()
        self.cwd = os.getcwd()
        self._env = environment.complete_environment({})

    def configure(self, settings: Settings) -> None:
        """Takes the settings over. Raises Refusal the second time."""
        if self.settings is not None:
            raise Refusal(409, "INVALID_REQUEST_BODY", "this sandbox is configured already")
        self.settings = settings
        self._env = environment.complete_environment(settings.env)

    @property
    def env(self) -> dict[str, str]:
        """What a program started now finds, unless its own request says otherwise."""
        return {**self._env, **environment.kept_variables(self._env)}

    def admits(self, token: bytes | None) -> bool:
        """Whether a request with this access token is one of ours; False before `configure`."""
        return self.settings is not None and _same(token, self.settings.token)

    def admits_to_ports(self, token: bytes | None) -> bool:
        """Whether this secure-access token opens the sandbox's own ports."""
        settings = self.settings
        return settings is not None and _same(token, settings.secure_access_token)


def _same(given: bytes | None, expected: str | None) -> bool:
    if given is None or expected is None:
        return False
    return hmac.compare_digest(given, expected.encode())
