"""`check`: what this machine can do for sandboxes, in words."""

from __future__ import annotations

from ..local.isolation.probe import probe
from . import DONE, FAILED


def check() -> int:
    """Prints what was found; the exit code says whether sandboxes can be isolated here."""
    machine = probe()
    print(f"Isolation: {'bubblewrap' if machine.isolates else 'not possible'}")
    print(f"User: {'root' if machine.root else 'an ordinary one'}")
    for limit in ("memory", "cpu", "pids"):
        print(f"Limit of {limit}: {'yes' if machine.limits(limit) else 'no'}")
    for problem in machine.problems:
        print(f"- {problem}")
    return DONE if machine.isolates else FAILED
