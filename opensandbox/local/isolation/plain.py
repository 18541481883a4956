"""The process that becomes the daemon of a sandbox without isolation, for who spelt that out.

It joins the sandbox's control groups, where there are any, and enters its directory; nothing else
stands between the daemon and the machine.
"""

from __future__ import annotations

import json
import os
import sys

TYPE_CHECKING = False  # type checkers take it for true; importing typing takes milliseconds
if TYPE_CHECKING:
    from typing import Any


def main() -> None:
    """Carry out the plan on standard input; does not return."""
    plan: dict[str, Any] = json.loads(sys.stdin.buffer.read())
    for group in plan["cgroups"]:
        with open(f"{group}/cgroup.procs", "w") as file:
            file.write(str(os.getpid()))
    os.chdir(plan["directory"])
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    for fd in (3, 4):
        os.set_inheritable(fd, True)
    os.closerange(5, 1024)
    os.execve(plan["command"][0], plan["command"], plan["environment"])
