"""The names by which a server says how things stand, as far as they are known.

Programs import these from `opensandbox.models.sandboxes`.
"""

from __future__ import annotations


class Names:
    """A list of known names; the server may know more."""

    @classmethod
    def values(cls) -> set[str]:
        """The known names."""
        return {value for name, value in vars(cls).items() if name.isupper()}


class SandboxState(Names):
    """The states a sandbox can be in, as `SandboxStatus.state` spells them."""

    PENDING = "Pending"
    RUNNING = "Running"
    PAUSING = "Pausing"
    PAUSED = "Paused"
    STOPPING = "Stopping"
    TERMINATED = "Terminated"
    FAILED = "Failed"
    UNKNOWN = "Unknown"


class SandboxOrigin(Names):
    """What a sandbox was made from, as `Sandbox.origin` says."""

    TEMPLATE = "template"
    UNKNOWN = "unknown"


class SnapshotState(Names):
    """The states a snapshot can be in, as `SnapshotStatus.state` spells them."""

    CREATING = "Creating"
    READY = "Ready"
    FAILED = "Failed"
    DELETING = "Deleting"
