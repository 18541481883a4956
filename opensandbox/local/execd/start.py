"""The file that starts the daemon: ``python -I .../execd/start.py --listen FD --control FD``.

It is run by its path, so that it works where the package is only mounted, not installed. Everything
that matters before the imports is done here: the process hides its memory, and forks the spawner
while it is still small.

- ``--listen FD``: a listening TCP socket for the API. ``--control FD``: a listening Unix socket.
- ``--nest FD``: a socket to who opens isolated sessions; without it there are none.
- ``--confine``: commands give up what no command in a sandbox may have, as they also do whenever
  the daemon is process 1.
"""

from __future__ import annotations

import os
import sys


def main(arguments: list[str]) -> int:
    """Runs the daemon until it is told to end. Returns the exit status."""
    root = os.path.dirname(os.path.abspath(__file__)).removesuffix("/opensandbox/local/execd")
    if root not in sys.path:
        sys.path.insert(0, root)

    from opensandbox.local.execd import privileges, spawner

    confined = "--confine" in arguments or os.getpid() == 1
    privileges.forbid_inspection()
    privileges.adopt_orphans()
    pid, connection = spawner.fork(confined=confined)

    from opensandbox.local.execd import daemon

    return daemon.run(
        listen=_descriptor(arguments, "--listen"),
        control=_descriptor(arguments, "--control"),
        nest=_descriptor(arguments, "--nest") if "--nest" in arguments else None,
        spawner_pid=pid,
        spawner_connection=connection,
        confined=confined,
    )


def _descriptor(arguments: list[str], name: str) -> int:
    try:
        return int(arguments[arguments.index(name) + 1])
    except (ValueError, IndexError):
        sys.exit(f"{name} FD is missing: the number of an inherited listening socket")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
