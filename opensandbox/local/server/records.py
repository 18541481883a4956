"""What is known about one sandbox, and how it is written down and shown. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import evolve, field, frozen

from .values import JSON, moment

PENDING = "Pending"
RUNNING = "Running"
PAUSED = "Paused"
TERMINATED = "Terminated"
FAILED = "Failed"
SPARE = "Spare"
"""Not a state of the API: a daemon that waits for a create. Never shown."""

LIVE = frozenset({PENDING, RUNNING, PAUSED})


@frozen(kw_only=True)
class Record:
    """One sandbox as it is kept in the database."""

    id: str
    state: str
    reason: str
    message: str
    changed_at: datetime
    created_at: datetime
    expires_at: datetime | None = None
    image: str = ""
    snapshot_id: str | None = None
    entrypoint: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(factory=dict)
    extensions: Mapping[str, str] = field(factory=dict)
    platform: tuple[str, str] | None = None
    egress: Mapping[str, Any] | None = field(default=None, repr=False)
    """What is kept of its way out, credentials too; None when it uses the machine's network."""
    started: Mapping[str, JSON] | None = None
    """What the starter needs to find the sandbox again; None before it was started."""
    token: str = field(default="", repr=False)
    secure_token: str | None = field(default=None, repr=False)
    ports: Mapping[int, int] = field(factory=dict)
    """Ports of the sandbox and the ports outside on which they are reached."""

    def moved(self, state: str, reason: str, message: str, at: datetime) -> Record:
        """This record in another state."""
        return evolve(self, state=state, reason=reason, message=message, changed_at=at)

    def status(self) -> dict[str, JSON]:
        """The ``status`` of the API."""
        return {
            "state": self.state,
            "reason": self.reason,
            "message": self.message,
            "lastTransitionAt": moment(self.changed_at),
        }

    def answer(self, *, with_image: bool) -> dict[str, JSON]:
        """The sandbox as the API shows it; the answer to create has no image."""
        shown: dict[str, JSON] = {"id": self.id}
        if with_image and self.snapshot_id is None:
            shown["image"] = {"uri": self.image}
        if self.snapshot_id is not None:
            shown["snapshotId"] = self.snapshot_id
        shown["status"] = self.status()
        if self.metadata:
            shown["metadata"] = dict(self.metadata)
        if self.extensions:
            shown["extensions"] = dict(self.extensions)
        if self.platform is not None:
            shown["platform"] = {"os": self.platform[0], "arch": self.platform[1]}
        shown["entrypoint"] = list(self.entrypoint)
        if self.expires_at is not None:
            shown["expiresAt"] = moment(self.expires_at)
        shown["createdAt"] = moment(self.created_at)
        return shown

    def to_json(self) -> dict[str, JSON]:
        """The form in the database."""
        return {
            "id": self.id,
            "state": self.state,
            "reason": self.reason,
            "message": self.message,
            "changed_at": self.changed_at.isoformat(),
            "created_at": self.created_at.isoformat(),
            "expires_at": None if self.expires_at is None else self.expires_at.isoformat(),
            "image": self.image,
            "snapshot_id": self.snapshot_id,
            "entrypoint": list(self.entrypoint),
            "metadata": dict(self.metadata),
            "extensions": dict(self.extensions),
            "platform": None if self.platform is None else list(self.platform),
            "egress": self.egress,
            "started": None if self.started is None else dict(self.started),
            "token": self.token,
            "secure_token": self.secure_token,
            "ports": {str(inside): outside for inside, outside in self.ports.items()},
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Record:
        """The record that `to_json` wrote."""
        expires, platform = kept["expires_at"], kept["platform"]
        return cls(
            id=kept["id"],
            state=kept["state"],
            reason=kept["reason"],
            message=kept["message"],
            changed_at=datetime.fromisoformat(kept["changed_at"]),
            created_at=datetime.fromisoformat(kept["created_at"]),
            expires_at=None if expires is None else datetime.fromisoformat(expires),
            image=kept["image"],
            snapshot_id=kept.get("snapshot_id"),
            entrypoint=tuple(kept["entrypoint"]),
            metadata=kept["metadata"],
            extensions=kept["extensions"],
            platform=None if platform is None else (platform[0], platform[1]),
            egress=kept.get("egress"),
            started=kept["started"],
            token=kept["token"],
            secure_token=kept["secure_token"],
            ports={int(inside): outside for inside, outside in kept["ports"].items()},
        )
